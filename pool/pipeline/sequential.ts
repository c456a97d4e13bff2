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
export function settle(item: Item, result: unknown, { kind, meter }: Settling): Item | undefined {
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
export interface Settling {
  readonly kind: Work["kind"];
  readonly meter: Meter;
}

/** Maps or filters one item after the other. Stages of this kind that follow one another are one loop. */
export class Sequential implements Flow {
  readonly #above: Flow;
  readonly #steps: readonly (Work & Bench)[];

  constructor(above: Flow, work: Work, bench: Bench) {
    const before = above instanceof Sequential ? above.#steps : [];
    this.#above = above instanceof Sequential ? above.#above : above;
    this.#steps = [...before, { ...work, ...bench }];
  }

  pull(): Pulled {
    for (;;) {
      const item = this.#above.pull();
      if (item === undefined) return undefined;
      if (item instanceof Promise) return this.#pullLater(item);
      const done = this.#through(item);
      if (done instanceof Promise) return this.#doneLater(done);
      if (done !== undefined) return done;
    }
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#above.close(reason);
  }

  async #doneLater(done: Promise<Item | undefined>): Promise<Item | undefined> {
    return await done ?? await this.#pullLater(this.#above.pull());
  }

  /** Goes on where a promise was met. */
  async #pullLater(pulled: Pulled): Promise<Item | undefined> {
    for (let item = await pulled; item !== undefined; item = await this.#above.pull()) {
      const through = this.#through(item);
      const done = through instanceof Promise ? await through : through;
      if (done !== undefined) return done;
    }
  }

  /** Takes an item through all steps. */
  #through(item: Item): Pulled {
    for (let at = 0; at < this.#steps.length; at++) {
      const step = this.#steps[at];
      const result = step.attempts.run(item, step.call);
      if (result instanceof Promise) return this.#rest(item, at, result);
      if (settle(item, result, step) === undefined) return undefined;
    }
    return item;
  }

  async #rest(item: Item, at: number, begun: Promise<unknown>): Promise<Item | undefined> {
    let result: unknown = begun;
    for (let index = at;;) {
      const settled = result instanceof Promise ? await result : result;
      if (settle(item, settled, this.#steps[index]) === undefined) return undefined;
      const step = this.#steps[++index];
      if (step === undefined) return item;
      result = step.attempts.run(item, step.call);
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
  #state: "open" | "closed" = "open";

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
    if (this.#state === "open") {
      this.#state = "closed";
      await this.#inner?.opened?.close(reason);
    }
    await this.#above.close(reason);
  }

  async #pullLater(pending: Promise<Item | undefined>): Promise<Item | undefined> {
    let taken = this.#take(await pending);
    while (taken === MORE) taken = this.#take(await this.#step());
    return taken;
  }

  /** An item that became something, or something that it became. */
  #step(): Pulled {
    if (this.#state === "closed") return undefined;
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
