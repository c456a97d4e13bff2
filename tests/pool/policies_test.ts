import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { mean, simulate, type SimulatedJob } from "../../bench/simulate.ts";
import { Backlog, type Ranked } from "../../pool/backlog.ts";
import { seatOf } from "../../pool/hashing.ts";
import { nextChunk } from "../../pool/chunks.ts";
import { Pace } from "../../pool/pace.ts";
import { fcfs } from "../../pool/policies/fcfs.ts";
import { mlfq, PROMOTION_MS } from "../../pool/policies/mlfq.ts";
import { POLICIES, policyOf } from "../../pool/policies/policies.ts";
import { AGEING_MS, priority } from "../../pool/policies/priority.ts";
import { roundRobin } from "../../pool/policies/round_robin.ts";
import { sjf } from "../../pool/policies/sjf.ts";

const jobs = (...bursts: number[]): SimulatedJob[] =>
  bursts.map((burst, index) => ({ name: `P${index + 1}`, arrival: 0, burst }));
const names = (fates: { name: string }[]) => fates.map(({ name }) => name);

const anyJobs = fc.array(
  fc.record({
    arrival: fc.integer({ min: 0, max: 500 }),
    burst: fc.integer({ min: 1, max: 200 }),
    priority: fc.integer({ min: -5, max: 5 }),
    owner: fc.constantFrom("a", "b", "c"),
  }),
  { maxLength: 30 },
).map((list) => list.map((job, index) => ({ ...job, name: `${index}` })));

for (const [name, make] of Object.entries(POLICIES)) {
  Deno.test(`policy ${name}: every job runs once, to its end, and no worker idles meanwhile`, () => {
    fc.assert(
      fc.property(anyJobs, fc.integer({ min: 1, max: 3 }), (list, workers) => {
        const fates = simulate(make(), list, { workers, slice: 10 });
        assertEquals(names(fates).toSorted(), names(list).toSorted());
        for (const { waiting } of fates) assert(waiting >= 0);
        if (workers > 1) return;
        // One worker that never idles while there is work ends when any other order would.
        let end = 0;
        for (const { arrival, burst } of list.toSorted((a, b) => a.arrival - b.arrival)) {
          end = Math.max(end, arrival) + burst;
        }
        assertEquals(Math.max(0, ...fates.map(({ ended }) => ended)), end);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  Deno.test(`policy ${name}: equal jobs keep their order, and the same load gives the same order`, () => {
    const list = jobs(5, 5, 5, 5, 5);
    const fates = simulate(make(), list);
    assertEquals(names(fates), names(list));
    assertEquals(simulate(make(), list), fates);
    assertEquals(policyOf(name as never).name, name);
  });
}

Deno.test("policies wait as long as the textbook says", () => {
  const waits = (policy: ReturnType<typeof fcfs>, list: SimulatedJob[], slice?: number) =>
    mean(simulate(policy, list, { slice }), "waiting");
  assertEquals(waits(fcfs(), jobs(24, 3, 3)), 17);
  assertEquals(waits(fcfs(), jobs(3, 3, 24)), 3);
  assertEquals(waits(sjf(), jobs(6, 8, 7, 3)), 7);
  assertEquals(waits(fcfs(), jobs(6, 8, 7, 3)), 10.25);
  assertAlmostEquals(waits(roundRobin(), jobs(24, 3, 3), 4), 17 / 3);
  const urgent = jobs(10, 1, 2, 1, 5).map((job, index) => ({
    ...job,
    priority: -[3, 1, 4, 5, 2][index],
  }));
  assertAlmostEquals(waits(priority(), urgent), 8.2);
});

Deno.test("policy sjf: no order waits less", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 6 }),
      (bursts) => {
        const shortest = mean(simulate(sjf(), jobs(...bursts)), "waiting");
        for (const make of Object.values(POLICIES)) {
          assert(
            shortest <= mean(simulate(make(), jobs(...bursts), { slice: 7 }), "waiting") + 1e-9,
          );
        }
      },
    ),
    { seed: 12, numRuns: 100 },
  );
});

