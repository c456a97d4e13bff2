// Runs in: any isolate
/**
 * The types of shared numbers: how each is kept in memory, and what may be written into it.
 *
 * Overflow is Python's (`ctypes`) and that of typed arrays: an integer out of range wraps, a number
 * is rounded to the `f32` next to it. What would silently become another value is refused instead:
 * fractions, `NaN` and infinities as integers, strings as numbers.
 *
 * - I1: what is checked is written whole or not at all: checks come before the first write.
 * - I2: a type's code number never changes; it is in the memory of values.
 *
 * @module
 */

/** Type codes, and what a value of the type is in JavaScript. */
export interface Scalars {
  /** 8-bit integer; wraps. Python: `"b"`. */
  i8: number;
  /** 8-bit unsigned integer; wraps. Python: `"B"`. */
  u8: number;
  /** 16-bit integer; wraps. Python: `"h"`. */
  i16: number;
  /** 16-bit unsigned integer; wraps. Python: `"H"`. */
  u16: number;
  /** 32-bit integer; wraps. Python: `"i"`. */
  i32: number;
  /** 32-bit unsigned integer; wraps. Python: `"I"`. */
  u32: number;
  /** 32-bit floating point number; rounds. Python: `"f"`. */
  f32: number;
  /** 64-bit floating point number: any JavaScript number. Python: `"d"`. */
  f64: number;
  /** 64-bit integer; wraps. Python: `"q"`. */
  i64: bigint;
  /** 64-bit unsigned integer; wraps. Python: `"Q"`. */
  u64: bigint;
  /** `true` or `false`. Python: `c_bool`. */
  bool: boolean;
  /** One character up to U+00FF, in one byte. Python: `"c"`. */
  char: string;
}

/** Name of a type of shared numbers. */
export type ScalarCode = keyof Scalars;

/** What a typed array over scalars of a type is. */
export interface ScalarViews {
  /** Of `i8`. */
  i8: Int8Array<ArrayBufferLike>;
  /** Of `u8`. */
  u8: Uint8Array<ArrayBufferLike>;
  /** Of `i16`. */
  i16: Int16Array<ArrayBufferLike>;
  /** Of `u16`. */
  u16: Uint16Array<ArrayBufferLike>;
  /** Of `i32`. */
  i32: Int32Array<ArrayBufferLike>;
  /** Of `u32`. */
  u32: Uint32Array<ArrayBufferLike>;
  /** Of `f32`. */
  f32: Float32Array<ArrayBufferLike>;
  /** Of `f64`. */
  f64: Float64Array<ArrayBufferLike>;
  /** Of `i64`. */
  i64: BigInt64Array<ArrayBufferLike>;
  /** Of `u64`. */
  u64: BigUint64Array<ArrayBufferLike>;
  /** Of `bool`: 0 and 1. */
  bool: Uint8Array<ArrayBufferLike>;
  /** Of `char`: character codes. */
  char: Uint8Array<ArrayBufferLike>;
}

/** What is in memory. */
export type Stored = number | bigint;

/** Memory as an array of scalars of whatever type. */
export interface Cells {
  [index: number]: Stored;
  readonly length: number;
}

/** Makes a view of some memory. */
export type ViewMaker = new (buffer: ArrayBuffer, offset: number, length: number) => Cells;

/** How scalars of a type are kept. */
export interface ScalarType {
  /** Its name. */
  readonly code: ScalarCode;
  /** Its number in the memory of values. */
  readonly number: number;
  /** Bytes of one; also its alignment. */
  readonly bytes: number;
  /** The typed array. */
  readonly View: ViewMaker;
  /** What to write for a value. @throws TypeError when it is none of the type */
  stored(value: unknown): Stored;
  /** What was read as a value; absent where both are the same. */
  readonly given?: (stored: Stored) => unknown;
}

type Check = (value: unknown) => Stored | undefined;

const integer: Check = (value) => Number.isInteger(value) ? value as number : undefined;
const float: Check = (value) => typeof value === "number" ? value : undefined;
const big: Check = (value) => typeof value === "bigint" ? value : undefined;
const flag: Check = (value) => {
  if (value === true || value === 1) return 1;
  return value === false || value === 0 ? 0 : undefined;
};
const character: Check = (value) => {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  if (typeof value !== "string" || value.length !== 1) return undefined;
  const code = value.charCodeAt(0);
  return code < 256 ? code : undefined;
};

type Row = [ScalarCode, unknown, Check, string, ((stored: Stored) => unknown)?];
const ROWS: readonly Row[] = [
  ["i8", Int8Array, integer, "an integer"],
  ["u8", Uint8Array, integer, "an integer"],
  ["i16", Int16Array, integer, "an integer"],
  ["u16", Uint16Array, integer, "an integer"],
  ["i32", Int32Array, integer, "an integer"],
  ["u32", Uint32Array, integer, "an integer"],
  ["f32", Float32Array, float, "a number"],
  ["f64", Float64Array, float, "a number"],
  ["i64", BigInt64Array, big, "a bigint"],
  ["u64", BigUint64Array, big, "a bigint"],
  ["bool", Uint8Array, flag, "true or false", (stored) => stored !== 0],
  [
    "char",
    Uint8Array,
    character,
    "one character up to U+00FF",
    (stored) => String.fromCharCode(stored as number),
  ],
];

/** All types, by their numbers. */
export const SCALARS: readonly ScalarType[] = ROWS.map(scalarOf);

const BY_CODE = new Map<unknown, ScalarType>();
for (const type of SCALARS) BY_CODE.set(type.code, type);

function scalarOf([code, View, check, takes, given]: Row, number: number): ScalarType {
  return {
    code,
    number,
    bytes: (View as typeof Int8Array).BYTES_PER_ELEMENT,
    View: View as ViewMaker,
    stored: (value) => check(value) ?? refuse(code, takes, value),
    given,
  };
}

/** The type of a code. @throws TypeError when there is none */
export function scalarType(code: unknown): ScalarType {
  const type = BY_CODE.get(code);
  if (type !== undefined) return type;
  const codes = SCALARS.map((known) => known.code).join(", ");
  throw new TypeError(`Cannot share a "${String(code)}": the types are ${codes}`);
}

function refuse(code: ScalarCode, takes: string, value: unknown): never {
  const what = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new TypeError(`Cannot write ${what} as ${code}: it takes ${takes}`);
}
