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
/**
 * Reads a word as it was at some moment, in no order with anything else: only for what an atomic
 * operation then confirms. The engine calls a function for each of those, but reads a word in place.
 */
export const glance = (words: Int32Array, at: number): number => words[at];
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
/** Tells the processor that this is a spinning loop. */
export const pause: (iterations?: number) => void = Atomics.pause;

/** Something of the event loop that keeps the program alive, or does not, as it is told. */
export interface Holder {
  /** From here on it does. */
  ref(): void;
  /** From here on it does not. */
  unref(): void;
}

/** What a wait gives at once, or a promise of it, and what of the event loop waits, if anything does. */
export type Ringing =
  | { async: false; value: string }
  | { async: true; value: Promise<string>; holder?: Holder };

/** How to wait on the words of memory that others than threads of this process wait on too. */
export interface Waits {
  /** As {@linkcode notify}. */
  notify(words: Int32Array, at: number): number;
  /** As {@linkcode wait}. */
  wait(words: Int32Array, at: number, value: number, ms?: number): string;
  /** As {@linkcode waitAsync}. */
  waitAsync(words: Int32Array, at: number, value: number): Ringing;
  /** As {@linkcode stepAside}. */
  stepAside(words: Int32Array, at: number): void;
}

let elsewhere: WeakMap<ArrayBufferLike, Waits> | undefined;

/** Says how to wait on a piece of memory; others are waited on as JavaScript does. */
export function waitWith(memory: SharedArrayBuffer, waits: Waits): void {
  elsewhere ??= new WeakMap();
  elsewhere.set(memory, waits);
}

/** The waits of memory that has its own. */
function waitsOf({ buffer }: Int32Array): Waits | undefined {
  return elsewhere?.get(buffer);
}

/** Wakes those who wait on a word. */
export function notify(words: Int32Array, at: number): number {
  return waitsOf(words)?.notify(words, at) ?? Atomics.notify(words, at);
}

/** Blocks until the word is notified: `"ok"`, `"not-equal"` or `"timed-out"`. */
export function wait(words: Int32Array, at: number, value: number, ms?: number): string {
  return waitsOf(words)?.wait(words, at, value, ms) ?? Atomics.wait(words, at, value, ms);
}

/** A promise of the same. It takes no time limit: one that is not reached leaks. */
export function waitAsync(words: Int32Array, at: number, value: number): Ringing {
  return waitsOf(words)?.waitAsync(words, at, value) ?? Atomics.waitAsync(words, at, value);
}

/** Sees to it, where that can be done, that who sleeps on a word does not run where those do who wake it. */
export function stepAside(words: Int32Array, at: number): void {
  waitsOf(words)?.stepAside(words, at);
}
