// Runs in: any isolate
/**
 * What a queue is in the arena: its size, then a ring, or a chain of rings when it has no bound.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { load, store } from "../memory/atomics.ts";
import { Chain, ringsFrom } from "../memory/chain.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import {
  dropRegion,
  forgetRegion,
  makeRegion,
  QUEUE_REGION,
  REGION_WORDS,
} from "../memory/region.ts";
import { formatRing, recoverRing, Ring, ringBytes, type RingSize } from "../memory/ring.ts";
import { careFor } from "../memory/sweep.ts";
import { discardAll, discardTaken } from "./arrival.ts";
import type { PortRing } from "./port.ts";

const MAX_SIZE = REGION_WORDS;
const RING = REGION_WORDS + 16;
const CELL_BYTES = 128;
const UNBOUNDED_CELLS = 256;

/** Most items that a bounded queue can hold. */
export const MOST_ITEMS = 1 << 18;

/** The ring of a queue. */
export interface QueueRing extends PortRing {
  /** Items inside. */
  readonly size: number;
  /** Has everybody who waits look again. */
  ringAll(): void;
}

/** Makes the region of a queue; `maxsize` 0 for no bound. */
export function makeQueueRegion(isolate: Isolate, maxsize: number): BlockHandle {
  const { arena, heap, slot } = isolate;
  const size: RingSize = maxsize === 0
    ? { cells: UNBOUNDED_CELLS, cellBytes: CELL_BYTES }
    : { cells: Math.max(2, cellsFor(maxsize)), cellBytes: CELL_BYTES, limit: maxsize };
  const bytes = (RING - REGION_WORDS) * 4 + ringBytes(size);
  const region = makeRegion(arena, heap, { type: QUEUE_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a queue: the arena is full");
  store(arena.words, arena.wordOf(region) + MAX_SIZE, maxsize);
  formatRing(arena, arena.wordOf(region) + RING, size);
  return region;
}

/** The ring of a queue as this isolate uses it. */
export function openQueueRing(isolate: Isolate, region: BlockHandle): QueueRing {
  const at = isolate.arena.wordOf(region);
  const maxsize = load(isolate.arena.words, at + MAX_SIZE);
  if (maxsize === 0) return new Chain(isolate, at + RING);
  return new Ring(isolate, at + RING, { writers: "many", readers: "many" });
}

/** This isolate holds the queue no more; the last one frees it with what is inside. */
export function letGoOfQueue(isolate: Isolate, region: BlockHandle): void {
  if (dropRegion(isolate.arena, region, isolate.slot)) freeQueue(isolate, region);
}

/** A message that named the queue will not arrive. */
export function forgetQueue(isolate: Isolate, region: BlockHandle): void {
  if (forgetRegion(isolate.arena, region)) freeQueue(isolate, region);
}

function freeQueue(isolate: Isolate, region: BlockHandle): void {
  const ring = openQueueRing(isolate, region);
  discardAll(isolate, ring);
  if (ring instanceof Chain) ring.free();
  isolate.heap.free(region);
}

function cellsFor(maxsize: number): number {
  return 2 ** Math.ceil(Math.log2(maxsize));
}

careFor(QUEUE_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const taken = (cell: number) => discardTaken(isolate, cell);
  for (const at of ringsFrom(arena, arena.wordOf(region) + RING)) {
    recoverRing(arena, at, { dead, taken });
  }
  if (dropRegion(arena, region, dead)) freeQueue(isolate, region);
});
