// Runs in: any isolate
/**
 * A lock that its owner can acquire again.
 *
 * - I1: the levels are those holds that were not ended; the lock is held exactly while there are any.
 *
 * @module
 */
import { NotOwnerError } from "../../errors.ts";
import { handle } from "../handle.ts";
import type { WaitOptions } from "../line.ts";
import { LOCK_REGION } from "../region.ts";
import { guards, type Held, Hold, type LockTimeout, type Suspended } from "./held.ts";
import { CORE, Lock, titled } from "./lock.ts";
import { Mutex } from "./mutex.ts";
import { crossAsRegion, type LockOptions } from "./shared.ts";

/**
 * A lock that the isolate which has it can acquire again: Python's `multiprocessing.RLock`. It is free
 * when every level was released.
 *
 * The owner is the isolate, as it is the thread in Python. So this keeps isolates apart; of the
 * asynchronous tasks of one isolate it keeps apart those that ask for it in the same turn, but one that
 * asks while another one holds it and waits for something else goes in as well. To keep such tasks
 * apart, use {@linkcode Lock}.
 *
 * Order, death of the owner, and sending are as for {@linkcode Lock}.
 *
 * @example Acquire again
 * ```ts
 * import { RLock } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new RLock();
 * function inner() {
 *   using _held = lock.acquireSync();
 *   return lock.locked;
 * }
 * {
 *   using _held = await lock.acquire();
 *   assertEquals(inner(), true);
 *   assertEquals(lock.locked, true);
 * }
 * assertEquals(lock.locked, false);
 * ```
 */
export class RLock extends Lock {
  /** Marks it as something that can be sent. */
  override readonly [handle]: string = "rlock";
  readonly #mutex: Mutex;
  readonly #letGo = (level: Hold) => this.#end(level);
  #levels: Hold[] = [];
  /** Given to a task that has not gone on since: whoever asks now is another one. */
  #fresh: Hold | undefined;
  #isBlocking = false;

  /**
   * Makes a lock that is free.
   *
   * @throws FullError when the arena has no room for it
   */
  constructor(options: LockOptions = {}) {
    const mutex = new Mutex(options, titled("rlock", options.name));
    super({ [CORE]: mutex } as LockOptions);
    this.#mutex = mutex;
    mutex.enter = (abandoned) => this.#enterFirst(abandoned);
    guards.set(this, {
      core: mutex,
      get isMine() {
        return mutex.isMine;
      },
      suspend: () => this.#suspend(),
      resume: (levels, again) => this.#resume(levels, again),
    });
  }

  /** As {@linkcode Lock.acquire}; at once when this isolate has it. @throws TimeoutError */
  override acquire(options: WaitOptions = {}): Promise<Held> {
    const isInside = this.#levels.length > 0 && this.#fresh === undefined;
    if (!isInside || options.signal?.aborted) return super.acquire(options);
    return this.#mutex.turns.line.settled(this.#enter(false));
  }

  /** As {@linkcode Lock.acquireSync}; at once when this isolate has it. @throws TimeoutError */
  override acquireSync(options: LockTimeout = {}): Held {
    if (this.#levels.length > 0) return this.#enter(false);
    return this.#blocking(() => super.acquireSync(options));
  }

  /** As {@linkcode Lock.tryAcquire}; never `null` when this isolate has it. */
  override tryAcquire(): Held | null {
    if (this.#levels.length > 0) return this.#enter(false);
    return this.#blocking(() => super.tryAcquire());
  }

  /**
   * Releases the level acquired last.
   *
   * @throws NotOwnerError when this isolate does not have it
   */
  override release(): void {
    const last = this.#levels.at(-1);
    if (last !== undefined) return last[Symbol.dispose]();
    throw new NotOwnerError(`Cannot release ${this.#mutex.name}: this isolate does not hold it`);
  }

  #blocking<T>(take: () => T): T {
    this.#isBlocking = true;
    try {
      return take();
    } finally {
      this.#isBlocking = false;
    }
  }

  #enterFirst(abandoned: boolean): Hold {
    const level = this.#enter(abandoned);
    if (this.#isBlocking) return level;
    this.#fresh = level;
    queueMicrotask(() => {
      if (this.#fresh === level) this.#fresh = undefined;
    });
    return level;
  }

  #enter(abandoned: boolean): Hold {
    const level = new Hold(abandoned, this.#letGo);
    this.#levels.push(level);
    return level;
  }

  #end(level: Hold): void {
    // Not among them while a condition waits: then it is not restored.
    const index = this.#levels.indexOf(level);
    if (index < 0) return;
    this.#levels.splice(index, 1);
    if (this.#levels.length === 0) this.#mutex.leave();
  }

  #suspend(): Suspended {
    const levels = this.#levels;
    this.#levels = [];
    this.#mutex.leave();
    return levels;
  }

  #resume(levels: Suspended, again: Held): void {
    this.#levels = levels.filter(({ ended }) => !ended);
    for (const level of this.#levels) level.abandoned ||= again.abandoned;
    if (this.#levels.length === 0) this.#mutex.leave();
  }

  static {
    crossAsRegion("rlock", LOCK_REGION, (options) => new RLock(options));
  }
}
