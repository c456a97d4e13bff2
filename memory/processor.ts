// Runs in: any isolate
/**
 * Which processor a thread runs on, and how it gets away from it. Of two that wake each other, some
 * schedulers put both on one processor: then neither finds by looking what the other does, as only one of
 * them runs.
 *
 * - I1: afterwards a thread may run wherever it might before.
 *
 * @module
 */
import { load, store } from "./atomics.ts";
import { libc } from "./libc.ts";

/** Distance from the word that is waited on: where the last one ran who rang it, plus 1; 0: unknown. */
export const RUNG_FROM = 15;
/** Bytes of a set of processors. */
const SET_BYTES = 128;
const OF_THIS_THREAD = 0;

/** Takes down where the one runs who is about to wake whoever sleeps on a word. */
export function noteRinger(words: Int32Array, at: number): void {
  store(words, at + RUNG_FROM, libc().sched_getcpu() + 1);
}

/** Leaves this processor if who last rang a word ran on it, and there is another one. */
export function leaveToRinger(words: Int32Array, at: number): void {
  const ringers = load(words, at + RUNG_FROM) - 1;
  if (ringers < 0 || libc().sched_getcpu() !== ringers) return;
  const allowed = new Uint8Array(SET_BYTES);
  if (libc().sched_getaffinity(OF_THIS_THREAD, SET_BYTES, allowed) < 0) return;
  const others = allowed.slice();
  others[ringers >> 3] &= ~(1 << (ringers & 7));
  if (libc().sched_setaffinity(OF_THIS_THREAD, SET_BYTES, others) < 0) return;
  // Whoever may run everywhere may do so on processors that are added later too.
  const all = sizeOf(allowed) === libc().get_nprocs() ? allowed.fill(255) : allowed;
  libc().sched_setaffinity(OF_THIS_THREAD, SET_BYTES, all);
}

function sizeOf(set: Uint8Array): number {
  return set.reduce((sum, byte) => {
    for (; byte !== 0; byte &= byte - 1) sum++;
    return sum;
  }, 0);
}
