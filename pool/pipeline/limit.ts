// Runs in: any isolate
/**
 * Stages that let items through: so many, so many in a time, or so many ahead.
 *
 * @module
 */
import { pause } from "./attempts.ts";
import { Channel } from "./channel.ts";
import type { Flow, Item, Pulled } from "./flow.ts";
import { checkCount, checkTime, type Meter, type Scope, simple, type StageSpec } from "./stage.ts";

/** The first so many items; then what is above is closed. @throws RangeError for a count that is none */
export function takeStage(count: number): StageSpec {
  checkCount(count, "take", 0);
  return {
    outline: simple("take"),
    attach: (above, scope) => new Take(above, count, scope.meter("take")),
  };
}

class Take implements Flow {
  readonly #above: Flow;
  readonly #meter: Meter;
  #left: number;

  constructor(above: Flow, count: number, meter: Meter) {
    this.#above = above;
    this.#left = count;
    this.#meter = meter;
  }

  pull(): Pulled {
    if (this.#left === 0) return this.#end();
    this.#left--;
    const item = this.#above.pull();
    return item instanceof Promise ? item.then((it) => this.#count(it)) : this.#count(item);
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#above.close(reason);
  }

  #count(item: Item | undefined): Item | undefined {
    if (item === undefined) return undefined;
    this.#meter.in++;
    this.#meter.out++;
    return item;
  }

  async #end(): Promise<undefined> {
    await this.#above.close();
  }
}

/** Lets at most `count` items through in any `within` milliseconds. @throws RangeError */
export function throttleStage(count: number, { within }: { within: number }): StageSpec {
  checkCount(count, "throttle");
  checkTime(within, "throttle within");
  return {
    outline: simple("throttle"),
    attach: (above, scope) => new Throttle(above, { count, within }, scope),
  };
}

/** Remembers when the last items were let through. */
class Throttle implements Flow {
  readonly #above: Flow;
  readonly #rate: { readonly count: number; readonly within: number };
  readonly #scope: Scope;
  readonly #meter: Meter;
  readonly #times: number[] = [];
  #at = 0;

  constructor(above: Flow, rate: { count: number; within: number }, scope: Scope) {
    this.#above = above;
    this.#rate = rate;
    this.#scope = scope;
    this.#meter = scope.meter("throttle");
  }

  async pull(): Promise<Item | undefined> {
    const item = await this.#above.pull();
    if (item === undefined) return undefined;
    this.#meter.in++;
    const { count, within } = this.#rate;
    const free = (this.#times[this.#at] ?? -Infinity) + within;
    for (let now = performance.now(); now < free; now = performance.now()) {
      await pause(free - now, this.#scope.signal);
    }
    this.#times[this.#at] = performance.now();
    this.#at = (this.#at + 1) % count;
    this.#meter.out++;
    return item;
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#above.close(reason);
  }
}

/** Reads up to `size` items ahead of whoever pulls. @throws RangeError for a size that is none */
export function bufferStage(size: number): StageSpec {
  checkCount(size, "buffer");
  return {
    outline: simple("buffer", size),
    attach(above, scope) {
      const flow = new Buffered(above, size, scope);
      scope.meter("buffer").buffered = () => flow.size;
      return flow;
    },
  };
}

/** Items that were read ahead. */
export class Buffered implements Flow {
  readonly #above: Flow;
  readonly #scope: Scope;
  readonly #channel: Channel<Item>;
  #state: "new" | "reading" = "new";

  constructor(above: Flow, size: number, scope: Scope) {
    this.#above = above;
    this.#scope = scope;
    this.#channel = new Channel(size - 1);
  }

  /** Items that wait. */
  get size(): number {
    return this.#channel.size;
  }

  pull(): Pulled {
    if (this.#state === "new") {
      this.#state = "reading";
      pour(this.#above, this.#channel).then(() => this.#channel.end(), this.#scope.fail);
    }
    return this.#channel.take();
  }

  close(reason?: unknown): void | Promise<void> {
    this.#channel.close();
    return this.#above.close(reason);
  }
}

/** Puts all items into a channel, until nobody takes them. */
export async function pour(above: Flow, channel: Channel<Item>): Promise<void> {
  for (;;) {
    const pulled = above.pull();
    const item = pulled instanceof Promise ? await pulled : pulled;
    if (item === undefined) return;
    const taken = channel.put(item);
    if (!(taken instanceof Promise ? await taken : taken)) return;
  }
}
