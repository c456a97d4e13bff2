// Runs in: any isolate
/**
 * A flag that isolates share and wait for.
 *
 * - I1: all who wait are rung after the event was set.
 *
 * @module
 */
import { load } from "../atomics.ts";
import { WAIT_LIST_WORDS } from "../bell.ts";
import { type Handle, handle } from "../handle.ts";
import { Line, PENDING, type WaitOptions } from "../line.ts";
import { EVENT_REGION } from "../region.ts";
import { type Offer, type Waitable, waitable } from "../waitable.ts";
import { clearEvent, hasHappened, setEvent } from "./event_word.ts";
import type { LockTimeout } from "./held.ts";
import { titled } from "./lock.ts";
import {
  crossAsRegion,
  keep,
  type LockOptions,
  recoverRegions,
  type Shared,
  sharedRegion,
} from "./shared.ts";

const WORD = 0;
const LIST = 16;

/**
 * A flag that is set or not, and that any number of isolates can wait for: Python's
 * `multiprocessing.Event`.
 *
 * All who wait when it is set go on, also when it is cleared again at once. The death of one who waits,
 * or of one who sets it, holds nobody up. It can be sent in any message.
 *
 * @example Wait for a start
 * ```ts
 * import { Event } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const start = new Event();
 * const waiting = start.wait();
 * start.set();
 * await waiting;
 * assertEquals(start.isSet(), true);
 * ```
 */
export class Event implements Handle, Waitable<undefined> {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "event";
  readonly #shared: Shared;
  readonly #line: Line;
  readonly #name: string;

  /**
   * Makes an event that is not set.
   *
   * @throws FullError when the arena has no room for it
   */
  constructor(options: LockOptions = {}) {
    this.#name = titled("event", options.name);
    const words = LIST + WAIT_LIST_WORDS;
    this.#shared = sharedRegion(options, { type: EVENT_REGION, words, what: this.#name });
    const { isolate, at } = this.#shared;
    this.#line = new Line(isolate.park, at + LIST);
    keep(this, this.#shared, [this.#line]);
  }

  /** Whether it is set. Python: `is_set`. */
  isSet(): boolean {
    return (load(this.#words, this.#at) & 1) !== 0;
  }

  /** Sets it, and has all go on who wait. A second time does nothing. Python: `set`. */
  set(): void {
    if (!setEvent(this.#words, this.#at)) return;
    this.#shared.isolate.park.changed(this.#line.list, this.#line.topic);
  }

  /** Clears it: whoever comes now waits. Python: `clear`. */
  clear(): void {
    clearEvent(this.#words, this.#at);
  }

  /**
   * Waits until it is set; at once when it is. Python: `wait`, which gives `False` instead of the error.
   *
   * @throws TimeoutError when it was not set within `timeout` (at once if it is 0)
   */
  wait(options: WaitOptions = {}): Promise<void> {
    const { signal, timeout } = options;
    const attempt = this.#attempt();
    return this.#line.until({
      signal,
      timeout,
      operation: `wait for ${this.#name}`,
      attempt: () => attempt() ? undefined : PENDING,
    });
  }

  /** As {@linkcode wait}, but blocks this isolate: for workers; `false` when the time was up. */
  waitSync({ timeout }: LockTimeout = {}): boolean {
    return this.#shared.isolate.park.block(this.#line, { attempt: this.#attempt(), timeout });
  }

  /** How `wait` and `select` wait for it; a later `clear` does not call off who waits by then. */
  [waitable](): Offer<undefined> {
    const isReady = this.#attempt();
    return { room: this.#line, isReady, take: () => isReady() ? undefined : PENDING };
  }

  #attempt(): () => boolean {
    const seen = load(this.#words, this.#at);
    return () => hasHappened(this.#words, this.#at, seen);
  }

  get #words(): Int32Array {
    return this.#shared.isolate.arena.words;
  }

  get #at(): number {
    return this.#shared.at + WORD;
  }

  static {
    crossAsRegion("event", EVENT_REGION, (options) => new Event(options));
  }
}

recoverRegions(EVENT_REGION, () => {});
