// Runs in: any isolate
/**
 * Stages that work on one item at a time, here: they are pulled, pull, and keep nothing.
 *
 * - I1: results come in the order of the items.
 * - I2: at most one item is at hand; what a `flatMap` makes of it is read only as it is pulled.
 *
 * @module
 */
import { type Attempts, type Call, DROPPED } from "./attempts.ts";
import type { Flow, Item, Pulled } from "./flow.ts";
import { END, open, type Opened } from "./source.ts";
import type { Meter } from "./stage.ts";

/** What a stage does, and what that means for the item: it becomes the result, is kept or not, or becomes several. */
export interface Work {
  readonly kind: "map" | "filter" | "flatMap";
  readonly call: Call;
}

/** The counts of a stage, and what it does with failures. */
export interface Bench {
  readonly meter: Meter;
  readonly attempts: Attempts;
}

/** What the result of a stage's function makes of the item; `undefined` when it is let go. */
export function settle(
  item: Item,
  result: unknown,
  { kind, meter }: SettleOptions,
): Item | undefined {
  if (result === DROPPED) return undefined;
  if (kind === "filter" && !result) {
    item.done();
    return undefined;
  }
  if (kind === "map") item.value = result;
  if (kind === "flatMap") item.value = [item.value, result] satisfies Expansion;
  else meter.out++;
  return item;
}

/** See {@linkcode settle}. */
export interface SettleOptions {
  readonly kind: Work["kind"];
  readonly meter: Meter;
}

/** Maps or filters one item after the other. */
export class Sequential implements Flow {
  readonly #above: Flow;
  readonly #call: Call;
  readonly #attempts: Attempts;
  readonly #settling: SettleOptions;

  constructor(above: Flow, { kind, call }: Work, { meter, attempts }: Bench) {
    this.#above = above;
    this.#call = call;
    this.#attempts = attempts;
    this.#settling = { kind, meter };
  }

  pull(): Pulled {
    for (;;) {
      const item = this.#above.pull();
      if (item === undefined) return undefined;
      if (item instanceof Promise) return this.#pullLater(item);
      const result = this.#attempts.run(item, this.#call);
      if (result instanceof Promise) return this.#settleLater(item, result);
      if (settle(item, result, this.#settling) !== undefined) return item;
    }
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#above.close(reason);
  }

  async #settleLater(item: Item, result: Promise<unknown>): Promise<Item | undefined> {
    if (settle(item, await result, this.#settling) !== undefined) return item;
    return await this.pull();
  }

  /** Goes on where the first promise was met. */
  async #pullLater(pulled: Promise<Item | undefined>): Promise<Item | undefined> {
    let item = await pulled;
    while (item !== undefined) {
      let result = this.#attempts.run(item, this.#call);
      if (result instanceof Promise) result = await result;
      if (settle(item, result, this.#settling) !== undefined) return item;
      item = await this.#above.pull();
    }
  }
}

/** An item, and what it became. */
type Expansion = [value: unknown, items: unknown];

/** An item, and what it became, once it is read. */
interface Inner {
  readonly item: Item;
  readonly items: unknown;
  opened?: Opened;
}

/** Nothing yet; there may be more. */
const MORE: unique symbol = Symbol("more");

/** Gives the items that an item became, one by one. */
export class Flatten implements Flow {
  readonly #above: Flow;
  readonly #bench: Bench;
  #inner: Inner | undefined;

  constructor(above: Flow, bench: Bench) {
    this.#above = above;
    this.#bench = bench;
  }

  pull(): Pulled {
    for (;;) {
      const step = this.#step();
      if (step instanceof Promise) return this.#pullLater(step);
      const taken = this.#take(step);
      if (taken !== MORE) return taken;
    }
  }

  async close(reason?: unknown): Promise<void> {
    const { opened } = this.#inner ?? {};
    this.#inner = undefined;
    await opened?.close(reason);
    await this.#above.close(reason);
  }

  async #pullLater(pending: Promise<Item | undefined>): Promise<Item | undefined> {
    let taken = this.#take(await pending);
    while (taken === MORE) taken = this.#take(await this.#step());
    return taken;
  }

  /** An item that became something, or something that it became. */
  #step(): Pulled {
    return this.#inner === undefined ? this.#above.pull() : this.#read(this.#inner);
  }

  #take(step: Item | undefined): Item | undefined | typeof MORE {
    if (this.#inner === undefined) {
      if (step === undefined) return undefined;
      const [value, items] = step.value as Expansion;
      step.value = value;
      this.#inner = { item: step, items };
    } else if (step === undefined) this.#inner = undefined;
    else {
      this.#bench.meter.out++;
      return step;
    }
    return MORE;
  }

  #read(inner: Inner): Pulled {
    const { item } = inner;
    const made = (value: unknown) => value === END ? item.done() as undefined : item.also(value);
    try {
      const next = (inner.opened ??= open(inner.items)).next();
      return next instanceof Promise
        ? next.then(made, (error) => this.#giveUp(item, error))
        : made(next);
    } catch (error) {
      return this.#giveUp(item, error);
    }
  }

  async #giveUp(item: Item, error: unknown): Promise<undefined> {
    await this.#bench.attempts.giveUp(item, error, 1);
  }
}
