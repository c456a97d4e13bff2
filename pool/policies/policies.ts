// Runs in: any isolate
/**
 * All scheduling policies by name.
 *
 * @module
 */
import { fcfs } from "./fcfs.ts";
import { mlfq } from "./mlfq.ts";
import type { Policy, SchedulingPolicy } from "./policy.ts";
import { priority } from "./priority.ts";
import { roundRobin } from "./round_robin.ts";
import { sjf } from "./sjf.ts";

/** What makes each. */
export const POLICIES: Readonly<Record<SchedulingPolicy, () => Policy>> = {
  fcfs,
  sjf,
  priority: () => priority(),
  round_robin: roundRobin,
  mlfq: () => mlfq(),
};

/** A policy by its name. @throws TypeError when there is none of that name */
export function policyOf(name: SchedulingPolicy = "fcfs"): Policy {
  if (Object.hasOwn(POLICIES, name)) return POLICIES[name]();
  throw new TypeError(
    `Cannot make a pool: policy "${name}" is none of ${Object.keys(POLICIES).join(", ")}`,
  );
}
