// Runs in: any isolate
/**
 * A barrier: one word with its phase and how many have come, and for each isolate how many of its tasks
 * are inside. A round is over for those inside before the next one can begin, so nobody inside can miss
 * how its round ended (the rounds of D. Hensgen, R. Finkel and U. Manber, "Two algorithms for barrier
 * synchronization", 1988, https://doi.org/10.1007/BF01379320, with counts that a sweep can correct).
 *
 * The word is `come << 3 | phase`. `FILLING -> (ACTING ->) PASSING -> FILLING` when all come;
 * `-> BROKEN` when one leaves or dies before that, until `RESETTING -> FILLING`.
 *
 * - I1: whoever is counted in the word is counted as inside from before that until it has seen the end.
 * - I2: PASSING and RESETTING end only when nobody is inside.
 * - I3: places are handed out once in each round, in the order of coming.
 * - I4: after `recoverBarrier` the dead are not inside, and a round that counted on them is broken.
 *
 * The tests explore this text; see `places.ts`.
 *
 * @module
 */
import { add, compareExchange, load, store, sub } from "../atomics.ts";

/** Some are still to come. */
export const FILLING = 0;
/** All have come; the last one is acting. */
export const ACTING = 1;
/** All may go on. */
export const PASSING = 2;
/** All who are inside learn that it was reset. */
export const RESETTING = 3;
/** It stays broken until it is reset. */
export const BROKEN = 4;

/** What {@linkcode arrive} gives when the barrier is broken. */
export const IS_BROKEN = -1;
/** What {@linkcode arrive} gives while those of the last round are inside. */
export const NOT_YET = -2;

/**
 * What {@linkcode arrive} gives when somebody was faster. It was counted as inside for a moment, which may
 * have kept others out: ring them.
 */
export const AGAIN = -3;

/** Where the words of a barrier are. */
export interface BarrierWords {
  /** Address of the word. */
  readonly word: number;
  /** Address of how many are inside of the first isolate. */
  readonly inside: number;
  /** Address of the number of isolates whose counts are used. */
  readonly width: number;
  /** How many have to come. */
  readonly parties: number;
}

/** One who comes. */
export interface Arrival {
  /** Its isolate's slot. */
  readonly me: number;
  /** The phase when it is the last: {@linkcode ACTING} or {@linkcode PASSING}. */
  readonly last: number;
}

/** Has others look at the count of `me`; before anybody comes. */
export function useBarrier(words: Int32Array, barrier: BarrierWords, me: number): void {
  for (;;) {
    const width = load(words, barrier.width);
    if (width > me) return;
    compareExchange(words, barrier.width, width, me + 1);
  }
}

/**
 * Comes in; gives its place from 0, {@linkcode IS_BROKEN}, {@linkcode NOT_YET} or {@linkcode AGAIN}. Ring
 * all then, unless it has to wait or the barrier is broken.
 */
export function arrive(words: Int32Array, barrier: BarrierWords, { me, last }: Arrival): number {
  const before = load(words, barrier.word);
  if ((before & 7) === BROKEN) return IS_BROKEN;
  if ((before & 7) !== FILLING && !refill(words, barrier)) return NOT_YET;
  add(words, barrier.inside + me, 1);
  const seen = load(words, barrier.word);
  const come = seen >> 3;
  const next = come + 1 === barrier.parties ? last : seen + 8;
  if ((seen & 7) === FILLING && compareExchange(words, barrier.word, seen, next) === seen) {
    return come;
  }
  sub(words, barrier.inside + me, 1);
  return AGAIN;
}

/** Begins the next round if the last one is over and nobody is inside; whether there is one to come into. */
export function refill(words: Int32Array, barrier: BarrierWords): boolean {
  const seen = load(words, barrier.word);
  const phase = seen & 7;
  if (phase === FILLING) return true;
  if (phase !== PASSING && phase !== RESETTING) return false;
  const width = load(words, barrier.width);
  for (let slot = 0; slot < width; slot++) {
    if (load(words, barrier.inside + slot) !== 0) return false;
  }
  return compareExchange(words, barrier.word, seen, FILLING) === seen;
}

/** Goes out, having seen how the round ended. Ring all then. */
export function goOut(words: Int32Array, barrier: BarrierWords, me: number): void {
  sub(words, barrier.inside + me, 1);
  refill(words, barrier);
}

/** The last one has acted: all may go on. `false` when the barrier broke meanwhile. */
export function letPass(words: Int32Array, barrier: BarrierWords): boolean {
  return compareExchange(words, barrier.word, ACTING, PASSING) === ACTING;
}

/** Breaks a round that is not over; gives the phase after it. */
export function breakRound(words: Int32Array, barrier: BarrierWords): number {
  for (;;) {
    const seen = load(words, barrier.word);
    const phase = seen & 7;
    if (phase !== FILLING && phase !== ACTING) return phase;
    if (compareExchange(words, barrier.word, seen, BROKEN) === seen) return BROKEN;
  }
}

/** Breaks the barrier until it is reset. */
export function breakBarrier(words: Int32Array, barrier: BarrierWords): void {
  store(words, barrier.word, BROKEN);
}

/** Resets the barrier: those inside learn of it, then it is as new. */
export function resetBarrier(words: Int32Array, barrier: BarrierWords): void {
  for (;;) {
    const seen = load(words, barrier.word);
    const phase = seen & 7;
    if (seen === FILLING || phase === PASSING || phase === RESETTING) break;
    if (compareExchange(words, barrier.word, seen, RESETTING) === seen) break;
  }
  refill(words, barrier);
}

/** Takes an isolate out that is proven dead; the caller rings everybody afterwards. */
export function recoverBarrier(words: Int32Array, barrier: BarrierWords, dead: number): void {
  if (load(words, barrier.inside + dead) === 0) return;
  breakRound(words, barrier);
  store(words, barrier.inside + dead, 0);
  refill(words, barrier);
}
