// Runs in: any isolate
/**
 * How records lie in memory: named scalars side by side, as C lays them out, each aligned to its size.
 *
 * - I1: all isolates lay the same fields out alike: the layout follows from names and types alone.
 * - I2: a record lies inside its region, whose length was fixed when it was made.
 *
 * @module
 */
import { contentAt, lengthOf, makeContent } from "./block.ts";
import type { Hold } from "./hold.ts";
import {
  type Cells,
  type ScalarCode,
  type Scalars,
  type ScalarType,
  scalarType,
} from "./scalars.ts";

/** In place of a type code, in the head of a region of records. */
const RECORDS = -1;

/** Fields of a record: names and type codes. */
export type StructFields = Readonly<Record<string, ScalarCode>>;

/** Named scalars in shared memory, which read and write as the fields of any object. */
export type Fields<F extends StructFields> = { -readonly [K in keyof F]: Scalars[F[K]] };

/** Where the fields of a record are. */
export interface Shape {
  readonly fields: readonly Field[];
  /** Bytes of one record. */
  readonly bytes: number;
  /** The fields as properties of an object. */
  readonly properties: PropertyDescriptorMap;
}

/** One of them. */
export interface Field {
  /** Its name. */
  readonly name: string;
  /** Its type. */
  readonly type: ScalarType;
  /** Byte offset in the record. */
  readonly offset: number;
}

/** Where a record finds its memory. */
export const VIEWS: unique symbol = Symbol("views");
/** Which of the records of its region it is. */
export const INDEX: unique symbol = Symbol("index");
/** A record of a region. */
export interface Located {
  /** For each field all of the region from its first scalar on. */
  readonly [VIEWS]: readonly Cells[];
  /** Which record it is. */
  readonly [INDEX]: number;
}

const shapes = new Map<string, Shape>();

/** The shape of some fields; the same for the same fields. @throws TypeError when they are none */
export function shapeOf(fields: StructFields): Shape {
  if (typeof fields !== "object" || fields === null) {
    throw new TypeError("Cannot share a record: its fields are no object");
  }
  const key = JSON.stringify(Object.entries(fields));
  const shape = shapes.get(key) ?? layOut(fields);
  shapes.set(key, shape);
  return shape;
}

function layOut(fields: StructFields): Shape {
  let end = 0;
  const laid = Object.entries(fields).map(([name, code]): Field => {
    if (name === "lock") {
      throw new TypeError("Cannot share a record with a field lock: it has a lock of that name");
    }
    const type = scalarType(code);
    const offset = aligned(end, type.bytes);
    end = offset + type.bytes;
    return { name, type, offset };
  });
  if (laid.length === 0) throw new TypeError("Cannot share a record: it has no fields");
  const bytes = aligned(end, 8);
  const entries = laid.map((field, at) => [field.name, propertyOf(field, { at, bytes })]);
  return { fields: laid, bytes, properties: Object.fromEntries(entries) };
}

function propertyOf({ type }: Field, { at, bytes }: { at: number; bytes: number }) {
  const { given = (stored) => stored, stored } = type;
  const stride = bytes / type.bytes;
  return {
    enumerable: true,
    get(this: Located): unknown {
      return given(this[VIEWS][at][this[INDEX] * stride]);
    },
    set(this: Located, value: unknown): void {
      this[VIEWS][at][this[INDEX] * stride] = stored(value);
    },
  };
}

function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

/** Views of all fields of a region's records. */
export function viewsOf(hold: Hold, { fields, bytes }: Shape): Cells[] {
  const all = lengthOf(hold) * bytes;
  const buffer = hold.isolate.arena.buffer as ArrayBuffer;
  return fields.map(({ type, offset }) => {
    const length = Math.max(0, Math.floor((all - offset) / type.bytes));
    return new type.View(buffer, contentAt(hold) + offset, length);
  });
}

/** Gives an object the fields of a record. */
export function locate<T extends object>(record: T, shape: Shape, located: Located): T {
  for (const key of [VIEWS, INDEX] as const) {
    Object.defineProperty(record, key, { value: located[key] });
  }
  return Object.defineProperties(record, shape.properties);
}

/** Checks values for fields. @throws TypeError when one is no field, or its value is not of its type */
export function checkFields({ fields }: Shape, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    const field = fields.find((known) => known.name === name);
    if (field === undefined) {
      throw new TypeError(`Cannot write ${name}: the record has no such field`);
    }
    field.type.stored(value);
  }
}

/** Makes a region of zeroed records. @throws FullError when the arena has no room */
export function makeRecords(shape: Shape, length: number): Hold {
  return makeContent(shape.bytes * length, { code: RECORDS, length });
}
