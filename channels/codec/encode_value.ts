// Runs in: any isolate
/**
 * Writes one value of any kind and, through itself, all that is inside.
 *
 * I1. An object is numbered before anything of it is written, its depth counted while it is open.
 * I2. The brand of a handle is asked for before anything but whether it is an array, which is never one,
 *     so that a Proxy may be a handle too.
 *
 * @module
 */

import { borderAhead, handle, handleKind } from "../../memory/handle.ts";
import { writeArray } from "./encode_array.ts";
import { isError, writeError } from "./encode_error.ts";
import { lookForSymbols, writeNullRecord, writePlain, writeShape } from "./encode_plain.ts";
import { SPECIAL_WRITERS } from "./encode_special.ts";
import { writeKnown } from "./known_texts.ts";
import type { WriterTools } from "./made_writer.ts";
import { putNumber } from "./numbers.ts";
import type { Output } from "./output.ts";
import { atKey, atPart, Refusal } from "./refusal.ts";
import { Site } from "./shapes.ts";
import * as tag from "./tags.ts";

const { getPrototypeOf } = Object;
const { isArray } = Array;
const plainPrototype = Object.prototype;
const arrayPrototype = Array.prototype;

/** What only `postMessage` can carry, by the name that its class gives. */
const ATTACHABLE = new Set([
  "MessagePort",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
  "Blob",
  "File",
  "CryptoKey",
]);

const TOOLS: WriterTools = {
  handle,
  getPrototypeOf,
  plainPrototype,
  lookForSymbols,
  writeShape,
  putNumber,
  writeKnown,
  writeObject,
  writeValue,
  atKey,
  site: () => new Site(),
};

let attach: ((value: object) => number) | undefined;

/**
 * Sets what is done with objects that only `postMessage` can carry: ports, streams, blobs, files and
 * keys. The hook takes care of the object and returns the number that goes in its place. Without a
 * hook they cannot be sent.
 */
export function setAttachHook(hook: ((value: object) => number) | undefined): void {
  attach = hook;
}

/** Writes `value`; throws a {@linkcode Refusal} for what cannot be sent. */
export function writeValue(out: Output, value: unknown): void {
  switch (typeof value) {
    case "number":
      return out.number(value);
    case "string":
      return out.text(value);
    case "boolean":
      return out.u8(value ? tag.TRUE : tag.FALSE);
    case "object":
      return value === null ? out.u8(tag.NULL) : writeObject(out, value);
    case "undefined":
      return out.u8(tag.UNDEFINED);
    case "bigint":
      return writeBigInt(out, value);
    case "function":
      if (typeof (value as { [handle]?: unknown })[handle] === "string") {
        return writeObject(out, value);
      }
  }
  throw new Refusal(value);
}

function writeBigInt(out: Output, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    out.need(9);
    out.bytes[out.pos] = tag.BIGINT64;
    out.view.setBigInt64(out.pos + 1, value, true);
    out.pos += 9;
  } else {
    out.u8(tag.BIGINT);
    out.text(value.toString(16));
  }
}

function writeObject(out: Output, value: object, place?: Site): void {
  const number = out.meet(value);
  if (number >= 0) {
    out.graph = true;
    out.u8(tag.REFERENCE);
    return out.u32(number);
  }
  if (++out.depth > tag.MAX_DEPTH) {
    throw new Refusal(value, `it is nested deeper than ${tag.MAX_DEPTH} objects`);
  }
  const site = place ?? out.site;
  if (isArray(value) && isPlainArray(value)) {
    writeArray(out, value, { write: writeValue, site });
  } else if (site.shape?.writer(TOOLS)?.(out, value) !== true) {
    writeUnpredicted(out, value, site);
  }
  out.depth--;
}

/** With the load before it the engine knows what the array is, and so its prototype without asking. */
function isPlainArray(array: unknown[]): boolean {
  return array.length >= 0 && getPrototypeOf(array) === arrayPrototype;
}

function writeUnpredicted(out: Output, value: object, site: Site): void {
  const brand = (value as { [handle]?: unknown })[handle];
  if (typeof brand === "string") return writeHandle(out, value, brand);
  const prototype = getPrototypeOf(value);
  if (prototype !== plainPrototype) return writeOther(out, value, prototype);
  writePlain(out, value as Record<string, unknown>, { write: writeValue, site });
}

function writeHandle(out: Output, value: object, name: string): void {
  const kind = handleKind(name);
  if (kind === undefined) throw new Refusal(value, `no handles of kind "${name}" are known here`);
  const border = borderAhead();
  if (border?.lets(name) === false) {
    throw new Refusal(value, `a ${name} is in memory that the process it goes to does not share`);
  }
  if (border?.pack === undefined) (out.handles ??= []).push({ kind, value });
  out.u8(tag.HANDLE);
  out.text(name);
  try {
    writeValue(out, border?.pack === undefined ? kind.pack(value) : border.pack(name, value));
  } catch (error) {
    throw atPart(error, "packed");
  }
}

function writeOther(out: Output, value: object, prototype: object | null): void {
  const writer = SPECIAL_WRITERS.get(prototype);
  if (writer !== undefined) writer(out, value, writeValue);
  else if (isError(value)) writeError(out, value, writeValue);
  else if (prototype === null && !isArray(value)) {
    writeNullRecord(out, value as Record<string, unknown>, writeValue);
  } else writeAttachment(out, value);
}

function writeAttachment(out: Output, value: object): void {
  const name: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (!ATTACHABLE.has(name as string)) throw new Refusal(value);
  const kind: unknown = (globalThis as Record<string, unknown>)[name as string];
  if (typeof kind !== "function" || !(value instanceof kind)) throw new Refusal(value);
  if (attach === undefined) {
    throw new Refusal(value, `it is a ${name}, which this way of sending cannot carry`);
  }
  out.u8(tag.ATTACHED);
  out.f64(attach(value));
  out.attached = true;
}
