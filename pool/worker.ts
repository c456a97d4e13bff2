// Runs in: any isolate
/**
 * The actor that runs a pool's tasks, one at a time. Functions are named once to each worker and have a
 * number from then on.
 *
 * @module
 */
import { defineActor } from "../actors/actor.ts";
import { type CodeRef, resolveCode } from "../actors/code.ts";

/** How a lease is run. */
export type LeaseMode = number;
/** Call the function with these arguments. */
export const ONE: LeaseMode = 0;
/** Call it once for each item. */
export const EACH: LeaseMode = 1;
/** Call it once for each list of arguments. */
export const STAR: LeaseMode = 2;

/** What a worker is told to run: number of the function, how, and its arguments or items. */
export type LeaseOrder = readonly [code: number, mode: LeaseMode, args: readonly unknown[]];

type AnyFunction = (...args: readonly unknown[]) => unknown;

interface WorkerState {
  readonly functions: Map<number, AnyFunction>;
}

/** What runs first in each worker. */
export interface Initializer {
  /** Where the function is. */
  readonly code: CodeRef;
  /** What it is called with. */
  readonly args: readonly unknown[];
}

/** A pool's worker. */
export const PoolWorker = defineActor(import.meta, {
  name: "troupe:pool-worker",
  async init(initializer: Initializer | null): Promise<WorkerState> {
    if (initializer !== null) {
      const { code, args } = initializer;
      await functionOf(await resolveCode(code), code.name)(...args);
    }
    return { functions: new Map() };
  },
  on: {
    /** Names a function. One that cannot be loaded fails each of its tasks, not the worker. */
    async define({ functions }, [number, url, name]: [number, string, string]): Promise<void> {
      const found = await resolveCode({ url, name }).then(
        (code) => functionOf(code, name),
        (error): AnyFunction => () => {
          throw error;
        },
      );
      functions.set(number, found);
    },
    /** Runs a lease and gives its result, or the list of its results. */
    run({ functions }, [code, mode, args]: LeaseOrder): unknown {
      const fn = functions.get(code)!;
      if (mode === ONE) return fn(...args);
      const call = mode === STAR ? (item: unknown) => fn(...unpacked(item)) : fn;
      return runAll(call, args);
    },
  },
});

/** The results in order; stops at the first error. No promise when no call gives one. */
function runAll(call: AnyFunction, items: readonly unknown[]): unknown[] | Promise<unknown[]> {
  const results: unknown[] = [];
  for (let index = 0; index < items.length; index++) {
    const result = call(items[index]);
    if (result instanceof Promise) return runRest({ call, items, results }, result);
    results.push(result);
  }
  return results;
}

interface Run {
  readonly call: AnyFunction;
  readonly items: readonly unknown[];
  readonly results: unknown[];
}

async function runRest({ call, items, results }: Run, first: Promise<unknown>): Promise<unknown[]> {
  results.push(await first);
  while (results.length < items.length) results.push(await call(items[results.length]));
  return results;
}

function unpacked(item: unknown): readonly unknown[] {
  if (Array.isArray(item)) return item;
  throw new TypeError("Cannot run starmap: an item is no list of arguments");
}

function functionOf(code: unknown, name: string): AnyFunction {
  if (typeof code === "function") return code as AnyFunction;
  throw new TypeError(`Cannot run task "${name}": it is no function`);
}
