// Runs in: any isolate
/**
 * What a condition keeps: how many wait in each isolate, and how many of all were called by a notify and
 * have not gone on. The calls go to those who have waited longest; one who dies before it went on leaves
 * its call to the next.
 *
 * Except for the sweep, all this is done by whoever has the condition's lock: a monitor after C. A. R.
 * Hoare (1974, https://doi.org/10.1145/355620.361161) in the form of B. Lampson and D. Redell,
 * "Experience with processes and monitors in Mesa" (1980, https://doi.org/10.1145/358818.358824): who is
 * notified goes on once it has the lock again.
 *
 * - I1: between two holders of the lock there are not more calls than waiters, but after a death.
 * - I2: a call goes to one who waited when it was made, while any of them waits.
 * - I3: whoever calls, takes a call or leaves, rings the first who waits while there are calls.
 *
 * The tests explore this text; see `places.ts`.
 *
 * @module
 */
import { load, store } from "../atomics.ts";
import { firstOf, forgetPlace, NOBODY, type Places } from "./places.ts";

/** Where the words of a condition are. */
export interface Calls {
  /** Address of the number of calls that nobody took yet. */
  readonly calls: number;
  /** Address of how many wait in the first isolate. */
  readonly counts: number;
  /** Who waits. */
  readonly line: Places;
}

/** How many wait, in all isolates. */
export function waitersOf(words: Int32Array, condition: Calls): number {
  let waiters = 0;
  const width = load(words, condition.line.width);
  for (let group = 0; group < width; group++) {
    for (let bits = load(words, condition.line.groups + group); bits !== 0; bits &= bits - 1) {
      const slot = (group << 5) + 31 - Math.clz32(bits & -bits);
      waiters += load(words, condition.counts + slot);
    }
  }
  return waiters;
}

/** Forgets calls whose waiters are gone; before anybody comes to wait, and after one left. */
export function trimCalls(words: Int32Array, condition: Calls): void {
  const waiters = waitersOf(words, condition);
  if (load(words, condition.calls) > waiters) store(words, condition.calls, waiters);
}

/** Calls up to `count` of those who wait and were not called yet. Ring {@linkcode nextCalled} then. */
export function callWaiters(words: Int32Array, condition: Calls, count: number): void {
  const waiters = waitersOf(words, condition);
  const calls = load(words, condition.calls);
  const called = calls < waiters ? calls : waiters;
  store(words, condition.calls, count < waiters - called ? called + count : waiters);
}

/** Whether the first who waits in the isolate `me` was called. */
export function isCalled(words: Int32Array, condition: Calls, me: number): boolean {
  return load(words, condition.calls) > 0 && firstOf(words, condition.line) === me;
}

/** Takes a call. */
export function takeCall(words: Int32Array, condition: Calls): void {
  const calls = load(words, condition.calls);
  if (calls > 0) store(words, condition.calls, calls - 1);
}

/** Who should be rung: the first who waits, if there are calls. */
export function nextCalled(words: Int32Array, condition: Calls): number {
  return load(words, condition.calls) > 0 ? firstOf(words, condition.line) : NOBODY;
}

/** Forgets who waited in an isolate that is proven dead; the caller rings everybody afterwards. */
export function recoverCalls(words: Int32Array, condition: Calls, dead: number): void {
  store(words, condition.counts + dead, 0);
  forgetPlace(words, condition.line, dead);
}
