// Runs in: any isolate
/**
 * Allocation in the arena. Small blocks (up to 32 KiB) come from pages cut into equal blocks; each
 * isolate allocates only from pages of its own and frees anywhere, so the fast path has no
 * contention (the idea of per-thread pages: D. Leijen, "mimalloc: Free List Sharding in Action",
 * 2019, https://www.microsoft.com/en-us/research/publication/mimalloc-free-list-sharding-in-action/;
 * here without lists: a block is free when its word says so). Larger blocks are runs of pages.
 *
 * - I1: a page or block that is not free names its owner until it is handed on, so the sweep finds
 *   all that a dead isolate was building.
 * - I2: a block is freed once: the generation in its word decides.
 * - I3: a page is given back only by its owner, and only when all its blocks are free.
 * - I4: a run's pages become free only after its block word did.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import {
  type Arena,
  type BlockHandle,
  blockHandle,
  blockWord,
  FREE,
  FREEING,
  generationIn,
  generationOf,
  HELD,
  nextGeneration,
  unitOf,
} from "./arena.ts";
import { compareExchange, load, store } from "./atomics.ts";
import { PAGE_BYTES, PAGES_AT, UNIT_SHIFT, UNITS_SHIFT } from "./layout.ts";

/** Kinds of pages, in the low bits of a page word; then the owner's slot, then a number. */
export const PAGE_FREE = 0;
/** Cut into blocks; the number is the size class. */
export const PAGE_CUT = 1;
/** First page of a run; the number is how many pages. */
export const PAGE_RUN = 2;
/** A later page of a run, or one being claimed for it. */
export const PAGE_REST = 3;
/** Owner of pages whose isolate died: anybody may adopt them. */
export const ORPHAN = 511;

/** Largest block cut from a page. */
export const LARGEST_CUT = 32 << 10;
/** What {@linkcode Heap.allocate} gives when there is no room. */
export const NO_ROOM: BlockHandle = -1;

/** The word of a page. */
export function pageWord(kind: number, owner: number, number: number): number {
  return (number << 12) | (owner << 3) | kind;
}

/** Size class of a block: the power of two, from the unit up. */
export function classOf(bytes: number): number {
  return bytes <= 1 << UNIT_SHIFT ? 0 : 32 - Math.clz32(bytes - 1) - UNIT_SHIFT;
}

/** The pages of one size class that an isolate allocates from. */
interface Cut {
  readonly pages: number[];
  turn: number;
  unit: number;
}

/** One isolate's way into the arena's heap. */
export class Heap {
  readonly #arena: Arena;
  readonly #slot: number;
  readonly #cuts: Cut[] = [];

  /** Allocates in `arena` in the name of the isolate in `slot`. */
  constructor(arena: Arena, slot: number) {
    this.#arena = arena;
    this.#slot = slot;
  }

  /** A block of at least `bytes` bytes, HELD by this isolate; {@linkcode NO_ROOM} when none is left. */
  allocate(bytes: number): BlockHandle {
    if (bytes > LARGEST_CUT) return this.#allocateRun(Math.ceil(bytes / PAGE_BYTES));
    const size = classOf(bytes);
    const cut = this.#cuts[size] ??= { pages: [], turn: 0, unit: 0 };
    for (let tried = 0; tried <= cut.pages.length; tried++) {
      const found = cut.pages.length === 0 ? NO_ROOM : this.#scan(cut, size);
      if (found !== NO_ROOM) return found;
      cut.turn = cut.turn + 1 < cut.pages.length ? cut.turn + 1 : 0;
      cut.unit = 0;
    }
    while (this.#addPage(cut, size)) {
      // A page that was adopted may be full.
      const found = this.#scan(cut, size);
      if (found !== NO_ROOM) return found;
    }
    return NO_ROOM;
  }

  /**
   * The same, for what has to be there.
   *
   * @throws FullError when the arena has no room for it
   */
  require(bytes: number): BlockHandle {
    const block = this.allocate(bytes);
    if (block !== NO_ROOM) return block;
    throw new FullError(`Cannot allocate ${bytes} bytes: the arena is full`);
  }

