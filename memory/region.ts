// Runs in: any isolate
/**
 * Regions: blocks that several isolates hold. A region starts with its type and who holds it; what
 * follows is the affair of its type (ring, lock, value). It is freed when nobody holds it and no
 * message on its way names it.
 *
 * - I1: the count is never less than the number of holders plus messages on their way; a death between
 *   two steps can leave it too high (memory kept), never too low (memory reused under somebody).
 * - I2: exactly one isolate sees the count fall to 0; it closes the region's content and frees it.
 * - I3: a holder or a name that is the last to go leaves word of who has to free the region, so that the
 *   sweep after its death can.
 *
 * @module
 */
import { ClosedError } from "../errors.ts";
import { type Arena, type BlockHandle, HELD, SHARED } from "./arena.ts";
import { add, and, load, or, store, sub } from "./atomics.ts";
import { type Heap, NO_ROOM } from "./heap.ts";
import { UNIT_BYTES } from "./layout.ts";

/** Offset in a region: its type. */
export const REGION_TYPE = 0;
/** Offset in a region: holders plus messages on their way. */
export const REGION_COUNT = 1;
/** Offset in a region: bitmap of the isolates that hold it. */
export const REGION_HOLDERS = 2;
/** Offset in a region: six words that are left over, zeroed, for what its type seldom changes. */
export const REGION_SPARE = 10;
/** Words before the content of a region. */
export const REGION_WORDS = UNIT_BYTES / 4;

/** Types of regions. */
export type RegionType = number;
/** Messages from many writers to many readers. */
export const QUEUE_REGION: RegionType = 1;
/** Two rings, one each way. */
export const PIPE_REGION: RegionType = 2;
/** The mailbox of an actor. */
export const MAILBOX_REGION: RegionType = 3;
/** What an isolate is told: replies, news of its children. */
export const INBOX_REGION: RegionType = 4;

/** A message too large for a block, while it is fed to its reader. */
export const STREAM_REGION: RegionType = 5;
/** A lock: who has it, and who waits for it. */
export const LOCK_REGION: RegionType = 10;
/** Permits, and who has them. */
export const SEMAPHORE_REGION: RegionType = 11;
/** Those who wait to be notified. */
export const CONDITION_REGION: RegionType = 12;
/** A flag, and those who wait for it. */
export const EVENT_REGION: RegionType = 13;
/** Those who wait for each other. */
export const BARRIER_REGION: RegionType = 14;
/** Shared scalars: a value, an array, a record. */
export const VALUE_REGION: RegionType = 16;
/** Shared bytes that have a name. */
export const MEMORY_REGION: RegionType = 17;
/** A part of the directory of names. */
export const NAMES_REGION: RegionType = 18;

/** As {@linkcode QUEUE_REGION}, with what was got and is not done. */
export const JOINABLE_QUEUE_REGION: RegionType = 19;

/** Makes a region held by `slot`, its content zeroed; {@linkcode NO_ROOM} when the arena is full. */
export function makeRegion(arena: Arena, heap: Heap, options: RegionOptions): BlockHandle {
  const bytes = REGION_WORDS * 4 + options.bytes;
  const region = heap.allocate(bytes);
  if (region === NO_ROOM) return NO_ROOM;
  const at = arena.wordOf(region);
  arena.words.fill(0, at, at + Math.ceil(bytes / 4));
  store(arena.words, at + REGION_TYPE, options.type);
  store(arena.words, at + REGION_COUNT, 1);
  or(arena.words, holderWordAt(at, options.slot), 1 << (options.slot & 31));
  arena.changeKind(region, { from: HELD, to: SHARED });
  return region;
}

/** See {@linkcode makeRegion}. */
export interface RegionOptions {
  /** What is inside. */
  readonly type: RegionType;
  /** Bytes of content. */
  readonly bytes: number;
  /** Who holds it first. */
  readonly slot: number;
}

/** Says that a message on its way names the region, so that it outlives its sender. */
export function sendRegion(arena: Arena, region: BlockHandle): void {
  add(arena.words, arena.wordOf(region) + REGION_COUNT, 1);
}

