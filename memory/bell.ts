// Runs in: any isolate
/**
 * Doorbells and the lists of who is to be rung. Each isolate has one doorbell word: bits say what
 * happened, and `ASLEEP` that it needs a notify to see them. Each thing that can be waited for has a
 * wait list: the slots of the isolates to ring when it changes.
 *
 * The order that makes it safe: a waiter enlists, looks again, goes to sleep only if its doorbell is
 * still silent; a changer changes, then looks at the list. One of the two sees the other.
 *
 * - I1: whoever enlisted before a change is rung after it, unless the ringer dies; then the sweep
 *   rings everybody.
 * - I2: an isolate sleeps only while its doorbell word is exactly `ASLEEP`.
 * - I3: whoever rings while `ASLEEP` is set notifies, so a ringer that dies on the way is made up for by
 *   the next one.
 *
 * The tests turn the text of these functions into stepping code, as for the cells.
 *
 * @module
 */
import { compareExchange, exchange, load, notify, or } from "./atomics.ts";

/** The isolate sleeps and must be notified. */
export const ASLEEP = 1 << 30;
/** Some isolate died: look at the slots. */
export const DEATH = 1 << 29;
/** This isolate has a command in its slot. */
export const COMMAND = 1 << 28;
/** The bits that stand for things waited for. */
export const TOPICS = 24;
/** All topics at once. */
export const ALL_TOPICS = (1 << TOPICS) - 1;

/** Words of a wait list: which groups of 32 slots have somebody in it, then a bitmap for each group. */
export const WAIT_LIST_WORDS = 9;

/** Enters isolate `me` in a wait list. Look again at what you wait for after it. */
export function enlist(words: Int32Array, list: number, me: number): void {
  or(words, list + 1 + (me >> 5), 1 << (me & 31));
  or(words, list, 1 << (me >> 5));
}

/** Takes a wait list: a bit for each group of 32 slots that {@linkcode callUpGroup} has to take. */
export function callUp(words: Int32Array, list: number): number {
  return load(words, list) === 0 ? 0 : exchange(words, list, 0);
}

/** Takes one group of a wait list: a bit for each slot in it. Whoever takes a slot has to ring it. */
export function callUpGroup(words: Int32Array, list: number, group: number): number {
  return exchange(words, list + 1 + group, 0);
}

/**
 * Rings a doorbell. `ASLEEP` stays until the sleeper answers: were it cleared here, a ringer that died
 * before its notify would leave a sleeper that no later ring wakes.
 */
export function ring(words: Int32Array, bell: number, bits: number): void {
  if ((or(words, bell, bits) & ASLEEP) !== 0) notify(words, bell);
}

/** Takes all that the own doorbell says. */
export function answer(words: Int32Array, bell: number): number {
  return load(words, bell) === 0 ? 0 : exchange(words, bell, 0) & ~ASLEEP;
}

/** Announces sleep; `false` when the doorbell says something. Then wait for it to be notified. */
export function lieDown(words: Int32Array, bell: number): boolean {
  const seen = compareExchange(words, bell, 0, ASLEEP);
  return seen === 0 || seen === ASLEEP;
}
