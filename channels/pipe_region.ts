// Runs in: any isolate
/**
 * What a pipe is in the arena: two ends, each with one owner at a time, and a ring each way.
 *
 * - I1: an end's word is 0 once it is closed, for ever; else it names the owner's slot, or, with the
 *   `MOVING` bit, the isolate in whose custody it is until its message is committed (none: `MOVING`
 *   alone).
 * - I2: whoever closes the second end frees the pipe, with the messages nobody read.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { and, compareExchange, exchange, load, store } from "../memory/atomics.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import {
  forgetRegion,
  makeRegion,
  PIPE_REGION,
  REGION_COUNT,
  REGION_HOLDERS,
  REGION_WORDS,
} from "../memory/region.ts";
import { formatRing, Ring, ringBytes } from "../memory/ring.ts";
import { careFor } from "../memory/sweep.ts";
import { discardAll } from "./arrival.ts";

/** Which end of a pipe. */
export type Side = 0 | 1;

/** The end's word: on its way in a message. */
const MOVING = 1 << 16;
const ENDS = REGION_WORDS;
const RINGS = REGION_WORDS + 2;
const CELLS = REGION_WORDS + 3;
const SENT = REGION_WORDS + 4;
const TOOK = REGION_WORDS + 6;
const HEAD_WORDS = REGION_WORDS + 16;
const CELL_BYTES = 128;
const BOTH_WAYS = 3;
/** Messages each way, unless asked otherwise. */
export const DEFAULT_CAPACITY = 1024;
/** Most messages each way. */
export const MOST_CAPACITY = 1 << 16;
/** Bytes of long messages on their way before a send waits, in units of 64. */
const BOUND_UNITS = (512 << 10) / 64;

/** An end of a pipe, as a message names it. */
export interface EndName {
  /** The pipe. */
  readonly region: BlockHandle;
  /** Which end. */
  readonly side: Side;
}

