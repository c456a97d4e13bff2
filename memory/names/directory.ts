// Runs in: any isolate
/**
 * The directory of names: what isolates can find in the arena without having been given a handle. All
 * who share an arena share its directory; it is made when the first name is.
 *
 * A name keeps its region until it is dropped. It belongs to one isolate; when that dies, another one
 * that holds the region gets it, and if there is none, the name goes. A name that was given to the arena
 * stays.
 *
 * - I1: a region is named while a live or dropped entry points to it, and freed only when it is not.
 * - I2: an entry points to its region before it is published, and as long as it is not free.
 * - I3: after a sweep no entry names the dead isolate.
 *
 * @module
 */
import { FullError } from "../../errors.ts";
import { type Arena, type BlockHandle, blockHandle, generationOf, unitOf } from "../arena.ts";
import { compareExchange, load, store } from "../atomics.ts";
import { NO_ROOM } from "../heap.ts";
import type { Isolate } from "../isolate.ts";
import { AT_NAMES, MAX_ISOLATES } from "../layout.ts";
import {
  dropRegion,
  forgetRegion,
  holdRegion,
  holdsRegion,
  isNamed,
  makeRegion,
  nameRegion,
  NAMES_REGION,
  REGION_WORDS,
  type RegionType,
  sendRegion,
  unnameRegion,
} from "../region.ts";
import { careFor } from "../sweep.ts";
import * as entry from "./entries.ts";

/** Most names at a time. */
export const MOST_NAMES = 1024;
/** Most bytes of a name in UTF-8. */
export const LONGEST_NAME = 188;

/** Whose the names are that belong to no isolate. */
const NOBODY = MAX_ISOLATES;
const ENTRY_SHIFT = 6;
const GROUPS = MAX_ISOLATES >> 5;
/** Offset in an entry: unit of its region's block, and in the next word the generation. */
const ENTRY_REGION = 10;
const ADDED = REGION_WORDS;
const ENTRIES = REGION_WORDS + 16;

/** What a name stands for. */
export interface Named {
  /** The name. */
  readonly name: string;
  /** Type of the region; each type has names of its own. */
  readonly type: RegionType;
}

/** Frees a region of a type that has neither holder nor name. */
export type FreeRegion = (isolate: Isolate, region: BlockHandle) => void;

const freeing = new Map<RegionType, FreeRegion>();

/** Says how regions of a type are freed when their name was the last that kept them. */
export function nameRegions(type: RegionType, free: FreeRegion): void {
  freeing.set(type, free);
}

/**
 * Names a region that this isolate holds; `false` when there is one of that name.
 *
 * @throws TypeError when the name is no string
 * @throws RangeError when it is empty, or longer than 188 bytes
 * @throws FullError when there are 1,024 names, or no room in the arena
 */
export function addName(isolate: Isolate, named: Named, region: BlockHandle): boolean {
  const key = keyOf(named);
  const { words } = isolate.arena;
  const entries = directoryOf(isolate);
  const index = entry.claim(words, entries, isolate.slot);
  if (index === entry.NONE) {
    throw new FullError(`Cannot name "${named.name}": there are ${MOST_NAMES} names`);
  }
  const at = entry.entryAt(entries, index);
  entry.fill(words, at, key);
  store(words, at + ENTRY_REGION, unitOf(region));
  store(words, at + ENTRY_REGION + 1, generationOf(region));
  nameRegion(isolate.arena, region);
  if (entry.publish(words, entries, { index, key })) return true;
  unnameRegion(isolate.arena, region, isolate.slot);
  entry.vacate(words, at);
  return false;
}

/** Has this isolate hold the region of a name; `undefined` when there is no such name. */
export function holdNamed(isolate: Isolate, named: Named): BlockHandle | undefined {
  return withEntry(isolate, named, (at) => {
    const region = regionOf(isolate.arena, at);
    holdRegion(isolate.arena, region, isolate.slot);
    return region;
  });
}

/** Gives a name to the arena: it lasts, and with it its region, until somebody drops it. */
export function keepName(isolate: Isolate, named: Named): void {
  const { words } = isolate.arena;
  withEntry(isolate, named, (at) => entry.give(words, at, NOBODY));
}

/** Ends the name of a region; `false` when it has it no more. */
export function dropName(isolate: Isolate, named: Named, region: BlockHandle): boolean {
  const { words } = isolate.arena;
  const dropped = withEntry(
    isolate,
    named,
    (at) => regionOf(isolate.arena, at) === region && entry.drop(words, at),
  );
  return dropped === true;
}

/** How many names there are. */
export function countNames(isolate: Isolate): number {
  const { words } = isolate.arena;
  if (load(words, AT_NAMES) === 0) return 0;
  const entries = directoryOf(isolate);
  let count = 0;
  for (let index = 0; index < entries.count; index++) {
    if ((load(words, entry.entryAt(entries, index)) & 7) !== entry.FREE) count++;
  }
  return count;
}

