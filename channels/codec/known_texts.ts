// Runs in: any isolate
/**
 * Short texts that went by lately, as strings and as bytes. Most short texts in messages are names of
 * kinds, states and people that come again and again; to find one is several times as fast as to make
 * a string of bytes, or bytes of a string.
 *
 * I1. Both tables have a fixed number of places for texts of at most {@linkcode KNOWN_MAX} units.
 * I2. What is found was compared in full; the hash only says where to look.
 * I3. A text and its bytes in a table are made of each other, in private memory: nobody who writes to
 *     the message meanwhile can make them differ.
 * I4. No string of the sender's is kept, since a part of a long text keeps all of it: a copy is.
 *
 * @module
 */

import { readLatin1, writeLatin1 } from "./strings.ts";

/** Longest text that is looked up, in units. */
export const KNOWN_MAX = 31;
/** Shorter ones are written faster than they are found (measured). */
const WRITE_MIN = 8;
const READ_MIN = 4;
const PLACE_BYTES = 32;
const PLACES = 1024;
const TINY_PLACES = 256;

/** So many more misses than hits are borne. */
const PATIENCE = 64;
/** After those so many texts are let pass, and then so many are tried. */
const PAUSE = 4096;
const TRIES = 16;

/** One table, and whether looking into it has paid off lately. */
class Known {
  readonly texts: string[] = new Array(PLACES).fill("");
  readonly bytes = new Uint8Array(PLACES * PLACE_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  // Above 0: misses that are still borne; below: texts that are still let pass.
  #luck = PATIENCE;

  /** Whether the next text is looked for. */
  isDue(): boolean {
    if (this.#luck > 0) return true;
    if (++this.#luck === 0) this.#luck = TRIES;
    return false;
  }

  /** It was found. */
  hit(): void {
    if (this.#luck < PATIENCE) this.#luck += 2;
  }

  /** It was not. */
  miss(): void {
    if (--this.#luck === 0) this.#luck = -PAUSE;
  }
}

const written = new Known();
const seen = new Known();

/**
 * Writes `text` as one byte for each unit.
 *
 * @returns Whether all units fitted into a byte; when not, the bytes written mean nothing.
 */
export function writeKnown(bytes: Uint8Array, view: DataView, at: number, text: string): boolean {
  const { length } = text;
  if (length < WRITE_MIN || !written.isDue()) return writeLatin1(bytes, at, text);
  const middle = text.charCodeAt(length >> 1) ^ text.charCodeAt(length - 1) << 5;
  const place = (middle ^ text.charCodeAt(0) << 3 ^ length << 7) & (PLACES - 1);
  const from = place * PLACE_BYTES;
  if (written.texts[place] === text) written.hit();
  else {
    written.miss();
    written.texts[place] = "";
    if (!writeLatin1(written.bytes, from, text)) return false;
    written.texts[place] = internal(readLatin1(written.bytes, from, length));
  }
  copyWords(written.view, from, view, at, length);
  return true;
}

/** Reads `length` units of one byte each. */
export function readKnown(bytes: Uint8Array, view: DataView, at: number, length: number): string {
  if (length < READ_MIN) return readTiny(bytes, at, length);
  if (!seen.isDue()) return readLatin1(bytes, at, length);
  const last = at + length - 4;
  let hash = length;
  for (let p = at; p < last; p += 4) hash = Math.imul(hash ^ view.getInt32(p, true), 0x9e3779b1);
  hash = Math.imul(hash ^ view.getInt32(last, true), 0x9e3779b1);
  const place = (hash ^ hash >>> 15) & (PLACES - 1);
  const from = place * PLACE_BYTES;
  const text = seen.texts[place];
  if (text.length === length && sameWords(seen.view, from, view, at, length)) {
    seen.hit();
    return text;
  }
  seen.miss();
  copyWords(view, at, seen.view, from, length);
  return seen.texts[place] = readLatin1(seen.bytes, from, length);
}

/** Texts of up to 3 units, by these and their length. */
const tinyTexts: string[] = new Array(TINY_PLACES).fill("");
const tinyWords = new Int32Array(TINY_PLACES);

function readTiny(bytes: Uint8Array, at: number, length: number): string {
  let word = length;
  for (let i = 0; i < length; i++) word = word << 8 | bytes[at + i];
  const place = (Math.imul(word, 0x9e3779b1) >>> 24) & (TINY_PLACES - 1);
  if (tinyWords[place] === word) return tinyTexts[place];
  tinyWords[place] = word;
  const units = [word >>> 16 & 255, word >>> 8 & 255, word & 255];
  return tinyTexts[place] = String.fromCharCode(...units.slice(3 - length));
}

/** Copies at least 4 bytes; the last word may overlap the one before. */
function copyWords(
  source: DataView,
  from: number,
  target: DataView,
  to: number,
  length: number,
): void {
  const last = length - 4;
  for (let i = 0; i < last; i += 4) target.setInt32(to + i, source.getInt32(from + i, true), true);
  target.setInt32(to + last, source.getInt32(from + last, true), true);
}

function sameWords(
  one: DataView,
  from: number,
  other: DataView,
  at: number,
  length: number,
): boolean {
  const last = length - 4;
  for (let i = 0; i < last; i += 4) {
    if (one.getInt32(from + i, true) !== other.getInt32(at + i, true)) return false;
  }
  return one.getInt32(from + last, true) === other.getInt32(at + last, true);
}

/** The same string as the engine keeps it for names: equal to a literal without being compared. */
export function internal(text: string): string {
  return Object.keys({ [text]: 0 })[0];
}
