// Runs in: any isolate
/**
 * The word of an event: `how often it was set << 1 | is set`. Whoever waits remembers the word as it was,
 * so an event that is set and cleared at once lets all go on who waited.
 *
 * - I1: who waited when the event was set goes on, whatever happens after.
 *
 * The tests explore this text; see `places.ts`.
 *
 * @module
 */
import { and, compareExchange, load } from "../atomics.ts";

/** Sets the event; `false` when it is set. Ring all who wait then. */
export function setEvent(words: Int32Array, at: number): boolean {
  for (;;) {
    const seen = load(words, at);
    if ((seen & 1) !== 0) return false;
    if (compareExchange(words, at, seen, (seen + 2) | 1) === seen) return true;
  }
}

/** Clears the event. */
export function clearEvent(words: Int32Array, at: number): void {
  and(words, at, ~1);
}

/** Whether one who came when the word was `seen` may go on. */
export function hasHappened(words: Int32Array, at: number, seen: number): boolean {
  const now = load(words, at);
  return ((now | seen) & 1) !== 0 || now >> 1 !== seen >> 1;
}
