// Runs in: any isolate
/**
 * Plain objects.
 *
 * I1. The keys are settled before the first value is read: a getter that adds or removes properties
 *     changes nothing of the message but its own values.
 * I2. Symbol keys are refused, not dropped.
 *
 * @module
 */

import type { Output, WriteValue } from "./output.ts";
import { atKey, keyStep, Refusal } from "./refusal.ts";
import { hasShape, MAX_SHAPE_KEYS, type Shape, shapeOf, type Site } from "./shapes.ts";
import * as tag from "./tags.ts";

const { getOwnPropertySymbols, keys: keysOf } = Object;

/** How values are written that are inside, and what was met at this place before. */
export interface Inside {
  /** Writes what is inside. */
  readonly write: WriteValue;
  /** The place. */
  readonly site: Site;
}

/** Writes an object whose prototype is `Object.prototype`. */
export function writePlain(
  out: Output,
  value: Record<string, unknown>,
  { write, site }: Inside,
): void {
  const predicted = site.shape;
  if (predicted !== undefined && hasShape(value, predicted)) {
    if (predicted.symbols.isDue()) lookForSymbols(value, predicted);
    writeShape(out, predicted);
    return writeShaped(out, value, predicted.keys, write);
  }
  const keys = keysOf(value);
  const shape = keys.length > 0 && keys.length <= MAX_SHAPE_KEYS ? shapeOf(keys) : undefined;
  lookForSymbols(value, shape);
  if (shape === undefined) return writeRecord(out, tag.RECORD, value, keys, write);
  site.shape = shape;
  writeShape(out, shape);
  writeShaped(out, value, shape.keys, write);
}

/** Writes an object without a prototype. */
export function writeNullRecord(
  out: Output,
  value: Record<string, unknown>,
  write: WriteValue,
): void {
  lookForSymbols(value);
  writeRecord(out, tag.NULL_RECORD, value, keysOf(value), write);
}

/** Says what the keys of an object are. */
export function writeShape(out: Output, shape: Shape): void {
  if (shape.message === out.message) {
    out.u8(tag.SHAPE_AGAIN);
    return out.count(shape.number);
  }
  shape.message = out.message;
  shape.number = out.shapes++;
  const { words } = shape;
  const { length } = words;
  out.need(6 + 4 * length);
  const { view } = out;
  let at = out.pos;
  out.bytes[at] = tag.SHAPE_NEW;
  out.bytes[at + 1] = length;
  view.setInt32(at + 2, shape.hash, true);
  at += 6;
  for (let i = 0; i < length; i++, at += 4) view.setInt32(at, words[i], true);
  out.pos = at;
}

function writeShaped(
  out: Output,
  value: Record<string, unknown>,
  keys: readonly string[],
  write: WriteValue,
): void {
  const { length } = keys;
  let i = 0;
  try {
    // The engine reads a property fastest inside a for-in; the rest is for getters that interfere.
    for (const key in value) {
      if (i === length || keys[i] !== key) break;
      const field = value[key];
      if (typeof field === "number") out.number(field);
      else if (typeof field === "string") out.text(field);
      else write(out, field);
      i++;
    }
    for (; i < length; i++) write(out, value[keys[i]]);
  } catch (error) {
    throw atKey(error, keys[i]);
  }
}

function writeRecord(
  out: Output,
  kind: number,
  value: Record<string, unknown>,
  keys: readonly string[],
  write: WriteValue,
): void {
  out.u8(kind);
  out.count(keys.length);
  for (const key of keys) {
    out.text(key);
    try {
      write(out, value[key]);
    } catch (error) {
      throw atKey(error, key);
    }
  }
}

/** Refuses what the symbols of an object say about it, unless they are hidden marks. */
export function lookForSymbols(value: object, shape?: Shape): void {
  const symbols = getOwnPropertySymbols(value);
  if (symbols.length === 0) return;
  shape?.symbols.alarm();
  for (const symbol of symbols) {
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
      throw new Refusal(value, "a property with a symbol as its key would be lost")
        .under(keyStep(symbol));
    }
    if (symbol === Symbol.toStringTag || symbol === Symbol.iterator) {
      throw new Refusal(value, "it is not a plain object but one that the language made");
    }
  }
}
