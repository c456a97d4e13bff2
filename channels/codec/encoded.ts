// Runs in: any isolate
/**
 * A message encoded in private memory, its large binaries still where the sender has them.
 *
 * I1. The message is the private bytes with each segment put in at its place, in order.
 *
 * @module
 */

import type { Segment } from "./output.ts";

/** A message that did not fit, ready to be copied once. */
export interface Encoded {
  /** Length of the whole message. */
  readonly byteLength: number;
  /**
   * Copies the whole message to `bytes` from `at` on. Large binaries are read only now: a change of
   * them after `encode` is seen.
   */
  copyTo(bytes: Uint8Array, at: number): void;
  /** Copies `length` bytes of the message, from its byte `from` on, to `bytes` from `at` on. */
  copySlice(from: number, length: number, bytes: Uint8Array, at: number): void;
}

/** {@linkcode Encoded} over what the encoder left. */
export class PrivateMessage implements Encoded {
  /** Length of the whole message. */
  readonly byteLength: number;
  readonly #pieces: readonly Uint8Array[];

  /** Puts the segments into their places. */
  constructor(bytes: Uint8Array, segments: readonly Segment[]) {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (const segment of segments) {
      pieces.push(bytes.subarray(from, segment.at), segment.bytes);
      from = segment.at;
    }
    pieces.push(bytes.subarray(from));
    this.#pieces = pieces;
    this.byteLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  /** See {@linkcode Encoded.copyTo}. */
  copyTo(bytes: Uint8Array, at: number): void {
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
  }

  /** See {@linkcode Encoded.copySlice}. */
  copySlice(from: number, length: number, bytes: Uint8Array, at: number): void {
    const end = from + length;
    let pieceFrom = 0;
    for (const piece of this.#pieces) {
      const pieceEnd = pieceFrom + piece.length;
      if (pieceEnd > from && pieceFrom < end) {
        const part = piece.subarray(Math.max(from - pieceFrom, 0), end - pieceFrom);
        bytes.set(part, at + Math.max(pieceFrom - from, 0));
      }
      pieceFrom = pieceEnd;
    }
  }
}
