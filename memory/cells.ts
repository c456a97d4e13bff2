// Runs in: any isolate
/**
 * The cells of a ring: a bounded queue that survives the death of any participant between any two
 * steps. Claim, owner and ticket share one word, so whoever cleans up after a dead isolate can tell
 * what was its own; head and tail are hints that anybody may push on.
 *
 * Descends from D. Vyukov's bounded MPMC queue (2010,
 * https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue). Changed: the owner
 * in the cell's word, tombstones for claims whose owner died, helping instead of waiting.
 *
 * A cell's word is `ticket << 12 | owner << 3 | kind` and moves
 * `EMPTY(t) -> CLAIM(t, me) -> FULL(t) -> TAKEN(t, me) -> EMPTY(t + cells)`;
 * a claim given up, or whose owner died, becomes `TOMB(t)`, which readers skip. A ring that is
 * replaced by a larger one ends with `SEAL(t)` (the closing of A. Morrison and Y. Afek's LCRQ, "Fast
 * concurrent queues for x86 processors", 2013, https://doi.org/10.1145/2442516.2442527).
 *
 * - I1: a cell is written only by the isolate named in its CLAIM, or by the only writer of the ring.
 * - I2: FULL is set by one operation, after the last byte: no reader sees half a frame.
 * - I3: a frame is handed out once: TAKEN is won by one reader.
 * - I4: tickets are claimed and taken in order, so frames of one writer keep their order.
 * - I5: at most `limit` tickets are between head and tail.
 * - I6: after `recover` no cell names the dead isolate.
 * - I7: once a ticket is sealed nobody claims it or a later one, and all earlier ones are before it.
 * - I8: what was merely glanced at changes nothing and ends nothing before an atomic operation on the
 *   same word has confirmed it. (A seal needs none: it is never taken back.)
 * - I9: the hints are never ahead of what they hint at. Who goes on from where it was last
 *   ({@linkcode claimNext}, {@linkcode takeNext}) leaves them behind, by {@linkcode MOST_LAG} at most.
 *
 * The tests turn the text of these functions into stepping code and try every interleaving and every
 * death, so they use nothing but the operations of `atomics.ts`, numbers and each other.
 *
 * @module
 */
import { compareExchange, glance, load, store } from "./atomics.ts";

/** Nobody has it; the ticket says who may claim it next. */
export const EMPTY = 0;
/** A writer is filling it. */
export const CLAIM = 1;
/** Committed. */
export const FULL = 2;
/** A reader is emptying it. */
export const TAKEN = 3;
/** Given up by its writer: readers skip it. */
export const TOMB = 4;
/** The end: no frame will ever have this ticket or a later one. */
export const SEAL = 5;

/** What the functions here give when there is no room, or nothing to take. */
export const NONE = -1;
/** The ticket was given up: the only reader goes on to the next; see {@linkcode takeAlone}. */
export const SKIP = -2;
/** The ring has ended: go on to the one that replaced it. */
export const SEALED = -3;

/** Tickets that the hints may lag behind: more would have to be walked by whoever relies on them. */
export const MOST_LAG = 16;

/** Where a ring's words are. Addresses count words from the start of the memory. */
export interface Cells {
  /** Address of the head hint: the next ticket to take. */
  readonly head: number;
  /** Address of the tail hint: the next ticket to claim. */
  readonly tail: number;
  /** Address of the flag that asks for a seal. */
  readonly sealing: number;
  /** Address of the first cell. */
  readonly first: number;
  /** Number of cells less one; the number is a power of two. */
  readonly mask: number;
  /** Words of a cell, as a power of two. */
  readonly shift: number;
  /** Most frames inside at once; at most the number of cells. */
  readonly limit: number;
}

/** The word of a cell. */
export function cellWord(ticket: number, owner: number, kind: number): number {
  return (ticket << 12) | (owner << 3) | kind;
}

