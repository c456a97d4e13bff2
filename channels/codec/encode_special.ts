// Runs in: any isolate
/**
 * Writers of the built-in classes, found by prototype.
 *
 * I1. A prototype proves nothing: each writer asks a built-in method, which works only on the real
 *     thing, before it writes a byte.
 * I2. What a class holds beside its own content (extra properties) is refused, not dropped.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { BINARY_KINDS } from "./kinds.ts";
import type { Output, WriteValue } from "./output.ts";
import { atPart, keyStep, Refusal } from "./refusal.ts";
import * as tag from "./tags.ts";

/** Writes one kind of object. */
type Writer = (out: Output, value: object, write: WriteValue) => void;

type Method<R> = (this: unknown) => R;

function getter<R>(prototype: object, key: PropertyKey): Method<R> {
  return Object.getOwnPropertyDescriptor(prototype, key)!.get as Method<R>;
}

const viewPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const viewName = getter<string | undefined>(viewPrototype, Symbol.toStringTag);
const mapSize = getter<number>(Map.prototype, "size");
const mapEntries = Map.prototype.entries as Method<MapIterator<[unknown, unknown]>>;
const setSize = getter<number>(Set.prototype, "size");
const setValues = Set.prototype.values as Method<SetIterator<unknown>>;
const regExpSource = getter<string>(RegExp.prototype, "source");
const bufferLength = getter<number>(ArrayBuffer.prototype, "byteLength");
const dataViewLength = getter<number>(DataView.prototype, "byteLength");

/** Writers by prototype. */
export const SPECIAL_WRITERS: ReadonlyMap<object | null, Writer> = new Map<object | null, Writer>([
  [Map.prototype, writeMap],
  [Set.prototype, writeSet],
  [Date.prototype, writeDate],
  [RegExp.prototype, writeRegExp],
  [ArrayBuffer.prototype, writeArrayBuffer],
  [DataView.prototype, writeDataView],
  [Buffer.prototype, writeTypedArray],
  [Number.prototype, writeBoxed],
  [String.prototype, writeBoxed],
  [Boolean.prototype, writeBoxed],
  [BigInt.prototype, writeBoxed],
  ...BINARY_KINDS.slice(2).map((kind): [object, Writer] => [kind.prototype, writeTypedArray]),
]);

function writeMap(out: Output, value: object, write: WriteValue): void {
  genuine(value, mapSize);
  refuseExtras(value, 0);
  out.u8(tag.MAP);
  const sizeAt = placeForSize(out);
  let size = 0;
  let step = "key";
  try {
    for (const [key, entry] of mapEntries.call(value)) {
      step = "key";
      write(out, key);
      step = "value";
      write(out, entry);
      size++;
    }
  } catch (error) {
    throw atPart(error, step, size);
  }
  out.view.setUint32(sizeAt, size, true);
}

function writeSet(out: Output, value: object, write: WriteValue): void {
  genuine(value, setSize);
  refuseExtras(value, 0);
  out.u8(tag.SET);
  const sizeAt = placeForSize(out);
  let size = 0;
  try {
    for (const member of setValues.call(value)) {
      write(out, member);
      size++;
    }
  } catch (error) {
    throw atPart(error, "member", size);
  }
  out.view.setUint32(sizeAt, size, true);
}

/** A getter inside may change the collection, so the size is known, and written, at the end. */
function placeForSize(out: Output): number {
  out.u32(0);
  return out.pos - 4;
}

function writeDate(out: Output, value: object): void {
  const time = genuine(value, Date.prototype.getTime as Method<number>);
  refuseExtras(value, 0);
  out.u8(tag.DATE);
  out.f64(time);
}

function writeRegExp(out: Output, value: object): void {
  const source = genuine(value, regExpSource);
  refuseExtras(value, 0);
  out.u8(tag.REGEXP);
  out.text(source);
  out.text((value as RegExp).flags);
}

function writeBoxed(out: Output, value: object, write: WriteValue): void {
  // Each of the four valueOf methods refuses the other three.
  const primitive = genuine(value, Object.getPrototypeOf(value).valueOf as Method<unknown>);
  refuseExtras(value, typeof primitive === "string" ? primitive.length : 0);
  out.u8(tag.BOXED);
  write(out, primitive);
}

function writeArrayBuffer(out: Output, value: object): void {
  genuine(value, bufferLength);
  refuseExtras(value, 0);
  writeBinary(out, ArrayBuffer, value as ArrayBuffer, 0, (value as ArrayBuffer).byteLength);
}

function writeDataView(out: Output, value: object): void {
  const view = value as DataView;
  // The getter also throws for a view that its buffer has shrunk away from.
  const length = genuine(value, dataViewLength);
  refuseExtras(value, 0);
  writeBinary(out, DataView, view.buffer, view.byteOffset, length);
}

function writeTypedArray(out: Output, value: object): void {
  const name = viewName.call(value);
  const kind = BINARY_KINDS.find((kind) => kind.name === name);
  if (kind === undefined || !(value instanceof kind)) throw new Refusal(value);
  const view = value as Uint8Array;
  // Listing the keys of a long one would cost more than sending it.
  if (view.length <= 64) refuseExtras(value, view.length);
  writeBinary(out, kind, view.buffer, view.byteOffset, view.byteLength);
}

function writeBinary(
  out: Output,
  kind: typeof BINARY_KINDS[number],
  buffer: ArrayBufferLike,
  at: number,
  length: number,
): void {
  if (!(buffer instanceof ArrayBuffer)) {
    throw new Refusal(buffer, "its bytes are in a SharedArrayBuffer (send a copy: slice())");
  }
  if (buffer.detached) throw new Refusal(buffer, "its buffer is detached: it was transferred away");
  out.u8(tag.BINARY);
  out.binary(BINARY_KINDS.indexOf(kind), new Uint8Array(buffer, at, length));
}

/** Calls a built-in method that throws when `value` is not the real thing. */
function genuine<R>(value: object, method: Method<R>): R {
  try {
    return method.call(value);
  } catch {
    throw new Refusal(value, "it has the prototype of a built-in class but is not made by it");
  }
}

/** Refuses own enumerable properties after the first `expected` ones. */
function refuseExtras(value: object, expected: number): void {
  const keys = Object.keys(value);
  if (keys.length > expected) refuseExtra(value, keys[expected]);
  for (const symbol of Object.getOwnPropertySymbols(value)) refuseExtra(value, symbol);
}

function refuseExtra(value: object, key: PropertyKey): never {
  throw new Refusal(value, "an extra property of a built-in object would be lost")
    .under(keyStep(key));
}
