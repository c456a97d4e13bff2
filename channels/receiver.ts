// Runs in: any isolate
/**
 * The receiving side of a ring; see `port.ts`.
 *
 * @module
 */
import type { Isolate } from "../memory/isolate.ts";
import { PENDING, type Wait, type WaitOptions } from "../memory/line.ts";
import { Arrival, VOID } from "./arrival.ts";
import type { Decode } from "./codec/decoder.ts";
import type { PortRing } from "./parcel.ts";
import { Incoming } from "./stream.ts";

const NO_OPTIONS: WaitOptions = {};

/** What a channel says of its receiving side. */
export interface ReceiverRules {
  /** For errors, such as `get from queue "jobs"`. */
  readonly operation: string;
  /** Throws when nothing can be received here. */
  check(): void;
  /** Throws when the ring is empty and will stay so. */
  ended(): void;
  /** The error of a wait for a message that ran out of time. */
  timedOut?(): Error;
  /** Told the bytes of each long message that was read. */
  took?(longBytes: number): void;
  /** Told the cell of each message before it leaves the ring. */
  taking?(cell: number): void;
}

/** The receiving side of a ring. */
export class Receiver {
  readonly #isolate: Isolate;
  readonly #ring: PortRing;
  readonly #rules: ReceiverRules;
  readonly #arrival: Arrival;

  /** Receives from `ring`, whose frames have a head if `hasHead`. */
  constructor(isolate: Isolate, ring: PortRing, rules: ReceiverRules, hasHead = false) {
    this.#isolate = isolate;
    this.#ring = ring;
    this.#rules = rules;
    this.#arrival = new Arrival(isolate, ring, hasHead);
    this.#arrival.took = rules.took;
  }

  /** The head of the message received last. */
  get head(): Int32Array {
    return this.#arrival.head!;
  }

  /** The next message, its stream, or `PENDING`; says nothing of those who wait. */
  take(read?: Decode): unknown | typeof PENDING | Incoming {
    this.#rules.check();
    for (;;) {
      const cell = this.#ring.take();
      if (cell < 0) {
        this.#rules.ended();
        return PENDING;
      }
      this.#rules.taking?.(cell);
      const value = this.#arrival.open(cell, read);
      if (value !== VOID) return value;
    }
  }

  /** The next message if there is one and nobody here waits for it; else `PENDING`. */
  tryReceive(): unknown | typeof PENDING {
    if (this.#ring.readers.wanted) return PENDING;
    const value = this.take();
    if (!(value instanceof Incoming)) return value;
    const whole = this.#arrival.finishSync(value);
    return whole === VOID ? PENDING : whole;
  }

  /** Waits for the next message; `read` reads it, if it is not streamed. */
  receive(options: WaitOptions = NO_OPTIONS, read?: Decode): Promise<unknown> {
    if (!this.#ring.readers.wanted && options.signal?.aborted !== true) {
      try {
        const value = this.take(read);
        if (value instanceof Incoming) return this.#finish(value, options);
        if (value !== PENDING) return this.#ring.readers.settled(value);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return this.#receiveLater(options, read);
  }

  /**
   * Iterates over the messages until one cannot be received for a reason that `isEnd`. Leaving calls off
   * a message that is waited for, and takes nothing.
   */
  iterate(isEnd: (error: unknown) => boolean): AsyncIterableIterator<unknown> {
    const left = new AbortController();
    const options = { signal: left.signal };
    let isLeft = false;
    const found = (value: unknown) => ({ value, done: false });
    const over = (error: unknown) => {
      if (!isLeft && !isEnd(error)) throw error;
      return { value: undefined, done: true as const };
    };
    const next = () => {
      if (isLeft) return Promise.resolve(over(undefined));
      if (this.#ring.readers.wanted) return this.#receiveLater(options).then(found, over);
      try {
        // The same as in `receive`, without a promise between: half the time of a short message.
        const value = this.take();
        if (value instanceof Incoming) return this.#finish(value, options).then(found, over);
        if (value !== PENDING) return this.#ring.readers.settled(found(value));
      } catch (error) {
        return Promise.reject(error).catch(over);
      }
      return this.#receiveLater(options).then(found, over);
    };
    return {
      next,
      return(value?: unknown) {
        isLeft = true;
        left.abort();
        return Promise.resolve({ value, done: true });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #receiveLater(options: WaitOptions, read?: Decode): Promise<unknown> {
    const wait: Wait<unknown> = {
      signal: options.signal,
      timeout: options.timeout,
      operation: this.#rules.operation,
      timedOut: this.#rules.timedOut && (() => this.#rules.timedOut!()),
      attempt: () => {
        const value = this.take(read);
        return value instanceof Incoming ? this.#finish(value, options) : value;
      },
    };
    return this.#ring.readers.until(wait);
  }

  /** Waits for the next message, blocking this isolate; `PENDING` when the time is up. */
  receiveSync(timeout?: number): unknown | typeof PENDING {
    let value = this.take();
    if (value !== PENDING && !(value instanceof Incoming)) return value;
    const attempt = () => (value = this.take()) !== PENDING;
    do {
      if (!(value instanceof Incoming)) {
        this.#isolate.park.block(this.#ring.readers, { attempt, timeout });
      }
      if (value instanceof Incoming) value = this.#arrival.finishSync(value);
    } while (value === VOID);
    return value;
  }

  /** Waits until there is a message, or the end, without taking it; `false` when the time is up. */
  poll(isReady: () => boolean, timeout?: number): Promise<boolean> {
    return this.#ring.readers.until({
      timeout,
      operation: this.#rules.operation,
      attempt: () => {
        this.#rules.check();
        return isReady() ? true : PENDING;
      },
    }).catch((error) => {
      if (error?.code === "TIMEOUT") return false;
      throw error;
    });
  }

  /** The rest of a message that {@linkcode take} gave as a stream, with its head. */
  async finish(stream: Incoming): Promise<{ value: unknown; head: readonly number[] }> {
    let head: readonly number[] = [];
    const value = await this.#arrival.finish(stream, () => head = [...this.head]);
    return { value, head };
  }

  async #finish(stream: Incoming, options: WaitOptions): Promise<unknown> {
    const value = await this.#arrival.finish(stream);
    return value === VOID ? await this.receive(options) : value;
  }
}
