// Runs in: any isolate
/**
 * Strings as bytes. JavaScript strings are UTF-16 units, most of them below 256: so a string goes as
 * one byte for each unit when all fit, else as two, and every string arrives exactly as it was, lone
 * surrogates included. UTF-8 would be slower both ways and could not hold those.
 *
 * I1. Readers look only at bytes inside the range that the caller has checked.
 * I2. Results are copies: shared memory may be reused right after.
 *
 * @module
 */

import { Buffer } from "node:buffer";

const { latin1Slice, ucs2Slice } = Buffer.prototype as unknown as Record<
  "latin1Slice" | "ucs2Slice",
  (this: Uint8Array, start: number, end: number) => string
>;
const textEncoder = new TextEncoder();
const charCode = String.fromCharCode;

/** Up to here a loop beats a call into the engine's own copy routines (measured). */
const LOOP_MAX = 20;

/**
 * Writes `text` as one byte for each unit.
 *
 * @returns Whether all units fitted into a byte; when not, the bytes written mean nothing.
 */
export function writeLatin1(bytes: Uint8Array, at: number, text: string): boolean {
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[at + i] = unit;
    seen |= unit;
  }
  return seen < 256;
}

/** Writes a long `text` as {@linkcode writeLatin1} does, faster for ASCII. */
export function writeLongLatin1(bytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  // Look at the head first: other scripts mostly show there, and then the attempt is saved.
  for (let i = 0; i < 16; i++) {
    if (text.charCodeAt(i) > 255) return false;
  }
  // The whole text fits into as many bytes as it has units exactly when it is ASCII.
  const { read } = textEncoder.encodeInto(text, bytes.subarray(at, at + length));
  if (read === length) return true;
  return /^[\0-\xff]*$/.test(text) && writeLatin1(bytes, at, text);
}

/** Writes `text` as two bytes for each unit. */
export function writeUtf16(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0, p = at; i < text.length; i++, p += 2) {
    const unit = text.charCodeAt(i);
    bytes[p] = unit;
    bytes[p + 1] = unit >> 8;
  }
}

/** Reads `length` units of one byte each. */
export function readLatin1(bytes: Uint8Array, at: number, length: number): string {
  if (length > LOOP_MAX) return latin1Slice.call(bytes, at, at + length);
  let text = "";
  let p = at;
  for (let rest = length; rest >= 8; rest -= 8, p += 8) {
    text += charCode(
      bytes[p],
      bytes[p + 1],
      bytes[p + 2],
      bytes[p + 3],
      bytes[p + 4],
      bytes[p + 5],
      bytes[p + 6],
      bytes[p + 7],
    );
  }
  const tail = readTail(bytes, p, length & 7);
  return length < 8 ? tail : text + tail;
}

/** Up to 7 units in one step: joining strings costs more than making them. */
function readTail(b: Uint8Array, p: number, length: number): string {
  switch (length) {
    case 1:
      return charCode(b[p]);
    case 2:
      return charCode(b[p], b[p + 1]);
    case 3:
      return charCode(b[p], b[p + 1], b[p + 2]);
    case 4:
      return charCode(b[p], b[p + 1], b[p + 2], b[p + 3]);
    case 5:
      return charCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4]);
    case 6:
      return charCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5]);
    case 7:
      return charCode(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6]);
  }
  return "";
}

/** Reads `length` units of two bytes each. */
export function readUtf16(bytes: Uint8Array, at: number, length: number): string {
  return ucs2Slice.call(bytes, at, at + 2 * length);
}
