// Runs in: any isolate
/**
 * A condition that isolates wait for, under a lock.
 *
 * - I1: a wait ends with the lock held as often as before it, however it ends.
 *
 * @module
 */
import { NotOwnerError, TimeoutError } from "../../errors.ts";
import type { BlockHandle } from "../arena.ts";
import { handle, handleKind, registerHandle } from "../handle.ts";
import { PENDING, type WaitOptions } from "../line.ts";
import { CONDITION_REGION } from "../region.ts";
import { CallLine } from "./call_line.ts";
import { type Guard, guards, type Held, type LockTimeout } from "./held.ts";
import { CORE, Lock, titled } from "./lock.ts";
import { RLock } from "./rlock.ts";
import { adopt, departRegion, discardRegion, keep, type LockOptions, sharedOf } from "./shared.ts";

/**
 * A condition variable: those who have its lock can wait until another one who has it says that
 * something changed. Python: `multiprocessing.Condition`.
 *
 * `wait` gives the lock up, with all levels of an {@linkcode RLock}, and has it again when it resolves
 * or rejects, so it can take longer than its `timeout`. Those who wait are notified in the order of
 * coming, in whichever isolate they are. `notify` does not wait for them. One who dies, or whose time
 * is up, before it went on leaves its notification to the next. After a death a wait may end though
 * nobody notified it: look at what you waited for again, or use `waitFor`.
 *
 * It can be sent in any message, and takes its lock along.
 *
 * @example Wait for a change
 * ```ts
 * import { Condition } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const changed = new Condition();
 * let state = 0;
 * async function waiter() {
 *   using _held = await changed.acquire();
 *   await changed.waitFor(() => state === 1);
 *   return state;
 * }
 * const waiting = waiter();
 * {
 *   using _held = await changed.acquire();
 *   state = 1;
 *   changed.notify();
 * }
 * assertEquals(await waiting, 1);
 * ```
 */
export class Condition extends Lock {
  /** Marks it as something that can be sent. */
  override readonly [handle]: string = "condition";
  readonly #lock: Lock;
  readonly #guard: Guard;
  readonly #line: CallLine;
  readonly #name: string;

  /**
   * Makes a condition.
   *
   * @param lock A {@linkcode Lock} or {@linkcode RLock}; default: an RLock of its own.
   * @throws TypeError when it is something else
   * @throws FullError when the arena has no room for it
   */
  constructor(lock: Lock = new RLock(), options: LockOptions = {}) {
    const guard = guards.get(lock);
    const name = titled("condition", options.name);
    if (guard === undefined) {
      throw new TypeError(`Cannot make a ${name}: its lock is neither a Lock nor an RLock`);
    }
    super({ [CORE]: guard.core } as LockOptions);
    this.#lock = lock;
    this.#guard = guard;
    this.#name = name;
    this.#line = new CallLine(options, name);
    keep(this, this.#line.shared, [this.#line.line]);
  }

  /** Acquires its lock. @throws TimeoutError */
  override acquire(options?: WaitOptions): Promise<Held> {
    return this.#lock.acquire(options);
  }

  /** Acquires its lock and blocks until then: for workers. @throws TimeoutError */
  override acquireSync(options?: LockTimeout): Held {
    return this.#lock.acquireSync(options);
  }

  /** Acquires its lock without waiting; `null` when that cannot be had. */
  override tryAcquire(): Held | null {
    return this.#lock.tryAcquire();
  }

  /** Releases its lock. @throws NotOwnerError */
  override release(): void {
    this.#lock.release();
  }

  /**
   * Gives the lock up, waits to be notified, acquires the lock again. Python: `wait`, which gives `False`
   * instead of the error.
   *
   * @throws NotOwnerError when this isolate does not have the lock
   * @throws TimeoutError when nobody notified it within `timeout`; it has the lock again
   */
  async wait(options: WaitOptions = {}): Promise<void> {
    this.#check("wait for");
    const { signal, timeout } = options;
    signal?.throwIfAborted();
    const { core } = this.#guard;
    const waiter = this.#line.comeIn();
    const holds = this.#guard.suspend();
    const operation = `wait for ${this.#name}`;
    const outcome = await this.#line.until(waiter, { signal, timeout, operation }).then(
      () => ({ isCalled: true, reason: undefined }),
      (reason) => ({ isCalled: false, reason }),
    );
    const again = await core.turns.until({ operation: `acquire ${core.name}` });
    this.#guard.resume(holds, again);
    const wasCalled = this.#line.goOn(waiter, outcome.isCalled);
    if (!wasCalled && !outcome.isCalled) throw outcome.reason;
  }

