// Runs in: any isolate
/**
 * Fan-out and fan-in: items go to all branches, or to the one that is named, and come together again.
 *
 * - I1: each branch keeps the order of its items; between branches they come as they are done.
 * - I2: a branch that is full holds the others back; a branch that has ended does not.
 * - I3: when all branches have ended, what is above is closed.
 *
 * @module
 */
import { Attempts, DROPPED } from "./attempts.ts";
import { Channel } from "./channel.ts";
import type { Flow, Item, Pulled } from "./flow.ts";
import {
  checkCount,
  type Meter,
  type Scope,
  simple,
  type StageOptions,
  type StageSpec,
} from "./stage.ts";

/** Options of `broadcast` and `route`. */
export interface FanOptions<T = unknown> extends Pick<StageOptions<T>, "name" | "onError"> {
  /** Items that may wait before each branch. Default 0: a branch is never ahead of the others. */
  buffer?: number;
}

/** The branches, and which of them an item goes to. */
export interface FanSpec {
  /** Name and stages of each. */
  readonly branches: ReadonlyMap<string, readonly StageSpec[]>;
  /** Gives the name of the one that an item goes to. Absent: it goes to all. */
  readonly choose?: (item: never) => unknown;
  readonly options: FanOptions<never>;
}

/** A stage of branches. */
export function fanStage(spec: FanSpec): StageSpec {
  checkCount(spec.options.buffer, "buffer", 0);
  const sizes = [...spec.branches.values()].flat().map(({ poolSize = 0 }) => poolSize);
  const { name = spec.choose === undefined ? "broadcast" : "route", buffer = 0 } = spec.options;
  const branches = [...spec.branches].map(([branch, stages]) =>
    [branch, stages.map(({ outline }) => outline)] as const
  );
  return {
    outline: { ...simple(name, (buffer + 1) * branches.length), branches: new Map(branches) },
    poolSize: Math.max(0, ...sizes),
    attach: (above, scope) => new Fan(above, spec, scope),
  };
}

/** The top of a branch, and what comes out of it. */
interface Branch {
  readonly name: string;
  readonly inlet: Inlet;
  readonly flow: Flow;
}

/** The top of a branch. */
class Inlet implements Flow {
  readonly channel: Channel<Item>;

  constructor(size: number) {
    this.channel = new Channel(size);
  }

  /** Puts a copy of an item; waits for room. What is inside when it is closed is settled then. */
  put(item: Item): boolean | Promise<boolean> {
    const copy = item.also(item.value);
    const put = this.channel.put(copy);
    if (put === false) copy.done();
    return put;
  }

  pull(): Pulled {
    return this.channel.take();
  }

  close(): void {
    for (const item of this.channel.close()) item.done();
  }
}

/** Branches that run side by side. */
class Fan implements Flow {
  readonly #above: Flow;
  readonly #spec: FanSpec;
  readonly #scope: Scope;
  readonly #meter: Meter;
  readonly #attempts: Attempts;
  readonly #branches: Map<string, Branch>;
  readonly #out = new Channel<Item>(0);
  #state: "new" | "running" = "new";

  constructor(above: Flow, spec: FanSpec, scope: Scope) {
    const { name = spec.choose === undefined ? "broadcast" : "route", buffer = 0 } = spec.options;
    this.#above = above;
    this.#spec = spec;
    this.#scope = scope;
    this.#meter = scope.meter(name);
    this.#attempts = new Attempts({ onError: spec.options.onError }, this.#meter, scope);
    this.#branches = new Map([...spec.branches].map(([branch, stages]) => {
      const inlet = new Inlet(buffer);
      const flow = stages.reduce((flow: Flow, stage) => stage.attach(flow, scope), inlet);
      return [branch, { name: branch, inlet, flow }];
    }));
    this.#meter.buffered = () => {
      let waiting = this.#out.size;
      for (const { inlet } of this.#branches.values()) waiting += inlet.channel.size;
      return waiting;
    };
  }

  pull(): Pulled {
    if (this.#state === "new") {
      this.#state = "running";
      this.#distribute().catch(this.#scope.fail);
      for (const branch of this.#branches.values()) this.#drain(branch).catch(this.#scope.fail);
    }
    return this.#out.take();
  }

  async close(reason?: unknown): Promise<void> {
    this.#out.close();
    for (const { flow } of this.#branches.values()) await flow.close(reason);
    await this.#above.close(reason);
  }

  /** Gives items to branches, to the end. */
  async #distribute(): Promise<void> {
    for (;;) {
      const item = await this.#above.pull();
      if (item === undefined) break;
      const chosen = await this.#attempts.run(item, (value) => this.#choose(value));
      if (chosen === DROPPED) continue;
      const puts = (chosen as readonly Branch[]).map(({ inlet }) => inlet.put(item));
      item.done();
      await Promise.all(puts);
    }
    for (const { inlet } of this.#branches.values()) inlet.channel.end();
  }

  #choose(value: unknown): readonly Branch[] | Promise<readonly Branch[]> {
    const { choose } = this.#spec;
    const all = [...this.#branches.values()];
    if (choose === undefined) return all.filter(({ inlet }) => !inlet.channel.isClosed);
    const name = choose(value as never);
    return name instanceof Promise ? name.then((it) => this.#named(it)) : this.#named(name);
  }

  #named(name: unknown): readonly Branch[] {
    const branch = this.#branches.get(name as string);
    if (branch !== undefined) return [branch];
    const names = [...this.#branches.keys()].join(", ");
    throw new RangeError(`Cannot route to ${String(name)}: the branches are ${names}`);
  }

  /** Takes what comes out of a branch, to its end. */
  async #drain({ name, inlet, flow }: Branch): Promise<void> {
    for (let item = await flow.pull(); item !== undefined; item = await flow.pull()) {
      item.value = { branch: name, value: item.value };
      this.#meter.out++;
      if (!await this.#out.put(item)) return;
    }
    inlet.close();
    if ([...this.#branches.values()].some((branch) => !branch.inlet.channel.isClosed)) return;
    await this.#above.close();
    this.#out.end();
  }
}