  /** Frees a block; `false` when the handle is stale. Any isolate may free any block, once. */
  free(handle: BlockHandle): boolean {
    const { words } = this.#arena;
    const at = this.#arena.blockWordAt(handle);
    const seen = load(words, at);
    if (generationIn(seen) !== generationOf(handle) || (seen & 7) === FREE) return false;
    const page = PAGES_AT + (unitOf(handle) >> UNITS_SHIFT);
    if ((load(words, page) & 7) === PAGE_CUT) {
      const free = blockWord(nextGeneration(generationIn(seen)), 0, FREE);
      return compareExchange(words, at, seen, free) === seen;
    }
    if ((seen & 7) === FREEING) return false;
    const freeing = blockWord(generationIn(seen), this.#slot, FREEING);
    if (compareExchange(words, at, seen, freeing) !== seen) return false;
    freeRun(this.#arena, handle);
    return true;
  }

  #scan(cut: Cut, size: number): BlockHandle {
    const { words, layout } = this.#arena;
    const page = cut.pages[cut.turn];
    const first = page << UNITS_SHIFT;
    const step = 1 << size;
    for (let unit = cut.unit; unit < 1 << UNITS_SHIFT; unit += step) {
      const at = layout.blocksAt + first + unit;
      const seen = load(words, at);
      if ((seen & 7) !== FREE) continue;
      const generation = generationIn(seen);
      if (compareExchange(words, at, seen, blockWord(generation, this.#slot, HELD)) !== seen) {
        continue;
      }
      cut.unit = unit + step;
      return blockHandle(first + unit, generation);
    }
    return NO_ROOM;
  }

  #addPage(cut: Cut, size: number): boolean {
    const mine = pageWord(PAGE_CUT, this.#slot, size);
    const page = this.#claimPage(pageWord(PAGE_CUT, ORPHAN, size), mine);
    const claimed = page >= 0 ? page : this.#claimPage(PAGE_FREE, mine);
    if (claimed < 0) return this.#giveBackEmpty() && this.#addPage(cut, size);
    cut.turn = cut.pages.push(claimed) - 1;
    cut.unit = 0;
    return true;
  }

  #claimPage(from: number, to: number): number {
    const { words, layout } = this.#arena;
    for (let page = 0; page < layout.pages; page++) {
      const at = PAGES_AT + page;
      if (load(words, at) === from && compareExchange(words, at, from, to) === from) return page;
    }
    return -1;
  }

  /** Gives wholly free pages of this isolate back; `false` when there were none. */
  #giveBackEmpty(): boolean {
    const { words } = this.#arena;
    let given = 0;
    this.#cuts.forEach((cut, size) => {
      const kept = cut.pages.filter((page) => !isPageEmpty(this.#arena, page, size));
      for (const page of cut.pages) {
        if (!kept.includes(page)) store(words, PAGES_AT + page, PAGE_FREE);
      }
      given += cut.pages.length - kept.length;
      cut.pages.splice(0, cut.pages.length, ...kept);
      cut.turn = cut.unit = 0;
    });
    return given > 0;
  }

  #allocateRun(count: number): BlockHandle {
    for (let retry = 0; retry < 2; retry++) {
      const first = this.#claimRun(count);
      if (first >= 0) return this.#openRun(first, count);
      if (!this.#giveBackEmpty()) break;
    }
    return NO_ROOM;
  }

  #claimRun(count: number): number {
    const { words, layout } = this.#arena;
    const rest = pageWord(PAGE_REST, this.#slot, 0);
    for (let first = 0; first + count <= layout.pages;) {
      let got = 0;
      while (
        got < count && compareExchange(words, PAGES_AT + first + got, PAGE_FREE, rest) === PAGE_FREE
      ) {
        got++;
      }
      if (got === count) return first;
      for (let page = first; page < first + got; page++) store(words, PAGES_AT + page, PAGE_FREE);
      first += got + 1;
    }
    return -1;
  }

  #openRun(first: number, count: number): BlockHandle {
    const { words, layout } = this.#arena;
    const unit = first << UNITS_SHIFT;
    const at = layout.blocksAt + unit;
    const generation = generationIn(load(words, at));
    store(words, at, blockWord(generation, this.#slot, HELD));
    store(words, PAGES_AT + first, pageWord(PAGE_RUN, this.#slot, count));
    return blockHandle(unit, generation);
  }
}

/**
 * Frees the pages of a run whose block is FREEING, then its block word. Each page by comparison: the
 * sweep may free it too when the isolate that allocated the run dies meanwhile.
 */
export function freeRun(arena: Arena, handle: BlockHandle): void {
  const { words } = arena;
  const first = PAGES_AT + (unitOf(handle) >> UNITS_SHIFT);
  const run = load(words, first);
  const owner = (run >> 3) & 511;
  const rest = pageWord(PAGE_REST, owner, 0);
  for (let count = (run >>> 12) - 1; count > 0; count--) {
    // First the run gets shorter: if this isolate dies here, whoever goes on must not free the page again.
    store(words, first, pageWord(PAGE_RUN, owner, count));
    compareExchange(words, first + count, rest, PAGE_FREE);
  }
  const free = blockWord(nextGeneration(generationOf(handle)), 0, FREE);
  store(words, arena.blockWordAt(handle), free);
  compareExchange(words, first, pageWord(PAGE_RUN, owner, 1), PAGE_FREE);
}

/** Whether all blocks of a cut page are free. */
export function isPageEmpty(arena: Arena, page: number, size: number): boolean {
  const { words, layout } = arena;
  const first = layout.blocksAt + (page << UNITS_SHIFT);
  for (let unit = 0; unit < 1 << UNITS_SHIFT; unit += 1 << size) {
    if ((load(words, first + unit) & 7) !== FREE) return false;
  }
  return true;
}

/** How much of the heap is in use, in bytes, to the page. */
export function usedBytes(arena: Arena): number {
  let used = 0;
  for (let page = 0; page < arena.layout.pages; page++) {
    if (load(arena.words, PAGES_AT + page) !== PAGE_FREE) used++;
  }
  return used * PAGE_BYTES;
}
