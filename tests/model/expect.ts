/**
 * What a test says of an exploration.
 *
 * @module
 */
import { explore } from "./explore.ts";
import type { Model, Result } from "./model.ts";

/** Whether the large models run too, and the figures are printed: minutes instead of seconds. */
export const SOAK: boolean = Deno.env.get("TROUPE_SOAK") === "1";

/** Explores a model, fails with the schedule when something is wrong. */
export function holds(model: Model): void {
  const result = told(model);
  if (result.violation !== undefined) throw new Error(describe(model, result));
  if (!result.complete) throw new Error(`${model.name}: more than ${result.states} states`);
}

/** Explores a model in which something has to go wrong. */
export function breaks(model: Model): string {
  const { violation, states } = told(model);
  if (violation === undefined) throw new Error(`${model.name}: nothing wrong in ${states} states`);
  return violation;
}

function told(model: Model): Result {
  const start = performance.now();
  const result = explore(model);
  const { states, ends, violation } = result;
  const ms = Math.round(performance.now() - start);
  const verdict = violation ?? (result.complete ? "complete, 0 violations" : "cut short");
  if (SOAK) console.log(`${model.name}: ${states} states, ${ends} ends, ${ms} ms: ${verdict}`);
  return result;
}

function describe({ name }: Model, { violation, trace }: Result): string {
  return `${name}: ${violation}\n${trace.join("\n")}`;
}
