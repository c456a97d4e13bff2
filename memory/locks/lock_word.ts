// Runs in: any isolate
/**
 * A lock: one word that names its owner, and a line of those who want it. Taking, giving back and
 * recovering are one operation each, so there is no moment at which a death could leave it between two
 * states. As with the robust mutexes of POSIX (2008,
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutexattr_getrobust.html) the next
 * owner is told that the last one died.
 *
 * Those who wait sleep; the order that makes it safe is that of U. Drepper, "Futexes are tricky" (2004,
 * https://www.akkadia.org/drepper/futex.pdf): a waiter announces itself, then looks at the word; an
 * owner frees the word, then looks for who waits. One of the two sees the other.
 *
 * The word is `owner's slot + 1 << 1 | abandoned`.
 *
 * - I1: the word names one owner at most.
 * - I2: while somebody waits nobody takes the lock who came later, but for one who had looked before.
 * - I3: whoever frees the lock, or leaves the line while it is free, rings the first who waits.
 * - I4: after `recoverLock` the dead own nothing, and the next owner learns of it.
 *
 * The tests explore this text; see `places.ts`.
 *
 * @module
 */
import { compareExchange, load } from "../atomics.ts";
import { firstOf, forgetPlace, isEmpty, NOBODY, type Places } from "./places.ts";

/** The word of a lock that nobody has. */
export const LOCK_FREE = 0;
/** The word of a lock whose last owner died. */
export const LOCK_ABANDONED = 1;
/** What the functions here give when the lock cannot be had. */
export const BUSY = -1;

/** Where the words of a lock are. */
export interface LockWords {
  /** Address of the word that names the owner. */
  readonly word: number;
  /** Who waits. */
  readonly line: Places;
}

/** The word of a lock that `me` has. */
export function ownedBy(me: number): number {
  return (me + 1) << 1;
}

/** Takes a free lock; gives {@linkcode LOCK_FREE}, {@linkcode LOCK_ABANDONED} or {@linkcode BUSY}. */
export function takeLock(words: Int32Array, lock: LockWords, me: number): number {
  const seen = load(words, lock.word);
  if (seen >> 1 !== 0) return BUSY;
  return compareExchange(words, lock.word, seen, ownedBy(me)) === seen ? seen : BUSY;
}

/** Takes the lock unless somebody has it or waits for it; gives what {@linkcode takeLock} gives. */
export function tryLock(words: Int32Array, lock: LockWords, me: number): number {
  return isEmpty(words, lock.line) ? takeLock(words, lock, me) : BUSY;
}

/** Takes the lock if `me`, who has announced itself, is the first; gives what {@linkcode takeLock} gives. */
export function lockInTurn(words: Int32Array, lock: LockWords, me: number): number {
  if (load(words, lock.word) >> 1 !== 0) return BUSY;
  return firstOf(words, lock.line) === me ? takeLock(words, lock, me) : BUSY;
}

/** Frees the lock if `me` has it. Ring {@linkcode nextOwner} then. */
export function unlockOwn(words: Int32Array, lock: LockWords, me: number): boolean {
  return compareExchange(words, lock.word, ownedBy(me), LOCK_FREE) === ownedBy(me);
}

/** Frees the lock, whoever has it; `false` when nobody has. Ring {@linkcode nextOwner} then. */
export function unlock(words: Int32Array, lock: LockWords): boolean {
  for (;;) {
    const seen = load(words, lock.word);
    if (seen >> 1 === 0) return false;
    if (compareExchange(words, lock.word, seen, LOCK_FREE) === seen) return true;
  }
}

/** Who should be rung: the first who waits, if the lock is free. */
export function nextOwner(words: Int32Array, lock: LockWords): number {
  return load(words, lock.word) >> 1 === 0 ? firstOf(words, lock.line) : NOBODY;
}

/** Takes everything from an isolate that is proven dead; the caller rings everybody afterwards. */
export function recoverLock(words: Int32Array, lock: LockWords, dead: number): void {
  forgetPlace(words, lock.line, dead);
  compareExchange(words, lock.word, ownedBy(dead), LOCK_ABANDONED);
}
