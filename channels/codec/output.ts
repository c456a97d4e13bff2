// Runs in: any isolate
/**
 * Where a message is written: a range of the caller's bytes, or private memory that grows.
 *
 * I1. Nothing is ever written outside [start, end).
 * I2. After {@linkcode Output.need} of n bytes, n bytes from `pos` may be written; `bytes` and `view`
 *     may have been replaced by larger ones, so they are read again.
 * I3. Objects are numbered in the order in which they are first met; the reader numbers alike.
 *
 * @module
 */

import { NotSendableError } from "../../errors.ts";
import type { HandleKind } from "../../memory/handle.ts";
import { writeKnown } from "./known_texts.ts";
import { NUMBER_BYTES, numberBytes, putNumber } from "./numbers.ts";
import { Site } from "./shapes.ts";
import { writeLongLatin1, writeUtf16 } from "./strings.ts";
import * as tag from "./tags.ts";

/** Thrown, and caught in `encoder.ts`, when the caller's range is full. */
export const TOO_SMALL: unique symbol = Symbol("too small");

/** Binaries from this size on are not copied into private memory. */
const SEGMENT_MIN_BYTES = 4096;
/** Binaries from this size on begin at a multiple of 8 bytes from the start of the message. */
const ALIGN_MIN_BYTES = 256;
/** Up to here a list beats a hash table (measured). */
const LIST_MAX = 48;

/** From here on all depths share one {@linkcode Site}. */
const DEEPEST_SITE = 32;

const NOTHING = new Uint8Array(0);
const NOTHING_VIEW = new DataView(NOTHING.buffer);

let messages = 0;

/** Bytes that belong into the message at `at` but were left where they are. */
export interface Segment {
  /** Position in the private memory before which the bytes belong. */
  readonly at: number;
  /** The bytes, in the sender's own memory. */
  readonly bytes: Uint8Array;
}

/** A handle in a message that was not committed yet. */
export interface DepartingHandle {
  /** How it travels. */
  readonly kind: HandleKind<unknown>;
  /** The handle. */
  readonly value: object;
}

/** Writes any value. Handed down to the writers of single kinds, which must not import it. */
export type WriteValue = (out: Output, value: unknown) => void;

/** One message while it is written. */
export class Output {
  /** Memory written to. */
  bytes: Uint8Array = NOTHING;
  /** The same memory, for multi-byte values. */
  view: DataView = NOTHING_VIEW;
  /** Next byte to write. */
  pos = 0;
  /** First byte that must not be written. */
  end = 0;
  /** Open objects around the current one. */
  depth = 0;
  /** Whether a {@linkcode tag.REFERENCE} was written. */
  graph = false;
  /** Handles written, in order. */
  handles: DepartingHandle[] | null = null;
  /** Whether an attachment was written. */
  attached = false;
  /** Binaries left where they are; `null` when all go into `bytes`. */
  segments: Segment[] | null = null;
  /** Number of this message among all that were written here; see {@linkcode Shape.message}. */
  message = 0;
  /** How many shapes this message has defined. */
  shapes = 0;
  /** What was met at each depth, for what is met at no place of its own. */
  readonly #sites: Site[] = [];
  readonly #list: (object | undefined)[] = new Array(LIST_MAX).fill(undefined);
  #table: Map<object, number> | null = null;
  #met = 0;
  #start = 0;
  // Bytes of the segments so far.
  #apart = 0;

  /** Starts a message in `bytes` [at, end). */
  open(bytes: Uint8Array, at: number, end: number): void {
    this.aim(bytes, at, end);
    this.#start = at;
    this.#apart = 0;
    this.message = ++messages;
  }

  /** Starts a message that is one number or text: it needs no {@linkcode Output.close}. */
  aim(bytes: Uint8Array, at: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.pos = at;
    this.end = Math.min(end, bytes.length);
  }

  /** Starts a message in private memory. */
  openPrivate(): void {
    this.open(new Uint8Array(1024), 0, 1024);
    this.segments = [];
  }

