// Runs in: any isolate
/**
 * A bounded channel between two loops of one isolate.
 *
 * - I1: what was put comes out once, in order.
 * - I2: no more than `capacity` values are inside, besides those of putters that wait.
 * - I3: after `close` nobody waits here.
 *
 * @module
 */

/** Room for so many values; with none, a putter waits until its value is taken. */
export class Channel<T> {
  readonly #capacity: number;
  readonly #values: T[] = [];
  readonly #putters: ((taken: boolean) => void)[] = [];
  readonly #takers: ((value: T | undefined) => void)[] = [];
  #state: "open" | "ended" | "closed" = "open";

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Values inside, those of waiting putters included. */
  get size(): number {
    return this.#values.length;
  }

  /** Whether nobody will take any more. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Puts a value; resolves when there is room for the next: `false` when nobody will take it. */
  put(value: T): boolean | Promise<boolean> {
    if (this.#state !== "open") return false;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker(value);
      return true;
    }
    this.#values.push(value);
    if (this.#values.length <= this.#capacity) return true;
    return new Promise((resolve) => this.#putters.push(resolve));
  }

  /** The next value; `undefined` at the end. */
  take(): T | undefined | Promise<T | undefined> {
    if (this.#values.length > 0) {
      const value = this.#values.shift();
      this.#putters.shift()?.(true);
      return value;
    }
    if (this.#state !== "open") return undefined;
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** No more will be put; what is inside can be taken. */
  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  /** Nobody will take any more; gives what was inside. */
  close(): T[] {
    this.end();
    this.#state = "closed";
    for (const putter of this.#putters.splice(0)) putter(false);
    return this.#values.splice(0);
  }
}

/** So many permits, first come first served. */
export class Permits {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes one; a promise when it has to wait. */
  take(): void | Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives one back. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
