// Runs in: any isolate
/**
 * What the two ends of a bridge send each other: a head of 16 bytes, then a value as in any message.
 *
 * @module
 */
import { encode } from "../../channels/codec/encoder.ts";

/** What a frame is. */
export type FrameKind = number;
/** A letter for the inbox of whoever the other side stands for; `id` is the letter's. */
export const LETTER: FrameKind = 1;
/** A message for the actor of mailbox `number`; `id` is what its answer carries, 0 for none. */
export const MESSAGE: FrameKind = 2;
/** Mailbox `number` has room for one more message. */
export const WANT: FrameKind = 3;
/** The actor of mailbox `number` has ended: `kind` is the reason's number, `id` the exit code. */
export const ENDED: FrameKind = 4;
/** A letter for whoever asked `id`. */
export const ANSWER: FrameKind = 5;
/** A letter of whoever asked `id`, to the actor that was asked. */
export const NOTE: FrameKind = 6;
/** The process ends, as in {@linkcode ENDED}; `number` is 1 when its actor has no message in hand. */
export const BYE: FrameKind = 7;

/** What a frame says before its value. */
export interface FrameHead {
  /** What it is. */
  readonly what: FrameKind;
  /** Kind of the letter or message in it. */
  readonly kind?: number;
  /** Number of a mailbox. */
  readonly number?: number;
  /** Number of an ask. */
  readonly id?: number;
}

/** A frame that has arrived. */
export interface Frame extends Required<FrameHead> {
  /** The value, encoded. */
  readonly body: Uint8Array;
}

const HEAD_BYTES = 16;
const NOTHING = new Uint8Array(0);

/** The bytes of a frame. @throws NotSendableError for a value that cannot be sent */
export function frameOf(
  { what, kind = 0, number = 0, id = 0 }: FrameHead,
  value: unknown,
): Uint8Array<ArrayBuffer> {
  const encoded = encode(value);
  const bytes = new Uint8Array(HEAD_BYTES + encoded.byteLength);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, encoded.byteLength, true);
  head.setUint8(4, what);
  head.setUint8(5, kind);
  head.setUint32(8, number, true);
  head.setInt32(12, id, true);
  encoded.copyTo(bytes, HEAD_BYTES);
  return bytes;
}

/** Puts frames together out of the pieces in which their bytes come. */
export class FrameReader {
  readonly #head = new Uint8Array(HEAD_BYTES);
  readonly #view = new DataView(this.#head.buffer);
  #body: Uint8Array = NOTHING;
  #filled = 0;

  /** The frames that a piece completes. */
  *read(piece: Uint8Array): Generator<Frame> {
    while (piece.length > 0) {
      const isHead = this.#filled < HEAD_BYTES;
      const [to, at] = isHead ? [this.#head, 0] : [this.#body, HEAD_BYTES];
      const part = piece.subarray(0, to.length - this.#filled + at);
      to.set(part, this.#filled - at);
      this.#filled += part.length;
      piece = piece.subarray(part.length);
      if (isHead && this.#filled === HEAD_BYTES) {
        this.#body = new Uint8Array(this.#view.getUint32(0, true));
      }
      if (this.#filled === HEAD_BYTES + this.#body.length) yield this.#complete();
    }
  }

  #complete(): Frame {
    const body = this.#body;
    this.#filled = 0;
    this.#body = NOTHING;
    const view = this.#view;
    const [what, kind] = [view.getUint8(4), view.getUint8(5)];
    return { what, kind, number: view.getUint32(8, true), id: view.getInt32(12, true), body };
  }
}
