// Runs in: owner
/**
 * Pools: tasks that do nothing, against two bare Web Workers that take turns and against Python's Pool, where
 * there is Python; and how much faster two workers are than one.
 *
 * Run: `deno run -A --no-lock bench/pool.ts`
 *
 * @module
 */
import { Pool } from "../mod.ts";
import { fibonacci, noop } from "./actors.ts";
import { contest, perSecond, perStep, report } from "./measure.ts";
import { Python, pythonContender, type PythonDemand } from "./python.ts";
import { Rival } from "./rival.ts";

const SIZE = 2;
const COUNT = 4000;
const TRIPS = 500;
const ITEMS = Array.from({ length: 100_000 }, (_, i) => i);

await using pool = new Pool({ size: SIZE });
await pool.apply(noop, 1);
using first = new Rival();
using second = new Rival();
await first.echo(1);
await second.echo(1);

const trip = await contest({
  title: "pool.apply, one after the other",
  unit: "us",
  contenders: [
    {
      name: "pool.apply",
      round: () =>
        perStep(TRIPS, async () => {
          for (let i = 0; i < TRIPS; i++) await pool.apply(noop, i);
        }),
    },
    {
      name: "postMessage echo",
      round: () =>
        perStep(TRIPS, async () => {
          for (let i = 0; i < TRIPS; i++) await first.echo(i);
        }),
    },
  ],
});

/** What the rivals do: every task a message, as many in flight as a pool would have. */
const rivals = {
  name: "postMessage to 2 bare workers, a task each",
  round: () =>
    perSecond(COUNT, async () => {
      const half = COUNT / 2;
      await Promise.all([first, second].map((rival) => rival.echoMany(1, half, 64)));
    }),
};

/** All items in chunks. */
const map = (chunksize?: number, count = ITEMS.length) => ({
  name: chunksize === undefined ? "pool.map, default chunks" : `pool.map, chunks of ${chunksize}`,
  round: () => perSecond(count, () => pool.map(noop, ITEMS.slice(0, count), { chunksize })),
});

const many = await contest({
  title: `pool of ${SIZE}, tasks that do nothing`,
  unit: "k/s",
  contenders: [
    {
      name: "pool.applyAsync, all at once",
      round: () =>
        perSecond(COUNT, async () => {
          const results = [];
          for (let i = 0; i < COUNT; i++) results.push(pool.applyAsync(noop, [i]));
          await Promise.all(results);
        }),
    },
    map(1, COUNT),
    map(100),
    map(),
    rivals,
  ],
});
const results = [trip, many];

await using python = Python.start();
if (python !== undefined) {
  const against = async (
    title: string,
    { unit, ours, demand }: {
      unit: "us" | "k/s";
      ours: () => Promise<number>;
      demand: PythonDemand;
    },
  ) => {
    const contenders = [{ name: "Troupe", round: ours }, ...pythonContender(python, demand)];
    results.push(await contest({ title, unit, contenders, warmup: 20, rounds: 15 }));
  };
  await against("tasks that do nothing, submitted one by one, against Python", {
    unit: "k/s",
    demand: { how: "submit", count: COUNT },
    ours: () =>
      perSecond(COUNT, async () => {
        const waited = [];
        for (let i = 0; i < COUNT; i++) waited.push(pool.applyAsync(noop, [i]));
        await Promise.all(waited);
      }),
  });
  await against("map of 100,000 ints in chunks, against Python", {
    unit: "k/s",
    demand: { how: "map", count: ITEMS.length },
    ours: () => perSecond(ITEMS.length, () => pool.map(noop, ITEMS)),
  });
  await against("apply, one after the other, against Python", {
    unit: "us",
    demand: { how: "apply", count: TRIPS },
    ours: () =>
      perStep(TRIPS, async () => {
        for (let i = 0; i < TRIPS; i++) await pool.apply(noop, i);
      }),
  });
}

await using alone = new Pool({ size: 1 });
const work = Array.from({ length: 8 }, () => 32);
const scaling = (name: string, on: Pool) => ({
  name,
  round: async () => await perStep(1, () => on.map(fibonacci, work, { chunksize: 1 })) / 1000,
});
/** What the machine can do: two cores may be less than twice one. */
const bare = (name: string, rivals: readonly Rival[]) => ({
  name,
  round: async () =>
    await perStep(1, () =>
      Promise.all(rivals.map(async (rival) => {
        for (const number of work.slice(0, work.length / rivals.length)) {
          await rival.compute(number);
        }
      }))) / 1000,
});
results.push(
  await contest({
    title: "8 tasks that only compute",
    unit: "ms",
    contenders: [
      scaling("2 workers", pool),
      bare("2 bare workers, half of the tasks each", [first, second]),
      bare("1 bare worker", [first]),
      scaling("1 worker", alone),
    ],
    warmup: 4,
    rounds: 15,
  }),
);
report(results);
