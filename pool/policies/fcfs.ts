// Runs in: any isolate
/**
 * First come, first served: the order of a queue.
 *
 * - I1: jobs get their workers in the order in which they came.
 * - I2: nobody starves.
 *
 * Source: A. Silberschatz, P. Galvin, G. Gagne, "Operating System Concepts", 10th edition, 2018,
 * section 5.3.1 (https://www.os-book.com).
 *
 * @module
 */
import type { Policy } from "./policy.ts";

/** Makes the policy. */
export function fcfs(): Policy {
  return { name: "fcfs", givesWay: false, ahead: true, rank: () => 0 };
}
