// Runs in: any isolate
/**
 * Tasks that are generators: to their end, item by item, or from `yield` to `yield`.
 *
 * @module
 */
import type { RunningTask } from "./current.ts";
import { GIVING, type LeaseMode, STREAM } from "./order.ts";

/** A generator of either kind. */
export type AnyGenerator = Generator<unknown> | AsyncGenerator<unknown>;

/** A generator that gave its worker up. */
export interface Suspended {
  /** It. */
  readonly generator: AnyGenerator;
  /** How it is run. */
  readonly mode: LeaseMode;
  /** Whose it is. */
  readonly task: RunningTask;
}

/** Whether a task gave a generator. */
export function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null) return false;
  const has = (name: "next" | "return") =>
    name in value && typeof (value as Record<string, unknown>)[name] === "function";
  return (Symbol.asyncIterator in value || Symbol.iterator in value) && has("next") &&
    has("return");
}

/** Runs a generator until it ends or gives way; gives what it returned, or nothing. */
export async function runOn(
  suspended: Map<number, Suspended>,
  waiting: Suspended,
): Promise<unknown> {
  const { generator, mode, task } = waiting;
  const begun = performance.now();
  try {
    while (!task.isAborted) {
      const { done, value } = await generator.next();
      if (done) return (mode & STREAM) === 0 ? value : undefined;
      if ((mode & STREAM) !== 0) await task.yield(value);
      if ((mode & GIVING) === 0) continue;
      suspended.set(task.number, waiting);
      task.dropped = () => {
        if (suspended.delete(task.number)) void generator.return(undefined);
      };
      return task.say(["gave way", performance.now() - begun]);
    }
    throw task.signal.reason;
  } catch (error) {
    await generator.return(undefined);
    throw error;
  }
}

/** A value; of a generator what it returns, of a promise what it resolves with. */
export async function runToEnd(result: unknown): Promise<unknown> {
  if (!isGenerator(result)) return await result;
  for (;;) {
    const { done, value } = await result.next();
    if (done) return value;
  }
}
