// Runs in: any isolate
/**
 * Readers of the built-in classes: the other half of `encode_special.ts` and `encode_error.ts`.
 *
 * I1. Objects are made by the constructors named here, never by a name from the message.
 * I2. Properties are defined, never assigned: no setter runs and `__proto__` is a key like any other.
 *
 * @module
 */

import { troupeErrorClass } from "../../errors.ts";
import type { Input, ReadValue } from "./input.ts";
import * as tag from "./tags.ts";
import { BINARY_KINDS, DOM_EXCEPTION, ERROR_KINDS, TROUPE_ERROR } from "./kinds.ts";

/** Reads a Map. */
export function readMap(input: Input, read: ReadValue): Map<unknown, unknown> {
  const map = input.begin(new Map());
  const size = input.claim(input.u32(), 2);
  for (let i = 0; i < size; i++) map.set(read(input), read(input));
  return map;
}

/** Reads a Set. */
export function readSet(input: Input, read: ReadValue): Set<unknown> {
  const set = input.begin(new Set());
  const size = input.claim(input.u32(), 1);
  for (let i = 0; i < size; i++) set.add(read(input));
  return set;
}

/** Reads an array with holes. */
export function readSparseArray(input: Input, read: ReadValue): unknown[] {
  const array: unknown[] = input.begin([]);
  const length = input.u32();
  const count = input.count(5);
  // The largest length first: it makes the engine keep a table instead of `length` places.
  array.length = 0xffff_ffff;
  array.length = length;
  let next = 0;
  for (let i = 0; i < count; i++) {
    const index = input.u32();
    if (index < next || index >= length) input.fail("an index out of order");
    next = index + 1;
    array[index] = read(input);
  }
  return array;
}

/** Reads a Date. */
export function readDate(input: Input): Date {
  return input.begin(new Date(input.f64()));
}

/** Reads a regular expression. */
export function readRegExp(input: Input): RegExp {
  const source = input.text();
  const flags = input.text();
  try {
    return input.begin(new RegExp(source, flags));
  } catch (cause) {
    return input.fail("a malformed regular expression", cause);
  }
}

/** Reads a boxed primitive. */
export function readBoxed(input: Input, read: ReadValue): object {
  const number = input.promise();
  const primitive = read(input);
  switch (typeof primitive) {
    case "number":
    case "string":
    case "boolean":
    case "bigint":
      return input.fulfil(number, Object(primitive));
  }
  return input.fail("a box around no primitive");
}

/** Reads a bigint of any size. */
export function readBigInt(input: Input): bigint {
  const digits = input.text();
  if (!/^-?[\da-f]+$/.test(digits)) return input.fail("a malformed bigint");
  try {
    return digits[0] === "-" ? -BigInt("0x" + digits.slice(1)) : BigInt("0x" + digits);
  } catch (cause) {
    return input.fail("a bigint that is too large", cause);
  }
}

/** Reads an ArrayBuffer or a view of one. */
export function readBinary(input: Input): ArrayBuffer | ArrayBufferView {
  const mark = input.u8();
  const kind = mark & 15;
  if (kind >= BINARY_KINDS.length) return input.fail("binary content of an unknown kind");
  const Kind = BINARY_KINDS[kind];
  const bytes = input.binary(mark >> 4);
  if (Kind === Uint8Array) return input.begin(bytes);
  if (Kind === ArrayBuffer) return input.begin(bytes.buffer);
  if ("BYTES_PER_ELEMENT" in Kind && bytes.length % Kind.BYTES_PER_ELEMENT !== 0) {
    return input.fail("a typed array with half an element");
  }
  return input.begin(new (Kind as Uint8ArrayConstructor)(bytes.buffer));
}

/** Copies a Uint8Array that is the whole message; `undefined` when it is none or too long. */
export function readBytesInto(input: Input, target: Uint8Array): Uint8Array | undefined {
  const { bytes, pos, end } = input;
  if (end - pos < 6 || bytes[pos] !== tag.BINARY) return undefined;
  const mark = bytes[pos + 1];
  const length = input.view.getUint32(pos + 2, true);
  const from = pos + 6 + (mark >> 4);
  const isWhole = BINARY_KINDS[mark & 15] === Uint8Array && from + length === end;
  if (!isWhole || length > target.length) return undefined;
  target.set(bytes.subarray(from, end));
  return target.subarray(0, length);
}

/** Reads an error. */
export function readError(input: Input, read: ReadValue): Error {
  const error = input.begin(makeError(input));
  const stack = read(input);
  if (typeof stack === "string") define(error, "stack", stack, false);
  else delete error.stack;
  const count = input.count(3);
  for (let i = 0; i < count; i++) {
    const hidden = input.u8();
    define(error, input.text(), read(input), hidden === 0);
  }
  return error;
}

function makeError(input: Input): Error {
  const kind = input.u8();
  // The stack comes with the message; taking one here would cost more than all the rest.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    if (kind === DOM_EXCEPTION) return new DOMException(input.text(), input.text());
    const Kind = kind === TROUPE_ERROR ? troupeErrorClass(input.text()) : ERROR_KINDS[kind];
    return Kind === undefined
      ? input.fail("an error of an unknown class")
      : Reflect.construct(Error, [], Kind);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true });
}
