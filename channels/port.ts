// Runs in: any isolate
/**
 * The two sides of a ring as everything above uses them: send a value, receive a value, now, later or
 * blocking. Who may still send or receive is the affair of the channel that owns the port. This is the
 * sending side; `receiver.ts` is the other.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import { HELD, LOOSE } from "../memory/arena.ts";
import type { Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import {
  dropParcel,
  type Letter,
  type Parcel,
  place,
  type PortRing,
  post,
  type Posted,
  postedOf,
  wrap,
} from "./parcel.ts";

export type { PortRing } from "./parcel.ts";
export { Receiver, type ReceiverRules } from "./receiver.ts";

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
