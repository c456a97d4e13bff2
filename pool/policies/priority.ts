// Runs in: any isolate
/**
 * Highest priority first, with ageing: each second of waiting counts as one more point, so nothing
 * waits for ever. All jobs age alike, so their order never changes while they wait, and a rank that is
 * worked out once, on arrival, is enough.
 *
 * - I1: of jobs that came together, the one with the higher priority is next; equal ones as they came.
 * - I2: a job waits for none that came more than (difference of priorities) × {@linkcode AGEING_MS} later.
 *
 * Source: A. Silberschatz, P. Galvin, G. Gagne, "Operating System Concepts", 10th edition, 2018,
 * section 5.3.4 (https://www.os-book.com).
 *
 * @module
 */
import type { Policy } from "./policy.ts";

/** Milliseconds of waiting that are worth one point of priority. */
export const AGEING_MS = 1000;

/** Makes the policy. */
export function priority(ageing: number = AGEING_MS): Policy {
  return {
    name: "priority",
    givesWay: false,
    ahead: false,
    rank: (job, now) => now - job.priority * ageing,
  };
}
