// Runs in: any isolate
/**
 * What a joinable queue is in the arena: a queue's ring, a second one for items that come back from dead
 * consumers, and the books of who has what.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { load } from "../memory/atomics.ts";
import { Chain, ringsFrom } from "../memory/chain.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import { Line } from "../memory/line.ts";
import { dropRegion, JOINABLE_QUEUE_REGION, makeRegion, REGION_WORDS } from "../memory/region.ts";
import { formatRing, recoverRing, type Ring, ringBytes } from "../memory/ring.ts";
import { careFor } from "../memory/sweep.ts";
import { discardAll, discardTaken } from "./arrival.ts";
import {
  JOINERS,
  type Kept,
  KEPT_BYTES,
  Ledger,
  MAX_SIZE,
  RETURNED,
  RETURNED_SIZE,
  RING,
} from "./ledger.ts";
import {
  freesQueues,
  type Leases,
  openRing,
  type QueuePort,
  type QueueRing,
  ringSizeFor,
} from "./queue_region.ts";

/** A joinable queue as one isolate uses it. */
export interface JoinablePort extends QueuePort {
  /** Who has what. */
  readonly leases: Consumer;
  /** Those here who wait until all is done. */
  readonly joiners: Line;
}

/** Makes the region of a joinable queue; `maxsize` 0 for no bound. */
export function makeJoinableRegion(
  isolate: Isolate,
  { maxsize, mostDeliveries }: { readonly maxsize: number; readonly mostDeliveries: number },
): BlockHandle {
  const { arena, heap, slot } = isolate;
  const size = ringSizeFor(maxsize);
  const bytes = (RING - REGION_WORDS) * 4 + ringBytes(size);
  const region = makeRegion(arena, heap, { type: JOINABLE_QUEUE_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a queue: the arena is full");
  const at = arena.wordOf(region);
  formatRing(arena, at + RETURNED, RETURNED_SIZE);
  formatRing(arena, at + RING, size);
  new Ledger(isolate, at).open(maxsize, mostDeliveries);
  return region;
}

/** A joinable queue as this isolate uses it. */
export function openJoinable(isolate: Isolate, region: BlockHandle): JoinablePort {
  const at = isolate.arena.wordOf(region);
  const ring = new JoinableRing(isolate, at);
  const joiners = new Line(isolate.park, at + JOINERS);
  const leases = new Consumer(isolate, ring, joiners);
  return {
    region,
    ring,
    joiners,
    leases,
    leave() {
      leases.leave();
      for (const line of [ring.readers, ring.writers, joiners]) isolate.park.unwatch(line);
      if (dropRegion(isolate.arena, region, isolate.slot)) freeJoinable(isolate, region);
    },
  };
}

/** The ring of a joinable queue: what came back goes first, and what is put is counted. */
class JoinableRing implements QueueRing {
  readonly ledger: Ledger;
  readonly readers: Line;
  readonly writers: Line;
  readonly room: number;
  readonly limit: number;
  readonly #main: Ring | Chain;
  readonly #returned: Chain;
  #latest: Ring | Chain;

  constructor(isolate: Isolate, at: number) {
    this.#main = openRing(isolate, at + RING, load(isolate.arena.words, at + MAX_SIZE));
    this.#returned = new Chain(isolate, at + RETURNED);
    this.#latest = this.#main;
    this.ledger = new Ledger(isolate, at, this.#returned);
    this.readers = this.#main.readers;
    this.writers = this.#main.writers;
    this.room = this.#main.room;
    this.limit = this.#main.limit;
  }

  get size(): number {
    return this.#main.size + this.#returned.size;
  }

  get ready(): boolean {
    return this.#returned.ready || this.#main.ready === true;
  }

  claim(): number {
    return this.#main.claim();
  }

  commit(cell: number, meta: number): void {
    this.ledger.putting(cell);
    this.#main.commit(cell, meta);
    this.ledger.put();
  }

  take(): number {
    this.#latest = this.#returned;
    const cell = this.#returned.take();
    if (cell >= 0) return cell;
    this.#latest = this.#main;
    return this.#main.take();
  }

  release(cell: number): void {
    this.#latest.release(cell);
  }

  frameAt(cell: number): number {
    return this.#main.frameAt(cell);
  }

  metaOf(cell: number): number {
    return this.#main.metaOf(cell);
  }

  ringAll(): void {
    this.#main.ringAll();
  }
}

/** What this isolate got and has not done. */
export class Consumer implements Leases {
  readonly #isolate: Isolate;
  readonly #ring: JoinableRing;
  readonly #joiners: Line;
  readonly #kept: Kept[] = [];
  readonly #refused = new Set<number>();

  /** The consumer here of the queue with this ring. */
  constructor(isolate: Isolate, ring: JoinableRing, joiners: Line) {
    this.#isolate = isolate;
    this.#ring = ring;
    this.#joiners = joiners;
  }

  /** Items that anybody has put and nobody has done. */
  get unfinished(): number {
    return this.#ring.ledger.unfinished;
  }

  /** Items given up. */
  get lost(): number {
    return this.#ring.ledger.lost;
  }

  get latest(): number {
    const last = this.#kept.at(-1);
    return last === undefined ? this.#ring.ledger.nextNumber - 1 : last.number;
  }

  keep(cell: number): void {
    const last = this.#kept.at(-1);
    const number = (this.latest + 1) | 0;
    const kept = { block: this.#isolate.heap.require(KEPT_BYTES), number };
    this.#ring.ledger.keep(cell, kept, last);
    this.#kept.push(kept);
  }

  refuse(item: number): void {
    const kept = this.#kept.find(({ number }) => number === item);
    if (kept === undefined) return;
    this.#ring.ledger.spend(kept);
    this.#refused.add(item);
    this.#finishRefused();
  }

  /** The oldest item that was got here is done; if there is none, one that anybody put. `false`: none. */
  finish(): boolean {
    const isDone = this.#kept.length > 0 ? this.#finishOldest() : this.#finishAny();
    this.#finishRefused();
    this.#tell();
    return isDone;
  }

  /** What was got here and is not done goes back. */
  leave(): void {
    if (this.#kept.length === 0) return;
    this.#kept.length = 0;
    this.#ring.ledger.returnAll(this.#isolate.slot);
    this.#ring.ringAll();
    this.#tell();
  }

  #finishRefused(): void {
    while (this.#kept.length > 0 && this.#refused.delete(this.#kept[0].number)) {
      this.#finishOldest();
      this.#tell();
    }
  }

  /** `false` when somebody had said that it is done before it was got: it counts once. */
  #finishOldest(): boolean {
    const { ledger } = this.#ring;
    const isOpen = ledger.isInOrder || ledger.unfinished > 0;
    ledger.finish(this.#kept.shift()!);
    if (!isOpen) ledger.countTwice();
    return isOpen;
  }

  #finishAny(): boolean {
    const isOpen = this.unfinished > 0;
    if (isOpen) this.#ring.ledger.countDone();
    return isOpen;
  }

  #tell(): void {
    this.#isolate.park.changed(this.#joiners.list, this.#joiners.topic);
    this.#joiners.stir();
  }
}

function freeJoinable(isolate: Isolate, region: BlockHandle): void {
  const at = isolate.arena.wordOf(region);
  const main = openRing(isolate, at + RING, load(isolate.arena.words, at + MAX_SIZE));
  for (const ring of [main, new Chain(isolate, at + RETURNED)]) {
    discardAll(isolate, ring);
    if (ring instanceof Chain) ring.free();
  }
  isolate.heap.free(region);
}

freesQueues(JOINABLE_QUEUE_REGION, freeJoinable);

careFor(JOINABLE_QUEUE_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const at = arena.wordOf(region);
  const ledger = new Ledger(isolate, at);
  const taken = (cell: number) => {
    if (ledger.keeps(dead, cell)) return discardTaken(isolate, cell);
    if (ledger.returnCell(cell)) return;
    discardTaken(isolate, cell);
    ledger.countLost();
  };
  ledger.settlePut(dead);
  for (const first of [RING, RETURNED]) {
    for (const ring of ringsFrom(arena, at + first)) recoverRing(arena, ring, { dead, taken });
  }
  ledger.returnAll(dead);
  if (dropRegion(arena, region, dead)) freeJoinable(isolate, region);
});