  /** Ends a message, written or not: forgets everything that belongs to it. */
  close(): void {
    for (let i = Math.min(this.#met, LIST_MAX); i-- > 0;) this.#list[i] = undefined;
    this.#met = 0;
    this.depth = 0;
    this.graph = false;
    if (this.#table !== null) this.#table = null;
    if (this.handles !== null) this.handles = null;
    this.shapes = 0;
    this.attached = false;
    if (this.segments !== null) {
      this.segments = null;
      this.bytes = NOTHING;
      this.view = NOTHING_VIEW;
    }
  }

  /** Makes room for `count` more bytes, or throws {@linkcode TOO_SMALL}. */
  need(count: number): void {
    if (this.pos + count > this.end) this.#grow(count);
  }

  /** The number of an object met before; -1 for a new one, which gets the next number. */
  meet(value: object): number {
    const met = this.#met;
    const list = this.#list;
    if (met <= LIST_MAX) {
      for (let i = 0; i < met; i++) {
        if (list[i] === value) return i;
      }
      if (met < LIST_MAX) {
        list[met] = value;
        this.#met = met + 1;
        return -1;
      }
    }
    return this.#meetMany(value);
  }

  /** What was met so deep before. */
  get site(): Site {
    const { depth } = this;
    return this.#sites[depth < DEEPEST_SITE ? depth : DEEPEST_SITE] ??= new Site();
  }

  /** Writes one byte. */
  u8(value: number): void {
    this.need(1);
    this.bytes[this.pos++] = value;
  }

  /** Writes an unsigned 32-bit integer. */
  u32(value: number): void {
    this.need(4);
    this.view.setUint32(this.pos, value, true);
    this.pos += 4;
  }

  /** Writes a double. */
  f64(value: number): void {
    this.need(8);
    this.view.setFloat64(this.pos, value, true);
    this.pos += 8;
  }

  /** Writes a count. */
  count(value: number): void {
    if (value < 255) this.u8(value);
    else {
      this.u8(255);
      this.u32(value);
    }
  }

  /** Writes a number with its tag, in as few bytes as it takes. */
  number(value: number): void {
    if (this.end - this.pos < NUMBER_BYTES) this.need(numberBytes(value));
    this.pos = putNumber(this.bytes, this.view, this.pos, value);
  }

  /** Writes a string with its tag. */
  text(value: string): void {
    const { length } = value;
    if (length <= tag.SHORT_TEXT_MAX) {
      this.need(length + 1);
      if (writeKnown(this.bytes, this.view, this.pos + 1, value)) {
        this.bytes[this.pos] = tag.SHORT_TEXT | length;
        this.pos += length + 1;
        return;
      }
    } else {
      this.need(length + 5);
      if (writeLongLatin1(this.bytes, this.pos + 5, value)) {
        return this.#longText(tag.LATIN1, length, length);
      }
    }
    this.need(2 * length + 5);
    writeUtf16(this.bytes, this.pos + 5, value);
    this.#longText(tag.UTF16, length, 2 * length);
  }

  /** Writes bytes after `mark`, which has 4 bits, and their length. */
  binary(mark: number, bytes: Uint8Array): void {
    const { length } = bytes;
    const from = this.pos + 5;
    // The engine copies four times as fast what is aligned alike on both sides.
    const padding = length < ALIGN_MIN_BYTES ? 0 : -(from - this.#start + this.#apart) & 7;
    this.need(5 + padding);
    this.bytes[this.pos] = mark | padding << 4;
    this.view.setUint32(this.pos + 1, length, true);
    this.bytes.fill(0, from, from + padding);
    this.pos = from + padding;
    if (this.segments !== null && length >= SEGMENT_MIN_BYTES) {
      this.segments.push({ at: this.pos, bytes });
      this.#apart += length;
      return;
    }
    this.need(length);
    this.bytes.set(bytes, this.pos);
    this.pos += length;
  }

  #longText(kind: number, units: number, length: number): void {
    this.bytes[this.pos] = kind;
    this.view.setUint32(this.pos + 1, units, true);
    this.pos += length + 5;
  }

  #meetMany(value: object): number {
    let table = this.#table;
    if (table === null) {
      table = this.#table = new Map();
      for (let i = 0; i < LIST_MAX; i++) table.set(this.#list[i] as object, i);
    }
    const number = table.get(value);
    if (number !== undefined) return number;
    table.set(value, this.#met++);
    return -1;
  }

  #grow(count: number): void {
    if (this.segments === null) throw TOO_SMALL;
    const need = this.pos + count;
    if (need > 0xffff_ffff) {
      throw new NotSendableError("Cannot send: the message is longer than 4 GiB", { path: "$" });
    }
    const bytes = new Uint8Array(Math.max(need, Math.min(2 * this.bytes.length, 0xffff_ffff)));
    bytes.set(this.bytes.subarray(0, this.pos));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.end = bytes.length;
  }
}
