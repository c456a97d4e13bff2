// Runs in: owner
/**
 * The most memory that the program has had.
 *
 * @module
 */

/** Looks at the memory of the whole program, workers included, a few times a second. */
export class PeakMemory {
  #peak = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Begins to look. */
  constructor() {
    this.#timer = setInterval(() => this.#look(), 50);
  }

  /** Most bytes so far. */
  get peak(): number {
    this.#look();
    return this.#peak;
  }

  /** Looks no more. */
  end(): void {
    this.#look();
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, Deno.memoryUsage().rss);
  }
}
