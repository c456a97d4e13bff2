// Runs in: any isolate
/**
 * A ring that grows: when it is full it is sealed and a ring twice as large takes over. Readers finish
 * a sealed ring before they go on. So there is no bound but the arena's, and no frame is ever copied.
 *
 * - I1: the rings of a chain are used in order; a writer that went on never writes to an earlier one.
 * - I2: an earlier ring is kept until the chain is closed, so nobody ever touches freed memory; all of
 *   them together are less than twice the largest.
 *
 * @module
 */
import { compareExchange, load, store } from "./atomics.ts";
import { type Arena, HELD, PART } from "./arena.ts";
import { NO_ROOM } from "./heap.ts";
import type { Isolate } from "./isolate.ts";
import { UNIT_BYTES } from "./layout.ts";
import type { Line } from "./line.ts";
import { formatRing, nextRingAt, NONE, Ring, ringBytes, SEALED, sealingAt } from "./ring.ts";

const MOST_CELLS = 1 << 18;

/** One isolate's end of a growing ring, for many writers and many readers. */
export class Chain {
  /** Those here who wait for a frame. */
  readonly readers: Line;
  /** Those here who wait for room; nobody does, unless the arena is full. */
  readonly writers: Line;
  /** Bytes that fit into a cell. */
  readonly room: number;
  /** There is none. */
  readonly limit = Infinity;
  readonly #isolate: Isolate;
  readonly #cellBytes: number;
  readonly #rings: { at: number; ring: Ring }[] = [];
  #writing = 0;
  #reading = 0;

  /** The chain whose first ring is at `at`. */
  constructor(isolate: Isolate, at: number) {
    this.#isolate = isolate;
    const first = this.#open(at, at);
    this.readers = first.readers;
    this.writers = first.writers;
    this.room = first.room;
    this.#cellBytes = first.room + 8;
  }

  /** A cell to fill; NONE only when the arena is full. */
  claim(): number {
    for (;;) {
      const { ring, at } = this.#rings[this.#writing];
      const cell = ring.claim();
      if (cell >= 0) return cell;
      if (cell === NONE && !this.#grow(at, ring.limit)) return NONE;
      this.#writing = this.#follow(this.#writing);
    }
  }

  /** Publishes the cell claimed last. */
  commit(cell: number, meta: number): void {
    this.#rings[this.#writing].ring.commit(cell, meta);
  }

  /** Gives the cell claimed last up. */
  abandon(cell: number): void {
    this.#rings[this.#writing].ring.abandon(cell);
  }

  /** The oldest frame's cell, or NONE. */
  take(): number {
    for (;;) {
      const cell = this.#rings[this.#reading].ring.take();
      if (cell !== SEALED) return cell;
      this.#reading = this.#follow(this.#reading);
    }
  }

  /** Gives the cell taken last back. */
  release(cell: number): void {
    this.#rings[this.#reading].ring.release(cell);
  }

  /** Whether {@linkcode take} would give a frame. Takes nothing. */
  get ready(): boolean {
    for (let index = this.#reading;; index = this.#follow(index)) {
      const ready = this.#rings[index].ring.ready;
      if (ready !== undefined) return ready;
    }
  }

  /** Byte offset of a cell's frame. */
  frameAt(cell: number): number {
    return this.#rings[0].ring.frameAt(cell);
  }

  /** Length and flags of a cell's frame. */
  metaOf(cell: number): number {
    return this.#rings[0].ring.metaOf(cell);
  }

  /** Frames inside, for information. */
  get size(): number {
    for (let last = this.#rings.length - 1; this.#nextOf(last) !== 0;) last = this.#follow(last);
    return this.#rings.reduce((sum, { ring }) => sum + ring.size, 0);
  }

  /** Has everybody who waits look again. */
  ringAll(): void {
    this.#rings[0].ring.ringAll();
  }

  /** Frees all rings but the first, which belongs to its region. */
  free(): void {
    const { arena, heap } = this.#isolate;
    const units: number[] = [];
    for (let next = this.#nextOf(0); next !== 0;) {
      units.push(next);
      next = load(arena.words, nextRingAt(this.#addressOf(next)));
    }
    for (const unit of units) heap.free(arena.handleOf(unit - 1));
  }

  #open(at: number, lists: number): Ring {
    const ring = new Ring(this.#isolate, at, { writers: "many", readers: "many", lists });
    this.#rings.push({ at, ring });
    return ring;
  }

  #nextOf(index: number): number {
    return load(this.#isolate.arena.words, nextRingAt(this.#rings[index].at));
  }

  #addressOf(next: number): number {
    return addressOf(this.#isolate.arena, next);
  }

  #follow(index: number): number {
    if (index + 1 === this.#rings.length) {
      this.#open(this.#addressOf(this.#nextOf(index)), this.#rings[0].at);
    }
    return index + 1;
  }

  /** Makes a successor, unless another isolate did; `false` when the arena has no room for one. */
  #grow(at: number, cells: number): boolean {
    const { arena, heap } = this.#isolate;
    const next = nextRingAt(at);
    if (load(arena.words, next) === 0) {
      const size = { cells: Math.min(cells * 2, MOST_CELLS), cellBytes: this.#cellBytes };
      const block = heap.allocate(ringBytes(size));
      if (block === NO_ROOM) return false;
      const words = arena.wordOf(block);
      arena.words.fill(0, words, words + 64);
      formatRing(arena, words, size);
      arena.changeKind(block, { from: HELD, to: PART });
      const unit = arena.unitOf(block) + 1;
      if (compareExchange(arena.words, next, 0, unit) !== 0) heap.free(block);
    }
    store(arena.words, sealingAt(at), 1);
    return true;
  }
}

/** Addresses of all rings of the chain whose first is at `at`. */
export function* ringsFrom(arena: Arena, at: number): Generator<number> {
  for (let ring = at;;) {
    yield ring;
    const next = load(arena.words, nextRingAt(ring));
    if (next === 0) return;
    ring = addressOf(arena, next);
  }
}

/** Address of the ring that a `next` word names; the word is its unit plus one. */
function addressOf(arena: Arena, next: number): number {
  return (arena.layout.heapAt + (next - 1) * UNIT_BYTES) >>> 2;
}
