// Runs in: any isolate
/**
 * Shared arrays, as users see them.
 *
 * - I1: every array of this isolate is a handle of its region, and a typed array over it.
 *
 * @module
 */
import type { Handle } from "../handle.ts";
import { VALUE_REGION } from "../region.ts";
import { OPEN, openBlock } from "./block.ts";
import { Elements } from "./elements.ts";
import { brand, registerShared } from "./hold.ts";
import type { ScalarCode, Scalars, ScalarViews } from "./scalars.ts";

/** What one element of an array is: with `bool` 0 or 1, with `char` its character code. */
export type Element<C extends ScalarCode> = ScalarViews[C][number];

/** What can be written into an array. */
export type Writable<C extends ScalarCode> = Scalars[C] | Element<C>;

/** What shared arrays have beyond, or unlike, typed arrays. */
export interface SharedElements<C extends ScalarCode> extends Handle {
  /** Its type code. */
  readonly code: C;
  /** A plain typed array of the same memory, for code that asks for one. */
  readonly view: ScalarViews[C];
  /** The element at an index; negative ones count from the end. @throws RangeError out of range */
  at(index: number): Element<C>;
  /** Writes one element, checked. @throws RangeError out of range @throws TypeError of another type */
  setAt(index: number, value: Writable<C>): void;
  /**
   * Writes elements from `start` on, all or none; with an `end`, exactly as many as fit between.
   * Python: `a[start:end] = values`.
   *
   * @throws RangeError when they do not fit
   * @throws TypeError when one is of another type
   */
  set(values: Iterable<Writable<C>>, start?: number, end?: number): void;
  /** Writes the same value into all elements, or those from `start` to `end`. @throws TypeError */
  fill(value: Writable<C>, start?: number, end?: number): this;
  /** Adds to an element atomically and gives what it was. Integers wrap. @throws RangeError */
  add(index: number, by: Writable<C>): Element<C>;
  /** Writes an element atomically and gives what it was. @throws RangeError */
  exchange(index: number, next: Writable<C>): Element<C>;
  /** Writes an element if it is `expected`, atomically, and gives what it was. @throws RangeError */
  compareExchange(index: number, expected: Writable<C>, next: Writable<C>): Element<C>;
  /**
   * Of a `char` array: its text up to the first NUL. Writing a shorter text adds one NUL and leaves
   * what is behind it.
   *
   * @throws RangeError when a text is too long
   * @throws TypeError when the array is of another type
   */
  value: C extends "char" ? string : never;
  /** Of a `char` array: all its characters. @throws TypeError when the array is of another type */
  readonly raw: C extends "char" ? string : never;
}

/**
 * A shared array without a lock: Python's `RawArray`. See {@linkcode SharedArray}.
 *
 * @typeParam C Type code of its elements.
 */
export type RawArray<C extends ScalarCode> = SharedElements<C> & ScalarViews[C];

/** Makes arrays without a lock. */
export interface RawArrayConstructor {
  /**
   * Makes an array.
   *
   * @param code Type of its elements, such as `"f64"`.
   * @param init How many elements, all zero, or the elements.
   * @throws TypeError when there is no such type, or an element is not of it
   * @throws RangeError when the length is no length
   * @throws FullError when the arena has no room
   */
  new <C extends ScalarCode>(code: C, init: number | Iterable<Writable<C>>): RawArray<C>;
  /** What all arrays inherit. */
  readonly prototype: RawArray<ScalarCode>;
}

class PlainElements extends Elements {
  static {
    brand(this.prototype, "raw_array");
    registerShared<Elements>("raw_array", {
      type: VALUE_REGION,
      open: (hold) => new this({ [OPEN]: openBlock(hold) }, 0),
    });
  }
}
Object.defineProperty(PlainElements, "name", { value: "RawArray" });

/**
 * A shared array without a lock: Python's `RawArray`. See {@linkcode SharedArray}.
 *
 * @example Square in place
 * ```ts
 * import { RawArray } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const squares = new RawArray("u32", [1, 2, 3]);
 * for (let i = 0; i < squares.length; i++) squares[i] **= 2;
 * assertEquals([...squares], [1, 4, 9]);
 * ```
 */
export const RawArray: RawArrayConstructor = PlainElements as unknown as RawArrayConstructor;
