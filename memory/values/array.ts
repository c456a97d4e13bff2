// Runs in: any isolate
/**
 * Shared arrays, as users see them.
 *
 * - I1: every array of this isolate is a handle of its region, and a typed array over it.
 *
 * @module
 */
import type { Handle } from "../handle.ts";
import type { RLock } from "../locks/rlock.ts";
import { VALUE_REGION } from "../region.ts";
import { OPEN, openBlock } from "./block.ts";
import { Elements } from "./elements.ts";
import { brand, registerShared } from "./hold.ts";
import type { ScalarCode, Scalars, ScalarViews } from "./scalars.ts";
import { lockOf } from "./value_lock.ts";

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

/** What has a lock. */
export interface Lockable {
  /** Its lock, the same in every isolate; made when it is first asked for. Python: `get_lock()`. */
  readonly lock: RLock;
}

/** A shared array with a lock; see the constructor of the same name. */
export type SharedArray<C extends ScalarCode> = RawArray<C> & Lockable;

/** Makes arrays with a lock. */
export interface SharedArrayConstructor {
  /**
   * Makes an array.
   *
   * @param code Type of its elements, such as `"f64"`.
   * @param init How many elements, all zero, or the elements.
   * @throws TypeError when there is no such type, or an element is not of it
   * @throws RangeError when the length is no length
   * @throws FullError when the arena has no room
   */
  new <C extends ScalarCode>(code: C, init: number | Iterable<Writable<C>>): SharedArray<C>;
  /** What all arrays inherit. */
  readonly prototype: SharedArray<ScalarCode>;
}

class LockedElements extends Elements {
  get lock(): RLock {
    return lockOf(this);
  }

  static {
    brand(this.prototype, "shared_array");
    registerShared<Elements>("shared_array", {
      type: VALUE_REGION,
      open: (hold) => new this({ [OPEN]: openBlock(hold) }, 0),
    });
  }
}
Object.defineProperty(LockedElements, "name", { value: "SharedArray" });

/**
 * A shared array of scalars with a lock: Python's `Array`.
 *
 * It is a typed array over shared memory, and `a[i]` is as fast and as lenient as there: an index out
 * of range reads `undefined` and writes nothing, a fraction written as an integer is cut. The methods
 * check: `at`, `setAt`, `set`, `fill` throw `RangeError` and `TypeError`. `slice` and `map` give plain
 * typed arrays, which are copies; `subarray` and `view` are the same memory. With `bool` the elements
 * are 0 and 1, with `char` character codes.
 *
 * Nothing here takes the lock by itself, so the death of who holds it keeps nobody from reading. An
 * array can be sent in any message; both sides then have the same array. It is freed when nobody has
 * it, or a view of it, any more: when the garbage collector has found out, which may be late. For large
 * memory that comes and goes use `SharedMemory`, which can be closed. A view of a view
 * (`a.view.subarray(1)`) does not count: keep the array.
 *
 * @example Elements
 * ```ts
 * import { SharedArray } from "@troupe/troupe";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const array = new SharedArray("f64", [1, 2, 3]);
 * array[0] = 1.5;
 * array.set([20, 30], -2);
 * assertEquals([...array], [1.5, 20, 30]);
 * assertEquals(array.at(-1), 30);
 * assertThrows(() => array.at(3), RangeError);
 * array.add(0, 2); // atomic
 * {
 *   using _held = await array.lock.acquire();
 *   array[1] += array[0];
 * }
 * assertEquals(array.slice(0, 2), new Float64Array([3.5, 23.5]));
 * ```
 */
export const SharedArray: SharedArrayConstructor =
  LockedElements as unknown as SharedArrayConstructor;
