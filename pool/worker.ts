// Runs in: any isolate
/**
 * The actor that runs a pool's tasks, one at a time. Functions are named once to each worker and have a
 * number from then on.
 *
 * @module
 */
import { here } from "../memory/isolate.ts";
import { type Life, parentOf } from "../memory/slots.ts";
import { defineActor } from "../actors/actor.ts";
import { type CodeRef, resolveCode } from "../actors/code.ts";
import { identity } from "../actors/identity.ts";
import { untyped } from "../actors/ref.ts";
import { tracing } from "../actors/tracing.ts";
import { Batch } from "./batch.ts";
import { leave, remember, RunningTask, within } from "./current.ts";
import { isGenerator, runOn, runToEnd, type Suspended } from "./generators.ts";
import { EACH, type LeaseOrder, PLACE, STAR, STREAM } from "./order.ts";

type AnyFunction = (...args: readonly unknown[]) => unknown;

interface WorkerState {
  /** The isolate of the pool. */
  readonly owner: Life;
  readonly functions: Map<number, AnyFunction>;
  /** Generators that gave way, by the numbers of their first orders. */
  readonly suspended: Map<number, Suspended>;
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
  async init(id: string, initializer: Initializer | null): Promise<WorkerState> {
    const { arena, life } = here();
    // In an isolate of its own it has the isolate's name.
    const isInline = identity().name !== id;
    const owner = isInline ? life : parentOf(arena, life);
    if (isInline) await remember();
    if (initializer !== null) {
      const { code, args } = initializer;
      await functionOf(await resolveCode(code), code.name)(...args);
    }
    return { owner, functions: new Map(), suspended: new Map() };
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
    /** Runs leases. Of one it gives the result; of several, each result is a letter of its own. */
    run(state, orders: LeaseOrder[], context): unknown {
      const { recalls } = untyped(context.self).mailbox;
      const run = (order: LeaseOrder) => runLease(state, order);
      if (orders.length > 1) return new Batch(orders, { owner: state.owner, recalls, run }).run();
      return recalls.begin(orders[0][PLACE]) ? run(orders[0]) : undefined;
    },
    /** Goes on with a generator that gave its worker up. */
    resume({ suspended }, [number, order]: [number, number]): unknown {
      const waiting = suspended.get(number)!;
      suspended.delete(number);
      waiting.task.renumber(order);
      return attend(waiting.task, () => runOn(suspended, waiting));
    },
    /** Bytes of heap that this worker uses. */
    memory: (): number => Deno.memoryUsage().heapUsed,
  },
});

/** Runs a lease and gives its result, or the list of its results. */
function runLease(state: WorkerState, lease: LeaseOrder): unknown {
  const [code, mode, args, order, attempt, _place, trace] = lease;
  const task = new RunningTask(state.owner, order, attempt);
  const fn = state.functions.get(code)!;
  const run = () => begin(state, { fn, mode, args, task });
  return attend(task, trace === undefined ? run : () => traced(trace, run));
}

/** As part of the trace that the task's caller is in. */
function traced<T>([message, carrier]: NonNullable<LeaseOrder[6]>, run: () => T): T {
  const span = tracing?.handle(carrier, true, { actor: identity().name, message });
  return span === undefined ? run() : span.cover(run);
}

/** Has the task known as the current one while it runs, and reached by letters while it is waited for. */
function attend(task: RunningTask, run: () => unknown): unknown {
  let result: unknown;
  try {
    result = within(task, run);
  } finally {
    if (!(result instanceof Promise)) leave();
  }
  if (!(result instanceof Promise)) return result;
  task.listen();
  return result.finally(() => {
    leave();
    task.listenNoMore();
  });
}

interface Beginning {
  readonly fn: AnyFunction;
  readonly mode: number;
  readonly args: readonly unknown[];
  readonly task: RunningTask;
}

function begin({ suspended }: WorkerState, { fn, mode, args, task }: Beginning): unknown {
  if (mode === EACH) return runAll(fn, args);
  if (mode === STAR) return runAll((item) => fn(...unpacked(item)), args);
  const result = fn(...args);
  if (isGenerator(result)) return runOn(suspended, { generator: result, mode, task });
  if ((mode & STREAM) === 0) return result;
  throw new TypeError("Cannot stream this task: it gives no generator");
}

/** The results in order, then the milliseconds they took; stops at the first error. */
function runAll(call: AnyFunction, items: readonly unknown[]): unknown[] | Promise<unknown[]> {
  const results: unknown[] = [];
  const begun = performance.now();
  for (let index = 0; index < items.length; index++) {
    const result = call(items[index]);
    if (result instanceof Promise || isGenerator(result)) {
      return runRest({ call, items, results, begun }, result);
    }
    results.push(result);
  }
  results.push(performance.now() - begun);
  return results;
}

interface Run {
  readonly call: AnyFunction;
  readonly items: readonly unknown[];
  readonly results: unknown[];
  readonly begun: number;
}

async function runRest({ call, items, results, begun }: Run, first: unknown): Promise<unknown[]> {
  results.push(await runToEnd(first));
  while (results.length < items.length) {
    results.push(await runToEnd(call(items[results.length])));
  }
  results.push(performance.now() - begun);
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
