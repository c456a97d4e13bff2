// Runs in: any isolate
/**
 * The permits of a semaphore (E. W. Dijkstra, "Cooperating sequential processes", 1965,
 * https://www.cs.utexas.edu/~EWD/transcriptions/EWD01xx/EWD123.html) that survive the death of who has
 * them. One word counts those that are free; each isolate has a record of those it took. A move between
 * the two is two stores, and a death can come between them, so the word also says whose move was the
 * last: whoever makes the next one first notes that the last one happened, where a sweep finds it. That
 * is the helping of M. Herlihy, "Wait-free synchronization" (1991,
 * https://doi.org/10.1145/114005.102808), as far as it is needed here.
 *
 * The word is `version << 10 | last mover's slot << 2 | signals << 1 | abandoned`; how many are free is
 * in one of two words of the last mover, by the parity of the version, so that it is there before the word
 * names it and stays until the word names another. A record is
 * `count << 12 | version << 2 | kind of the move under way`.
 *
 * A permit that is given back by an isolate that has none was a signal, not a loan: from then on permits
 * are not counted by isolate, and those taken by the dead stay taken.
 *
 * - I1: free permits and those in records are as many as were there at first, plus signals.
 * - I2: a move under way happened if the word names it, or if it was noted.
 * - I3: while somebody waits nobody takes a permit who came later, but for one who had looked before.
 * - I4: after `recoverPermits` the dead have none, and one who takes a permit learns of it.
 *
 * The tests explore this text; see `places.ts`.
 *
 * @module
 */
import { compareExchange, glance, load, store } from "../atomics.ts";
import { firstOf, forgetPlace, isEmpty, NOBODY, type Places } from "./places.ts";

/** Most permits of a semaphore. */
export const MOST_PERMITS = 2 ** 20 - 1;
/** What {@linkcode takePermit} gives when there is none, {@linkcode givePermit} when there are too many. */
export const REFUSED = -1;
/** Bit of the word: a holder died. */
export const ABANDONED_BIT = 1;
/** Bit of the word: permits are signals. */
export const SIGNALS_BIT = 2;
/** A move: nothing under way. */
export const STILL = 0;
/** A move: a permit is taken. */
export const TAKE = 1;
/** A move: a permit is given back. */
export const GIVE = 2;

/** Where the words of a semaphore are. */
export interface Permits {
  /** Address of the word. */
  readonly word: number;
  /** Address of the first isolate's two words for how many are free. */
  readonly free: number;
  /** Address of the first isolate's record. */
  readonly records: number;
  /** Address of the first isolate's note: a move under way that others know to have happened, or 0. */
  readonly notes: number;
  /** Most free permits. */
  readonly bound: number;
  /** Who waits. */
  readonly line: Places;
}

/** Whose move, and which. */
export interface Move {
  /** The isolate's slot. */
  readonly me: number;
  /** {@linkcode TAKE} or {@linkcode GIVE}. */
  readonly kind: number;
  /** Bits to set in the word. */
  readonly flags: number;
}

/** Who made the move that a word names. */
export function moverOf(word: number): number {
  return (word >> 2) & 255;
}

/** Address of how many permits are free while the word is this. */
export function freeAt(permits: Permits, word: number): number {
  return permits.free + (moverOf(word) << 1) + ((word >> 10) & 1);
}

/** How many permits are free. */
export function freePermits(words: Int32Array, permits: Permits): number {
  for (;;) {
    const word = load(words, permits.word);
    const free = load(words, freeAt(permits, word));
    if (load(words, permits.word) === word) return free;
  }
}

/** A record. */
export function recordOf(count: number, version: number, kind: number): number {
  return (count << 12) | ((version & 1023) << 2) | kind;
}

/** The note of the move in a record; never 0. */
export function noteOf(record: number): number {
  return ((record >> 2) & 1023) | 1024;
}

/** Whether the word says that the move of a record happened. */
export function isNamed(word: number, who: number, record: number): boolean {
  return moverOf(word) === who && ((word >> 10) & 1023) === ((record >> 2) & 1023);
}

/** The word after a move. */
export function wordAfter(word: number, { me, kind, flags }: Move): number {
  const version = ((word >>> 10) + 1) % 2 ** 21;
  const kept = kind === TAKE ? word & SIGNALS_BIT : word & (SIGNALS_BIT | ABANDONED_BIT);
  return (version << 10) | (me << 2) | kept | flags;
}

/** Takes a free permit; gives the word as it was, or {@linkcode REFUSED}. */
export function takePermit(words: Int32Array, permits: Permits, me: number): number {
  return makeMove(words, permits, { me, kind: TAKE, flags: 0 });
}

