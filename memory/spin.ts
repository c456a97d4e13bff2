// Runs in: any isolate
/**
 * Whether to spin before sleep. Waking a sleeping isolate costs 50-100 us, an answer that comes while
 * the waiter still looks costs under 1 us; but a spin that finds nothing is wasted. So: spin while
 * recent spins found something, give it up when they do not, and try again now and then.
 *
 * - I1: after {@linkcode BEST} spins in a row that found nothing, at most every 16th wait spins.
 *
 * @module
 */
import { load, pause } from "./atomics.ts";

/** Longest spin, in milliseconds: about what waking from sleep costs. */
export const SPIN_MS = 0.1;
const START = 4;
const BEST = 8;
const PROBE_EVERY = 16;
const LOOKS_A_CHECK = 32;

/** Decides from the past whether to spin. */
export class SpinHabit {
  #credit = START;
  #waits = 0;

  /** Whether to spin at this wait. */
  shouldSpin(): boolean {
    return this.#credit > 0 || ++this.#waits % PROBE_EVERY === 0;
  }

  /** Tells how the spin went. */
  learn(found: boolean): void {
    if (found) this.#credit = Math.min(BEST, this.#credit + 2);
    else if (this.#credit > 0) this.#credit--;
  }
}

/**
 * Tries something until it succeeds or the word is not 0, for at most {@linkcode SPIN_MS}; which of
 * the three.
 */
export function lookFor(
  words: Int32Array,
  at: number,
  attempt: () => boolean,
): "success" | "rung" | "nothing" {
  const end = performance.now() + SPIN_MS;
  do {
    for (let look = 0; look < LOOKS_A_CHECK; look++) {
      if (attempt()) return "success";
      if (load(words, at) !== 0) return "rung";
      pause();
    }
  } while (performance.now() < end);
  return "nothing";
}
