// Runs in: any isolate
/**
 * Scheduling policies on the textbook's examples and on a mixed load: mean waiting and turnaround times.
 *
 * The examples are those of A. Silberschatz, P. Galvin, G. Gagne, "Operating System Concepts", 10th edition,
 * chapter 5; the interactive jobs beside long ones are what F. J. Corbató et al. built CTSS for, 1962.
 *
 * Run: `deno run bench/policies.ts`
 *
 * @module
 */
import { fcfs } from "../pool/policies/fcfs.ts";
import { mlfq } from "../pool/policies/mlfq.ts";
import type { Policy } from "../pool/policies/policy.ts";
import { priority } from "../pool/policies/priority.ts";
import { roundRobin } from "../pool/policies/round_robin.ts";
import { sjf } from "../pool/policies/sjf.ts";
import { mean, simulate, type SimulatedJob, type SimulationOptions } from "./simulate.ts";

const POLICIES: readonly (() => Policy)[] = [
  fcfs,
  sjf,
  () => priority(),
  roundRobin,
  () => mlfq(),
];

const jobs = (...bursts: number[]): SimulatedJob[] =>
  bursts.map((burst, index) => ({ name: `P${index + 1}`, arrival: 0, burst }));

/** Many short jobs of one owner among few long ones of another, from a fixed seed. */
function mixed(): SimulatedJob[] {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const long = Array.from({ length: 8 }, (_, n) => ({
    name: `long ${n}`,
    owner: "batch",
    arrival: n,
    burst: 400 + 200 * random(),
  }));
  const short = Array.from({ length: 200 }, (_, n) => ({
    name: `short ${n}`,
    owner: "people",
    arrival: 3000 * random(),
    burst: 1 + 4 * random(),
    priority: 5,
  }));
  return [...long, ...short];
}

const LOADS: readonly [string, readonly SimulatedJob[], SimulationOptions][] = [
  ["5.3.1: bursts 24, 3, 3 (fcfs waits 17 in the mean)", jobs(24, 3, 3), { slice: 4 }],
  ["5.3.2: bursts 6, 8, 7, 3 (sjf waits 7)", jobs(6, 8, 7, 3), { slice: 4 }],
  ["5.3.3: bursts 24, 3, 3, slices of 4 (round robin waits 5.67)", jobs(24, 3, 3), { slice: 4 }],
  [
    "5.3.4: five jobs with priorities (priority waits 8.2)",
    jobs(10, 1, 2, 1, 5).map((job, index) => ({ ...job, priority: -[3, 1, 4, 5, 2][index] })),
    { slice: 4 },
  ],
  ["CTSS: one long job, short ones every 20 ms", [
    { name: "long", arrival: 0, burst: 1000 },
    ...Array.from({ length: 40 }, (_, n) => ({ name: `s${n}`, arrival: 20 * n + 5, burst: 4 })),
  ], { slice: 4 }],
  ["mixed: 8 long and 200 short jobs, 2 workers", mixed(), { workers: 2, slice: 4 }],
];

for (const [title, load, options] of LOADS) {
  console.log(title);
  for (const make of POLICIES) {
    const fates = simulate(make(), load, options);
    const [waiting, turnaround] = [mean(fates, "waiting"), mean(fates, "turnaround")];
    const name = make().name.padEnd(12);
    console.log(
      `  ${name} waiting ${waiting.toFixed(2).padStart(9)} ms   turnaround ${
        turnaround.toFixed(2).padStart(9)
      } ms`,
    );
  }
}
