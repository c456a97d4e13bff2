// Runs in: any isolate
/**
 * Batches of items.
 *
 * @module
 */
import { type Flow, type Item, type Pulled, together } from "./flow.ts";
import { Gather } from "./gather.ts";
import { checkCount, checkTime, type Meter, named, simple, type StageSpec } from "./stage.ts";

/** Options of `batch`. */
export interface BatchOptions<T = unknown> {
  /** Milliseconds after its first item that a batch is given in any case. Default: for ever. */
  within?: number;
  /** How much of the size an item takes. Default 1. One that is heavier than the size comes alone. */
  weight?(item: T): number;
  /** For errors and figures. Default `"batch"`. */
  name?: string;
}

/** Batches of items. @throws RangeError for a size or time that is none */
export function batchStage(size: number, options: BatchOptions<never>): StageSpec {
  const { within, weight, name = "batch" } = options;
  checkCount(size, "batches of size");
  checkTime(within, "batches within");
  return {
    outline: simple(name, weight === undefined ? size : Infinity),
    attach(above, scope) {
      const meter = scope.meter(name);
      return new Batches(above, { size, within, weight: weight && named(name, weight) }, meter);
    },
  };
}

class Batches implements Flow {
  readonly #gather: Gather;
  readonly #meter: Meter;

  constructor(
    above: Flow,
    enough: ConstructorParameters<typeof Gather>[1],
    meter: Meter,
  ) {
    this.#gather = new Gather(above, enough);
    this.#meter = meter;
  }

  pull(): Pulled {
    const items = this.#gather.next();
    return items instanceof Promise ? items.then((them) => this.#join(them)) : this.#join(items);
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#gather.close(reason);
  }

  #join(items: readonly Item[] | undefined): Item | undefined {
    if (items === undefined) return undefined;
    this.#meter.in += items.length;
    this.#meter.out++;
    return together(items, items.map(({ value }) => value));
  }
}
