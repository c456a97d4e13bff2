// Runs in: any isolate
/**
 * How often the encoder looks for what hardly ever is there but costs much to look for: symbol keys of
 * plain objects, named properties of arrays. The language has no cheap test for either; made on each
 * object they take as long as all the rest of a message.
 *
 * - I1: the first {@linkcode ALWAYS} of a kind are looked at, one by one; from then on one of
 *   {@linkcode SELDOM}.
 * - I2: after one that had something the count begins anew: whatever comes in numbers is found.
 *
 * @module
 */

const ALWAYS = 1024;
const SELDOM = 32;

/** What is known of one kind of objects. */
export class Vigilance {
  #clean = 0;

  /** Whether the next one has to be looked at. */
  isDue(): boolean {
    if (this.#clean < ALWAYS) {
      this.#clean++;
      return true;
    }
    if (++this.#clean < ALWAYS + SELDOM) return false;
    this.#clean = ALWAYS;
    return true;
  }

  /** One had something. */
  alarm(): void {
    this.#clean = 0;
  }
}
