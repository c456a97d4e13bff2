// Runs in: any isolate
/**
 * Multi-level feedback queue: short tasks overtake long ones although nobody says how long they are. A
 * job starts in the topmost queue; when it has used up its quantum there it sinks by one, to a quantum
 * twice as long. Whoever waits for long is served as if it were one queue higher.
 *
 * - I1: a job sinks when it has run for the quantum of its queue, and never otherwise.
 * - I2: of jobs that wait no longer than {@linkcode PROMOTION_MS}, those in a higher queue are next;
 *   within a queue as they came.
 * - I3: a job waits for none that came more than level × {@linkcode PROMOTION_MS} later: nobody starves.
 *
 * Source: F. J. Corbató, M. Merwin-Daggett, R. C. Daley, "An experimental time-sharing system", 1962
 * (https://doi.org/10.1145/1460833.1460871): quanta that double by the queue, promotion after a wait.
 *
 * @module
 */
import type { Policy } from "./policy.ts";

/** Number of queues. */
export const LEVELS = 8;
/** Milliseconds of the topmost queue's quantum. */
export const QUANTUM_MS = 10;
/** Milliseconds of waiting that are worth one queue. */
export const PROMOTION_MS = 1000;

/** The quantum of a queue, in milliseconds. */
export function quantumOf(level: number, first: number = QUANTUM_MS): number {
  return first * 2 ** level;
}

/** Makes the policy. */
export function mlfq({ quantum = QUANTUM_MS, promotion = PROMOTION_MS } = {}): Policy {
  return {
    name: "mlfq",
    givesWay: true,
    ahead: false,
    rank: ({ level }, now) => now + level * promotion,
    ran(job, milliseconds) {
      job.used += milliseconds;
      if (job.used < quantumOf(job.level, quantum)) return;
      job.level = Math.min(job.level + 1, LEVELS - 1);
      job.used = 0;
    },
  };
}
