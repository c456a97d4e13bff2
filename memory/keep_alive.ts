// Runs in: any isolate
/**
 * A wait on shared memory does not keep a program alive, so whoever waits keeps a timer. There is one
 * for all of them, and only while somebody sleeps.
 *
 * - I1: during sleep there is a timer exactly while the count is not 0. Awake there may be one left
 *   over: who asks again before the next sleep is the rule, and needs it again. Whoever begins to wait
 *   during sleep has it a microtask later: making one takes longer than ringing who is waited for.
 * - I2: while something else keeps the event loop alive, there is none: a first timer takes 0.4 ms of a start.
 *
 * @module
 */

const FOR_EVER = 2 ** 30;

/** Keeps the event loop alive while it is wanted. */
export class KeepAlive {
  #wanted = 0;
  #isAsleep = false;
  #isRelieved = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #holdIfAsleep = () => {
    if (this.#isAsleep) this.hold();
  };

  /** One more who waits. */
  add(): void {
    this.#wanted++;
    if (!this.#isAsleep || this.#isRelieved || this.#timer !== undefined) return;
    queueMicrotask(this.#holdIfAsleep);
  }

  /** One less; the last lets the program end. */
  remove(): void {
    if (--this.#wanted === 0 && this.#isAsleep) this.#letGo();
  }

  /** Called before sleep: from here on the timer is needed, also by those who come later. */
  hold(): void {
    this.#isAsleep = true;
    if (this.#isRelieved) return;
    if (this.#wanted > 0) this.#timer ??= setInterval(() => {}, FOR_EVER);
    else this.#letGo();
  }

  /** From here on something else keeps the event loop alive; gives what is called right before that ends. */
  relieve(): () => void {
    this.#isRelieved = true;
    return () => {
      this.#isRelieved = false;
      if (this.#isAsleep) this.hold();
    };
  }

  /** Called after sleep: whoever comes now has {@linkcode KeepAlive.hold} called in time. */
  release(): void {
    this.#isAsleep = false;
  }

  #letGo(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** How many wait. */
  get count(): number {
    return this.#wanted;
  }
}
