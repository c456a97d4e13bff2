// Runs in: any isolate
/**
 * Reads one value of any kind and, through itself, all that is inside.
 *
 * I1. An object is numbered before anything inside it is read, its depth counted while it is open.
 *
 * @module
 */

import { borderAhead, handleKind } from "../../memory/handle.ts";
import {
  readBigInt,
  readBinary,
  readBoxed,
  readDate,
  readError,
  readMap,
  readRegExp,
  readSet,
  readSparseArray,
} from "./decode_special.ts";
import type { Input, ReadValue } from "./input.ts";
import { readKnown } from "./known_texts.ts";
import { Copies } from "./made.ts";
import type { ReaderTools } from "./made_reader.ts";
import type { Shape } from "./shapes.ts";
import * as tag from "./tags.ts";

let attached: ((id: number) => unknown) | undefined;

/** Sets how the object is found that travelled beside the message under a number. */
export function setAttachedHook(hook: ((id: number) => unknown) | undefined): void {
  attached = hook;
}

const TOOLS: ReaderTools = {
  readKnown,
  readObject,
  readValue,
  site: () => new Copies(),
};

/** Reads one value. */
export function readValue(input: Input): unknown {
  const { bytes, pos } = input;
  if (pos >= input.end) input.fail("nothing");
  const kind = bytes[pos];
  input.pos = pos + 1;
  if (kind < tag.INT7_END) return kind;
  if (kind >= tag.FIRST_OBJECT) return readObject(input, kind);
  if (kind >= tag.SHORT_TEXT) return input.latin1(kind - tag.SHORT_TEXT);
  // These three are most of what is left, and a call more would be a third of their cost.
  if (kind === tag.FLOAT64) return input.f64();
  if (kind === tag.INT16) return input.u16() << 16 >> 16;
  if (kind === tag.INT32) return input.u32() | 0;
  return readPrimitive(input, kind);
}

function readPrimitive(input: Input, kind: number): unknown {
  const at = input.pos;
  switch (kind) {
    case tag.UNDEFINED:
      return undefined;
    case tag.NULL:
      return null;
    case tag.FALSE:
      return false;
    case tag.TRUE:
      return true;
    case tag.INT8:
      return input.u8() << 24 >> 24;
    case tag.LATIN1:
      return input.latin1(input.u32());
    case tag.UTF16:
      return input.utf16(input.u32());
    case tag.BIGINT64:
      input.need(8);
      input.pos = at + 8;
      return input.view.getBigInt64(at, true);
    case tag.BIGINT:
      return readBigInt(input);
    case tag.REFERENCE:
      return input.reference();
  }
  return input.fail("an unknown tag");
}

/** Reads the object whose tag `kind` was read. */
export function readObject(input: Input, kind: number, site?: Copies): unknown {
  if (++input.depth > tag.MAX_DEPTH) input.fail("objects nested too deep");
  let object: unknown;
  if (kind === tag.SHAPE_NEW) object = readShaped(input, input.newShape());
  else if (kind === tag.ARRAY) {
    object = (site === undefined ? readDense : site.of(readDense))(input, readValue);
  } else if (kind === tag.SHAPE_AGAIN) object = readShaped(input, input.oldShape());
  else object = readKind(input, kind);
  input.depth--;
  return object;
}

function readKind(input: Input, kind: number): unknown {
  switch (kind) {
    case tag.RECORD:
      return readRecord(input, {});
    case tag.NULL_RECORD:
      return readRecord(input, Object.create(null));
    case tag.SPARSE_ARRAY:
      return readSparseArray(input, readValue);
    case tag.MAP:
      return readMap(input, readValue);
    case tag.SET:
      return readSet(input, readValue);
    case tag.DATE:
      return readDate(input);
    case tag.REGEXP:
      return readRegExp(input);
    case tag.ERROR:
      return readError(input, readValue);
    case tag.BINARY:
      return readBinary(input);
    case tag.BOXED:
      return readBoxed(input, readValue);
    case tag.HANDLE:
      return readHandle(input);
    case tag.ATTACHED:
      return readAttached(input);
  }
  return input.fail("an unknown tag");
}

function readShaped(input: Input, shape: Shape): object {
  if (!input.numbering) {
    const reader = shape.reader(TOOLS);
    if (reader !== undefined) return reader(input);
  }
  const object: Record<string, unknown> = input.begin({});
  const { keys } = shape;
  if (shape.careful) {
    for (const key of keys) put(object, key, readValue(input));
  } else {
    for (let i = 0; i < keys.length; i++) object[keys[i]] = readValue(input);
  }
  return object;
}

function readRecord(input: Input, object: Record<string, unknown>): object {
  input.begin(object);
  const count = input.count(2);
  for (let i = 0; i < count; i++) put(object, input.text(), readValue(input));
  return object;
}

/** Knows nothing but its arguments, so that it can be copied: see {@linkcode Copies}. */
const readDense = (input: Input, read: ReadValue): unknown[] => {
  // At least one byte each, so the array is no larger than eight times the input.
  const length = input.count(1);
  const array: unknown[] = input.begin(new Array(length));
  const { bytes, end } = input;
  for (let i = 0; i < length; i++) {
    const { pos } = input;
    const kind = pos < end ? bytes[pos] : 0x80;
    if (kind < 0x80) {
      array[i] = kind;
      input.pos = pos + 1;
    } else array[i] = read(input);
  }
  return array;
};

function readHandle(input: Input): unknown {
  const number = input.promise();
  const name = input.text();
  const kind = handleKind(name);
  const packed = readValue(input);
  if (!input.discarding) {
    if (kind === undefined) return input.fail(`a handle of the kind "${name}", unknown here,`);
    const border = borderAhead();
    return input.fulfil(number, border?.unpack?.(name, packed) ?? kind.unpack(packed));
  }
  try {
    kind?.discard?.(packed);
  } catch {
    // A handle that cannot be let go must not keep the next ones.
  }
  return input.fulfil(number, undefined);
}

function readAttached(input: Input): unknown {
  const number = input.promise();
  const id = input.f64();
  if (input.discarding) return input.fulfil(number, undefined);
  return attached === undefined
    ? input.fail("an attachment, which cannot be received here,")
    : input.fulfil(number, attached(id));
}

/** `object[key] = value`, also for the one key that would set the prototype. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else object[key] = value;
}
