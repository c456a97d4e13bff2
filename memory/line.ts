// Runs in: any isolate
/**
 * Those in this isolate who wait for one thing, first come first served. Timeouts and abort signals
 * are handled here, once, for everything that waits.
 *
 * - I1: whoever comes while others wait queues up behind them.
 * - I2: a wait that is aborted or times out leaves nothing behind: it took nothing and changed nothing.
 *
 * @module
 */
import { TimeoutError } from "../errors.ts";
import { type Park, type Source, topicOf } from "./park.ts";

/** What an attempt gives while it cannot succeed. */
export const PENDING: unique symbol = Symbol("pending");

/** Options of everything that waits. */
export interface WaitOptions {
  /** Calls the wait off: it rejects with `signal.reason` and leaves everything as if never called. */
  signal?: AbortSignal;
  /** Milliseconds; `0` or less does not wait, absent waits for ever. */
  timeout?: number;
}

/** One wait. */
export interface Wait<T> extends WaitOptions {
  /** Tries; {@linkcode PENDING} when it cannot succeed yet. What it throws rejects the wait. */
  attempt(): T | typeof PENDING;
  /** For the error: what could not be done, such as `get from queue "jobs"`. */
  readonly operation: string;
  /** The error of a wait that ran out of time; default {@linkcode TimeoutError}. */
  timedOut?(): Error;
  /** Called when the wait was called off or ran out of time, before it rejects. */
  gaveUp?(): void;
}

/** Somebody who waits. Whoever lets it go on takes it out of the room first, then calls one of the two. */
export interface Waiting {
  /** Tries; {@linkcode PENDING} when it cannot go on yet. */
  readonly attempt: () => unknown;
  /** Called when it gives up, before it is rejected. */
  readonly gaveUp?: () => void;
  /** Called with what the attempt gave. */
  readonly resolve: (value: never) => void;
  /** Called with what the attempt threw. */
  readonly reject: (reason: unknown) => void;
}

/** Where those wait who want the same thing: each is tried again when it may have changed. */
export interface Room {
  /** Whether anybody waits. */
  readonly wanted: boolean;
  /** Comes to wait, behind those who do. */
  enter(waiting: Waiting): void;
  /** Waits no more; who is not there is ignored. */
  leave(waiting: Waiting): void;
  /** Has those who wait try again. */
  stir(): void;
  /** A promise of what need not be waited for. */
  settled<T>(value: T): Promise<T>;
}

/** The waiting line of one thing in one isolate. */
export class Line implements Source, Room {
  readonly list: number;
  readonly topic: number;
  armed = false;
  known = false;
  readonly #park: Park;
  readonly #waiting: Waiting[] = [];

  /** A line for the thing whose wait list is at `list`. */
  constructor(park: Park, list: number) {
    this.#park = park;
    this.list = list;
    this.topic = topicOf(list);
  }

  /** Whether anybody waits. */
  get wanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** Lets as many as can go on, in order. */
  serve(): boolean {
    let served = false;
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0];
      try {
        const value = first.attempt();
        if (value === PENDING) break;
        this.leave(first);
        first.resolve(value as never);
      } catch (error) {
        this.leave(first);
        first.reject(error);
      }
      served = true;
    }
    return served;
  }

  /** Waits until the attempt succeeds. */
  until<T>(wait: Wait<T>): Promise<T> {
    const { signal, timeout } = wait;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length === 0) {
      try {
        const value = wait.attempt();
        if (value !== PENDING) return this.settled(value);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    if (timeout !== undefined && timeout <= 0) return Promise.reject(timedOut(wait));
    return this.#queueUp(wait);
  }

  /** Queues up; see {@linkcode Line.until} for who waits in one line only. */
  enter(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#park.keepAlive.add();
    this.#park.watch(this);
  }

  /** Leaves the line. */
  leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return;
    if (at === 0) this.#waiting.shift();
    else this.#waiting.splice(at, 1);
    this.#park.keepAlive.remove();
  }

  /** Has those who wait try again, as if rung. */
  stir(): void {
    if (this.serve()) this.#park.wake();
  }

  /**
   * A promise of what need not be waited for. An endless loop of such would starve the event loop, so
   * now and then the event loop has its turn first.
   */
  settled<T>(value: T): Promise<T> {
    if (!this.#park.isOutOfBreath()) return Promise.resolve(value);
    return this.#park.breathe().then(() => value);
  }

  #queueUp<T>(wait: Wait<T>): Promise<T> {
    const { signal, timeout } = wait;
    return new Promise<T>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const settle = <V>(how: (value: V) => void) => (value: V) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        how(value);
      };
      const waiting: Waiting = {
        attempt: () => wait.attempt(),
        gaveUp: () => wait.gaveUp?.(),
        resolve: settle(resolve) as (value: never) => void,
        reject: settle(reject),
      };
      const abort = () => this.#giveUp(waiting, signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      if (timeout !== undefined && timeout < Infinity) {
        timer = setTimeout(
          () => this.#giveUp(waiting, timedOut(wait)),
          Math.min(timeout, MAX_DELAY),
        );
      }
      this.enter(waiting);
    });
  }

  #giveUp(waiting: Waiting, reason: unknown): void {
    this.leave(waiting);
    waiting.gaveUp?.();
    waiting.reject(reason);
    this.stir();
  }
}

/** Timers wrap beyond this. */
export const MAX_DELAY = 2 ** 31 - 1;

/** The error of a wait that ran out of time. */
export function timedOut(wait: Pick<Wait<unknown>, "operation" | "timeout" | "timedOut">): Error {
  return wait.timedOut?.() ?? new TimeoutError(wait.operation, wait.timeout!);
}
