// Runs in: any isolate
/**
 * What a word is: a run of ASCII letters and digits, lower-cased, and of letters beyond ASCII, as they
 * are. Runs of more than {@linkcode MAX_TERM} bytes are no words: keys, digests, pictures as text.
 *
 * @module
 */
import type { TermTable } from "./terms.ts";

/** Longest word in bytes. */
export const MAX_TERM = 64;
/** First bytes of Latin-1 signs (2 bytes) and of general punctuation and symbols (3 bytes). */
const SIGNS_2 = 0xc2;
const SIGNS_3 = 0xe2;

/** What becomes of each byte of a word; 0 ends it. */
const FOLD = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return byte === SIGNS_2 || byte === SIGNS_3 ? 0 : byte;
  const letter = String.fromCharCode(byte);
  return /[a-z0-9]/i.test(letter) ? letter.toLowerCase().charCodeAt(0) : 0;
});

/** Whether a byte cannot be part of a word, so that a text may be cut before it. */
export function isSeparator(byte: number): boolean {
  return FOLD[byte] === 0;
}

/** Counts the words of `bytes[from .. to]`, lower-casing them in place; gives how many there were. */
export function countWords(bytes: Uint8Array, from: number, to: number, table: TermTable): number {
  let words = 0;
  for (let at = from; at < to;) {
    const byte = bytes[at];
    let folded = FOLD[byte];
    if (folded === 0) {
      at += byte === SIGNS_3 ? 3 : byte === SIGNS_2 ? 2 : 1;
      continue;
    }
    const start = at;
    let hash = 0;
    do {
      bytes[at++] = folded;
      hash = Math.imul(hash ^ folded, 0x5bd1e995);
      hash ^= hash >>> 15;
    } while (at < to && (folded = FOLD[bytes[at]]) !== 0);
    if (at - start > MAX_TERM) continue;
    table.add(bytes, start, at, hash, 1);
    words++;
  }
  return words;
}