/** Does something while the entry of a name is pinned; `undefined` when there is no such name. */
function withEntry<T>(isolate: Isolate, named: Named, use: (at: number) => T): T | undefined {
  const { arena: { words }, slot } = isolate;
  const key = keyOf(named);
  if (load(words, AT_NAMES) === 0) return undefined;
  const entries = directoryOf(isolate);
  for (;;) {
    const index = entry.find(words, entries, key);
    if (index === entry.NONE) return undefined;
    const at = entry.entryAt(entries, index);
    entry.pin(words, at, slot);
    const isThere = entry.hasKey(words, at, key);
    const result = isThere ? use(at) : undefined;
    entry.unpin(words, at, slot);
    if (entry.giveBack(words, at, { me: slot, groups: GROUPS })) release(isolate, at);
    if (isThere) return result;
  }
}

/** Lets go of the region of an entry that this isolate gives back. */
function release(isolate: Isolate, at: number): void {
  const { arena } = isolate;
  const region = regionOf(arena, at);
  // A dead one may have begun: then the region may be gone, and its memory somebody else's.
  const isOurs = isNamed(arena, region) && arena.isLive(region);
  if (isOurs && unnameRegion(arena, region, isolate.slot)) {
    freeing.get(arena.words[at + entry.ENTRY_KEY] >>> 16)?.(isolate, region);
  }
  entry.vacate(arena.words, at);
}

function regionOf({ words }: Arena, at: number): BlockHandle {
  return blockHandle(load(words, at + ENTRY_REGION), load(words, at + ENTRY_REGION + 1));
}

/** The key of a name: type and length, then the name in UTF-8. */
function keyOf({ name, type }: Named): Int32Array {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot use ${String(name)} as a name: it is no string`);
  }
  const text = new TextEncoder().encode(name);
  if (text.length === 0 || text.length > LONGEST_NAME) {
    throw new RangeError(
      `Cannot use a name of ${text.length} bytes: it takes 1 to ${LONGEST_NAME}`,
    );
  }
  const key = new Int32Array(1 + Math.ceil(text.length / 4));
  key[0] = (type << 16) | text.length;
  new Uint8Array(key.buffer).set(text, 4);
  return key;
}

/** Where the directory is. @throws FullError when it has to be made and the arena has no room */
function directoryOf(isolate: Isolate): entry.Entries {
  const { arena } = isolate;
  const seen = load(arena.words, AT_NAMES);
  const at = arena.wordOf(seen === 0 ? makeDirectory(isolate) : arena.handleOf(seen - 1));
  return {
    added: at + ADDED,
    first: at + ENTRIES,
    count: MOST_NAMES,
    shift: ENTRY_SHIFT,
    groups: GROUPS,
  };
}

/** Makes the directory, or finds that somebody else has made it meanwhile. */
function makeDirectory({ arena, heap, slot }: Isolate): BlockHandle {
  const bytes = (ENTRIES - REGION_WORDS + (MOST_NAMES << ENTRY_SHIFT)) * 4;
  const region = makeRegion(arena, heap, { type: NAMES_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make the directory of names: no room");
  sendRegion(arena, region);
  const first = compareExchange(arena.words, AT_NAMES, 0, unitOf(region) + 1);
  dropRegion(arena, region, slot);
  if (first === 0) return region;
  forgetRegion(arena, region);
  heap.free(region);
  return arena.handleOf(first - 1);
}

careFor(NAMES_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const isMade = load(arena.words, AT_NAMES) === unitOf(region) + 1;
  const wasMaking = holdsRegion(arena, region, dead);
  if (wasMaking) dropRegion(arena, region, dead);
  if (isMade) settleNames(isolate, dead);
  else if (wasMaking) isolate.heap.free(region);
});

/** Takes a dead isolate out of all entries. */
function settleNames(isolate: Isolate, dead: number): void {
  const { arena: { words }, slot: me } = isolate;
  const entries = directoryOf(isolate);
  entry.confirm(words, entries, load(words, entries.added));
  for (let index = 0; index < entries.count; index++) {
    const at = entry.entryAt(entries, index);
    if (load(words, at) === 0) return;
    bequeath(isolate, at, dead);
    if (entry.settle(words, at, { dead, me, groups: GROUPS })) release(isolate, at);
  }
}

/** Gives a live name of the dead to another one who holds its region, or ends it. */
function bequeath(isolate: Isolate, at: number, dead: number): void {
  const { arena } = isolate;
  if (!entry.isOf(arena.words, at, dead)) return;
  const region = regionOf(arena, at);
  for (let heir = 0; heir < MAX_ISOLATES; heir++) {
    if (heir === dead || !holdsRegion(arena, region, heir)) continue;
    entry.give(arena.words, at, heir);
    return;
  }
  entry.drop(arena.words, at);
}
