// Runs in: any isolate
/**
 * Semaphores that isolates share.
 *
 * - I1: how many permits are free never exceeds the bound.
 *
 * @module
 */
import { handle } from "../handle.ts";
import { SEMAPHORE_REGION } from "../region.ts";
import { CORE, Lock, titled } from "./lock.ts";
import { MOST_PERMITS } from "./permits.ts";
import { SemaphoreCore } from "./semaphore_core.ts";
import { crossAsRegion, type LockOptions } from "./shared.ts";

const BOUND: unique symbol = Symbol("bound");

/**
 * A counter of permits: `acquire` takes one and waits while there is none, `release` gives one. Python's
 * `multiprocessing.Semaphore`.
 *
 * Whoever waits is served in the order of coming, in whichever isolate it is. When an isolate dies, the
 * permits it took and did not give back are free again, and one who takes a permit then is told by
 * `held.abandoned`. A semaphore that an isolate releases which has no permit of it counts signals, not
 * holders: what the dead took of such a semaphore stays taken. It can be sent in any message.
 *
 * @example At most two at a time
 * ```ts
 * import { Semaphore } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const permits = new Semaphore(2);
 * let most = 0;
 * let inside = 0;
 * await Promise.all([1, 2, 3, 4].map(async () => {
 *   using _held = await permits.acquire();
 *   most = Math.max(most, ++inside);
 *   await Promise.resolve();
 *   inside--;
 * }));
 * assertEquals([most, permits.value], [2, 2]);
 * ```
 */
export class Semaphore extends Lock {
  /** Marks it as something that can be sent. */
  override readonly [handle]: string = "semaphore";
  readonly #core: SemaphoreCore;

  /**
   * Makes a semaphore.
   *
   * @param value Free permits at first: 0 to 1,048,575; default 1.
   * @throws TypeError when `value` is no whole number
   * @throws RangeError when it is negative or too large
   * @throws FullError when the arena has no room for it
   */
  constructor(value: number = 1, options: LockOptions = {}) {
    const bound = (options as { [BOUND]?: number })[BOUND] ?? MOST_PERMITS;
    const kind = bound === MOST_PERMITS ? "semaphore" : "bounded semaphore";
    const core = new SemaphoreCore(options, titled(kind, options.name), { value, bound });
    super({ [CORE]: core } as LockOptions);
    this.#core = core;
  }

  /** Free permits; by the time it is known it may have changed. Python: `get_value`. */
  get value(): number {
    return this.#core.value;
  }

  /**
   * Gives a permit, whether this isolate took it or not. The one who waited longest gets it.
   *
   * @throws RangeError when there would be more than 1,048,575
   */
  override release(): void {
    if (this.#core.release()) return;
    throw new RangeError(`Cannot release ${this.#core.name}: it was released too many times`);
  }

  static {
    crossAsRegion("semaphore", SEMAPHORE_REGION, (options) => new Semaphore(0, options));
  }
}

/**
 * A {@linkcode Semaphore} that refuses to be released more often than it was acquired: it never has more
 * free permits than at first. Python: `multiprocessing.BoundedSemaphore`.
 *
 * @example Released too often
 * ```ts
 * import { BoundedSemaphore } from "@troupe/troupe";
 * import { assertThrows } from "@std/assert";
 *
 * const permits = new BoundedSemaphore(1);
 * permits.acquireSync();
 * permits.release();
 * assertThrows(() => permits.release(), RangeError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {
  /** Marks it as something that can be sent. */
  override readonly [handle]: string = "boundedSemaphore";

  /** As for {@linkcode Semaphore}; `value` is also the most there can be. */
  constructor(value: number = 1, options: LockOptions = {}) {
    super(value, { ...options, [BOUND]: value } as LockOptions);
  }

  static {
    crossAsRegion(
      "boundedSemaphore",
      SEMAPHORE_REGION,
      (options) => new BoundedSemaphore(0, options),
    );
  }
}