/** How far the ticket in a cell's word is ahead of `ticket`; tickets wrap at 20 bits. */
export function ahead(seen: number, ticket: number): number {
  return (((seen >> 12) - ticket) << 12) >> 12;
}

/** Address of the cell that a ticket falls on. */
export function cellOf(ring: Cells, ticket: number): number {
  return ring.first + ((ticket & ring.mask) << ring.shift);
}

/**
 * Claims the next cell for `me`; gives its address, {@linkcode NONE} when the ring is full, or
 * {@linkcode SEALED} when it has ended.
 */
export function claim(words: Int32Array, ring: Cells, me: number): number {
  for (;;) {
    const ticket = glance(words, ring.tail);
    const cell = cellOf(ring, ticket);
    const seen = glance(words, cell);
    if (seen === cellWord(ticket, 0, SEAL)) return SEALED;
    if (seen === cellWord(ticket, 0, EMPTY)) {
      if (ring.limit <= ring.mask && isAtLimit(words, ring, ticket)) return NONE;
      if (glance(words, ring.sealing) !== 0) {
        compareExchange(words, cell, seen, cellWord(ticket, 0, SEAL));
        continue;
      }
      if (compareExchange(words, cell, seen, cellWord(ticket, me, CLAIM)) !== seen) continue;
      compareExchange(words, ring.tail, ticket, (ticket + 1) | 0);
      return cell;
    }
    if (ahead(seen, ticket) < 0) {
      if (skipGone(words, ring) || load(words, cell) !== seen) continue;
      return NONE;
    }
    compareExchange(words, ring.tail, ticket, (ticket + 1) | 0);
  }
}

/**
 * Claims the cell of a ticket that `me` believes to be the next one: where it was last, plus one. Mostly
 * right where one isolate writes at a time; the tail hint is then neither needed nor written.
 * {@linkcode NONE} says only that it was wrong, or that it is not sure: then {@linkcode claim}.
 */
export function claimNext(words: Int32Array, ring: Cells, { ticket, me }: Next): number {
  if (((ticket - glance(words, ring.tail)) >>> 0) >= MOST_LAG) return NONE;
  const cell = cellOf(ring, ticket);
  if (glance(words, cell) !== cellWord(ticket, 0, EMPTY)) return NONE;
  if (ring.limit <= ring.mask && isAtLimit(words, ring, ticket)) return NONE;
  if (glance(words, ring.sealing) !== 0) return NONE;
  const empty = cellWord(ticket, 0, EMPTY);
  return compareExchange(words, cell, empty, cellWord(ticket, me, CLAIM)) === empty ? cell : NONE;
}

/** A ticket that is believed to be the next one, and who believes it. */
export interface Next {
  /** The ticket. */
  readonly ticket: number;
  /** The slot. */
  readonly me: number;
}

/** Takes the frame of a ticket that `me` believes to be the oldest, as {@linkcode claimNext} claims. */
export function takeNext(words: Int32Array, ring: Cells, { ticket, me }: Next): number {
  if (((ticket - glance(words, ring.head)) >>> 0) >= MOST_LAG) return NONE;
  const cell = cellOf(ring, ticket);
  const full = cellWord(ticket, 0, FULL);
  if (glance(words, cell) !== full) return NONE;
  return compareExchange(words, cell, full, cellWord(ticket, me, TAKEN)) === full ? cell : NONE;
}

/** Pushes a hint, the head or the tail, on to a ticket that was reached. */
export function pushHint(words: Int32Array, hint: number, ticket: number): void {
  const seen = glance(words, hint);
  if (((ticket - seen) | 0) > 0) compareExchange(words, hint, seen, ticket);
}

/** The ticket after that of a cell which is not far from a hint. */
export function ticketAfter(words: Int32Array, hint: number, cell: number): number {
  const near = glance(words, hint);
  return (near + ahead(glance(words, cell), near) + 1) | 0;
}

