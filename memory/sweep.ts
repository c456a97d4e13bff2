// Runs in: owner
/**
 * What an isolate leaves behind when it dies, however it dies, and who puts it right. Only with proof
 * of death: a thread that still runs would write what others then own.
 *
 * Order: blocks on their way, regions, blocks and pages it held, then everybody is rung (a wake-up may
 * have died with it), then the slot is free.
 *
 * - I1: after a sweep no block, page, cell or holder bit names the dead isolate.
 * - I2: a block that a committed frame names is not freed; one that no frame will name is.
 * - I3: sweeping twice changes nothing.
 *
 * @module
 */
import {
  type Arena,
  type BlockHandle,
  blockHandle,
  FREE,
  FREEING,
  generationIn,
  HELD,
  LOOSE,
  PART,
  SHARED,
} from "./arena.ts";
import { compareExchange, load } from "./atomics.ts";
import { ALL_TOPICS, DEATH } from "./bell.ts";
import { ahead, CLAIM, EMPTY, TOMB } from "./cells.ts";
import { freeRun, ORPHAN, PAGE_CUT, PAGE_FREE, PAGE_RUN, pageWord } from "./heap.ts";
import type { Isolate } from "./isolate.ts";
import { PAGES_AT, UNITS_SHIFT } from "./layout.ts";
import { REGION_TYPE, type RegionType } from "./region.ts";
import { type Life, ringEverybody, vacateSlot } from "./slots.ts";

/** What a type of region needs when one who held it died. */
export type RegionCare = (isolate: Isolate, region: BlockHandle, dead: number) => void;

const care = new Map<RegionType, RegionCare>();

/** Says how regions of a type are put right after a death. */
export function careFor(type: RegionType, how: RegionCare): void {
  care.set(type, how);
}

/** Offset in a block on its way: address of the cell that will name it. */
export const GOES_TO_CELL = 0;
/** Offset in a block on its way: ticket of that cell. */
export const GOES_WITH_TICKET = 1;

/** Puts right what the isolate of `life`, which is proven dead, left; then its slot is free. */
export function sweep(isolate: Isolate, life: Life): void {
  const { arena } = isolate;
  const dead = life.slot;
  for (const { handle, word } of blocksOf(arena)) {
    const owner = (word >> 3) & 511;
    if ((word & 7) === LOOSE && owner === dead) settleLoose(isolate, handle);
  }
  for (const { handle, word } of blocksOf(arena)) {
    if ((word & 7) !== SHARED) continue;
    const type = load(arena.words, arena.wordOf(handle) + REGION_TYPE);
    care.get(type)?.(isolate, handle, dead);
  }
  for (const { handle, word } of blocksOf(arena)) {
    if (((word >> 3) & 511) !== dead) continue;
    if ((word & 7) === HELD) isolate.heap.free(handle);
    if ((word & 7) === FREEING) freeRun(arena, handle);
  }
  settlePages(arena, dead);
  vacateSlot(arena, life);
  ringEverybody(arena, ALL_TOPICS | DEATH);
}

/** A block on its way stays if its frame was committed. */
function settleLoose(isolate: Isolate, handle: BlockHandle): void {
  const { arena, heap } = isolate;
  const at = arena.wordOf(handle);
  const cell = load(arena.words, at + GOES_TO_CELL);
  const ticket = load(arena.words, at + GOES_WITH_TICKET);
  if (wasCommitted(arena, cell, ticket)) {
    arena.changeKind(handle, { from: LOOSE, to: LOOSE, owner: ORPHAN });
  } else heap.free(handle);
}

/** Whether the frame that was to have this ticket was committed; asked before the cell is recovered. */
export function wasCommitted(arena: Arena, cell: number, ticket: number): boolean {
  const seen = load(arena.words, cell);
  const lead = ahead(seen, ticket);
  const kind = seen & 7;
  return lead > 0 || (lead === 0 && kind !== EMPTY && kind !== CLAIM && kind !== TOMB);
}

/** Pages of the dead: cut ones are up for adoption, half-built runs are free. */
function settlePages(arena: Arena, dead: number): void {
  const { words, layout } = arena;
  for (let page = 0; page < layout.pages;) {
    const word = load(words, PAGES_AT + page);
    const owner = (word >> 3) & 511;
    const kind = word & 7;
    // What is said of blocks is looked at only where there are some: the memory of the rest was never touched.
    if (kind === PAGE_RUN && (load(words, layout.blocksAt + (page << UNITS_SHIFT)) & 7) !== FREE) {
      page += word >>> 12;
      continue;
    }
    const next = kind === PAGE_CUT ? pageWord(PAGE_CUT, ORPHAN, word >>> 12) : PAGE_FREE;
    if (owner === dead && kind !== PAGE_FREE) compareExchange(words, PAGES_AT + page, word, next);
    page++;
  }
}

/** A block that is not free. */
export interface FoundBlock {
  /** Its handle. */
  readonly handle: BlockHandle;
  /** Its word, as it was when found. */
  readonly word: number;
}

/** All blocks that are not free, by address. */
export function* blocksOf(arena: Arena): Generator<FoundBlock> {
  const { words, layout } = arena;
  for (let page = 0; page < layout.pages; page++) {
    const pageIs = load(words, PAGES_AT + page);
    const kind = pageIs & 7;
    if (kind !== PAGE_CUT && kind !== PAGE_RUN) continue;
    const step = kind === PAGE_CUT ? 1 << (pageIs >>> 12) : 1 << UNITS_SHIFT;
    for (let unit = 0; unit < 1 << UNITS_SHIFT; unit += step) {
      const first = (page << UNITS_SHIFT) + unit;
      const word = load(words, layout.blocksAt + first);
      if ((word & 7) !== FREE) yield { handle: blockHandle(first, generationIn(word)), word };
    }
  }
}

/** How many blocks of each kind there are: for tests and statistics. */
export function countBlocks(
  arena: Arena,
): Readonly<Record<"held" | "shared" | "loose" | "part", number>> {
  const count = { held: 0, shared: 0, loose: 0, part: 0 };
  for (const { word } of blocksOf(arena)) {
    const kind = word & 7;
    if (kind === HELD) count.held++;
    if (kind === SHARED) count.shared++;
    if (kind === LOOSE) count.loose++;
    if (kind === PART) count.part++;
  }
  return count;
}