/** Makes a pipe, both ends owned here. One way means from end 1 to end 0. */
export function makePipe(isolate: Isolate, { duplex, capacity }: PipeSize): BlockHandle {
  const { arena, heap, slot } = isolate;
  const size = { cells: Math.max(2, 2 ** Math.ceil(Math.log2(capacity))), cellBytes: CELL_BYTES };
  const bytes = (HEAD_WORDS - REGION_WORDS) * 4 + ringBytes(size) * (duplex ? 2 : 1);
  const region = makeRegion(arena, heap, { type: PIPE_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a pipe: the arena is full");
  const at = arena.wordOf(region);
  store(arena.words, at + REGION_COUNT, 2);
  and(arena.words, at + REGION_HOLDERS + (slot >> 5), 0);
  for (const side of [0, 1]) store(arena.words, at + ENDS + side, slot + 1);
  store(arena.words, at + RINGS, duplex ? BOTH_WAYS : 2);
  store(arena.words, at + CELLS, size.cells);
  formatRing(arena, ringAt(isolate, region, 1), size);
  if (duplex) formatRing(arena, ringAt(isolate, region, 0), size);
  return region;
}

/** See {@linkcode makePipe}. */
export interface PipeSize {
  /** Both ways, or one. */
  readonly duplex: boolean;
  /** Messages each way; rounded up to a power of two. */
  readonly capacity: number;
}

/** The ring that `side` sends into, or `undefined` when it cannot send. */
export function ringFrom(isolate: Isolate, { region, side }: EndName): Ring | undefined {
  const { arena } = isolate;
  const ways = load(arena.words, arena.wordOf(region) + RINGS);
  if ((ways & (1 << side)) === 0) return undefined;
  return new Ring(isolate, ringAt(isolate, region, side), { writers: "one", readers: "one" });
}

/** Whether an end is closed. */
export function isEndClosed(isolate: Isolate, name: EndName): boolean {
  return load(isolate.arena.words, endAt(isolate, name)) === 0;
}

/** Address of an end's word, which is 0 once the end is closed. */
export function endAt({ arena }: Isolate, { region, side }: EndName): number {
  return arena.wordOf(region) + ENDS + side;
}

/** The end leaves for another isolate, in the custody of this one. */
export function sendEnd({ arena, slot }: Isolate, { region, side }: EndName): void {
  store(arena.words, arena.wordOf(region) + ENDS + side, MOVING | (slot + 1));
}

/** The message that carries the end is committed: it is in nobody's custody. */
export function landEnd({ arena, slot }: Isolate, { region, side }: EndName): void {
  const custody = MOVING | (slot + 1);
  compareExchange(arena.words, arena.wordOf(region) + ENDS + side, custody, MOVING);
}

/** Takes an end that arrived; `false` when it was closed on its way. */
export function takeEnd({ arena, slot }: Isolate, { region, side }: EndName): boolean {
  const at = arena.wordOf(region) + ENDS + side;
  for (;;) {
    const seen = load(arena.words, at);
    if ((seen & MOVING) === 0) return false;
    if (compareExchange(arena.words, at, seen, slot + 1) === seen) return true;
  }
}

/** Closes an end and tells the other. What was not read at this end is thrown away. */
export function closeEnd(isolate: Isolate, name: EndName): void {
  const { arena, heap } = isolate;
  const { region, side } = name;
  if (exchange(arena.words, arena.wordOf(region) + ENDS + side, 0) === 0) return;
  const other: EndName = { region, side: side === 0 ? 1 : 0 };
  const incoming = ringFrom(isolate, other);
  if (incoming !== undefined) throwAway(isolate, incoming);
  ringFrom(isolate, name)?.ringAll();
  if (!forgetRegion(arena, region)) return;
  for (const end of [name, other]) {
    const ring = ringFrom(isolate, end);
    if (ring !== undefined) throwAway(isolate, ring);
  }
  heap.free(region);
}

/** Bytes of long messages that `side` has on their way, as a bound and a count. */
export class Flow {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #side: Side;

  /** The flow out of `side`. */
  constructor({ arena }: Isolate, { region, side }: EndName) {
    this.#words = arena.words;
    this.#at = arena.wordOf(region);
    this.#side = side;
  }

  /** So many more were sent from this side. */
  sent(longBytes: number): void {
    const at = this.#at + SENT + this.#side;
    store(this.#words, at, load(this.#words, at) + toUnits(longBytes));
  }

  /** So many of the other side's were read here. */
  took(longBytes: number): void {
    const at = this.#at + TOOK + (1 - this.#side);
    store(this.#words, at, load(this.#words, at) + toUnits(longBytes));
  }

  /**
   * Whether this side sent more than may be on its way. Not when the other side did too: if both
   * waited for the other to read first, neither would ever read.
   */
  isOver(): boolean {
    return this.#isOver(this.#side) && !this.#isOver(1 - this.#side);
  }

  #isOver(side: number): boolean {
    const sent = load(this.#words, this.#at + SENT + side);
    return ((sent - load(this.#words, this.#at + TOOK + side)) | 0) > BOUND_UNITS;
  }
}

function toUnits(bytes: number): number {
  return bytes < 0 ? -Math.ceil(-bytes / 64) : Math.ceil(bytes / 64);
}

function throwAway(isolate: Isolate, ring: Ring): void {
  discardAll(isolate, ring);
  ring.ringAll();
}

function ringAt({ arena }: Isolate, region: BlockHandle, side: Side): number {
  const at = arena.wordOf(region);
  const isSecond = side === 0 && load(arena.words, at + RINGS) === BOTH_WAYS;
  const cells = load(arena.words, at + CELLS);
  return at + HEAD_WORDS + (isSecond ? ringBytes({ cells, cellBytes: CELL_BYTES }) / 4 : 0);
}

careFor(PIPE_REGION, (isolate, region, dead) => {
  const { words } = isolate.arena;
  for (const side of [0, 1] as const) {
    if (!isolate.arena.isLive(region)) return;
    const owner = load(words, isolate.arena.wordOf(region) + ENDS + side);
    if (owner === dead + 1 || owner === (MOVING | (dead + 1))) closeEnd(isolate, { region, side });
  }
});