/** Whether `ticket` would be one too many, after pushing on a head that lags behind. */
export function isAtLimit(words: Int32Array, ring: Cells, ticket: number): boolean {
  for (;;) {
    const head = load(words, ring.head);
    if (((ticket - head) | 0) < ring.limit) return false;
    if (!skipGone(words, ring) && load(words, ring.head) === head) return true;
  }
}

/** Pushes the head past one frame that is taken, emptied or given up; `false` when there is none. */
export function skipGone(words: Int32Array, ring: Cells): boolean {
  const ticket = load(words, ring.head);
  const cell = cellOf(ring, ticket);
  const seen = load(words, cell);
  const lead = ahead(seen, ticket);
  if (lead === 0 && (seen & 7) === TOMB) {
    compareExchange(words, cell, seen, cellWord(ticket + ring.mask + 1, 0, EMPTY));
  } else if (lead < 0 || (lead === 0 && (seen & 7) !== TAKEN)) return false;
  compareExchange(words, ring.head, ticket, (ticket + 1) | 0);
  return true;
}

/** Publishes a claimed cell. `false`: this isolate was declared dead meanwhile; nothing happened. */
export function commit(words: Int32Array, cell: number, me: number): boolean {
  const mine = glance(words, cell);
  if ((mine & 4095) !== ((me << 3) | CLAIM)) return false;
  return compareExchange(words, cell, mine, (mine & ~4095) | FULL) === mine;
}

/** Gives a claimed cell up: readers skip it. */
export function abandon(words: Int32Array, cell: number, me: number): void {
  const mine = load(words, cell);
  if ((mine & 4095) !== ((me << 3) | CLAIM)) return;
  compareExchange(words, cell, mine, (mine & ~4095) | TOMB);
}

/**
 * Takes the oldest frame for `me`; gives its cell, {@linkcode NONE} when none is committed, or
 * {@linkcode SEALED} when the ring has ended and all its frames were taken.
 */
export function take(words: Int32Array, ring: Cells, me: number): number {
  for (;;) {
    const ticket = glance(words, ring.head);
    const cell = cellOf(ring, ticket);
    const seen = glance(words, cell);
    if (seen === cellWord(ticket, 0, FULL)) {
      if (compareExchange(words, cell, seen, cellWord(ticket, me, TAKEN)) !== seen) continue;
      compareExchange(words, ring.head, ticket, (ticket + 1) | 0);
      return cell;
    }
    if (seen === cellWord(ticket, 0, SEAL)) return SEALED;
    if (seen === cellWord(ticket, 0, EMPTY) && load(words, ring.sealing) !== 0) {
      compareExchange(words, cell, seen, cellWord(ticket, 0, SEAL));
      continue;
    }
    if (skipGone(words, ring)) continue;
    if (load(words, ring.head) === ticket && load(words, cell) === seen) return NONE;
  }
}

/** Gives a taken cell back to the writers. */
export function release(words: Int32Array, ring: Cells, { cell, me }: Taken): void {
  const mine = glance(words, cell);
  if ((mine & 4095) !== ((me << 3) | TAKEN)) return;
  compareExchange(words, cell, mine, cellWord((mine >> 12) + ring.mask + 1, 0, EMPTY));
}

/** A cell in a reader's hands. */
export interface Taken {
  /** Its address. */
  readonly cell: number;
  /** The reader's slot. */
  readonly me: number;
}

/** The cell for the only writer's ticket, or {@linkcode NONE} when the ring is full. */
export function claimAlone(words: Int32Array, ring: Cells, ticket: number): number {
  const cell = cellOf(ring, ticket);
  if (load(words, cell) !== cellWord(ticket, 0, EMPTY)) return NONE;
  return ring.limit <= ring.mask && isAtLimit(words, ring, ticket) ? NONE : cell;
}

/** Publishes the only writer's cell. */
export function commitAlone(words: Int32Array, ring: Cells, ticket: number): void {
  store(words, cellOf(ring, ticket), cellWord(ticket, 0, FULL));
  store(words, ring.tail, (ticket + 1) | 0);
}

