// Runs in: any isolate
/**
 * Errors. The class goes by number when it is built in, by code when it is Troupe's; an error of any
 * other class goes as the nearest of these above it and keeps its `name`. Then the stack (a value),
 * a count, and for each property: u8 hidden, key text, value.
 *
 * I1. Own enumerable properties all count; of the others, those in {@linkcode HIDDEN_ERROR_KEYS}.
 *     Symbol keys are left behind: runtimes mark errors with symbols of their own.
 *
 * @module
 */

import { troupeErrorClass } from "../../errors.ts";
import { DOM_EXCEPTION, ERROR_KINDS, HIDDEN_ERROR_KEYS, TROUPE_ERROR } from "./kinds.ts";
import type { Output, WriteValue } from "./output.ts";
import { atKey } from "./refusal.ts";
import * as tag from "./tags.ts";

/** Whether `value` is an error made by an error constructor, whatever its prototype. */
export const isError: (value: unknown) => value is Error = Error.isError ??
  ((value) => value instanceof Error);

const PROTOTYPES: readonly unknown[] = ERROR_KINDS.map((kind) => kind.prototype);

/** Writes an error. */
export function writeError(out: Output, error: Error, write: WriteValue): void {
  out.u8(tag.ERROR);
  const base = writeClass(out, error);
  const { stack } = error;
  if (typeof stack === "string") out.text(stack);
  else out.u8(tag.UNDEFINED);
  const keys = keysOf(error, base);
  out.count(keys.length);
  for (const key of keys) {
    out.u8(Object.prototype.propertyIsEnumerable.call(error, key) ? 0 : 1);
    out.text(key);
    try {
      write(out, error[key as keyof Error]);
    } catch (cause) {
      throw atKey(cause, key);
    }
  }
}

/** Writes the class; returns the prototype that the receiver's error will have. */
function writeClass(out: Output, error: Error): object {
  const code: unknown = Object.getOwnPropertyDescriptor(error, "code")?.value;
  const troupe: object | undefined = troupeErrorClass(code)?.prototype;
  for (let p = Object.getPrototypeOf(error); p !== null; p = Object.getPrototypeOf(p)) {
    if (p === troupe) {
      out.u8(TROUPE_ERROR);
      out.text(code as string);
      return p;
    }
    if (p.constructor === globalThis.DOMException) {
      out.u8(DOM_EXCEPTION);
      out.text(error.message);
      out.text(error.name);
      return error;
    }
    const number = PROTOTYPES.indexOf(p);
    if (number !== -1) {
      out.u8(number);
      return p;
    }
  }
  out.u8(0);
  return Error.prototype;
}

/** Keys of what must be sent; inherited `name` and `message` too, when the class gave them. */
function keysOf(error: Error, base: object): string[] {
  const own = Object.getOwnPropertyNames(error);
  const keys = own.filter((key) =>
    key !== "stack" &&
    (HIDDEN_ERROR_KEYS.includes(key) ||
      Object.prototype.propertyIsEnumerable.call(error, key))
  );
  for (const key of ["name", "message"] as const) {
    if (!own.includes(key) && error[key] !== (base as Error)[key]) keys.push(key);
  }
  return keys;
}
