// Runs in: any isolate
/**
 * Numbers as bytes: a tag, and as few bytes as it takes.
 *
 * I1. Every number arrives as it was, -0 and NaN included.
 *
 * @module
 */

import * as tag from "./tags.ts";

/** Most bytes of a number. */
export const NUMBER_BYTES = 9;

/** Bytes of a number with its tag. */
export function numberBytes(value: number): number {
  if (!isInteger(value)) return NUMBER_BYTES;
  if (value >= 0 && value < tag.INT7_END) return 1;
  if (value << 24 >> 24 === value) return 2;
  return value << 16 >> 16 === value ? 3 : 5;
}

/** Writes a number with its tag at `at`, where there is room, and gives the position after it. */
export function putNumber(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  if (!isInteger(value)) {
    bytes[at] = tag.FLOAT64;
    view.setFloat64(at + 1, value, true);
    return at + NUMBER_BYTES;
  }
  if (value >= 0 && value < tag.INT7_END) {
    bytes[at] = value;
    return at + 1;
  }
  if (value << 24 >> 24 === value) {
    bytes[at] = tag.INT8;
    bytes[at + 1] = value;
    return at + 2;
  }
  if (value << 16 >> 16 === value) {
    bytes[at] = tag.INT16;
    bytes[at + 1] = value;
    bytes[at + 2] = value >> 8;
    return at + 3;
  }
  bytes[at] = tag.INT32;
  view.setInt32(at + 1, value, true);
  return at + 5;
}

/** Whether it is an integer of 32 bits, and not -0. */
function isInteger(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}
