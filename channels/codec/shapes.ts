// Runs in: any isolate
/**
 * Shapes: the keys of plain objects. The first object of a shape in a message carries all its keys as
 * one block that both sides have ready-made, later ones only a number.
 *
 * Block: u8 n, u32 hash, then n words of 4 bytes: u8 key count, the keys as texts, zeros.
 *
 * I1. Both caches have a fixed number of places and a limit on the size of each, so that no message
 *     can make them grow.
 * I2. A block found in the cache was compared byte for byte; the hash only says where to look.
 * I3. A block is cached only after its hash was found right, so a forged one cannot sit in the
 *     place of another.
 *
 * @module
 */

import { internal } from "./known_texts.ts";
import { Copies, OFTEN } from "./made.ts";
import { type Reader, readerOf, type ReaderTools } from "./made_reader.ts";
import { type Writer, writerOf, type WriterTools } from "./made_writer.ts";
import * as tag from "./tags.ts";
import { Vigilance } from "./vigilance.ts";
import { readLatin1, readUtf16, writeLatin1, writeUtf16 } from "./strings.ts";

/** More keys than this make a record, which writes its keys each time. */
export const MAX_SHAPE_KEYS = 64;
const MAX_WORDS = 255;
const PLACES = 1024;

/** The keys of a kind of plain objects. */
export class Shape {
  /** The keys in order. */
  readonly keys: readonly string[];
  /** The key block without its head. */
  readonly words: Int32Array;
  /** Hash of the block. */
  readonly hash: number;
  /** Whether a key needs care (`__proto__`). */
  readonly careful: boolean;
  /** Number of the last message written that defined this shape, and its number there. */
  message = 0;
  /** See {@linkcode Shape.message}. */
  number = 0;
  /** Whether objects with these keys are looked at for symbols. */
  readonly symbols: Vigilance = new Vigilance();
  #read = 0;
  #reader: Reader | undefined;
  #written = 0;
  #writer: Writer | undefined;

  /** Makes a shape. */
  constructor(keys: readonly string[], words: Int32Array) {
    this.keys = keys;
    this.words = words;
    this.hash = hashOf(words);
    this.careful = keys.includes("__proto__");
  }

  /** Reads objects with these keys, once there were enough of them. */
  reader(tools: ReaderTools): Reader | undefined {
    if (this.#read < OFTEN && ++this.#read === OFTEN && !this.careful) {
      this.#reader = readerOf(this.keys, tools);
    }
    return this.#reader;
  }

  /** Writes objects with these keys, once there were enough of them. */
  writer(tools: WriterTools): Writer | undefined {
    if (this.#written < OFTEN && ++this.#written === OFTEN && !this.careful) {
      this.#writer = writerOf(this, tools);
    }
    return this.#writer;
  }
}

/** What was met at one place of messages: what comes there next is mostly alike. */
export class Site {
  /** Shape of the last plain object. */
  shape: Shape | undefined;
  /** Whether the arrays are looked at for named properties. */
  readonly arrays: Vigilance = new Vigilance();
  /** How they are written. */
  readonly copies: Copies = new Copies();
}

const writing: (Shape | undefined)[] = new Array(PLACES).fill(undefined);
const reading: (Shape | undefined)[] = new Array(PLACES).fill(undefined);

/** The shape with these keys, or `undefined` when they are too many or too long for one. */
export function shapeOf(keys: readonly string[]): Shape | undefined {
  const place = placeOf(keys);
  const found = writing[place];
  if (found !== undefined && sameKeys(found.keys, keys)) return found;
  const words = keyBlock(keys);
  return words && (writing[place] = new Shape(keys, words));
}

/** Whether the own enumerable keys of `value` are those of `shape`, in order. */
export function hasShape(value: object, shape: Shape): boolean {
  const { keys } = shape;
  const { length } = keys;
  let i = 0;
  for (const key in value) {
    if (i === length || keys[i] !== key) return false;
    i++;
  }
  return i === length;
}

/**
 * The shape whose block of `count` words lies at `at`, which the caller has checked to be inside.
 *
 * @returns `undefined` when the block is malformed.
 */
export function readShape(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  count: number,
  hash: number,
): Shape | undefined {
  const place = (hash ^ hash >>> 16) & (PLACES - 1);
  const found = reading[place];
  if (found !== undefined && found.hash === hash && sameWords(found.words, view, at, count)) {
    return found;
  }
  const words = new Int32Array(count);
  for (let i = 0; i < count; i++) words[i] = view.getInt32(at + 4 * i, true);
  if (hashOf(words) !== hash) return undefined;
  const keys = readKeys(bytes, at, at + 4 * count);
  return keys && (reading[place] = new Shape(keys, words));
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

function sameWords(words: Int32Array, view: DataView, at: number, count: number): boolean {
  if (words.length !== count) return false;
  for (let i = 0; i < count; i++) {
    if (words[i] !== view.getInt32(at + 4 * i, true)) return false;
  }
  return true;
}

function placeOf(keys: readonly string[]): number {
  let hash = keys.length;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const { length } = key;
    const ends = length === 0 ? 0 : key.charCodeAt(0) * 31 + key.charCodeAt(length - 1);
    hash = Math.imul(hash ^ ends ^ length << 16, 0x01000193);
  }
  return (hash ^ hash >>> 15) & (PLACES - 1);
}

function hashOf(words: Int32Array): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i], 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash;
}

function keyBlock(keys: readonly string[]): Int32Array | undefined {
  if (keys.length > MAX_SHAPE_KEYS) return undefined;
  const bytes = new Uint8Array(4 * MAX_WORDS);
  bytes[0] = keys.length;
  let at = 1;
  for (const key of keys) {
    const { length } = key;
    if (length > tag.SHORT_TEXT_MAX || at + 2 * length + 2 > bytes.length) return undefined;
    if (writeLatin1(bytes, at + 1, key)) {
      bytes[at] = tag.SHORT_TEXT | length;
      at += length + 1;
    } else {
      bytes[at] = length;
      writeUtf16(bytes, at + 1, key);
      at += 2 * length + 1;
    }
  }
  const view = new DataView(bytes.buffer);
  return Int32Array.from({ length: (at + 3) >> 2 }, (_, i) => view.getInt32(4 * i, true));
}

function readKeys(bytes: Uint8Array, start: number, end: number): string[] | undefined {
  const count = start < end ? bytes[start] : 0;
  if (count === 0 || count > MAX_SHAPE_KEYS) return undefined;
  const keys: string[] = [];
  let at = start + 1;
  for (let i = 0; i < count; i++) {
    if (at >= end) return undefined;
    const length = bytes[at] & tag.SHORT_TEXT_MAX;
    const wide = bytes[at] < tag.SHORT_TEXT;
    const size = wide ? 2 * length : length;
    if (bytes[at] !== (wide ? length : tag.SHORT_TEXT | length) || at + 1 + size > end) {
      return undefined;
    }
    const key = wide ? readUtf16(bytes, at + 1, length) : readLatin1(bytes, at + 1, length);
    keys.push(internal(key));
    at += 1 + size;
  }
  // One block only for each list of keys: no rest, no key twice.
  for (let p = at; p < end; p++) if (bytes[p] !== 0) return undefined;
  return end - at < 4 && new Set(keys).size === count ? keys : undefined;
}
