// Runs in: any isolate
/**
 * The books of a joinable queue: how many items were put and how many are done, and a copy of each item
 * that was got and is not done, so that it can be given to somebody else when its consumer dies.
 *
 * - I1: an item counts as put before anybody can get it, and as done once; so the difference is 0 only
 *   when all are done.
 * - I2: from before it leaves the ring until it is done, an item that was got is in the list of its
 *   consumer. One store puts it there, and one store says that it is done.
 * - I3: a count is written by one isolate only, the one in its slot, or by the sweep after its death.
 *
 * @module
 */
import { type BlockHandle, HELD, LOOSE } from "../memory/arena.ts";
import { add, load, store } from "../memory/atomics.ts";
import { WAIT_LIST_WORDS } from "../memory/bell.ts";
import { Chain } from "../memory/chain.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import { MAX_ISOLATES } from "../memory/layout.ts";
import { REGION_WORDS } from "../memory/region.ts";
import { NONE, ringBytes, type RingSize } from "../memory/ring.ts";
import { GOES_TO_CELL, GOES_WITH_TICKET, wasCommitted } from "../memory/sweep.ts";
import { blockNamedAt } from "./arrival.ts";
import {
  BLOCK_HEAD_BYTES,
  FRAME_LENGTH,
  IN_BLOCK,
  IN_STREAM,
  WITH_HANDLES,
  writeName,
} from "./parcel.ts";
import { CELL_BYTES } from "./queue_region.ts";

/** Offset in the region: most items inside. */
export const MAX_SIZE = REGION_WORDS;
const MOST_DELIVERIES = REGION_WORDS + 1;
const LOST = REGION_WORDS + 2;
const FROM_NOBODY = REGION_WORDS + 3;
/** Offset: the list of those who wait until all is done. */
export const JOINERS = REGION_WORDS + 16;
const FIRST = JOINERS + 16 * Math.ceil(WAIT_LIST_WORDS / 16);
const PUT = FIRST + MAX_ISOLATES;
/** Offset: how many of the items that each isolate got are done. */
export const DONE = PUT + MAX_ISOLATES;
const EXTRA = DONE + MAX_ISOLATES;
const AIM_CELL = EXTRA + MAX_ISOLATES;
const AIM_TICKET = AIM_CELL + MAX_ISOLATES;
const AIM_PUT = AIM_TICKET + MAX_ISOLATES;
/** Offset: the ring of items that came back from dead consumers. */
export const RETURNED = AIM_PUT + MAX_ISOLATES;
/** Its size; it grows. */
export const RETURNED_SIZE: RingSize = { cells: 16, cellBytes: CELL_BYTES };
/** Offset: the ring of the queue. */
export const RING = RETURNED + ringBytes(RETURNED_SIZE) / 4;

// A kept item, in words from the start of its block.
const NEXT = 0;
const NUMBER = 1;
const CELL = 2;
const TICKET = 3;
const META = 4;
const FRAME = 5;
/** Bytes of the block that a kept item needs. */
export const KEPT_BYTES = FRAME * 4 + CELL_BYTES;
/** The meta word of a kept item that cannot be delivered again. */
const SPENT = -1;
/** Bits of a frame's meta word that count how often it was given back. */
const DELIVERIES = 27;
/** Most deliveries that the bits can count. */
export const MOST_COUNTED = 15;

/** An item in the list of its consumer. */
export interface Kept {
  /** The block with its copy. */
  readonly block: BlockHandle;
  /** Which item it is of this consumer: they count up. */
  readonly number: number;
}

/** The books of one joinable queue, as `isolate` reads and writes them. */
export class Ledger {
  readonly #isolate: Isolate;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #returned: Chain;

  /** The books in the region at `at`. */
  constructor(isolate: Isolate, at: number, returned: Chain = new Chain(isolate, at + RETURNED)) {
    this.#isolate = isolate;
    this.#words = isolate.arena.words;
    this.#at = at;
    this.#returned = returned;
  }

