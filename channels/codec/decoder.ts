// Runs in: any isolate
/**
 * From bytes to a value. The bytes may hold anything: what is no message ends in a DecodeError.
 *
 * I1. No byte outside the range is read, and nothing is written into it.
 * I2. Memory and time are in proportion to the length of the input, whatever lengths it claims.
 * I3. Nothing of the message is run or becomes a prototype; `__proto__`, `constructor` and `then`
 *     are keys like any other.
 * I4. Everything is copied out: the bytes may be reused as soon as the call returns.
 * I5. Calls nest (`unpack` and `discard` of a handle may decode): each has an {@linkcode Input} of
 *     its own.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { readBytesInto } from "./decode_special.ts";
import { readObject, readValue } from "./decode_value.ts";
import { Input } from "./input.ts";
import * as tag from "./tags.ts";

export { setAttachedHook } from "./decode_value.ts";

let idle: Input | null = new Input();
const primitive = new Input();

/**
 * Reads the one value that fills `bytes` [at, end).
 *
 * @throws {DecodeError} When the range holds anything else; handles before the fault were unpacked.
 * What a handle's `unpack` throws is passed on as it is.
 */
export function decode(bytes: Uint8Array, at: number, end: number): unknown {
  if (at < end && bytes[at] < tag.FIRST_OBJECT) return decodePrimitive(bytes, at, end);
  const input = idle ?? new Input();
  idle = null;
  try {
    input.open(bytes, at, end);
    return readMessage(input);
  } catch (error) {
    throw explained(input, error);
  } finally {
    input.close();
    idle = input;
  }
}

/** Nothing is inside a primitive, and reading one runs nobody's code: there is nothing to end. */
function decodePrimitive(bytes: Uint8Array, at: number, end: number): unknown {
  primitive.aim(bytes, at, end);
  const value = readValue(primitive);
  if (primitive.pos !== end) primitive.fail("bytes after the value");
  return value;
}

/** Reads a message; {@linkcode decode} or what stands in for it. */
export type Decode = (bytes: Uint8Array, at: number, end: number) => unknown;

/**
 * As {@linkcode decode}, but a message that is a Uint8Array and fits into `target` is copied there and
 * is that part of it: it needs no memory of its own.
 */
export function decodeInto(target: Uint8Array): Decode {
  return (bytes, at, end) => {
    const input = new Input();
    input.open(bytes, at, end);
    return readBytesInto(input, target) ?? decode(bytes, at, end);
  };
}

/**
 * Walks through a message that nobody will receive: each handle in it is let go by the `discard` of
 * its kind, none is unpacked. Never throws: of a malformed message the handles before the fault are let
 * go, and a `discard` that throws does not keep the others from their turn.
 */
export function discard(bytes: Uint8Array, at: number, end: number): void {
  const input = new Input();
  try {
    input.open(bytes, at, end);
    input.discarding = true;
    readMessage(input);
  } catch {
    // Malformed from here on; its sender cannot be told, and nobody waits for it.
  }
}

function readMessage(input: Input): unknown {
  const { bytes, pos, end } = input;
  let value: unknown;
  if (pos < end && bytes[pos] >= (tag.FIRST_OBJECT | tag.GRAPH)) {
    input.keepObjects();
    input.pos++;
    value = readObject(input, bytes[pos] - tag.GRAPH);
  } else value = readValue(input);
  if (input.pos !== end) input.fail("bytes after the value");
  return value;
}

function explained(input: Input, error: unknown): unknown {
  const overflow = input.depth > 100 && error instanceof RangeError &&
    /call stack/.test(error.message);
  return overflow
    ? new DecodeError("Cannot decode a message: it is nested too deep for the stack")
    : error;
}
