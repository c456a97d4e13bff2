// Runs in: any isolate
/**
 * Shortest job first, without preemption: the least mean waiting time there can be, if the estimates
 * are right.
 *
 * - I1: of the jobs that wait, the one with the least estimate is next; equal ones as they came.
 * - I2: a long job starves while shorter ones keep coming. That is the price; `priority` ages.
 *
 * Source: A. Silberschatz, P. Galvin, G. Gagne, "Operating System Concepts", 10th edition, 2018,
 * section 5.3.2 (https://www.os-book.com). That no order waits less: W. E. Smith, "Various optimizers
 * for single-stage production", 1956 (https://doi.org/10.1002/nav.3800030106).
 *
 * @module
 */
import type { Policy } from "./policy.ts";

/** Makes the policy. */
export function sjf(): Policy {
  return { name: "sjf", givesWay: false, ahead: false, rank: ({ estimate }) => estimate };
}
