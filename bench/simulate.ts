// Runs in: any isolate
/**
 * A simulation of scheduling: the pool's own policies and line, a clock that jumps, and workers that only
 * let time pass.
 *
 * @module
 */
import { Backlog } from "../pool/backlog.ts";
import type { Job, Policy } from "../pool/policies/policy.ts";

/** A job to be simulated. */
export interface SimulatedJob {
  /** For the table. */
  readonly name: string;
  /** When it comes, in milliseconds. */
  readonly arrival: number;
  /** How long it runs, in milliseconds. */
  readonly burst: number;
  /** Higher is more urgent. Default 0. */
  readonly priority?: number;
  /** Whose it is. Default: its own name. */
  readonly owner?: string;
}

/** What became of a job. */
export interface Fate {
  /** The job. */
  readonly name: string;
  /** When it first had a worker. */
  readonly started: number;
  /** When it ended. */
  readonly ended: number;
  /** Milliseconds that it neither ran nor had ended. */
  readonly waiting: number;
  /** Milliseconds from its arrival to its end. */
  readonly turnaround: number;
}

/** How it is simulated. */
export interface SimulationOptions {
  /** Workers. Default 1. */
  readonly workers?: number;
  /** Milliseconds between two `yield`s of a job; policies that do not give way ignore them. */
  readonly slice?: number;
}

class Simulated implements Job {
  level = 0;
  used = 0;
  rank = 0;
  seq = 0;
  started = NaN;
  readonly isWanted = true;
  left: number;
  readonly priority: number;
  readonly estimate: number;
  readonly owner: string;

  constructor(readonly job: SimulatedJob) {
    this.left = job.burst;
    this.estimate = job.burst;
    this.priority = job.priority ?? 0;
    this.owner = job.owner ?? job.name;
  }
}

/** Runs all jobs under a policy; what became of them, in the order in which they ended. */
export function simulate(
  policy: Policy,
  jobs: readonly SimulatedJob[],
  { workers = 1, slice = Infinity }: SimulationOptions = {},
): Fate[] {
  const line = new Backlog<Simulated>();
  const coming = jobs.map((job) => new Simulated(job)).sort((a, b) =>
    a.job.arrival - b.job.arrival
  );
  const running: { readonly job: Simulated; readonly until: number; readonly ran: number }[] = [];
  const fates: Fate[] = [];
  let [now, seq] = [0, 0];
  const enter = (job: Simulated) => {
    job.seq = seq++;
    job.rank = policy.rank(job, now);
    line.add(job);
  };
  const begin = (job: Simulated) => {
    policy.took?.(job.rank);
    if (Number.isNaN(job.started)) job.started = now;
    const ran = policy.givesWay ? Math.min(job.left, slice) : job.left;
    running.push({ job, ran, until: now + ran });
  };
  const finish = ({ job, ran }: { job: Simulated; ran: number }) => {
    job.left -= ran;
    policy.ran?.(job, ran);
    if (job.left > 0) return enter(job);
    const { name, arrival, burst } = job.job;
    const turnaround = now - arrival;
    fates.push({ name, started: job.started, ended: now, turnaround, waiting: turnaround - burst });
  };
  while (coming.length + line.size + running.length > 0) {
    while (coming.length > 0 && coming[0].job.arrival <= now) enter(coming.shift()!);
    for (const done of running.filter(({ until }) => until <= now)) {
      running.splice(running.indexOf(done), 1);
      finish(done);
    }
    while (running.length < workers && line.size > 0) begin(line.shift()!);
    now = Math.min(coming[0]?.job.arrival ?? Infinity, ...running.map(({ until }) => until));
  }
  return fates;
}

/** The mean of a figure. */
export function mean(fates: readonly Fate[], figure: "waiting" | "turnaround"): number {
  return fates.reduce((sum, fate) => sum + fate[figure], 0) / fates.length;
}
