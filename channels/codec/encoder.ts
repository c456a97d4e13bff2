// Runs in: any isolate
/**
 * From a value to bytes. Small messages are written straight into the memory that the receiver reads;
 * what does not fit there is encoded in private memory first.
 *
 * I1. A failed attempt leaves nothing behind: no numbered objects, no handles to depart.
 * I2. Each getter runs once for each call (one on an index of an array twice); the keys are those at
 *     the moment when their object is met.
 * I3. Every object is numbered when it is met, so cycles and objects met twice arrive as they were. A
 *     list serves the first 48, a hash table the others: no measurable part of a small message.
 * I4. What cannot arrive equal is refused with its path, never changed. The exceptions are those of the
 *     structured clone: what is not enumerable, attributes of properties, `lastIndex`, symbol keys of
 *     arrays and errors, properties of typed arrays longer than 64, the buffer that several views
 *     share, and the class of an error that is neither built in nor Troupe's. Symbol keys of objects
 *     and named properties of arrays are looked for as `vigilance.ts` says.
 * I5. Calls nest (a getter, `pack` or `depart` may encode): each has an {@linkcode Output} of its own.
 *
 * @module
 */

import { writeValue } from "./encode_value.ts";
import { type Encoded, PrivateMessage } from "./encoded.ts";
import { type DepartingHandle, Output, TOO_SMALL } from "./output.ts";
import { Refusal } from "./refusal.ts";
import * as tag from "./tags.ts";

export type { Encoded } from "./encoded.ts";
export { setAttachHook } from "./encode_value.ts";

const NO_HANDLES: readonly DepartingHandle[] = [];

// One for each use, so that neither loses the shapes and the view that it goes on using.
let idle: Output | null = new Output();
let idlePrivate: Output | null = new Output();
const short = new Output();
let departing = NO_HANDLES;
let carries = false;

/**
 * Writes `value` into `bytes` [at, end), which may be shared memory.
 *
 * @returns The position after the value, or -1 when it does not fit; then the range holds rubbish and
 * nothing else has happened, except that getters have run.
 * @throws {NotSendableError} For what cannot be sent, with its path.
 */
export function encodeInto(bytes: Uint8Array, at: number, end: number, value: unknown): number {
  const out = idle ?? new Output();
  idle = null;
  try {
    out.open(bytes, at, end);
    writeValue(out, value);
    if (out.graph) bytes[at] |= tag.GRAPH;
    departing = out.handles ?? NO_HANDLES;
    carries = out.attached || out.handles !== null;
    return out.pos;
  } catch (error) {
    failed(out, error);
    return -1;
  } finally {
    out.close();
    idle = out;
  }
}

/** A value that is written without anybody's code being run, in at most {@linkcode SHORT_BYTES}. */
export type Short = number | string;

/** Longest encoding of a {@linkcode Short}. */
export const SHORT_BYTES = 64;
const SHORT_UNITS = 29;

/** Whether {@linkcode encodeShort} may write it. */
export function isShort(value: unknown): value is Short {
  return typeof value === "number" || (typeof value === "string" && value.length <= SHORT_UNITS);
}

/** Writes a short value into `bytes` at `at`, where there is room, and gives the position after it. */
export function encodeShort(bytes: Uint8Array, at: number, value: Short): number {
  short.aim(bytes, at, at + SHORT_BYTES);
  if (typeof value === "number") short.number(value);
  else short.text(value);
  return short.pos;
}

/**
 * Encodes `value` in private memory. ArrayBuffers and views of 4 KiB and more stay where they are and
 * are read by {@linkcode Encoded.copyTo}: copy before anything else can change them.
 *
 * @throws {NotSendableError} For what cannot be sent, with its path.
 */
export function encode(value: unknown): Encoded {
  const out = idlePrivate ?? new Output();
  idlePrivate = null;
  try {
    out.openPrivate();
    writeValue(out, value);
    if (out.graph) out.bytes[0] |= tag.GRAPH;
    departing = out.handles ?? NO_HANDLES;
    carries = out.attached || out.handles !== null;
    return new PrivateMessage(out.bytes.subarray(0, out.pos), out.segments!);
  } catch (error) {
    return failed(out, error) as never;
  } finally {
    out.close();
    idlePrivate = out;
  }
}

/** Lets handles depart; what it gives is called right after the commit. */
export type Departure = () => (() => void) | undefined;

/**
 * Tells each handle in the last encoded message, in order, that it is about to be sent, and forgets
 * them: called once, right before the message is committed. Call what it gives right after the commit.
 * After a failed call there are none.
 */
export function departHandles(): (() => void) | undefined {
  return takeDeparture()?.();
}

/**
 * Takes over what {@linkcode departHandles} would do, for a message that has to wait for its place.
 * `undefined` when the message holds no handles.
 */
export function takeDeparture(): Departure | undefined {
  if (departing.length === 0) return undefined;
  const handles = departing;
  departing = NO_HANDLES;
  return () => {
    const landings = handles.map(({ kind, value }) => kind.depart?.(value));
    return () => landings.forEach((land) => land?.());
  };
}

/** Whether the last encoded message holds handles or attachments. */
export function carriesHandles(): boolean {
  return carries;
}

function failed(out: Output, error: unknown): void {
  departing = NO_HANDLES;
  carries = false;
  if (error === TOO_SMALL) return;
  if (error instanceof Refusal) throw error.toError();
  if (out.depth > 100 && error instanceof RangeError && /call stack/.test(error.message)) {
    throw new Refusal(undefined, "it is nested too deep for the stack").toError();
  }
  throw error;
}
