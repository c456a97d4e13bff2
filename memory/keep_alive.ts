// Runs in: any isolate
/**
 * A wait on shared memory does not keep a program alive, so whoever waits has something else do so. There
 * is one holder for all of them: a timer, until there is something of the event loop that waits anyway.
 *
 * - I1: during sleep the program is held exactly while the count is not 0. Awake it may be held without
 *   need: who asks again before the next sleep is the rule, and needs it again. Whoever begins to wait
 *   during sleep is held a microtask later: that takes longer than ringing who is waited for.
 * - I2: while something else keeps the event loop alive, there is no timer: a first one takes 0.4 ms of a
 *   start.
 *
 * @module
 */
import type { Holder } from "./atomics.ts";

const FOR_EVER = 2 ** 30;
/** Something that nobody has to hold. */
const ELSEWHERE: Holder = { ref() {}, unref() {} };

/** Keeps the event loop alive while it is wanted. */
export class KeepAlive {
  #wanted = 0;
  #isAsleep = false;
  #isHeld = false;
  #holder: Holder = new Timer();
  readonly #holdIfAsleep = () => {
    if (this.#isAsleep) this.hold();
  };

  /** One more who waits. */
  add(): void {
    this.#wanted++;
    if (this.#isAsleep && !this.#isHeld) queueMicrotask(this.#holdIfAsleep);
  }

  /** One less; the last lets the program end. */
  remove(): void {
    if (--this.#wanted === 0 && this.#isAsleep) this.#letGo();
  }

  /** Called before sleep: from here on the program must be held, also for those who come later. */
  hold(): void {
    this.#isAsleep = true;
    if (this.#wanted === 0) this.#letGo();
    else if (!this.#isHeld) {
      this.#isHeld = true;
      this.#holder.ref();
    }
  }

  /** From here on this holds the program: making a timer takes a tenth of a whole `ask` after a pause. */
  holdBy(holder: Holder): void {
    if (holder === this.#holder) return;
    if (this.#isHeld) {
      holder.ref();
      this.#holder.unref();
    }
    this.#holder = holder;
  }

  /** From here on something else keeps the event loop alive; gives what is called right before that ends. */
  relieve(): () => void {
    this.holdBy(ELSEWHERE);
    return () => {
      if (this.#holder === ELSEWHERE) this.holdBy(new Timer());
    };
  }

  /** Called after sleep: whoever comes now has {@linkcode KeepAlive.hold} called in time. */
  release(): void {
    this.#isAsleep = false;
  }

  #letGo(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#holder.unref();
  }

  /** How many wait. */
  get count(): number {
    return this.#wanted;
  }
}

/** A timer that is there only while it holds the program: one that stays would pass for a leak in tests. */
class Timer implements Holder {
  #timer: ReturnType<typeof setInterval> | undefined;

  ref(): void {
    this.#timer = setInterval(() => {}, FOR_EVER);
  }

  unref(): void {
    clearInterval(this.#timer);
  }
}
