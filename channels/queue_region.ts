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
import { addName, holdNamed, keepName, nameRegions } from "../memory/names/directory.ts";
import {
  dropRegion,
  forgetRegion,
  makeRegion,
  QUEUE_REGION,
  REGION_WORDS,
  type RegionType,
  typeOfRegion,
} from "../memory/region.ts";
import { formatRing, recoverRing, Ring, ringBytes, type RingSize } from "../memory/ring.ts";
import { careFor } from "../memory/sweep.ts";
import { discardAll, discardTaken } from "./arrival.ts";
import type { PortRing } from "./port.ts";

const MAX_SIZE = REGION_WORDS;
const RING = REGION_WORDS + 16;
/** Bytes of a cell of a queue. */
export const CELL_BYTES = 128;
const UNBOUNDED_CELLS = 256;

/** Most items that a bounded queue can hold. */
export const MOST_ITEMS = 1 << 18;

/** The ring of a queue. */
export interface QueueRing extends PortRing {
  /** Items inside. */
  readonly size: number;
  /** Whether there is something to take. */
  readonly ready: boolean | undefined;
  /** Has everybody who waits look again. */
  ringAll(): void;
}

/** A queue as one isolate uses it. */
export interface QueuePort {
  /** Where it is. */
  readonly region: BlockHandle;
  /** Its ring. */
  readonly ring: QueueRing;
  /** Keeps what was got until it is done, in queues that do. */
  readonly leases?: Leases;
  /** This isolate holds the queue no more; the last one frees it with what is inside. */
  leave(): void;
}

/** What a queue keeps of the items that were got and are not done. */
export interface Leases {
  /** Keeps the item in a cell, before it leaves the ring. */
  keep(cell: number): void;
  /** What the item kept last is called. */
  readonly latest: number;
  /** The item could not be read or was refused: nobody will say that it is done. */
  refuse(item: number): void;
}

/** Opens the port of a queue that this isolate holds. */
export type OpenPort = (isolate: Isolate, region: BlockHandle) => QueuePort;

/** For the constructors of queues: the port, when there is one already. */
export const PORT: unique symbol = Symbol("port");

/** Makes the region of a queue; `maxsize` 0 for no bound. */
export function makeQueueRegion(isolate: Isolate, maxsize: number): BlockHandle {
  const { arena, heap, slot } = isolate;
  const size = ringSizeFor(maxsize);
  const bytes = (RING - REGION_WORDS) * 4 + ringBytes(size);
  const region = makeRegion(arena, heap, { type: QUEUE_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a queue: the arena is full");
  store(arena.words, arena.wordOf(region) + MAX_SIZE, maxsize);
  formatRing(arena, arena.wordOf(region) + RING, size);
  return region;
}

function openQueueRing(isolate: Isolate, region: BlockHandle): Ring | Chain {
  const at = isolate.arena.wordOf(region);
  return openRing(isolate, at + RING, load(isolate.arena.words, at + MAX_SIZE));
}

/** A ring at `at` for a queue of this size, as this isolate uses it. */
export function openRing(isolate: Isolate, at: number, maxsize: number): Ring | Chain {
  if (maxsize === 0) return new Chain(isolate, at);
  return new Ring(isolate, at, { writers: "many", readers: "many" });
}

/** The size of the ring, or of the first one, of a queue of this size. */
export function ringSizeFor(maxsize: number): RingSize {
  if (maxsize === 0) return { cells: UNBOUNDED_CELLS, cellBytes: CELL_BYTES };
  return { cells: Math.max(2, cellsFor(maxsize)), cellBytes: CELL_BYTES, limit: maxsize };
}

/** A queue as this isolate uses it. */
export function openQueue(isolate: Isolate, region: BlockHandle): QueuePort {
  const ring = openQueueRing(isolate, region);
  return {
    region,
    ring,
    leave() {
      for (const line of [ring.readers, ring.writers]) isolate.park.unwatch(line);
      if (dropRegion(isolate.arena, region, isolate.slot)) freeQueue(isolate, region);
    },
  };
}

/** The port of the queue of a name, which lasts as long as the arena; makes it if there is none. */
export function openNamed(isolate: Isolate, name: string, maxsize: number): QueuePort {
  const named = { name, type: QUEUE_REGION };
  for (;;) {
    const found = holdNamed(isolate, named);
    const port = openQueue(isolate, found ?? makeQueueRegion(isolate, maxsize));
    if (found !== undefined || addName(isolate, named, port.region)) {
      keepName(isolate, named);
      return port;
    }
    port.leave();
  }
}

nameRegions(QUEUE_REGION, freeQueue);

const frees = new Map<RegionType, (isolate: Isolate, region: BlockHandle) => void>([
  [QUEUE_REGION, freeQueue],
]);

/** Says how a queue of another type of region is freed, with what is inside. */
export function freesQueues(
  type: RegionType,
  free: (isolate: Isolate, region: BlockHandle) => void,
): void {
  frees.set(type, free);
}

/** A message that named the queue will not arrive. */
export function forgetQueue(isolate: Isolate, region: BlockHandle): void {
  const free = frees.get(typeOfRegion(isolate.arena, region));
  if (free !== undefined && forgetRegion(isolate.arena, region)) free(isolate, region);
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

/** The size that `maxsize` asks for; 0 for no bound. */
export function sizeOf(maxsize: number): number {
  if (typeof maxsize !== "number" || Number.isNaN(maxsize)) {
    throw new TypeError("Cannot make a queue: maxsize is not a number");
  }
  const size = Math.floor(maxsize);
  if (size <= 0 || size === Infinity) return 0;
  if (size > MOST_ITEMS) {
    throw new RangeError(
      `Cannot make a queue of ${size} items: at most ${MOST_ITEMS}, or 0 for no bound`,
    );
  }
  return size;
}