/** Turns a message that arrived into a hold of `slot`; see {@linkcode sendRegion}. */
export function receiveRegion(arena: Arena, region: BlockHandle, slot: number): void {
  const { words } = arena;
  const { count, holders, bit } = placeOf(arena.wordOf(region), slot);
  if ((or(words, holders, bit) & bit) !== 0) sub(words, count, 1);
}

/** Lets `slot` hold a region that it knows to be alive. */
export function holdRegion(arena: Arena, region: BlockHandle, slot: number): void {
  const { words } = arena;
  const { count, holders, bit } = placeOf(arena.wordOf(region), slot);
  add(words, count, 1);
  if ((or(words, holders, bit) & bit) !== 0) sub(words, count, 1);
}

/** `slot` holds it no more; `true` when it was the last, who must close and free the region. */
export function dropRegion(arena: Arena, region: BlockHandle, slot: number): boolean {
  const { words } = arena;
  const { count, holders, bit } = placeOf(arena.wordOf(region), slot);
  if ((and(words, holders, ~bit) & bit) === 0) return false;
  if (sub(words, count, 1) !== 1) return false;
  store(words, count, ENDED | slot);
  return true;
}

/** A message that named it will not arrive; `true` as for {@linkcode dropRegion}. */
export function forgetRegion(arena: Arena, region: BlockHandle): boolean {
  return sub(arena.words, arena.wordOf(region) + REGION_COUNT, 1) === 1;
}

const NAMED = 1 << 30;
/** Nobody holds it and it has no name; the isolate in the low bits frees it. */
const ENDED = 1 << 29;

/**
 * Whether `slot`, which is proven dead, was the last and had the region to free. It may have begun with
 * the content: whoever frees it must be able to do so twice.
 */
export function wasLast(arena: Arena, region: BlockHandle, slot: number): boolean {
  return load(arena.words, arena.wordOf(region) + REGION_COUNT) === (ENDED | slot);
}

/** A name stands for the region and keeps it, as one who holds it does. A region has one at most. */
export function nameRegion(arena: Arena, region: BlockHandle): void {
  or(arena.words, arena.wordOf(region) + REGION_COUNT, NAMED);
}

/**
 * It has no name (any more), by the isolate in `slot`; `true` as for {@linkcode dropRegion}. A second time
 * it is never last.
 */
export function unnameRegion(arena: Arena, region: BlockHandle, slot: number): boolean {
  const { words } = arena;
  const count = arena.wordOf(region) + REGION_COUNT;
  if (and(words, count, ~NAMED) !== NAMED) return false;
  store(words, count, ENDED | slot);
  return true;
}

/** Whether it has a name. */
export function isNamed(arena: Arena, region: BlockHandle): boolean {
  return (load(arena.words, arena.wordOf(region) + REGION_COUNT) & NAMED) !== 0;
}

/** Whether `slot` holds it. */
export function holdsRegion(arena: Arena, region: BlockHandle, slot: number): boolean {
  const word = load(arena.words, holderWordAt(arena.wordOf(region), slot));
  return (word & (1 << (slot & 31))) !== 0;
}

/**
 * Checks a handle that came from outside.
 *
 * @throws ClosedError when what it named is gone, or is something else
 */
export function checkRegion(arena: Arena, region: BlockHandle, type: RegionType): void {
  if (typeOfRegion(arena, region) !== type) {
    throw new ClosedError("Cannot use the handle: what it named is gone");
  }
}

/** The type of the region that a handle from outside names; 0 when what it named is gone. */
export function typeOfRegion(arena: Arena, region: BlockHandle): RegionType {
  const alive = Number.isSafeInteger(region) && region >= 0 && arena.isLive(region);
  return alive ? load(arena.words, arena.wordOf(region) + REGION_TYPE) : 0;
}

/**
 * Where a region's count and the bit of a holder are. They are looked up before either changes: a thread is
 * stopped where a function or another round of a loop begins, so it makes all changes or none. A process
 * can be stopped between them.
 */
function placeOf(at: number, slot: number): { count: number; holders: number; bit: number } {
  return { count: at + REGION_COUNT, holders: holderWordAt(at, slot), bit: 1 << (slot & 31) };
}

function holderWordAt(at: number, slot: number): number {
  return at + REGION_HOLDERS + (slot >> 5);
}
