// Runs in: any isolate
/**
 * Plain objects and arrays.
 *
 * I1. The keys are settled before the first value is read: a getter that adds or removes properties
 *     changes nothing of the message but its own values.
 * I2. Symbol keys and named properties of arrays are refused, not dropped.
 *
 * @module
 */

import type { Output, WriteValue } from "./output.ts";
import { atKey, keyStep, Refusal } from "./refusal.ts";
import { hasShape, MAX_SHAPE_KEYS, type Shape, shapeOf } from "./shapes.ts";
import * as tag from "./tags.ts";
import { Vigilance } from "./vigilance.ts";

const { getOwnPropertySymbols, hasOwn, keys: keysOf } = Object;
/** Shapes are predicted, and arrays counted, down to this depth. */
const PREDICTED_DEPTH = 32;

/** Begins an object of a shape. */
export function beginShaped(out: Output, value: object, shape: Shape): void {
  if (shape.symbols.isDue()) lookForSymbols(value, shape);
  writeShape(out, shape);
}

/** The shape that the object met now has, if it is as the last one at its depth. */
export function predictedShape({ depth, predicted }: Output): Shape | undefined {
  return depth < PREDICTED_DEPTH ? predicted[depth] : undefined;
}

/** Writes an object whose prototype is `Object.prototype`. */
export function writePlain(out: Output, value: Record<string, unknown>, write: WriteValue): void {
  const predicted = predictedShape(out);
  if (predicted !== undefined && hasShape(value, predicted)) {
    beginShaped(out, value, predicted);
    return writeShaped(out, value, predicted.keys, write);
  }
  const keys = keysOf(value);
  const shape = keys.length > 0 && keys.length <= MAX_SHAPE_KEYS ? shapeOf(keys) : undefined;
  lookForSymbols(value, shape);
  if (shape === undefined) return writeRecord(out, tag.RECORD, value, keys, write);
  if (out.depth < PREDICTED_DEPTH) out.predicted[out.depth] = shape;
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

/** Writes an array, with its holes. */
export function writeArray(out: Output, array: readonly unknown[], write: WriteValue): void {
  const { length } = array;
  if (hasHole(array) || hasNames(out, array)) return writeSparse(out, array, write);
  out.u8(tag.ARRAY);
  out.count(length);
  let i = 0;
  try {
    for (; i < length; i++) {
      const element = array[i];
      if (typeof element === "number") out.number(element);
      else write(out, element);
    }
  } catch (error) {
    throw atKey(error, i);
  }
}

function hasHole(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) {
    if (array[i] === undefined && !hasOwn(array, i)) return true;
  }
  return false;
}

/** Whether the array has named properties, as far as it is looked for; see `vigilance.ts`. */
function hasNames({ arrays, depth }: Output, array: readonly unknown[]): boolean {
  // What `match` and `exec` give is the one kind that is common.
  if ((array as { index?: unknown }).index !== undefined) return true;
  const vigilance = depth < PREDICTED_DEPTH ? arrays[depth] ??= new Vigilance() : undefined;
  if (vigilance?.isDue() === false || keysOf(array).length === array.length) return false;
  vigilance?.alarm();
  return true;
}

function writeShape(out: Output, shape: Shape): void {
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

function writeSparse(out: Output, array: readonly unknown[], write: WriteValue): void {
  const indexes = indexesOf(array);
  out.u8(tag.SPARSE_ARRAY);
  out.u32(array.length);
  out.count(indexes.length);
  for (const index of indexes) {
    out.u32(index);
    try {
      write(out, array[index]);
    } catch (error) {
      throw atKey(error, index);
    }
  }
}

/** Indexes of the elements there are; refuses named properties. */
function indexesOf(array: readonly unknown[]): number[] {
  return keysOf(array).map((key) => {
    const index = Number(key) >>> 0;
    if (String(index) === key && index < array.length) return index;
    throw new Refusal(array, "a named property of an array would be lost").under(keyStep(key));
  });
}

/** Refuses what the symbols of an object say about it, unless they are hidden marks. */
function lookForSymbols(value: object, shape?: Shape): void {
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
