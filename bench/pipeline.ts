// Runs in: owner
/**
 * Pipelines: what a stage costs an item, against plain async generators; what a pool's stage carries, against
 * the pool alone.
 *
 * Run: `deno run -A --no-lock bench/pipeline.ts`
 *
 * @module
 */
import { pipeline, Pool } from "../mod.ts";
import { noop } from "./actors.ts";
import { contest, perSecond, perStep, report } from "./measure.ts";

const COUNT = 50_000;
const STAGES = 5;
const ITEMS = Array.from({ length: COUNT }, (_, n) => n);
const POOLED = 5000;
const next = (n: number) => n + 1;
const later = (n: number) => Promise.resolve(n + 1);

/** A source that has to be waited for. */
async function* waiting(): AsyncGenerator<number> {
  yield* ITEMS;
}

/** What one would write by hand. */
async function* mapped(
  items: AsyncIterable<number>,
  map: (n: number) => number | Promise<number>,
): AsyncGenerator<number> {
  for await (const item of items) yield await map(item);
}

/** Some stages, one after the other. */
function stages(map: (n: number) => number | Promise<number>) {
  let whole = pipeline<number>();
  for (let n = 0; n < STAGES; n++) whole = whole.map(map);
  return whole;
}

function generators(map: (n: number) => number | Promise<number>): AsyncIterable<number> {
  let whole: AsyncIterable<number> = waiting();
  for (let n = 0; n < STAGES; n++) whole = mapped(whole, map);
  return whole;
}

/** Microseconds for an item in a stage. */
const each = (run: () => Promise<unknown>) => () => perStep(COUNT * STAGES, run);
const drain = async (items: AsyncIterable<number>) => {
  for await (const _ of items);
};

const functions = await contest({
  title: `${STAGES} stages that do not wait, for each item and stage`,
  unit: "us",
  contenders: [
    { name: "pipeline, list", round: each(() => stages(next).to(() => {}).run(ITEMS)) },
    { name: "pipeline, async source", round: each(() => stages(next).to(() => {}).run(waiting())) },
    { name: "async generators", round: each(() => drain(generators(next))) },
  ],
});

const promises = await contest({
  title: `${STAGES} stages that wait, for each item and stage`,
  unit: "us",
  contenders: [
    { name: "pipeline, list", round: each(() => stages(later).to(() => {}).run(ITEMS)) },
    {
      name: "pipeline, async source",
      round: each(() => stages(later).to(() => {}).run(waiting())),
    },
    { name: "async generators", round: each(() => drain(generators(later))) },
  ],
});

await using pool = new Pool({ size: 2 });
await pool.apply(noop, 1);

/** Items through a stage in the pool. */
const inPool = (
  name: string,
  options: { chunksize: number; buffer: number; ordered?: boolean },
) => {
  const whole = pipeline<number>().map(noop, { pool, ...options }).to(() => {});
  return { name, round: () => perSecond(POOLED, () => whole.run(ITEMS.slice(0, POOLED))) };
};

const pooled = await contest({
  title: "a stage in a pool of 2, tasks that do nothing",
  unit: "k/s",
  contenders: [
    inPool("one by one", { chunksize: 1, buffer: 32 }),
    inPool("one by one, unordered", { chunksize: 1, buffer: 32, ordered: false }),
    inPool("chunks of 64", { chunksize: 64, buffer: 8 }),
    {
      name: "pool.imap, one by one",
      round: () =>
        perSecond(
          POOLED,
          () => drain(pool.imap(noop, ITEMS.slice(0, POOLED), { concurrency: 34 })),
        ),
    },
  ],
});
report([functions, promises, pooled]);
