// Runs in: any isolate
/**
 * Functions made to write objects of one shape; see `made.ts`.
 *
 * I1. Nothing is written where there may be no room: then the general functions write it, or say so.
 * I2. The message is the same, byte for byte, as without them.
 *
 * @module
 */

import { made } from "./made.ts";
import * as tag from "./tags.ts";

/** What is written to; `Output` says what it is. */
export interface Sink {
  /** Memory written to. */
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** Next byte to write. */
  pos: number;
  /** First byte that must not be written. */
  readonly end: number;
}

/** Writes an object if it is a plain one with the keys of the shape; whether it was. */
export type Writer = (out: Sink, value: object) => boolean;

/** A shape as far as it matters here. */
export interface Keyed {
  /** The keys in order. */
  readonly keys: readonly string[];
  /** Its key block, behind the head. */
  readonly words: Int32Array;
  /** The hash of the block. */
  readonly hash: number;
}

/** What a {@linkcode Writer} needs. */
export interface WriterTools {
  /** The brand of handles, which are not written by their keys. */
  readonly handle: symbol;
  /** `Object.getPrototypeOf`. */
  readonly getPrototypeOf: (value: object) => object | null;
  /** `Object.prototype`. */
  readonly plainPrototype: object;
  /** Refuses symbols as keys. */
  lookForSymbols(value: object, shape: never): void;
  /** Says what the keys of the object are. */
  writeShape(out: never, shape: never): void;
  /** Writes a number where there is room. */
  putNumber(bytes: Uint8Array, view: DataView, at: number, value: number): number;
  /** Writes the units of a short text where there is room, if each fits into a byte. */
  writeKnown(bytes: Uint8Array, view: DataView, at: number, text: string): boolean;
  /** Writes an object that stands at a place. */
  writeObject(out: never, value: object, site: never): void;
  /** Writes any value. */
  writeValue(out: never, value: unknown): void;
  /** Makes the error for a value under a key. */
  atKey(error: unknown, key: string): unknown;
  /** Makes a place. */
  site(): object;
}

/** Most words of a key block that stand in a text; a larger one is copied in a loop. */
const MOST_WORDS = 32;
const BLOCK_HEAD_BYTES = 6;
/** Room for anything that is written in place: a tag and a short text. */
const STEP_BYTES = 1 + tag.SHORT_TEXT_MAX;

/**
 * Makes a function that writes objects of a shape. What is short and of one piece it writes in place, its
 * position in a variable; all else, and whatever is close to the end of the memory, others do.
 */
export function writerOf(shape: Keyed, tools: WriterTools): Writer | undefined {
  const { keys } = shape;
  const sites = keys.map(() => tools.site());
  const text = `
  const { handle, getPrototypeOf, plainPrototype, lookForSymbols, writeShape } = tools;
  const { putNumber, writeKnown, writeObject, writeValue, atKey } = tools;
  const { symbols } = shape;
  return (out, value) => {
    if (value[handle] !== undefined || getPrototypeOf(value) !== plainPrototype) return false;
    let at = 0;
    for (const key in value) if (key !== keys[at++]) return false;
    if (at !== ${keys.length}) return false;
    if (symbols.isDue()) lookForSymbols(value, shape);
    let { bytes, view, pos } = out;
    let last = out.end - ${STEP_BYTES};
    let field;
    ${headOf(shape)}
    try {${keys.map(fieldOf).join("")}
    } catch (error) {
      throw atKey(error, keys[at]);
    }
    out.pos = pos;
    return true;
  };`;
  const making = made<Making>(["shape", "keys", "sites", "tools"], text);
  return making?.(shape, keys, sites, tools);
}

type Making = (
  shape: Keyed,
  keys: readonly string[],
  sites: readonly object[],
  tools: WriterTools,
) => Writer;

/** Writes the key block, or the number that it has in this message. */
function headOf({ words, hash }: Keyed): string {
  const others =
    `writeShape(out, shape); ({ bytes, view, pos } = out); last = out.end - ${STEP_BYTES};`;
  if (words.length > MOST_WORDS) return others;
  const length = BLOCK_HEAD_BYTES + 4 * words.length;
  const stores = Array.from(words, (word, index) => {
    return `view.setInt32(pos + ${BLOCK_HEAD_BYTES + 4 * index}, ${word}, true);`;
  });
  return `
    if (shape.message !== out.message && pos + ${length} <= out.end) {
      shape.message = out.message;
      shape.number = out.shapes++;
      bytes[pos] = ${tag.SHAPE_NEW};
      bytes[pos + 1] = ${words.length};
      view.setInt32(pos + 2, ${hash}, true);
      ${stores.join("\n      ")}
      pos += ${length};
    } else { ${others} }`;
}

/** Writes the value under a key. */
function fieldOf(key: string, index: number): string {
  return `
      at = ${index};
      field = value[${JSON.stringify(key)}];
      if (typeof field === "number" && pos <= last) pos = putNumber(bytes, view, pos, field);
      else if (
        typeof field === "string" && field.length <= ${tag.SHORT_TEXT_MAX} && pos <= last &&
        writeKnown(bytes, view, pos + 1, field)
      ) {
        bytes[pos] = ${tag.SHORT_TEXT} | field.length;
        pos += field.length + 1;
      } else if (typeof field === "boolean" && pos <= last) {
        bytes[pos++] = field ? ${tag.TRUE} : ${tag.FALSE};
      } else {
        out.pos = pos;
        if (typeof field === "object" && field !== null) writeObject(out, field, sites[${index}]);
        else writeValue(out, field);
        ({ bytes, view, pos } = out);
        last = out.end - ${STEP_BYTES};
      }`;
}
