// Runs in: any isolate
/**
 * What shared arrays do. An array *is* a typed array over a region of the arena, with methods of its
 * own, so that `a[i]` costs what it costs with any typed array; see docs/decisions/shared_arrays.md.
 *
 * - I1: a write by a method is checked whole before its first element changes.
 * - I2: views of an array keep its region.
 *
 * @module
 */
import { handle } from "../handle.ts";
import { type AtomicCells, atomicCells } from "./atomic.ts";
import { type Block, cellsOf, makeBlock, OPEN } from "./block.ts";
import { holdOf, keep, show } from "./hold.ts";
import {
  type Cells,
  type ScalarCode,
  type ScalarType,
  scalarType,
  type Stored,
} from "./scalars.ts";

/** Makes a typed array that has the prototype of the class which extends this. */
function TypedCells(this: unknown, block: Block): Cells {
  return cellsOf(block, new.target as unknown as NewableFunction);
}
Object.setPrototypeOf(TypedCells.prototype, Object.getPrototypeOf(Int8Array.prototype));

interface TypedArray extends Cells {
  set(values: Iterable<unknown>, start?: number): void;
  fill(value: Stored, start?: number, end?: number): this;
  subarray(start?: number, end?: number): Cells;
}

/** The block of an array that is made, or that arrived. */
function blockOf(code: unknown, init: unknown): Block {
  const arrived = (code as { [OPEN]?: Block } | undefined)?.[OPEN];
  if (arrived !== undefined) return arrived;
  const type = scalarType(code);
  if (typeof init === "number") return makeBlock(type, checkLength(init));
  const first = storedOf(type, init);
  const block = makeBlock(type, first.length);
  (cellsOf(block) as TypedArray).set(first, 0);
  return block;
}

function checkLength(length: number): number {
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw new RangeError(`Cannot share an array of ${length} elements: that is no length`);
}

/** Checks all values; a typed array of the type is taken as it is. */
function storedOf(type: ScalarType, values: unknown): Stored[] {
  if (
    typeof values !== "string" &&
    typeof (values as Iterable<unknown>)?.[Symbol.iterator] !== "function"
  ) {
    throw new TypeError(
      `Cannot share an array of ${String(values)}: it is no length and no iterable`,
    );
  }
  if (type.given === undefined && values instanceof type.View) {
    return values as unknown as Stored[];
  }
  return Array.from(values as Iterable<unknown>, type.stored);
}

/** What all shared arrays do. */
export class Elements extends (TypedCells as unknown as new (block: Block) => TypedArray) {
  declare readonly [handle]: string;
  readonly #type: ScalarType;
  readonly #atomic: AtomicCells;

  constructor(code: unknown, init: unknown) {
    const block = blockOf(code, init);
    super(block);
    this.#type = block.type;
    this.#atomic = atomicCells(block.type, this);
    show(block.hold, this);
  }

  get code(): ScalarCode {
    return this.#type.code;
  }

  /** Typed arrays inherit it from their own prototypes, which are not among those of this one. */
  get BYTES_PER_ELEMENT(): number {
    return this.#type.bytes;
  }

  get view(): Cells {
    return this.subarray();
  }

  override subarray(start?: number, end?: number): Cells {
    return keep(holdOf(this), super.subarray(start, end));
  }

  at(index: number): Stored {
    return this[this.#find(index)];
  }

  setAt(index: number, value: unknown): void {
    this[this.#find(index)] = this.#type.stored(value);
  }

  override set(values: Iterable<unknown>, start = 0, end?: number): void {
    const stored = storedOf(this.#type, values);
    const from = this.#edge(start);
    const to = end === undefined ? from + stored.length : this.#edge(end);
    if (to > this.length || to - from !== stored.length) {
      const where = `elements ${start} to ${end ?? this.length} of ${this.length}`;
      throw new RangeError(`Cannot write ${stored.length} values into ${where}: they do not fit`);
    }
    super.set(stored, from);
  }

  override fill(value: unknown, start?: number, end?: number): this {
    return super.fill(this.#type.stored(value), start, end);
  }

  add(index: number, by: unknown): Stored {
    return this.#atomic.add(this.#find(index), this.#type.stored(by));
  }

  exchange(index: number, next: unknown): Stored {
    return this.#atomic.exchange(this.#find(index), this.#type.stored(next));
  }

  compareExchange(index: number, expected: unknown, next: unknown): Stored {
    const { stored } = this.#type;
    return this.#atomic.compareExchange(this.#find(index), stored(expected), stored(next));
  }

  get raw(): string {
    this.#checkText();
    return Array.from(this as ArrayLike<unknown>, this.#type.given as () => string).join("");
  }

  get value(): string {
    return this.raw.split("\0", 1)[0];
  }
  set value(text: string) {
    this.#checkText();
    this.set(text.length < this.length ? text + "\0" : text);
  }

  #checkText(): void {
    if (this.#type.code === "char") return;
    throw new TypeError(`Cannot use ${this.#type.code} elements as a text: they are no characters`);
  }

  #find(index: number): number {
    const at = index < 0 ? index + this.length : index;
    if (Number.isInteger(at) && at >= 0 && at < this.length) return at;
    throw new RangeError(`Cannot reach element ${index} of ${this.length}: there is none`);
  }

  #edge(index: number): number {
    const at = index < 0 ? index + this.length : index;
    if (Number.isInteger(at) && at >= 0 && at <= this.length) return at;
    throw new RangeError(`Cannot write at ${index}: the array has ${this.length} elements`);
  }
}
