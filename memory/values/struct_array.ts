// Runs in: any isolate
/**
 * Shared arrays of records.
 *
 * - I1: all records of an array lie in one region, which any of them keeps.
 *
 * @module
 */
import { type Handle, handle } from "../handle.ts";
import type { RLock } from "../locks/rlock.ts";
import { VALUE_REGION } from "../region.ts";
import { lengthOf, OPEN } from "./block.ts";
import { brand, type Hold, keep, registerShared, show } from "./hold.ts";
import type { Cells } from "./scalars.ts";
import {
  checkFields,
  type Fields,
  INDEX,
  locate,
  makeRecords,
  type Shape,
  shapeOf,
  type StructFields,
  VIEWS,
  viewsOf,
} from "./shape.ts";
import { lockOf } from "./value_lock.ts";

/**
 * A shared array of records. Python: an `Array` of a `ctypes.Structure`.
 *
 * `at` gives a record whose fields read and write shared memory. The array can be sent in any message;
 * a single record of it cannot, it crosses as a copy.
 *
 * @typeParam F Fields of each record.
 *
 * @example Two points
 * ```ts
 * import { StructArray } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const points = new StructArray({ x: "f64", y: "f64" }, [{ x: 1 }, { x: 2, y: 5 }]);
 * for (const point of points) point.x *= 2;
 * assertEquals({ ...points.at(-1) }, { x: 4, y: 5 });
 * ```
 */
export class StructArray<const F extends StructFields> implements Handle, Iterable<Fields<F>> {
  /** Marks it as something that can be sent. */
  declare readonly [handle]: string;
  readonly #fields: F;
  readonly #shape: Shape;
  readonly #hold: Hold;
  readonly #views: readonly Cells[];
  /** How many records. */
  readonly length: number;

  /**
   * Makes an array of records.
   *
   * @param fields Names and type codes.
   * @param init How many, all zero, or the values of their fields.
   * @throws TypeError when there are no fields, or a code or value is wrong
   * @throws RangeError when the length is no length
   * @throws FullError when the arena has no room
   */
  constructor(fields: F, init: number | Iterable<Partial<Fields<F>>>) {
    const arrived = (init as { [OPEN]?: Hold })[OPEN];
    const shape = shapeOf(fields);
    const first = typeof init === "number" || arrived !== undefined ? [] : [...init];
    for (const values of first) checkFields(shape, values);
    const length = typeof init === "number" ? init : first.length;
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`Cannot share an array of ${length} records: that is no length`);
    }
    this.#fields = fields;
    this.#shape = shape;
    this.#hold = arrived ?? makeRecords(shape, length);
    this.#views = viewsOf(this.#hold, shape);
    this.length = lengthOf(this.#hold);
    first.forEach((values, index) => Object.assign(this.at(index), values));
    show(this.#hold, this);
  }

  /** The record at an index; negative ones count from the end. @throws RangeError out of range */
  at(index: number): Fields<F> {
    const at = index < 0 ? index + this.length : index;
    if (!Number.isInteger(at) || at < 0 || at >= this.length) {
      throw new RangeError(`Cannot reach record ${index} of ${this.length}: there is none`);
    }
    const record = locate({}, this.#shape, { [VIEWS]: this.#views, [INDEX]: at });
    return keep(this.#hold, record) as Fields<F>;
  }

  /** All records, in order. */
  *[Symbol.iterator](): Iterator<Fields<F>> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** Its lock, the same in every isolate; made when it is first asked for. */
  get lock(): RLock {
    return lockOf(this);
  }

  static {
    brand(this.prototype, "struct_array");
    registerShared<StructArray<StructFields>>("struct_array", {
      type: VALUE_REGION,
      describe: (array) => array.#fields,
      open: (hold, fields) => new StructArray(fields as StructFields, { [OPEN]: hold } as never),
    });
  }
}