/** Takes a permit unless somebody waits for one. */
export function tryPermit(words: Int32Array, permits: Permits, me: number): number {
  return isEmpty(words, permits.line) ? takePermit(words, permits, me) : REFUSED;
}

/** Takes a permit if `me`, who has announced itself, is the first. */
export function permitInTurn(words: Int32Array, permits: Permits, me: number): number {
  if (freePermits(words, permits) === 0) return REFUSED;
  return firstOf(words, permits.line) === me ? takePermit(words, permits, me) : REFUSED;
}

/** Gives a permit back, or a new one; {@linkcode REFUSED} when there would be too many. */
export function givePermit(words: Int32Array, permits: Permits, me: number): number {
  const flags = glance(words, permits.records + me) >>> 12 === 0 ? SIGNALS_BIT : 0;
  return makeMove(words, permits, { me, kind: GIVE, flags });
}

/** Makes a move; gives the word as it was before, or {@linkcode REFUSED}. */
export function makeMove(words: Int32Array, permits: Permits, move: Move): number {
  const mine = permits.records + move.me;
  // Nobody else writes the record of who is alive.
  const record = glance(words, mine);
  const count = record >>> 12;
  const step = move.kind === TAKE ? 1 : -1;
  for (;;) {
    const seen = load(words, permits.word);
    // Read after the word, and true while the word is the same, which the exchange makes sure of.
    const free = glance(words, freeAt(permits, seen));
    if (free === (move.kind === TAKE ? 0 : permits.bound)) {
      if (load(words, permits.word) === seen) return REFUSED;
      continue;
    }
    noteLast(words, permits, { seen, me: move.me });
    if (glance(words, permits.notes + move.me) !== 0) store(words, permits.notes + move.me, 0);
    const next = wordAfter(seen, move);
    store(words, freeAt(permits, next), free - step);
    store(words, mine, recordOf(count, next >> 10, move.kind));
    if (compareExchange(words, permits.word, seen, next) === seen) {
      const after = (next & SIGNALS_BIT) === 0 ? count + step : count;
      store(words, mine, recordOf(after, next >> 10, STILL));
      return seen >>> 0;
    }
    store(words, mine, record);
  }
}

/** Notes that the move which the word names happened, before the word forgets it. */
export function noteLast(words: Int32Array, permits: Permits, { seen, me }: Seen): void {
  const who = moverOf(seen);
  if (who === me) return;
  const record = load(words, permits.records + who);
  if ((record & 3) === STILL || !isNamed(seen, who, record)) return;
  // Read before the check, so that whoever is late here does not undo a later note.
  const noted = load(words, permits.notes + who);
  // The record may be of a later move, if the word has gone on since.
  if (load(words, permits.word) !== seen) return;
  compareExchange(words, permits.notes + who, noted, noteOf(record));
}

/** See {@linkcode noteLast}. */
export interface Seen {
  /** The word. */
  readonly seen: number;
  /** Who saw it. */
  readonly me: number;
}

/** Who should be rung: the first who waits, if there is a permit. */
export function nextHolder(words: Int32Array, permits: Permits): number {
  return freePermits(words, permits) > 0 ? firstOf(words, permits.line) : NOBODY;
}

/** Ends the move that an isolate, proven dead, had under way. */
export function settleMove(words: Int32Array, permits: Permits, dead: number): void {
  const record = load(words, permits.records + dead);
  const kind = record & 3;
  if (kind === STILL) return;
  const word = load(words, permits.word);
  const isNoted = load(words, permits.notes + dead) === noteOf(record);
  const count = record >>> 12;
  let after = count;
  if (isNoted || isNamed(word, dead, record)) after = kind === TAKE ? count + 1 : count - 1;
  store(words, permits.records + dead, recordOf(after < 0 ? 0 : after, record >> 2, STILL));
}

/** Gives back all that an isolate, proven dead, had taken; the caller rings everybody afterwards. */
export function recoverPermits(words: Int32Array, permits: Permits, dead: number): void {
  forgetPlace(words, permits.line, dead);
  settleMove(words, permits, dead);
  for (;;) {
    const record = load(words, permits.records + dead);
    if (record >>> 12 === 0) return;
    const isSignal = (load(words, permits.word) & SIGNALS_BIT) !== 0;
    const move = { me: dead, kind: GIVE, flags: ABANDONED_BIT };
    if (isSignal || makeMove(words, permits, move) === REFUSED) {
      store(words, permits.records + dead, recordOf(0, record >> 2, STILL));
    }
  }
}
