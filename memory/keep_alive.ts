// Runs in: any isolate
/**
 * A wait on shared memory does not keep a program alive, so whoever waits keeps a timer. There is one
 * for all of them, and only while somebody sleeps.
 *
 * - I1: there is a timer only while the count is not 0.
 *
 * @module
 */

const FOR_EVER = 2 ** 30;

/** Keeps the event loop alive while it is wanted. */
export class KeepAlive {
  #wanted = 0;
  #isAsleep = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** One more who waits. */
  add(): void {
    this.#wanted++;
    if (this.#isAsleep) this.hold();
  }

  /** One less; the last lets the program end. */
  remove(): void {
    if (--this.#wanted === 0 && this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Called before sleep: from here on the timer is needed, also by those who come later. */
  hold(): void {
    this.#isAsleep = true;
    if (this.#wanted > 0) this.#timer ??= setInterval(() => {}, FOR_EVER);
  }

  /** Called after sleep: whoever comes now has {@linkcode KeepAlive.hold} called in time. */
  release(): void {
    this.#isAsleep = false;
  }

  /** How many wait. */
  get count(): number {
    return this.#wanted;
  }
}