Deno.test("policy priority: whoever waits ages, and nobody starves", () => {
  const flood = Array.from({ length: 500 }, (_, n) => ({
    name: `urgent ${n}`,
    arrival: 10 * n,
    burst: 10,
    priority: 3,
  }));
  const fates = simulate(priority(), [
    { name: "low", arrival: 0, burst: 10, priority: 0 },
    ...flood.map(
      (job) => ({ ...job, arrival: job.arrival }),
    ),
  ]);
  const low = fates.find(({ name }) => name === "low")!;
  assert(low.waiting <= 3 * AGEING_MS + 20, `it waited ${low.waiting} ms`);
});

Deno.test("policy round_robin: each owner is served once a round, however many tasks it has", () => {
  const greedy = Array.from(
    { length: 50 },
    (_, n) => ({ name: `g${n}`, owner: "g", arrival: 0, burst: 1 }),
  );
  const modest = Array.from(
    { length: 3 },
    (_, n) => ({ name: `m${n}`, owner: "m", arrival: 0, burst: 1 }),
  );
  const order = names(simulate(roundRobin(), [...greedy, ...modest]));
  assertEquals(order.slice(0, 6), ["g0", "m0", "g1", "m1", "g2", "m2"]);
});

Deno.test("policy mlfq: short jobs overtake long ones that nobody knew to be long; those do not starve", () => {
  const short = Array.from(
    { length: 400 },
    (_, n) => ({ name: `s${n}`, arrival: 10 * n + 20, burst: 9 }),
  );
  const load = [{ name: "long", arrival: 0, burst: 100 }, ...short];
  const fates = simulate(mlfq(), load, { slice: 5 });
  const long = fates.find(({ name }) => name === "long")!;
  const first = fates.find(({ name }) => name === "s0")!;
  assert(first.waiting <= 10, "the short one does not wait for the long one");
  assert(long.ended < 4000 + 20, "the long one does not wait for all the short ones");
  assert(long.waiting > PROMOTION_MS / 2, "but for many of them");
});

Deno.test("Backlog gives what the rank says, and passes over what nobody wants", () => {
  interface Item extends Ranked {
    isWanted: boolean;
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean())), (list) => {
      const backlog = new Backlog<Item>();
      const items = list.map(([rank], seq): Item => ({ rank, seq, isWanted: true }));
      for (const item of items) backlog.add(item);
      for (const [index, [, isWanted]] of list.entries()) {
        if (isWanted) continue;
        items[index].isWanted = false;
        backlog.unwanted();
      }
      const wanted = items.filter(({ isWanted }) => isWanted);
      assertEquals(backlog.size, wanted.length);
      const got: Item[] = [];
      for (let item = backlog.shift(); item !== undefined; item = backlog.shift()) got.push(item);
      assertEquals(got, wanted.toSorted((a, b) => a.rank - b.rank || a.seq - b.seq));
    }),
    { seed: 13, numRuns: 300 },
  );
});

Deno.test("seatOf() spreads keys evenly, and moves few of them when there is one seat more", () => {
  const counts = new Array(8).fill(0);
  let moved = 0;
  for (let n = 0; n < 8000; n++) {
    const seat = seatOf(`key ${n}`, 8);
    counts[seat]++;
    if (seatOf(`key ${n}`, 9) !== seat) moved++;
  }
  assert(Math.min(...counts) > 800 && Math.max(...counts) < 1200, `${counts}`);
  assert(moved > 700 && moved < 1100, `${moved} moved`);
  assertEquals(seatOf("x", 1), 0);
});

Deno.test("POOL-03 chunks are cut as Python cuts them, or smaller when items are slow", () => {
  const unknown = new Pace(0);
  const cuts = [8, 9, 16, 17, 100].map((items) => nextChunk(items, 2, unknown));
  assertEquals(cuts, [1, 2, 2, 3, 13]);
  const slow = new Pace(0);
  slow.learnItems([1, 2, 20]);
  assertEquals([nextChunk(100, 2, slow), nextChunk(1e6, 2, slow)], [1, 1]);
  const fast = new Pace(0);
  fast.learnItems([1, 2, 0.002]);
  assertEquals([nextChunk(100, 2, fast), nextChunk(1e6, 2, fast)], [13, 4000]);
});

Deno.test("a pool refuses a policy that there is none of", () => {
  assertThrows(() => policyOf("fifo" as never), TypeError);
  assertThrows(() => policyOf("constructor" as never), TypeError);
});
