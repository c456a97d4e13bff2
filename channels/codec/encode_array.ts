// Runs in: any isolate
/**
 * Arrays.
 *
 * I1. Which elements there are is settled before the first is written.
 * I2. Named properties are refused, not dropped.
 *
 * @module
 */

import { NUMBER_BYTES, putNumber } from "./numbers.ts";
import type { Output, WriteValue } from "./output.ts";
import type { Inside } from "./encode_plain.ts";
import { atKey, keyStep, Refusal } from "./refusal.ts";
import type { Site } from "./shapes.ts";
import * as tag from "./tags.ts";

const { hasOwn, keys: keysOf } = Object;

/** What {@linkcode writeDense} needs. */
const TOOLS = { atKey, hasOwn, putNumber, spare: NUMBER_BYTES, tag: tag.ARRAY };

/** Writes an array if it has neither holes nor names; whether it had none. */
type DenseWriter = (
  out: Output,
  array: readonly unknown[],
  options: { readonly tools: typeof TOOLS; readonly write: WriteValue },
) => boolean;

/** Writes an array, with its holes. */
export function writeArray(out: Output, array: readonly unknown[], inside: Inside): void {
  const { write, site } = inside;
  const isNamed = hasNames(site, array);
  const dense = site.copies.of(writeDense);
  if (isNamed || !dense(out, array, { tools: TOOLS, write })) writeSparse(out, array, write);
}

/** Whether the array has named properties, as far as it is looked for; see `vigilance.ts`. */
function hasNames({ arrays }: Site, array: readonly unknown[]): boolean {
  if (!arrays.isDue() || keysOf(array).length === array.length) return false;
  arrays.alarm();
  return true;
}

/** Knows nothing but its arguments, so that it can be copied: see {@linkcode Copies}. */
const writeDense: DenseWriter = (out, array, { tools, write }) => {
  const { length } = array;
  // What `match` and `exec` give is the one kind of named properties that is common.
  if ((array as { index?: unknown }).index !== undefined) return false;
  for (let i = 0; i < length; i++) {
    if (array[i] === undefined && !tools.hasOwn(array, i)) return false;
  }
  out.u8(tools.tag);
  out.count(length);
  let { bytes, view, pos } = out;
  let i = 0;
  try {
    for (; i < length; i++) {
      const element = array[i];
      if (typeof element === "number" && pos <= out.end - tools.spare) {
        pos = tools.putNumber(bytes, view, pos, element);
      } else {
        out.pos = pos;
        write(out, element);
        ({ bytes, view, pos } = out);
      }
    }
  } catch (error) {
    throw tools.atKey(error, i);
  }
  out.pos = pos;
  return true;
};

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
