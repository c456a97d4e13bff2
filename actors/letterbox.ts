// Runs in: any isolate
/**
 * Takes letters out of an inbox for one life of its slot; those to an earlier life are thrown away.
 *
 * @module
 */
import { PENDING } from "../memory/line.ts";
import type { Life } from "../memory/slots.ts";
import { VOID } from "../channels/arrival.ts";
import type { Receiver } from "../channels/port.ts";
import { Incoming } from "../channels/stream.ts";

/** What a letter is about. */
export type LetterKind = number;

/** A letter as its reader gets it. */
export interface Received {
  /** What it is about. */
  readonly kind: LetterKind;
  /** Which ask, stream or child. */
  readonly id: number;
  /** Who wrote it. */
  readonly from: Life;
  /** What it says. */
  readonly value: unknown;
  /** Why it could not be read; then there is no value. */
  readonly unreadable?: unknown;
}

/** What comes out of an inbox. */
export class Letterbox {
  readonly #receiver: Receiver;
  readonly #incarnation: number;
  readonly #hand: (letter: Received) => void;

  /** Has `hand` called for each letter to a life of this number. */
  constructor(receiver: Receiver, incarnation: number, hand: (letter: Received) => void) {
    this.#receiver = receiver;
    this.#incarnation = incarnation;
    this.#hand = hand;
  }

  /** Takes the next letter, if there is one; what comes in pieces is handed over when it is whole. */
  takeOne(): boolean {
    let value: unknown;
    try {
      value = this.#receiver.take();
    } catch (error) {
      this.#open(undefined, this.#receiver.head, error);
      return true;
    }
    if (value === PENDING) return false;
    if (value instanceof Incoming) this.#takeLater(value);
    else this.#open(value, this.#receiver.head);
    return true;
  }

  #takeLater(stream: Incoming): void {
    this.#receiver.finish(stream).then(({ value, head }) => {
      if (value !== VOID) this.#open(value, head);
    });
  }

  #open(value: unknown, head: ArrayLike<number>, unreadable?: unknown): void {
    if (head[3] !== this.#incarnation) return;
    const from = { slot: head[0] >> 8, incarnation: head[2] };
    this.#hand({ kind: head[0] & 255, id: head[1], from, value, unreadable });
  }
}
