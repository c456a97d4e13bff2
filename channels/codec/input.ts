// Runs in: any isolate
/**
 * Where a message is read: a range of bytes that may be shared memory and may hold anything.
 *
 * I1. No byte outside [start, end) is looked at.
 * I2. Nothing is allocated by a length before it is known that the input holds as much: one count is
 *     no larger than the rest of the input, and all together are no larger than the whole.
 * I3. Everything given out is a copy.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { KNOWN_MAX, readKnown } from "./known_texts.ts";
import { readShape, type Shape } from "./shapes.ts";
import { readLatin1, readUtf16 } from "./strings.ts";
import * as tag from "./tags.ts";

/** Reads any value. Handed down to the readers of single kinds, which must not import it. */
export type ReadValue = (input: Input) => unknown;

/** A longer list of shapes is not kept for the next message. */
const KEPT_SHAPES = 64;
/** Stands for an object whose number is given out but which is not made yet. */
const UNFINISHED = Symbol("unfinished");

/** One message while it is read. */
export class Input {
  /** Memory read from. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same memory, for multi-byte values. */
  view: DataView = new DataView(this.bytes.buffer);
  /** Next byte to read. */
  pos = 0;
  /** First byte that must not be read. */
  end = 0;
  /** Open objects around the current one. */
  depth = 0;
  /** Handles are let go instead of unpacked. */
  discarding = false;
  // Shapes that this message has defined. The list is kept between messages: growing one anew from
  // nothing would cost as much as reading a whole number.
  #shapes: Shape[] = [];
  #shapeCount = 0;
  #room = 0;
  #objects: unknown[] | null = null;

  /** Starts a message in `bytes` [at, end). */
  open(bytes: Uint8Array, at: number, end: number): void {
    this.aim(bytes, at, end);
    this.#room = this.end - at;
  }

  /** Starts a message that is a primitive: it needs no {@linkcode Input.close}. */
  aim(bytes: Uint8Array, at: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.pos = at;
    this.end = Math.min(end, bytes.length);
  }

  /** Says that objects are referred to by number: from here on they are kept. */
  keepObjects(): void {
    this.#objects = [];
  }

  /** Whether objects are numbered, so that each has to be there before what is inside it. */
  get numbering(): boolean {
    return this.#objects !== null;
  }

  /** Ends a message, read or not: forgets everything that belongs to it. */
  close(): void {
    this.depth = 0;
    this.discarding = false;
    this.#shapeCount = 0;
    if (this.#shapes.length > KEPT_SHAPES) this.#shapes = [];
    this.#objects = null;
  }

  /** Numbers an object as soon as it is made, before anything inside it is read. */
  begin<T extends object>(object: T): T {
    if (this.#objects !== null) this.#objects.push(object);
    return object;
  }

  /** Numbers an object that can be made only later; see {@linkcode Input.fulfil}. */
  promise(): number {
    return this.#objects === null ? -1 : this.#objects.push(UNFINISHED) - 1;
  }

  /** Makes good on {@linkcode Input.promise}. */
  fulfil<T>(number: number, object: T): T {
    if (this.#objects !== null) this.#objects[number] = object;
    return object;
  }

  /** Reads the number of an object and gives that object. */
  reference(): unknown {
    const number = this.u32();
    if (this.#objects === null || number >= this.#objects.length) {
      return this.fail("a reference to no object");
    }
    const object = this.#objects[number];
    return object === UNFINISHED ? this.fail("a reference to an unfinished object") : object;
  }

  /** Makes sure that `count` more bytes can be read. */
  need(count: number): void {
    if (this.end - this.pos < count) this.fail("a value that is cut off");
  }

  /** Reads one byte. */
  u8(): number {
    this.need(1);
    return this.bytes[this.pos++];
  }

  /** Reads an unsigned 16-bit integer. */
  u16(): number {
    const { bytes, pos } = this;
    this.need(2);
    this.pos = pos + 2;
    return bytes[pos] | bytes[pos + 1] << 8;
  }

  /** Reads an unsigned 32-bit integer. */
  u32(): number {
    this.need(4);
    const value = this.view.getUint32(this.pos, true);
    this.pos += 4;
    return value;
  }

  /** Reads a double. */
  f64(): number {
    this.need(8);
    const value = this.view.getFloat64(this.pos, true);
    this.pos += 8;
    return value;
  }

  /** Reads a count of things that take at least `size` bytes each. */
  count(size: number): number {
    const count = this.u8();
    return this.claim(count === 255 ? this.u32() : count, size);
  }

  /** Checks a claim of `count` things that take at least `size` bytes each. */
  claim(count: number, size: number): number {
    this.#room -= count * size;
    // Nested claims share the room, so that they cannot each have the whole input.
    if (count * size > this.end - this.pos || this.#room < 0) {
      this.fail("a count larger than the message");
    }
    return count;
  }

  /** Reads a string with its tag. */
  text(): string {
    const kind = this.u8();
    if (kind >= tag.SHORT_TEXT && kind <= tag.SHORT_TEXT + tag.SHORT_TEXT_MAX) {
      return this.latin1(kind - tag.SHORT_TEXT);
    }
    if (kind === tag.LATIN1) return this.latin1(this.u32());
    if (kind === tag.UTF16) return this.utf16(this.u32());
    return this.fail("something else than a text");
  }

  /** Reads a string of `length` one-byte units. */
  latin1(length: number): string {
    const at = this.pos;
    this.need(length);
    this.pos = at + length;
    return length > KNOWN_MAX
      ? readLatin1(this.bytes, at, length)
      : readKnown(this.bytes, this.view, at, length);
  }

  /** Reads a string of `length` two-byte units. */
  utf16(length: number): string {
    const at = this.pos;
    this.need(2 * length);
    this.pos = at + 2 * length;
    return readUtf16(this.bytes, at, length);
  }

  /** Reads bytes after their length and so much padding. */
  binary(padding: number): Uint8Array<ArrayBuffer> {
    const length = this.u32();
    this.need(padding + length);
    this.pos += padding;
    const from = this.pos;
    this.pos = from + length;
    // The engine does not zero what it copies into: several times as fast as to make and then to fill.
    return new Uint8Array(this.bytes.subarray(from, from + length));
  }

  /** Reads a shape that this message defines. */
  newShape(): Shape {
    this.need(6);
    const at = this.pos + 5;
    const count = this.bytes[this.pos];
    const hash = this.view.getInt32(this.pos + 1, true);
    this.pos = at;
    this.need(4 * count);
    this.pos = at + 4 * count;
    const shape = readShape(this.bytes, this.view, at, count, hash);
    if (shape === undefined) return this.fail("a malformed list of keys");
    this.#shapes[this.#shapeCount++] = shape;
    return shape;
  }

  /** Reads the number of a shape defined before. */
  oldShape(): Shape {
    const number = this.count(0);
    return number < this.#shapeCount ? this.#shapes[number] : this.fail("an undefined shape");
  }

  /** Gives up on the message. */
  fail(found: string, cause?: unknown): never {
    throw new DecodeError(
      `Cannot decode a message of ${this.end} bytes: ${found} before byte ${this.pos}`,
      { cause },
    );
  }
}