/**
 * Publishes the only writer's cell and leaves the tail hint behind: whoever needs the true tail goes on
 * from the hint, see {@linkcode firstUnwritten}.
 */
export function fillAlone(words: Int32Array, ring: Cells, ticket: number): void {
  store(words, cellOf(ring, ticket), cellWord(ticket, 0, FULL));
}

/**
 * Whether the cell of a ticket is in this state. Where the other side is one isolate, which goes in
 * order, all tickets before it are as far too.
 */
export function isAt(words: Int32Array, ring: Cells, { ticket, kind }: Expected): boolean {
  return load(words, cellOf(ring, ticket)) === cellWord(ticket, 0, kind);
}

/** See {@linkcode isAt}. */
export interface Expected {
  /** The ticket. */
  readonly ticket: number;
  /** EMPTY or FULL. */
  readonly kind: number;
}

/**
 * What the only reader finds at its ticket: the cell, {@linkcode NONE}, or {@linkcode SKIP} when the
 * writer gave the ticket up and the reader should go on to the next.
 */
export function takeAlone(words: Int32Array, ring: Cells, ticket: number): number {
  const cell = cellOf(ring, ticket);
  const seen = load(words, cell);
  if (seen === cellWord(ticket, 0, FULL)) return cell;
  if (ahead(seen, ticket) > 0) return SKIP;
  if (seen !== cellWord(ticket, 0, TOMB)) return NONE;
  // Not by store: a writer in need of room may have freed the cell, and another one filled it since.
  compareExchange(words, cell, seen, cellWord(ticket + ring.mask + 1, 0, EMPTY));
  compareExchange(words, ring.head, ticket, (ticket + 1) | 0);
  return SKIP;
}

/** Gives the only reader's cell back to the writers. */
export function releaseAlone(words: Int32Array, ring: Cells, ticket: number): void {
  store(words, cellOf(ring, ticket), cellWord(ticket + ring.mask + 1, 0, EMPTY));
  store(words, ring.head, (ticket + 1) | 0);
}

/** Gives the only reader's cell back and leaves the head hint behind; see {@linkcode firstUnread}. */
export function emptyAlone(words: Int32Array, ring: Cells, ticket: number): void {
  store(words, cellOf(ring, ticket), cellWord(ticket + ring.mask + 1, 0, EMPTY));
}

/** Where the next only reader goes on: the first ticket from the head hint that was not released. */
export function firstUnread(words: Int32Array, ring: Cells): number {
  let ticket = load(words, ring.head);
  while (ahead(load(words, cellOf(ring, ticket)), ticket) > 0) ticket = (ticket + 1) | 0;
  return ticket;
}

/** The first ticket from the tail hint that was not used: where the next only writer goes on. */
export function firstUnwritten(words: Int32Array, ring: Cells): number {
  let ticket = load(words, ring.tail);
  for (;;) {
    const seen = load(words, cellOf(ring, ticket));
    if (ahead(seen, ticket) < 0 || seen === cellWord(ticket, 0, EMPTY)) return ticket;
    if (seen === cellWord(ticket, 0, SEAL)) return ticket;
    ticket = (ticket + 1) | 0;
  }
}

/** Whether the isolate in slot `who` is in the middle of writing or reading this cell. */
export function isHeldBy(seen: number, who: number): boolean {
  return ((seen >> 3) & 511) === who && ((seen & 7) === CLAIM || (seen & 7) === TAKEN);
}

/** Cleans up one cell after the isolate in slot `me` is proven dead. */
export function recoverCell(words: Int32Array, ring: Cells, { cell, me }: Taken): void {
  const seen = load(words, cell);
  if (!isHeldBy(seen, me)) return;
  const next = (seen & 7) === CLAIM
    ? cellWord(seen >> 12, 0, TOMB)
    : cellWord((seen >> 12) + ring.mask + 1, 0, EMPTY);
  compareExchange(words, cell, seen, next);
}
