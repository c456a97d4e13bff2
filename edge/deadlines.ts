// Runs in: any isolate
/**
 * Many waits of the same length with one timer, since a timer for each request costs more than most
 * requests. They end up to an eighth later than asked for.
 *
 * @module
 */

/** One wait. */
interface Entry {
  readonly at: number;
  readonly late: () => void;
}

/** Waits of `ms` milliseconds each. */
export class Deadlines {
  readonly #ms: number;
  /** In the order in which they end, which is that in which they began. */
  readonly #entries = new Set<Entry>();
  #inside = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Waits of this length. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Somebody who may wait has come: from the first to the last of them the timer runs. */
  enter(): void {
    if (this.#inside++ > 0) return;
    this.#timer = setInterval(() => this.#look(), Math.max(1, this.#ms / 8));
  }

  /** And has gone. */
  leave(): void {
    if (--this.#inside > 0) return;
    clearInterval(this.#timer);
  }

  /** `promise`, unless it is late: then it rejects with what `late` gives. Only between enter and leave. */
  async within<T>(promise: Promise<T>, late: () => unknown): Promise<T> {
    const tooLate = Promise.withResolvers<never>();
    const entry = { at: performance.now() + this.#ms, late: () => tooLate.reject(late()) };
    this.#entries.add(entry);
    try {
      return await Promise.race([promise, tooLate.promise]);
    } finally {
      this.#entries.delete(entry);
    }
  }

  #look(): void {
    const now = performance.now();
    for (const entry of this.#entries) {
      if (entry.at > now) return;
      entry.late();
    }
  }
}
