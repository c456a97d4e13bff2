// Runs in: any isolate
/**
 * Gathers items: as many as were asked for, or as came in time.
 *
 * - I1: no item is lost or doubled; their order is kept.
 * - I2: an item that came too late, or is too heavy, is the first of the next ones.
 * - I3: there is at most one timer, and none while nobody waits.
 *
 * @module
 */
import type { Flow, Item, Pulled } from "./flow.ts";

/** When items are enough. */
export interface Enough {
  /** So many, or so heavy together; one that is heavier comes alone. */
  readonly size: number;
  /** Or so many milliseconds after the first. */
  readonly within?: number;
  /** How heavy one is. Default 1. */
  readonly weight?: (value: never) => number;
}

type Gathered = Item[] | undefined;

/** Gathers items from a flow. */
export class Gather {
  readonly #above: Flow;
  readonly #enough: Enough;
  /** What was read and belongs to the next ones. */
  #carried: Pulled;
  #items: Item[] = [];
  #weight = 0;
  #deadline = 0;
  /** Ends a wait. */
  #leave: () => void = () => {};

  constructor(above: Flow, enough: Enough) {
    this.#above = above;
    this.#enough = enough;
  }

  /** Some items, at least one; `undefined` at the end. */
  next(): Gathered | Promise<Gathered> {
    for (;;) {
      const pulled = this.#carried ?? this.#above.pull();
      this.#carried = undefined;
      if (pulled instanceof Promise) return this.#later(pulled);
      if (this.#isEnough(pulled)) return this.#take();
    }
  }

  /** Nobody waits for items any more. */
  close(reason?: unknown): void | Promise<void> {
    this.#leave();
    return this.#above.close(reason);
  }

  async #later(pulled: Pulled): Promise<Gathered> {
    for (;;) {
      const item = pulled instanceof Promise ? await this.#inTime(pulled) : pulled;
      if (item === LATE) this.#carried = pulled;
      if (item === LATE || this.#isEnough(item)) return this.#take();
      pulled = this.#above.pull();
    }
  }

  /** Takes an item, or the end; whether that is enough. */
  #isEnough(item: Item | undefined): boolean {
    if (item === undefined) return true;
    const { size, within, weight } = this.#enough;
    const heavy = weight === undefined ? 1 : weight(item.value as never);
    if (this.#items.length > 0 && this.#weight + heavy > size) {
      this.#carried = item;
      return true;
    }
    if (this.#items.push(item) === 1 && within !== undefined) {
      this.#deadline = performance.now() + within;
    }
    return (this.#weight += heavy) >= size;
  }

  #take(): Gathered {
    const items = this.#items;
    this.#items = [];
    this.#weight = 0;
    return items.length > 0 ? items : undefined;
  }

  #inTime(pulled: Promise<Item | undefined>): Promise<Item | undefined | typeof LATE> {
    if (this.#items.length === 0 || this.#enough.within === undefined) return pulled;
    return new Promise((resolve, reject) => {
      const left = Math.max(0, this.#deadline - performance.now());
      const timer = setTimeout(resolve, left, LATE);
      this.#leave = () => clearTimeout(timer);
      pulled.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

const LATE: unique symbol = Symbol("late");