  /** Opens the books. */
  open(maxsize: number, mostDeliveries: number): void {
    store(this.#words, this.#at + MAX_SIZE, maxsize);
    store(this.#words, this.#at + MOST_DELIVERIES, mostDeliveries);
  }

  /** Items put and not done. */
  get unfinished(): number {
    const done = this.#sum(DONE) + this.#sum(EXTRA);
    return Math.max(0, (this.#sum(PUT) - done) | 0);
  }

  /** Items given up. */
  get lost(): number {
    return load(this.#words, this.#at + LOST);
  }

  /** Counts an item as put, whose cell is about to be committed; {@linkcode Ledger.put} says that it was. */
  putting(cell: number): void {
    const { slot } = this.#isolate;
    const count = (load(this.#words, this.#at + PUT + slot) + 1) | 0;
    store(this.#words, this.#at + AIM_TICKET + slot, this.#words[cell] >>> 12);
    store(this.#words, this.#at + AIM_PUT + slot, count);
    store(this.#words, this.#at + AIM_CELL + slot, cell);
    store(this.#words, this.#at + PUT + slot, count);
  }

  /** See {@linkcode Ledger.putting}. */
  put(): void {
    store(this.#words, this.#at + AIM_CELL + this.#isolate.slot, 0);
  }

  /** The dead did not come to commit what it had counted. Asked before its cells are recovered. */
  settlePut(dead: number): void {
    const cell = load(this.#words, this.#at + AIM_CELL + dead);
    if (cell === 0) return;
    const ticket = load(this.#words, this.#at + AIM_TICKET + dead);
    const count = load(this.#words, this.#at + AIM_PUT + dead);
    const isCounted = load(this.#words, this.#at + PUT + dead) === count;
    if (isCounted && !wasCommitted(this.#isolate.arena, cell, ticket)) {
      store(this.#words, this.#at + PUT + dead, (count - 1) | 0);
    }
    store(this.#words, this.#at + AIM_CELL + dead, 0);
  }

  /** Whether all that was counted as done was got before: then an item in a list is surely not done. */
  get isInOrder(): boolean {
    return load(this.#words, this.#at + FROM_NOBODY) === 0;
  }

  /** One item is done that is in nobody's list. */
  countDone(): void {
    store(this.#words, this.#at + FROM_NOBODY, 1);
    this.#count(1);
  }

  /** An item in the list had been counted as done before. */
  countTwice(): void {
    this.#count(-1);
  }

  /** The number of the next item that this isolate gets. */
  get nextNumber(): number {
    return load(this.#words, this.#at + DONE + this.#isolate.slot);
  }

  /** Copies the item in a cell into `block`, after the last one of the list. */
  keep(cell: number, { block, number }: Kept, last: Kept | undefined): void {
    const words = this.#words;
    const at = this.#isolate.arena.wordOf(block);
    store(words, at + NEXT, 0);
    words[at + NUMBER] = number;
    words[at + CELL] = cell;
    words[at + TICKET] = words[cell] >>> 12;
    words[at + META] = this.#copyFrame(cell, at + FRAME);
    const link = last === undefined
      ? this.#at + FIRST + this.#isolate.slot
      : this.#isolate.arena.wordOf(last.block) + NEXT;
    store(words, link, this.#isolate.arena.unitOf(block) + 1);
  }

  /** The item will not be delivered again. */
  spend({ block }: Kept): void {
    const at = this.#isolate.arena.wordOf(block);
    this.#freeLong(at);
    this.#words[at + META] = SPENT;
  }

  /** The first item of the list is done. */
  finish({ block, number }: Kept): void {
    const { slot, arena, heap } = this.#isolate;
    const at = arena.wordOf(block);
    store(this.#words, this.#at + DONE + slot, (number + 1) | 0);
    store(this.#words, this.#at + FIRST + slot, load(this.#words, at + NEXT));
    this.#freeLong(at);
    heap.free(block);
  }

  /** Whether an item in the list of `slot` is a copy of the one in this cell. */
  keeps(slot: number, cell: number): boolean {
    const ticket = this.#words[cell] >>> 12;
    for (const { block } of this.#listOf(slot)) {
      const at = this.#isolate.arena.wordOf(block);
      if (this.#words[at + CELL] === cell && this.#words[at + TICKET] === ticket) return true;
    }
    return false;
  }

  /** Gives the items of `slot` that are not done back to the queue; its list is empty then. */
  returnAll(slot: number): void {
    const done = load(this.#words, this.#at + DONE + slot);
    for (const { block, number } of [...this.#listOf(slot)]) {
      const at = this.#isolate.arena.wordOf(block);
      if (((number - done) | 0) >= 0) this.#return(at);
      else this.#freeLong(at);
      store(this.#words, this.#at + FIRST + slot, load(this.#words, at + NEXT));
      this.#isolate.heap.free(block);
    }
  }

  /** Gives back the item in a cell that was taken and not kept; `false` when it cannot be. */
  returnCell(cell: number): boolean {
    const meta = again(this.#words[cell + 1], load(this.#words, this.#at + MOST_DELIVERIES));
    return meta !== SPENT && this.#deliver(meta, cell + 2) >= 0;
  }

  /** An item is given up. */
  countLost(): void {
    add(this.#words, this.#at + LOST, 1);
    this.#count(1);
  }

  #count(by: 1 | -1): void {
    add(this.#words, this.#at + EXTRA + this.#isolate.slot, by);
  }

  #sum(table: number): number {
    let sum = 0;
    for (let at = this.#at + table; at < this.#at + table + MAX_ISOLATES; at++) {
      sum = (sum + load(this.#words, at)) | 0;
    }
    return sum;
  }

  *#listOf(slot: number): Generator<Kept> {
    const { arena } = this.#isolate;
    for (let unit = load(this.#words, this.#at + FIRST + slot); unit !== 0;) {
      const block = arena.handleOf(unit - 1);
      yield { block, number: this.#words[arena.wordOf(block) + NUMBER] };
      unit = load(this.#words, arena.wordOf(block) + NEXT);
    }
  }

  /** Copies a frame, and the block that it names; the meta word of the copy. */
  #copyFrame(cell: number, to: number): number {
    const meta = again(this.#words[cell + 1], load(this.#words, this.#at + MOST_DELIVERIES));
    if (meta === SPENT) return meta;
    const from = cell + 2;
    this.#words.copyWithin(to, from, from + (CELL_BYTES >> 2) - 2);
    if ((meta & IN_BLOCK) === 0) return meta;
    const { arena, heap } = this.#isolate;
    const { block, length } = blockNamedAt(this.#isolate, from << 2);
    const copy = heap.allocate(length + BLOCK_HEAD_BYTES);
    if (copy === NO_ROOM) return SPENT;
    const source = arena.offsetOf(block) + BLOCK_HEAD_BYTES;
    arena.bytes.copyWithin(arena.offsetOf(copy) + BLOCK_HEAD_BYTES, source, source + length);
    writeName(this.#words, to, { block: copy, length });
    return meta;
  }

  /** Frees the block that a kept item names. */
  #freeLong(at: number): void {
    const meta = this.#words[at + META];
    if (meta === SPENT || (meta & IN_BLOCK) === 0) return;
    this.#isolate.heap.free(blockNamedAt(this.#isolate, (at + FRAME) << 2).block);
  }

  /** Gives one kept item back; or gives it up. */
  #return(at: number): void {
    const meta = this.#words[at + META];
    const cell = this.#words[at + CELL];
    const wasReturned = cell < 0 &&
      wasCommitted(this.#isolate.arena, ~cell, this.#words[at + TICKET]);
    if (wasReturned) return;
    if (meta === SPENT || this.#deliver(meta, at + FRAME, at) < 0) {
      this.#freeLong(at);
      this.countLost();
    }
  }

  /** Puts a frame among those that came back; NONE when the arena has no room. */
  #deliver(meta: number, frame: number, kept?: number): number {
    const { arena, slot } = this.#isolate;
    const { block } = blockNamedAt(this.#isolate, frame << 2);
    const isLong = (meta & IN_BLOCK) !== 0;
    if (isLong && !arena.isLive(block)) return NONE;
    const cell = this.#returned.claim();
    if (cell < 0) return cell;
    const ticket = this.#words[cell] >>> 12;
    if (kept !== undefined) {
      this.#words[kept + TICKET] = ticket;
      store(this.#words, kept + CELL, ~cell);
    }
    this.#words.copyWithin(cell + 2, frame, frame + (CELL_BYTES >> 2) - 2);
    if (isLong) {
      const at = arena.wordOf(block);
      this.#words[at + GOES_TO_CELL] = cell;
      this.#words[at + GOES_WITH_TICKET] = ticket;
      arena.changeKind(block, { from: HELD, to: LOOSE, owner: slot });
    }
    this.#returned.commit(cell, meta);
    return cell;
  }
}

/** The meta word of a frame when it is delivered once more; {@linkcode SPENT} when it cannot be. */
function again(meta: number, mostDeliveries: number): number {
  if ((meta & (IN_STREAM | WITH_HANDLES)) !== 0) return SPENT;
  const next = (meta >>> DELIVERIES) + 1;
  const flags = meta & (FRAME_LENGTH | IN_BLOCK);
  return next >= mostDeliveries ? SPENT : flags | (next << DELIVERIES);
}
