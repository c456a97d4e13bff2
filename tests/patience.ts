/**
 * How long tests wait for what must happen before they say that it never will. Only time in which this
 * program could run counts: one that was stopped, or that hardly gets a processor, is not charged for
 * what it could not see.
 *
 * @module
 */

/** Longest that a test waits for something before it says that it will never come, in milliseconds. */
export const HUNG_MS = 30_000;

/** Between two looks; more than this is never charged for one, in milliseconds. */
const LOOK_MS = 100;

/** Some time to wait, which passes only while somebody looks at it. */
export class Patience {
  #left: number;
  #seen = performance.now();

  /** So many milliseconds. */
  constructor(milliseconds: number = HUNG_MS) {
    this.#left = milliseconds;
  }

  /** Looks; whether nothing is left of it. */
  isOver(): boolean {
    const now = performance.now();
    this.#left -= Math.min(now - this.#seen, LOOK_MS);
    this.#seen = now;
    return this.#left <= 0;
  }
}

/** Calls `late` when the patience is over; gives what calls that off. */
export function whenOver(late: () => void, milliseconds: number = HUNG_MS): () => void {
  const patience = new Patience(milliseconds);
  const timer = setInterval(() => {
    if (!patience.isOver()) return;
    clearInterval(timer);
    late();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/** Tells when nothing has happened for long. */
export class Progress {
  /** Resolves then. */
  readonly stopped: Promise<void>;
  /** Ends the watch. */
  readonly end: () => void;
  #patience = new Patience();

  /** Watches from now on. */
  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    const timer = setInterval(() => this.#patience.isOver() && resolve(), LOOK_MS);
    this.end = () => clearInterval(timer);
  }

  /** Something has happened. */
  made(): void {
    this.#patience = new Patience();
  }
}
