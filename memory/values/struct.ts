// Runs in: any isolate
/**
 * Shared records, as users see them.
 *
 * - I1: a record is a handle of its region, and its fields are those that it was made with.
 *
 * @module
 */
import type { Handle } from "../handle.ts";
import type { RLock } from "../locks/rlock.ts";
import { VALUE_REGION } from "../region.ts";
import { brand, type Hold, registerShared, show } from "./hold.ts";
import {
  checkFields,
  type Fields,
  INDEX,
  locate,
  makeRecords,
  shapeOf,
  type StructFields,
  VIEWS,
  viewsOf,
} from "./shape.ts";
import { lockOf } from "./value_lock.ts";

/** A shared record; see {@linkcode struct}. */
export type Struct<F extends StructFields> = Handle & Fields<F> & {
  /** Its lock, the same in every isolate; made when it is first asked for. */
  readonly lock: RLock;
};

const recordPrototype = brand({
  get lock(): RLock {
    return lockOf(this);
  },
}, "struct");
const describedBy = new WeakMap<object, StructFields>();

/**
 * Makes a shared record, all zero or as `initial` says. Python: a `ctypes.Structure` in a `Value`.
 *
 * It reads and writes as an object: `{ ...record }` is a copy of this moment. It can be sent in any
 * message; both sides then have the same record. Each field is read and written in one piece, two
 * fields are not.
 *
 * @typeParam F Its fields.
 * @param fields Names and type codes.
 * @param initial Values of fields; the others are zero.
 * @throws TypeError when there are no fields, a code or value is wrong, or a field is called `lock`
 * @throws FullError when the arena has no room
 *
 * @example Two fields
 * ```ts
 * import { struct } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const point = struct({ x: "f64", hits: "u64" });
 * point.x = 1.5;
 * point.hits += 1n;
 * assertEquals({ ...point }, { x: 1.5, hits: 1n });
 * ```
 */
export function struct<const F extends StructFields>(
  fields: F,
  initial: Partial<Fields<F>> = {},
): Struct<F> {
  const shape = shapeOf(fields);
  checkFields(shape, initial);
  return Object.assign(openStruct(makeRecords(shape, 1), fields), initial) as Struct<F>;
}

function openStruct(hold: Hold, fields: StructFields): object {
  const shape = shapeOf(fields);
  const record = Object.create(recordPrototype);
  describedBy.set(record, fields);
  return show(hold, locate(record, shape, { [VIEWS]: viewsOf(hold, shape), [INDEX]: 0 }));
}

registerShared<object>("struct", {
  type: VALUE_REGION,
  describe: (record) => describedBy.get(record),
  open: (hold, fields) => openStruct(hold, fields as StructFields),
});
