// Runs in: any isolate
/**
 * What a scheduling policy is: it ranks jobs, and nothing else. It has no clock, no queue and no
 * workers: the same objects serve a pool and a simulation.
 *
 * - I1: the least rank is next; jobs of equal rank keep the order in which they came.
 * - I2: a policy only ever looks at a job and at the times it is told.
 *
 * @module
 */

/** In which order waiting tasks get a worker. */
export type SchedulingPolicy = "fcfs" | "sjf" | "priority" | "round_robin" | "mlfq";

/** What a policy sees of a task. */
export interface Job {
  /** Higher is more urgent. */
  readonly priority: number;
  /** Milliseconds that it is expected to take. */
  readonly estimate: number;
  /** Whose it is. */
  readonly owner: string;
  /** Queue that it is in, 0 the most urgent; for policies with several. */
  level: number;
  /** Milliseconds that it ran at this level. */
  used: number;
}

/** A scheduling policy. */
export interface Policy {
  /** Its name. */
  readonly name: SchedulingPolicy;
  /** Whether generator tasks give their worker up at each `yield`. */
  readonly givesWay: boolean;
  /** Whether a worker may be handed tasks ahead of time, which is faster and a little less exact. */
  readonly ahead: boolean;
  /** Where a job lines up that comes, or comes back, at `now` (milliseconds). */
  rank(job: Job, now: number): number;
  /** A job of this rank has got its worker. */
  took?(rank: number): void;
  /** A job gave its worker up after so many milliseconds. */
  ran?(job: Job, milliseconds: number): void;
}