  /** As {@linkcode wait}, but blocks this isolate: for workers; `false` when the time was up. */
  waitSync({ timeout }: LockTimeout = {}): boolean {
    this.#check("wait for");
    const { core } = this.#guard;
    const waiter = this.#line.comeIn();
    const holds = this.#guard.suspend();
    let isCalled = false;
    try {
      isCalled = this.#line.block(timeout);
    } finally {
      const again = core.turns.block();
      if (again !== PENDING) this.#guard.resume(holds, again);
      isCalled = this.#line.goOn(waiter, isCalled) || isCalled;
    }
    return isCalled;
  }

  /**
   * Waits until the predicate gives something truthy, and gives that; looks after each notification.
   * Needs no lock when it does at once. Python: `wait_for`, which gives the falsy value instead of the
   * error.
   *
   * @throws NotOwnerError when it has to wait and this isolate does not have the lock
   * @throws TimeoutError when it gave nothing truthy within `timeout`
   */
  async waitFor<T>(predicate: () => T, options: WaitOptions = {}): Promise<T> {
    const { signal, timeout = Infinity } = options;
    const end = performance.now() + timeout;
    for (let value = predicate();; value = predicate()) {
      if (value) return value;
      const left = end - performance.now();
      if (left <= 0) throw new TimeoutError(`wait for ${this.#name}`, timeout);
      await this.wait({ signal, timeout: left }).catch((error) => {
        // What changed without a notification counts too.
        if (!(error instanceof TimeoutError)) throw error;
      });
    }
  }

  /** As {@linkcode waitFor}, but blocks this isolate: for workers; gives the predicate's last value. */
  waitForSync<T>(predicate: () => T, { timeout = Infinity }: LockTimeout = {}): T {
    const end = performance.now() + timeout;
    for (let value = predicate();; value = predicate()) {
      const left = end - performance.now();
      if (value || left <= 0) return value;
      this.waitSync({ timeout: left });
    }
  }

  /**
   * Has up to `count` (default 1) of those go on who wait, the longest first, once they have the lock.
   * It does not wait for them, and is not remembered when there are none. Python: `notify`.
   *
   * @throws NotOwnerError when this isolate does not have the lock
   */
  notify(count: number = 1): void {
    this.#check("notify");
    if (count > 0) this.#line.call(count);
  }

  /** As {@linkcode notify}, for all who wait. Python: `notify_all`. @throws NotOwnerError */
  notifyAll(): void {
    this.notify(Infinity);
  }

  #check(operation: string): void {
    if (this.#guard.isMine) return;
    throw new NotOwnerError(
      `Cannot ${operation} ${this.#name}: this isolate does not hold its lock`,
    );
  }

  static {
    registerHandle<Condition>("condition", {
      pack: (condition): Packed => {
        const lock = condition.#lock;
        return [sharedOf(condition).region, lock[handle], sharedOf(lock).region];
      },
      depart(condition) {
        departRegion(condition);
        departRegion(condition.#lock);
      },
      unpack(packed) {
        const [region, kind, guarded] = packed as Packed;
        const lock = handleKind(kind)!.unpack(guarded) as Lock;
        const open = (options: LockOptions) => new Condition(lock, options);
        return adopt(region, CONDITION_REGION, open) as Condition;
      },
      discard(packed) {
        const [region, , guarded] = packed as Packed;
        discardRegion(region);
        discardRegion(guarded);
      },
    });
  }
}

/** A condition on its way: its region, the kind of its lock, the lock's region. */
type Packed = [region: BlockHandle, kind: string, lock: BlockHandle];
