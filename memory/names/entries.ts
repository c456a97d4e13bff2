// Runs in: any isolate
/**
 * Entries of a directory of names, which isolates add, look up and drop at the same time, and in which
 * each of them may die between any two steps.
 *
 * An entry is one word of state and a key. A name is added in two parts: the entry is claimed and
 * filled where nobody looks, then one word, which says what entry was added last, is exchanged. Only
 * that exchange makes it a name, and it fails when another name was added since the look, so that no
 * name is added twice; whoever comes by brings the entry's state up to date. Before what a name stands
 * for is held, the entry is pinned: it is given back only when it was dropped and has no pins (hazard
 * pointers, one for each isolate; M. Michael, 2004, https://doi.org/10.1109/TPDS.2004.8).
 *
 * - I1: no two live entries have the same key.
 * - I2: an entry that was seen live after it was pinned is not given back before it is unpinned.
 * - I3: exactly one isolate gives an entry back; after its death, whoever sweeps.
 * - I4: the version grows with each claim: a late helper never revives what was dropped.
 * - I5: the first entry whose word is 0 was never claimed, and neither was any after it.
 *
 * The tests turn the text of these functions into stepping code and try every interleaving and every
 * death, so they use nothing but the operations of `atomics.ts`, numbers and each other.
 *
 * @module
 */
import { and, compareExchange, load, or, store } from "../atomics.ts";

/** Nobody has the entry. */
export const FREE = 0;
/** Its owner fills it. */
export const CLAIMED = 1;
/** It is a name; its owner keeps it. */
export const LIVE = 2;
/** It is no name any more, but may be pinned. */
export const DROPPED = 3;
/** Its owner gives it back. */
export const RELEASING = 4;

/** No entry. */
export const NONE = -1;
/** All bits of a version. */
export const VERSIONS = (1 << 20) - 1;

/** Offset in an entry: `version << 12 | owner << 3 | state`. */
export const ENTRY_STATE = 0;
/** Offset in an entry: bitmap of the isolates that pin it. */
export const ENTRY_PINS = 1;
/** Offset in an entry: its key. */
export const ENTRY_KEY = 16;

/** Where a directory is. Addresses count words from the start of the memory. */
export interface Entries {
  /** Address of the word that says what was added last: `version << 12 | index`. */
  readonly added: number;
  /** Address of the first entry. */
  readonly first: number;
  /** How many entries. */
  readonly count: number;
  /** Words of one, as a power of two. */
  readonly shift: number;
  /** Words of the bitmap of pins. */
  readonly groups: number;
}

/** Address of an entry. */
export function entryAt(entries: Entries, index: number): number {
  return entries.first + (index << entries.shift);
}

/** Takes a free entry to fill; {@linkcode NONE} when there is none. */
export function claim(words: Int32Array, entries: Entries, me: number): number {
  for (let index = 0; index < entries.count; index++) {
    const at = entryAt(entries, index);
    const seen = load(words, at);
    if ((seen & 7) !== FREE) continue;
    // Not 0, also when the version wraps: that would end every search here.
    const version = (((seen >>> 12) + 1) & VERSIONS) || 1;
    const claimed = (version << 12) | (me << 3) | CLAIMED;
    if (compareExchange(words, at, seen, claimed) === seen) return index;
  }
  return NONE;
}

/** Fills the key of a claimed entry. */
export function fill(words: Int32Array, at: number, key: Int32Array): void {
  for (let word = 0; word < key.length; word++) store(words, at + ENTRY_KEY + word, key[word]);
}

/** Makes a claimed and filled entry a name; `false` when there is one with its key. */
export function publish(words: Int32Array, entries: Entries, filled: Filled): boolean {
  const at = entryAt(entries, filled.index);
  const next = ((load(words, at) >>> 12) << 12) | filled.index;
  for (;;) {
    const seen = load(words, entries.added);
    confirm(words, entries, seen);
    if (find(words, entries, filled.key) !== NONE) return false;
    if (compareExchange(words, entries.added, seen, next) !== seen) continue;
    confirm(words, entries, next);
    return true;
  }
}

/** A claimed entry and its key. */
export interface Filled {
  /** Which entry. */
  readonly index: number;
  /** What it was filled with. */
  readonly key: Int32Array;
}

/** Brings the state of the entry that was added last up to date. */
export function confirm(words: Int32Array, entries: Entries, added: number): void {
  const at = entryAt(entries, added & 4095);
  const seen = load(words, at);
  if ((seen & 7) !== CLAIMED || (seen >>> 12) !== (added >>> 12)) return;
  compareExchange(words, at, seen, (seen & ~7) | LIVE);
}

