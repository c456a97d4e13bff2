// Runs in: any isolate
/**
 * The only door to `Atomics`. JavaScript's atomic operations are sequentially consistent, so the
 * order in which isolates interleave is the whole story; the tests replace these operations by
 * stepping ones and try every order.
 *
 * @module
 */

/** Reads a word. */
export const load = Atomics.load;
/** Writes a word. */
export const store = Atomics.store;
/** Adds to a word and gives what it was. */
export const add = Atomics.add;
/** Subtracts from a word and gives what it was. */
export const sub = Atomics.sub;
/** Sets bits of a word and gives what it was. */
export const or = Atomics.or;
/** Keeps only the given bits of a word and gives what it was. */
export const and = Atomics.and;
/** Swaps a word and gives what it was. */
export const exchange = Atomics.exchange;
/** Swaps a word if it is what is expected and gives what it was. */
export const compareExchange = Atomics.compareExchange;
/** Wakes those who wait on a word. */
export const notify = Atomics.notify;
/** Blocks until the word is notified: `"ok"`, `"not-equal"` or `"timed-out"`. */
export const wait = Atomics.wait;
/** A promise of the same. Never pass it a time limit: one that is not reached leaks. */
export const waitAsync = Atomics.waitAsync;
/** Tells the processor that this is a spinning loop. */
export const pause: (iterations?: number) => void = Atomics.pause;
