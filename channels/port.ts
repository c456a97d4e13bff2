// Runs in: any isolate
/**
 * The two sides of a ring as everything above uses them: send a value, receive a value, now, later or
 * blocking. Who may still send or receive is the affair of the channel that owns the port.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import { HELD, LOOSE } from "../memory/arena.ts";
import type { Isolate } from "../memory/isolate.ts";
import { type Line, PENDING, type Wait, type WaitOptions } from "../memory/line.ts";
import { Arrival, VOID } from "./arrival.ts";
import {
  type Cellular,
  dropParcel,
  type Letter,
  type Parcel,
  place,
  post,
  type Posted,
  postedOf,
  wrap,
} from "./parcel.ts";
import { Incoming } from "./stream.ts";

/** A ring with its waiting lines. */
export interface PortRing extends Cellular {
  /** Those here who wait for a frame. */
  readonly readers: Line;
  /** Those here who wait for room. */
  readonly writers: Line;
  /** Most frames inside at once; `Infinity`: only the arena bounds it. */
  readonly limit: number;
}

/** What a channel says of its sending side. */
export interface SenderRules {
  /** For errors, such as `put into queue "jobs"`. */
  readonly operation: string;
  /** Throws when nothing can be sent (any more). */
  check(value: unknown): void;
  /** The error of a wait for room that ran out of time. */
  full?(value: unknown): Error;
  /** The error for a value that cannot be sent, out of that of the codec; default: the same. */
  refused?(error: unknown): unknown;
  /** A bound on bytes, besides that of the ring. */
  readonly bytes?: ByteBound;
}

/** How many bytes of long messages may be on their way. */
export interface ByteBound {
  /** So many more (or, negative, fewer) are. */
  sent(longBytes: number): void;
  /** Whether that is too many. */
  isOver(): boolean;
}

/** What {@linkcode Sender.send} gives when the message has its place already. */
export const DONE: Promise<void> = Promise.resolve();
const NO_OPTIONS: WaitOptions = {};

/** The sending side of a ring. */
export class Sender {
  readonly #isolate: Isolate;
  readonly #ring: PortRing;
  readonly #rules: SenderRules;

  /** Sends into `ring`. */
  constructor(isolate: Isolate, ring: PortRing, rules: SenderRules) {
    this.#isolate = isolate;
    this.#ring = ring;
    this.#rules = rules;
  }

  /** Sends if there is room now; `false` if not. */
  trySend(letter: Letter): boolean {
    return this.#post(letter) !== undefined;
  }

  /** Sends; resolves once the message has its place. It is encoded now, even if it has to wait. */
  send(letter: Letter, options: WaitOptions = NO_OPTIONS): Promise<void> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    try {
      const posted = this.#post(letter);
      if (posted !== undefined) {
        if (posted.longBytes > 0 && this.#rules.bytes?.isOver()) {
          return this.#settle(posted, options);
        }
        const { park } = this.#isolate;
        return park.isOutOfBreath() ? park.breathe() : DONE;
      }
      const { timeout } = options;
      if (timeout !== undefined && timeout <= 0) return Promise.reject(this.#full(letter.value));
      return this.#sendLater(letter, wrap(this.#isolate, letter, this.#ring.room), options);
    } catch (error) {
      return Promise.reject(this.#rules.refused?.(error) ?? error);
    }
  }

  /** Sends, blocking this isolate; `false` when the time is up. */
  sendSync(letter: Letter, timeout?: number): boolean {
    if (this.trySend(letter)) return true;
    if (timeout !== undefined && timeout <= 0) return false;
    const parcel = wrap(this.#isolate, letter, this.#ring.room);
    const attempt = () => this.#tryPlace(parcel, letter);
    try {
      if (parcel.stream !== undefined) throw this.#full(letter.value);
      if (this.#isolate.park.block(this.#ring.writers, { attempt, timeout })) return true;
    } catch (error) {
      dropParcel(this.#isolate, parcel);
      throw error;
    }
    dropParcel(this.#isolate, parcel);
    return false;
  }

  async #sendLater(letter: Letter, parcel: Parcel, options: WaitOptions): Promise<void> {
    try {
      await this.#ring.writers.until({
        ...options,
        operation: this.#rules.operation,
        timedOut: () => this.#full(letter.value),
        attempt: () => this.#tryPlace(parcel, letter) ? true : PENDING,
      });
    } catch (error) {
      dropParcel(this.#isolate, parcel);
      throw error;
    }
    if (parcel.stream !== undefined) await parcel.stream.pump(options);
    else if (this.#rules.bytes?.isOver()) await this.#settle(postedOf(parcel), options);
  }

  #post(letter: Letter): Posted | undefined {
    this.#rules.check(letter.value);
    if (this.#ring.writers.wanted) return undefined;
    const posted = post(this.#isolate, this.#ring, letter);
    if (posted === undefined) return undefined;
    if (posted.longBytes > 0) this.#rules.bytes?.sent(posted.longBytes);
    letter.placed?.();
    return posted;
  }

  /** Waits until enough was read; called off before that, the message is taken back. */
  async #settle({ block, longBytes }: Posted, options: WaitOptions): Promise<void> {
    const { arena, heap, slot } = this.#isolate;
    const bound = this.#rules.bytes!;
    try {
      await this.#ring.writers.until({
        ...options,
        operation: this.#rules.operation,
        attempt: () => {
          if (!bound.isOver()) return true;
          this.#rules.check(undefined);
          return PENDING;
        },
      });
    } catch (error) {
      if (!arena.changeKind(block, { from: LOOSE, to: HELD, owner: slot })) return;
      heap.free(block);
      bound.sent(-longBytes);
      throw error;
    }
  }

  #tryPlace(parcel: Parcel, letter: Letter): boolean {
    const { value } = letter;
    this.#rules.check(value);
    if (place(this.#isolate, this.#ring, parcel)) {
      const { longBytes } = postedOf(parcel);
      if (longBytes > 0) this.#rules.bytes?.sent(longBytes);
      letter.placed?.();
      return true;
    }
    if (this.#ring.limit === Infinity) throw this.#full(value);
    return false;
  }

  #full(value: unknown): Error {
    return this.#rules.full?.(value) ??
      new FullError(`Cannot ${this.#rules.operation}: it is full`, { value });
  }
}

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
  /** Told the cell of each message before it leaves the ring; `false`: it is thrown away. */
  taking?(cell: number): boolean;
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
  take(): unknown | typeof PENDING | Incoming {
    this.#rules.check();
    for (;;) {
      const cell = this.#ring.take();
      if (cell < 0) {
        this.#rules.ended();
        return PENDING;
      }
      if (this.#rules.taking?.(cell) === false) {
        this.#arrival.discard(cell);
        continue;
      }
      const value = this.#arrival.open(cell);
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

  /** Waits for the next message. */
  receive(options: WaitOptions = NO_OPTIONS): Promise<unknown> {
    if (!this.#ring.readers.wanted && options.signal?.aborted !== true) {
      try {
        const value = this.take();
        if (value instanceof Incoming) return this.#finish(value, options);
        if (value !== PENDING) return this.#ring.readers.settled(value);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    return this.#receiveLater(options);
  }

  #receiveLater(options: WaitOptions): Promise<unknown> {
    const wait: Wait<unknown> = {
      signal: options.signal,
      timeout: options.timeout,
      operation: this.#rules.operation,
      timedOut: this.#rules.timedOut && (() => this.#rules.timedOut!()),
      attempt: () => {
        const value = this.take();
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
