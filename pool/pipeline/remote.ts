// Runs in: any isolate
/**
 * The part of a pipeline that runs in a pool's worker: some items through some steps, one after the other.
 *
 * @module
 */
import { type CodeRef, resolveCode, task } from "../../actors/code.ts";
import { remoteError } from "../../actors/wire_error.ts";
import type { TroupeError } from "../../errors.ts";

/** A function, and whether what it gives are items. */
export interface RemoteStep extends CodeRef {
  readonly kind: "map" | "flatMap";
}

/** What became of an item: values, or an error in the step with that number. */
export type RemoteOutcome =
  | { readonly values: readonly unknown[] }
  | { readonly error: TroupeError; readonly step: number };

type AnyFunction = (value: unknown) => unknown;

/** Takes each item through the steps. An error is the item's alone. */
export const runSteps = task(
  import.meta,
  "troupe:pipeline-steps",
  async (steps: readonly RemoteStep[], items: readonly unknown[]): Promise<RemoteOutcome[]> => {
    const calls: AnyFunction[] = [];
    for (const step of steps) calls.push(await resolveCode(step) as AnyFunction);
    const outcomes: RemoteOutcome[] = [];
    for (const item of items) outcomes.push(await runItem(steps, calls, item));
    return outcomes;
  },
);

async function runItem(
  steps: readonly RemoteStep[],
  calls: readonly AnyFunction[],
  item: unknown,
): Promise<RemoteOutcome> {
  let values: unknown[] = [item];
  let step = 0;
  try {
    for (; step < steps.length; step++) {
      const made: unknown[] = [];
      for (const value of values) {
        const result = calls[step](value);
        const settled = result instanceof Promise ? await result : result;
        if (steps[step].kind === "map") made.push(settled);
        else for await (const each of settled as Iterable<unknown>) made.push(each);
      }
      values = made;
    }
    return { values };
  } catch (thrown) {
    return { error: remoteError(thrown, `Task "${steps[step].name}"`), step };
  }
}
