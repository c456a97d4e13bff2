// Runs in: any isolate
/**
 * Scalars of one type, side by side in a region.
 *
 * ```text
 * number of the type | how many | lock | unused | the scalars, from byte 16
 * ```
 *
 * - I1: type and number are written before anybody else can see the region, and never again.
 * - I2: scalars are aligned to their size: the processor reads and writes each in one piece.
 *
 * @module
 */
import { VALUE_REGION } from "../region.ts";
import { type Hold, makeHold } from "./hold.ts";
import { type Cells, SCALARS, type ScalarType } from "./scalars.ts";

const CODE = 0;
const LENGTH = 1;
/** Offset in the content of a region: unit of its lock's block plus 1, or 0. */
export const LOCK = 2;
const HEAD_BYTES = 16;

/** What a constructor is given, in place of a type code, when the scalars are there already. */
export const OPEN: unique symbol = Symbol("open");

/** Scalars of a region. */
export interface Block {
  /** The hold of the region. */
  readonly hold: Hold;
  /** Their type. */
  readonly type: ScalarType;
  /** How many. */
  readonly length: number;
}

/** Makes a region of zeroed scalars. @throws FullError when the arena has no room */
export function makeBlock(type: ScalarType, length: number): Block {
  const hold = makeContent(length * type.bytes, { code: type.number, length });
  return { hold, type, length };
}

/** The scalars of a region made elsewhere. */
export function openBlock(hold: Hold): Block {
  const { words } = hold.isolate.arena;
  return { hold, type: SCALARS[words[hold.word + CODE]], length: lengthOf(hold) };
}

/** A typed array of the scalars, with the prototype of `kind` if that is given. */
export function cellsOf({ hold, type, length }: Block, kind: NewableFunction = type.View): Cells {
  return Reflect.construct(type.View, [hold.isolate.arena.buffer, contentAt(hold), length], kind);
}

/** Makes a region of `bytes` zeroed bytes of content. @throws FullError when the arena has no room */
export function makeContent(bytes: number, head: { code: number; length: number }): Hold {
  const hold = makeHold(VALUE_REGION, HEAD_BYTES + bytes);
  const { words } = hold.isolate.arena;
  words[hold.word + CODE] = head.code;
  words[hold.word + LENGTH] = head.length;
  return hold;
}

/** Byte offset of the content of a region. */
export function contentAt(hold: Hold): number {
  return hold.offset + HEAD_BYTES;
}

/** How many scalars, or records, a region has. */
export function lengthOf(hold: Hold): number {
  return hold.isolate.arena.words[hold.word + LENGTH];
}
