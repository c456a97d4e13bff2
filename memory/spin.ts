// Runs in: any isolate
/**
 * Whether, and how long, to spin before sleep. Waking a sleeping isolate costs 20-100 us, an answer that
 * comes while the waiter still looks costs under 1 us; but a spin that finds nothing is wasted, and on a
 * loaded machine it keeps the very isolate from running that it waits for. So: spin while most recent
 * spins found something, for a few times as long as that took; give it up when they do not, and try
 * again now and then.
 *
 * - I1: a spin pays while two of three find something: then one that fails costs less than they saved.
 * - I2: after {@linkcode BEST} spins in a row that found nothing, at most every 64th wait spins, after
 *   each such a quarter as many, down to every 16,384th, until {@linkcode BEST} in a row find something;
 *   and one short one after a long sleep.
 * - I3: beside those, who is invited by another's spin spins once as well, as looks pay only for both at
 *   once; after each such in vain it lets twice as many invitations pass, up to {@linkcode MOST_UNHEEDED}.
 * - I4: before a probe, and after a sleep while spins pay, this isolate leaves the processor of whoever rang
 *   it: of two on one processor, one looks while the other cannot run.
 *
 * @module
 */
import { load, pause, stepAside } from "./atomics.ts";

/** Longest spin, in milliseconds: about what waking from sleep costs. */
export const SPIN_MS = 0.1;
/**
 * Shortest, so that an answer is still found that is late because its sender was interrupted. Sleep that is
 * followed by two wake-ups and a change of processors costs three times as much.
 */
const LEAST_MS = 0.06;
/** The same while it is not known whether spins pay: whoever was just rung may have to run here. */
const TRIAL_MS = 0.015;
const TIMES_TYPICAL = 4;
const START = 4;
const BEST = 8;
const LOSS = 2;
const PROBE_FIRST = 64;
const PROBE_LAST = 16_384;
const PROBE_TIMES = 4;
/**
 * A probe, in milliseconds. Two isolates that wake each other tend to share a core, where a spin only
 * keeps the other from running; the scheduler moves one away once it has waited for over 0.5 ms.
 */
const PROBE_MS = 1.5;
const MOST_UNHEEDED = 1023;
const LONG_SLEEP_MS = 10;
const LOOKS_A_CHECK = 32;

/** What became of a spin: the attempt succeeded, the doorbell rang, or the time was up. */
export type Found = "success" | "rung" | "nothing";

/** Decides from the past whether and how long to spin. */
export class SpinHabit {
  #credit = START;
  #waits = 0;
  #probeAt = PROBE_FIRST;
  #hasSlept = false;
  #isInvited = false;
  #unheeded = 0;
  #patience = 0;
  #typical = SPIN_MS / TIMES_TYPICAL;

  /** Tries something until it succeeds or the word is not 0, as long as that was worth it lately. */
  look(words: Int32Array, at: number, attempt: () => boolean): Found {
    const isProbe = this.#credit === 0;
    const isInvited = this.#isInvited && --this.#unheeded < 0;
    this.#isInvited = false;
    if (isProbe && !isInvited && ++this.#waits < this.#probeAt) return "nothing";
    if (isProbe || (this.#hasSlept && this.#credit > LOSS)) stepAside(words, at);
    this.#hasSlept = false;
    const least = this.#credit > LOSS ? LEAST_MS : TRIAL_MS;
    const usual = Math.min(SPIN_MS, least + TIMES_TYPICAL * this.#typical);
    const longest = !isProbe ? usual : isInvited ? SPIN_MS : PROBE_MS;
    const begun = performance.now();
    const found = lookUntil(begun + longest, words, { at, attempt });
    if (isProbe && isInvited) this.#heed(found);
    else if (isProbe) this.#probeAt = Math.min(PROBE_LAST, this.#probeAt * PROBE_TIMES);
    this.#learn(found, Math.min(SPIN_MS, performance.now() - begun));
    return found;
  }

  /** A sleep is over. After a long one, what comes now may be the start of something lively. */
  woke(ms: number): void {
    this.#hasSlept = true;
    if (ms > LONG_SLEEP_MS) this.#credit = Math.max(this.#credit, LOSS);
  }

  /** What this isolate wrote was not waited for in sleep: its reader may be looking, and answer soon. */
  invite(): void {
    this.#isInvited = true;
  }

  #heed(found: Found): void {
    this.#patience = found === "nothing" ? Math.min(MOST_UNHEEDED, this.#patience * 2 + 1) : 0;
    this.#unheeded = this.#patience;
  }

  #learn(found: Found, took: number): void {
    this.#waits = 0;
    if (found === "nothing") this.#credit = Math.max(0, this.#credit - LOSS);
    else {
      this.#credit = Math.min(BEST, this.#credit + 1);
      this.#typical += (took - this.#typical) / 8;
      // A probe is long enough to find something even where spins do not pay; those after it tell.
      if (this.#credit === BEST) this.#probeAt = PROBE_FIRST;
    }
  }
}

function lookUntil(
  end: number,
  words: Int32Array,
  { at, attempt }: { at: number; attempt: () => boolean },
): Found {
  do {
    for (let look = 0; look < LOOKS_A_CHECK; look++) {
      if (attempt()) return "success";
      if (load(words, at) !== 0) return "rung";
      pause();
    }
  } while (performance.now() < end);
  return "nothing";
}