/** The live entry with a key; {@linkcode NONE} when there is none. Keys of two lengths differ early. */
export function find(words: Int32Array, entries: Entries, key: Int32Array): number {
  confirm(words, entries, load(words, entries.added));
  for (let index = 0; index < entries.count; index++) {
    const at = entryAt(entries, index);
    if (load(words, at) === 0) return NONE;
    if (hasKey(words, at, key)) return index;
  }
  return NONE;
}

/** Whether an entry is live and has this key. */
export function hasKey(words: Int32Array, at: number, key: Int32Array): boolean {
  const seen = load(words, at);
  if ((seen & 7) !== LIVE) return false;
  for (let word = 0; word < key.length; word++) {
    if (load(words, at + ENTRY_KEY + word) !== key[word]) return false;
  }
  return load(words, at) === seen;
}

/** Announces that `me` is about to hold what an entry stands for. Check its key again after it. */
export function pin(words: Int32Array, at: number, me: number): void {
  or(words, at + ENTRY_PINS + (me >> 5), 1 << (me & 31));
}

/** The entry is no longer pinned; {@linkcode giveBack} is due if it was dropped meanwhile. */
export function unpin(words: Int32Array, at: number, me: number): void {
  and(words, at + ENTRY_PINS + (me >> 5), ~(1 << (me & 31)));
}

/** Whether an entry is a name that belongs to `owner`. */
export function isOf(words: Int32Array, at: number, owner: number): boolean {
  const seen = load(words, at);
  return (seen & 7) === LIVE && ((seen >> 3) & 511) === owner;
}

/** Gives a name to another owner, unless it has ended. */
export function give(words: Int32Array, at: number, owner: number): void {
  const seen = load(words, at);
  if ((seen & 7) !== LIVE) return;
  compareExchange(words, at, seen, ((seen >>> 12) << 12) | (owner << 3) | LIVE);
}

/** Ends the name of an entry; `false` when it is none. Then {@linkcode giveBack} is due. */
export function drop(words: Int32Array, at: number): boolean {
  for (;;) {
    const seen = load(words, at);
    if ((seen & 7) !== LIVE) return false;
    if (compareExchange(words, at, seen, (seen & ~7) | DROPPED) === seen) return true;
  }
}

/**
 * Whether `me` is the one to give an entry back: it was dropped and has no pins. Who is lets go of what
 * it stands for, then calls {@linkcode vacate}.
 */
export function giveBack(words: Int32Array, at: number, { me, groups }: Giver): boolean {
  const seen = load(words, at);
  if ((seen & 7) !== DROPPED) return false;
  for (let group = 0; group < groups; group++) {
    if (load(words, at + ENTRY_PINS + group) !== 0) return false;
  }
  const releasing = ((seen >>> 12) << 12) | (me << 3) | RELEASING;
  return compareExchange(words, at, seen, releasing) === seen;
}

/** See {@linkcode giveBack}. */
export interface Giver {
  /** Who asks. */
  readonly me: number;
  /** Words of the bitmap of pins. */
  readonly groups: number;
}

/** The entry is free again. Called by who gives it back, or by who claimed it and did not publish. */
export function vacate(words: Int32Array, at: number): void {
  store(words, at, ((load(words, at) >>> 12) << 12) | FREE);
}

/**
 * Takes an isolate that is proven dead out of an entry; first {@linkcode confirm} what was added last.
 * A live entry stays as it is. Whether `me` has to give the entry back, as with {@linkcode giveBack}:
 * the dead may have done a part of that.
 */
export function settle(words: Int32Array, at: number, { dead, me, groups }: Settler): boolean {
  unpin(words, at, dead);
  const seen = load(words, at);
  if (((seen >> 3) & 511) === dead && (seen & 7) === CLAIMED) {
    compareExchange(words, at, seen, (seen & ~7) | DROPPED);
  }
  if (((seen >> 3) & 511) === dead && (seen & 7) === RELEASING) {
    const mine = ((seen >>> 12) << 12) | (me << 3) | RELEASING;
    return compareExchange(words, at, seen, mine) === seen;
  }
  return giveBack(words, at, { me, groups });
}

/** See {@linkcode settle}. */
export interface Settler extends Giver {
  /** Who died. */
  readonly dead: number;
}
