// Runs in: owner
/**
 * Stages that call a function for each item: here one after the other, here side by side, in a pool, or
 * in an actor.
 *
 * @module
 */
import { handle } from "../../memory/handle.ts";
import { codeRefOf } from "../../actors/code.ts";
import { cpuCount } from "../../actors/family.ts";
import { Attempts, type Call } from "./attempts.ts";
import type { Flow, Item } from "./flow.ts";
import { Gather } from "./gather.ts";
import { Parallel } from "./parallel.ts";
import { Pooled, type PooledStep } from "./pooled.ts";
import { Flatten, Sequential, settle, type Work } from "./sequential.ts";
import {
  checkCount,
  type Outline,
  type Scope,
  type StageOptions,
  type StageSpec,
} from "./stage.ts";

/** Milliseconds that a chunk waits to be full. */
const CHUNK_WITHIN = 1;

/** Describes such a stage. @throws TypeError for what is no function, RangeError for options that are none */
export function callStage(
  kind: Work["kind"],
  target: unknown,
  options?: StageOptions<never>,
): StageSpec {
  check(options ?? {});
  const isTask = Object(target)[handle] === "task" || Object(target)[handle] === "code";
  if (isTask && kind !== "filter") {
    return new PooledStage([{ kind, ...codeRefOf(target) }], options);
  }
  if (typeof target !== "function") {
    throw new TypeError(`Cannot make a stage of ${String(target)}: it is no function`);
  }
  const work = { kind, call: target as Call };
  return here(work, options?.name ?? (target.name || kind), options ?? {});
}

function check({ workers, buffer, chunksize, retry, key }: StageOptions<never>): void {
  checkCount(workers, "workers");
  checkCount(buffer, "buffer", 0);
  checkCount(chunksize, "chunksize");
  checkCount(retry?.attempts, "attempts");
  if (key !== undefined && (chunksize ?? 1) > 1) {
    throw new RangeError(
      "Cannot make a stage with key and chunksize: items of a key go one by one",
    );
  }
}

/** A stage whose function runs in this isolate. */
export function here({ kind, call }: Work, name: string, options: StageOptions<never>): StageSpec {
  const { workers = 1, buffer = workers > 1 ? 2 * workers : 0, ordered = true, key } = options;
  return {
    outline: { name, where: "here", workers, ordered, items: workers + buffer },
    attach(above, scope) {
      const meter = scope.meter(name);
      const bench = { meter, attempts: new Attempts(options, meter, scope) };
      if (workers === 1 && buffer === 0) {
        return flatten(new Sequential(above, { kind, call }, bench));
      }
      const whole = kind === "flatMap" ? collected(call) : call;
      return flatten(
        new Parallel(above, {
          ordered,
          key,
          workers,
          most: workers + buffer,
          gather: () => one(above),
          async work([item]) {
            const result = await bench.attempts.run(item, whole);
            return settle(item, result, { kind, meter }) === undefined ? [] : [item];
          },
        }, { scope, meter }),
      );

      function flatten(flow: Flow): Flow {
        return kind === "flatMap" ? new Flatten(flow, bench) : flow;
      }
    },
  };
}

function one(above: Flow): [Item] | undefined | Promise<[Item] | undefined> {
  const item = above.pull();
  if (!(item instanceof Promise)) return item && [item];
  return item.then((it) => it && [it]);
}

/** What a function gives, all of it. */
function collected(call: Call): Call {
  return async (value, context) => {
    const items: unknown[] = [];
    for await (const item of await call(value, context) as Iterable<unknown>) items.push(item);
    return items;
  };
}

/** A function in a pool. */
interface Remote {
  readonly kind: "map" | "flatMap";
  readonly url: string;
  readonly name: string;
}

/** A stage of functions that run in a pool, one after the other, without coming back in between. */
export class PooledStage implements StageSpec {
  readonly #remotes: readonly Remote[];
  readonly #options: StageOptions<never> | undefined;

  constructor(remotes: readonly Remote[], options: StageOptions<never> | undefined) {
    this.#remotes = remotes;
    this.#options = options;
  }

  get poolSize(): number {
    return this.#options?.pool === undefined ? this.#options?.workers ?? cpuCount() : 0;
  }

  /** This stage and one that was told nothing of its own, as one; `undefined` when that one was. */
  with(next: StageSpec): PooledStage | undefined {
    if (!(next instanceof PooledStage) || next.#options !== undefined) return undefined;
    return new PooledStage([...this.#remotes, ...next.#remotes], this.#options);
  }

  get outline(): Outline {
    const [first, ...others] = this.#remotes.map(({ name }) => name);
    const { ordered, chunksize, most, width } = this.#shape;
    const name = [this.#options?.name ?? first, ...others].join(" → ");
    return { name, where: "pool", workers: width, ordered, items: most * chunksize };
  }

  /** How much of it goes on at a time. */
  get #shape() {
    const { workers = Infinity, chunksize = 1, ordered = true, buffer } = this.#options ?? {};
    const width = workers === Infinity ? cpuCount() : workers;
    return { workers, width, chunksize, ordered, most: width + (buffer ?? 2 * width) };
  }

  attach(above: Flow, scope: Scope): Flow {
    const options = this.#options ?? {};
    const steps = this.#remotes.map((step, at): PooledStep => {
      const own = at === 0 ? options : {};
      const meter = scope.meter(own.name ?? step.name);
      return { step, meter, attempts: new Attempts(own, meter, scope) };
    });
    const pooled = new Pooled(() => options.pool ?? scope.pool(), steps, scope.signal);
    const { workers, chunksize, ordered, most } = this.#shape;
    const chunks = new Gather(above, { size: chunksize, within: CHUNK_WITHIN });
    return new Parallel(chunks, {
      ordered,
      key: options.key,
      workers,
      most,
      gather: () => chunksize === 1 ? one(above) : chunks.next(),
      work: (items) => pooled.run(items),
    }, { scope, meter: steps[0].meter });
  }
}
