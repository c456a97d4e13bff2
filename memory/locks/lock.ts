// Runs in: any isolate
/**
 * A lock that isolates share.
 *
 * - I1: the object lives as long as anybody here holds the lock or waits for it.
 *
 * @module
 */
import { NotOwnerError, TimeoutError } from "../../errors.ts";
import { type Handle, handle } from "../handle.ts";
import { PENDING, type WaitOptions } from "../line.ts";
import { LOCK_REGION } from "../region.ts";
import { type Core, guards, type Held, type LockTimeout } from "./held.ts";
import { Mutex } from "./mutex.ts";
import { crossAsRegion, keep, type LockOptions } from "./shared.ts";

/** In the options of `Lock`: what a derived class is made of. */
export const CORE: unique symbol = Symbol("core");

/**
 * Mutual exclusion between isolates, and between the asynchronous tasks of one: Python's
 * `multiprocessing.Lock`.
 *
 * Whoever waits is served in the order of coming, in whichever isolate it is; nobody overtakes. When
 * the isolate that has the lock dies, the next one gets it and is told by `held.abandoned`. A lock can
 * be sent in any message; both sides then have the same lock. It is not re-entrant: who has it and
 * acquires it again waits for itself; see {@linkcode RLock}.
 *
 * Uncontended it costs well under a microsecond and wakes nobody.
 *
 * @example Guard a section
 * ```ts
 * import { Lock } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * {
 *   using held = await lock.acquire();
 *   assertEquals([lock.locked, held.abandoned], [true, false]);
 *   assertEquals(lock.tryAcquire(), null);
 * }
 * assertEquals(lock.locked, false);
 * ```
 */
export class Lock implements Handle {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "lock";
  readonly #core: Core;

  /**
   * Makes a lock that is free.
   *
   * @throws FullError when the arena has no room for it
   */
  constructor(options: LockOptions = {}) {
    const given = (options as { [CORE]?: Core })[CORE];
    const core = given ?? new Mutex(options, titled("lock", options.name));
    this.#core = core;
    if (given === undefined) guards.set(this, core as Mutex);
    if (core.owner !== undefined) return;
    core.owner = this;
    keep(this, core.shared, [core.turns.line]);
  }

  /**
   * Waits for its turn; what it resolves to releases the lock when it is disposed of. Python: `acquire`,
   * which gives `False` instead of the error.
   *
   * @throws TimeoutError when its turn did not come within `timeout` (at once if it is 0)
   */
  acquire(options: WaitOptions = {}): Promise<Held> {
    const { signal, timeout } = options;
    return this.#core.turns.until({ signal, timeout, operation: `acquire ${this.#core.name}` });
  }

  /**
   * As {@linkcode acquire}, but blocks this isolate: for workers. It goes before those here who wait
   * asynchronously.
   *
   * @throws TimeoutError as `acquire` does
   */
  acquireSync({ timeout }: LockTimeout = {}): Held {
    const held = this.#core.turns.block(timeout);
    if (held !== PENDING) return held;
    throw new TimeoutError(`acquire ${this.#core.name}`, timeout!);
  }

  /** Acquires without waiting; `null` when somebody has it or waits for it. Python: `acquire(block=False)`. */
  tryAcquire(): Held | null {
    const held = this.#core.turns.tryTake();
    return held === PENDING ? null : held;
  }

  /**
   * Releases it, whoever holds it, as in Python; disposing of what `acquire` gave releases only that
   * hold. The one who waited longest is next.
   *
   * @throws NotOwnerError when nobody holds it
   */
  release(): void {
    if (this.#core.release()) return;
    throw new NotOwnerError(`Cannot release ${this.#core.name}: nobody holds it`);
  }

  /** Whether it can not be had now; by the time it is known it may have changed. Python: `locked`. */
  get locked(): boolean {
    return !this.#core.isOpen();
  }

  static {
    crossAsRegion("lock", LOCK_REGION, (options) => new Lock(options));
  }
}

/** What to call something in error texts. */
export function titled(what: string, name: string | undefined): string {
  return name === undefined ? what : `${what} "${name}"`;
}
