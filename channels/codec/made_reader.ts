// Runs in: any isolate
/**
 * Functions made to read objects of one shape; see `made.ts`.
 *
 * I1. Nothing is read that is not all there, and no tag taken for another: the general functions read it, or
 *     say what is wrong.
 *
 * @module
 */

import { made } from "./made.ts";
import { NUMBER_BYTES } from "./numbers.ts";
import * as tag from "./tags.ts";

/** What is read; `Input` says what it is. */
export interface Spring {
  /** Memory read from. */
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** Next byte to read. */
  pos: number;
  /** First byte that must not be read. */
  readonly end: number;
}

/** Reads the values of an object, in the order of its keys, and makes it. */
export type Reader = (input: Spring) => object;

/** What a {@linkcode Reader} needs. */
export interface ReaderTools {
  /** Reads a short text whose bytes there are. */
  readKnown(bytes: Uint8Array, view: DataView, at: number, length: number): string;
  /** Reads an object that stands at a place, after its tag. */
  readObject(input: never, kind: number, site: never): unknown;
  /** Reads any value. */
  readValue(input: never): unknown;
  /** Makes a place. */
  site(): object;
}

/**
 * Makes a function that reads objects with these keys. What is short and of one piece it reads in place, its
 * position in a variable; all else, and what is not all there, others do.
 */
export function readerOf(keys: readonly string[], tools: ReaderTools): Reader | undefined {
  const sites = keys.map(() => tools.site());
  const fields = keys.map((key, index) => `${JSON.stringify(key)}: v${index}`);
  const text = `
  const { readKnown, readObject, readValue } = tools;
  return (input) => {
    const { bytes, view, end } = input;
    let { pos } = input;
    let kind;${keys.map((_key, index) => valueOf(index)).join("")}
    input.pos = pos;
    return {${fields.join()}};
  };`;
  return made<Making>(["sites", "tools"], text)?.(sites, tools);
}

type Making = (sites: readonly object[], tools: ReaderTools) => Reader;

/** Reads one value. */
function valueOf(index: number): string {
  const value = `v${index}`;
  return `
    let ${value};
    kind = pos < end ? bytes[pos] : ${tag.UNDEFINED};
    if (kind < ${tag.INT7_END}) {
      ${value} = kind;
      pos++;
    } else if (kind === ${tag.FLOAT64} && pos <= end - ${NUMBER_BYTES}) {
      ${value} = view.getFloat64(pos + 1, true);
      pos += ${NUMBER_BYTES};
    } else if (kind >= ${tag.SHORT_TEXT} && kind - ${tag.SHORT_TEXT} < end - pos &&
      kind < ${tag.FIRST_OBJECT}) {
      ${value} = readKnown(bytes, view, pos + 1, kind - ${tag.SHORT_TEXT});
      pos += kind - ${tag.SHORT_TEXT - 1};
    } else if (kind === ${tag.INT16} && pos <= end - 3) {
      ${value} = view.getInt16(pos + 1, true);
      pos += 3;
    } else if (kind === ${tag.TRUE}) {
      ${value} = true;
      pos++;
    } else if (kind >= ${tag.FIRST_OBJECT}) {
      input.pos = pos + 1;
      ${value} = readObject(input, kind, sites[${index}]);
      pos = input.pos;
    } else {
      input.pos = pos;
      ${value} = readValue(input);
      pos = input.pos;
    }`;
}
