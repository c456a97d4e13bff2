// Runs in: owner
/**
 * A stage whose work is done by the workers of a pool, alone or together with the stages after it.
 *
 * - I1: an item whose worker died goes on at most once: it is tried again only if its stage says so.
 * - I2: items that were given to a worker together and failed together are tried again one by one.
 *
 * @module
 */
import { ExitError, NotSendableError, type TroupeError } from "../../errors.ts";
import type { Pool } from "../pool.ts";
import { type Attempts, DROPPED } from "./attempts.ts";
import type { Item } from "./flow.ts";
import { type RemoteOutcome, type RemoteStep, runSteps } from "./remote.ts";
import type { Meter } from "./stage.ts";

/** One of the functions that run together. */
export interface PooledStep {
  readonly step: RemoteStep;
  readonly meter: Meter;
  readonly attempts: Attempts;
}

/** Runs items through functions in a pool, which is asked for when there are some. */
export class Pooled {
  readonly #pool: () => Pool;
  readonly #steps: readonly PooledStep[];
  readonly #remote: readonly RemoteStep[];
  readonly #signal: AbortSignal;

  constructor(pool: () => Pool, steps: readonly PooledStep[], signal: AbortSignal) {
    this.#pool = pool;
    this.#steps = steps;
    this.#remote = steps.map(({ step }) => step);
    this.#signal = signal;
  }

  /** Runs items together; gives what they became, in order. */
  async run(items: readonly Item[]): Promise<Item[]> {
    const { meter } = this.#steps[0];
    const begun = meter.take(items.length);
    meter.begin(begun, items.length);
    try {
      const outcomes = await this.#outcomes(items);
      const results: Item[] = [];
      for (const [at, item] of items.entries()) {
        const outcome = outcomes[at];
        const values = "values" in outcome ? outcome.values : await this.#failed(item, outcome);
        if (values !== DROPPED) { for (const made of spread(item, values)) results.push(made); }
      }
      return results;
    } finally {
      meter.end(begun, items.length);
    }
  }

  /** What became of each. Rejects when the pool itself cannot run them. */
  async #outcomes(items: readonly Item[]): Promise<readonly RemoteOutcome[]> {
    const values = items.map(({ value }) => value);
    try {
      const outcomes = await this.#pool().applyAsync(runSteps, [this.#remote, values], {
        signal: this.#signal,
      });
      for (const outcome of outcomes) this.#count(outcome);
      return outcomes;
    } catch (error) {
      if (!(error instanceof ExitError || error instanceof NotSendableError)) throw error;
      return items.map(() => ({ error, step: 0 }));
    }
  }

  #count(outcome: RemoteOutcome): void {
    const isDone = "values" in outcome;
    const reached = isDone ? this.#steps.length : outcome.step;
    for (let at = 0; at < reached; at++) {
      this.#steps[at].meter.out++;
      if (at > 0) this.#steps[at].meter.in++;
    }
    if (isDone) this.#steps[reached - 1].meter.out += outcome.values.length - 1;
    else if (reached > 0) this.#steps[reached].meter.in++;
  }

  /** Tries an item again, from the first step on. */
  async #failed(
    item: Item,
    { error, step }: { error: TroupeError; step: number },
  ): Promise<readonly unknown[] | typeof DROPPED> {
    const call = async () => {
      const [outcome] = await this.#outcomes([item]);
      if ("values" in outcome) return outcome.values;
      throw outcome.error;
    };
    const failure = { error, attempt: 1, call };
    return await this.#steps[step].attempts.failed(item, failure) as readonly unknown[];
  }
}

/** The item with its only value, or one for each value. */
function spread(item: Item, values: readonly unknown[]): Item[] {
  if (values.length === 1) {
    item.value = values[0];
    return [item];
  }
  const items = values.map((value) => item.also(value));
  item.done();
  return items;
}
