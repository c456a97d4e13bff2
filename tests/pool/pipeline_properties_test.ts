/**
 * Pipelines of random stages against the same done to arrays, and what holds for all of them.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Pipeline, pipeline } from "../../pool/pipeline/pipeline.ts";
import type { StageOptions } from "../../pool/pipeline/stage.ts";
import { Pool } from "../../pool/pool.ts";
import { double, upTo } from "../fixtures/pipeline_stages.ts";
import { troupeTest } from "../support.ts";

type Numbers = Pipeline<number, number>;
/** A stage, and what it does to an array. */
interface Step {
  readonly name: string;
  join(pipeline: Numbers): Numbers;
  apply(items: number[]): number[];
}

const later = <T>(value: T, isLater: boolean) => isLater ? Promise.resolve(value) : value;
const chunk = (items: number[], size: number) => {
  const chunks = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
};
const sum = (items: number[]) => items.reduce((a, b) => a + b, 0);

const options = fc.record({
  workers: fc.integer({ min: 1, max: 4 }),
  buffer: fc.integer({ min: 0, max: 4 }),
}, { requiredKeys: [] });

function steps(pool?: Pool): fc.Arbitrary<Step> {
  const here: fc.Arbitrary<Step>[] = [
    fc.tuple(options, fc.boolean(), fc.integer()).map(([o, isLater, by]) => ({
      name: `map ${JSON.stringify(o)}`,
      join: (p) => p.map((n) => later((n + by) | 0, isLater), o),
      apply: (items) => items.map((n) => (n + by) | 0),
    })),
    fc.tuple(options, fc.boolean(), fc.integer({ min: 2, max: 5 })).map(([o, isLater, by]) => ({
      name: `filter ${JSON.stringify(o)}`,
      join: (p) => p.filter((n) => later(n % by === 0, isLater) as boolean, o),
      apply: (items) => items.filter((n) => n % by === 0),
    })),
    fc.tuple(options, fc.boolean(), fc.integer({ min: 0, max: 3 })).map(([o, isLater, by]) => ({
      name: `flatMap ${JSON.stringify(o)}`,
      join: (p) => p.flatMap((n) => later(Array(by).fill(n), isLater) as number[], o),
      apply: (items) => items.flatMap((n) => Array(by).fill(n)),
    })),
    fc.integer({ min: 1, max: 5 }).map((size) => ({
      name: `batch ${size}`,
      join: (p) => p.batch(size).map(sum),
      apply: (items) => chunk(items, size).map(sum),
    })),
    fc.integer({ min: 1, max: 5 }).map((size) => ({
      name: `window ${size}`,
      join: (p) => p.window({ size }).flatMap((items) => items),
      apply: (items) => items,
    })),
    fc.integer({ min: 1, max: 9 }).map((size) => ({
      name: `buffer ${size}`,
      join: (p) => p.buffer(size),
      apply: (items) => items,
    })),
    fc.integer({ min: 0, max: 20 }).map((count) => ({
      name: `take ${count}`,
      join: (p) => p.take(count),
      apply: (items) => items.slice(0, count),
    })),
    fc.constant({
      name: "fold",
      join: (p: Numbers) =>
        p.foldBy({ key: (n) => n % 3, initial: () => 0, step: (a, n) => (a + n) | 0 }).map((
          [, n],
        ) => n),
      apply: (items: number[]) =>
        [...Map.groupBy(items, (n) => n % 3).values()].map((group) =>
          group.reduce((a, n) => (a + n) | 0, 0)
        ),
    }),
  ];
  if (pool === undefined) return fc.oneof(...here);
  const pooled: StageOptions<number> = { pool, chunksize: 3 };
  return fc.oneof(
    ...here,
    fc.constant({
      name: "map in the pool",
      join: (p: Numbers) => p.map((n) => n % 100).map(double, pooled),
      apply: (items: number[]) => items.map((n) => 2 * (n % 100)),
    }),
    fc.constant({
      name: "flatMap in the pool",
      join: (p: Numbers) => p.map((n) => Math.abs(n % 4)).flatMap(upTo, pooled),
      apply: (items: number[]) =>
        items.flatMap((n) => Array.from({ length: Math.abs(n % 4) }, (_, i) => i)),
    }),
  );
}

const inputs = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 40 });
const compose = (all: readonly Step[]) => all.reduce((p, { join }) => join(p), pipeline<number>());
const expected = (all: readonly Step[], items: number[]) =>
  all.reduce((values, { apply }) => apply(values), items);
/** A source that waits before every third item. */
async function* waiting(items: Iterable<number>) {
  let count = 0;
  for (const item of items) {
    if (++count % 3 === 0) await Promise.resolve();
    yield item;
  }
}

troupeTest(
  "stages do to items what arrays' methods do, from sources that wait or not",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        inputs,
        fc.array(steps(), { maxLength: 6 }),
        fc.boolean(),
        async (items, all, isLater) => {
          const result = await compose(all).collect(isLater ? waiting(items) : items);
          assertEquals(result, expected(all, items), all.map(({ name }) => name).join(", "));
        },
      ),
      { numRuns: 2000 },
    );
  },
);

troupeTest("so they do in a pool, and as streams", async () => {
  await using pool = new Pool({ size: 2 });
  await fc.assert(
    fc.asyncProperty(inputs, fc.array(steps(pool), { maxLength: 5 }), async (items, all) => {
      const stream = ReadableStream.from(items).pipeThrough(compose(all).transform());
      assertEquals(await Array.fromAsync(stream), expected(all, items));
    }),
    { numRuns: 60 },
  );
});

troupeTest(
  "unordered stages lose nothing, double nothing, and keep each key in order",
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3)),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(4)),
        async (keys, workers, waits) => {
          const items = keys.map((key, at) => ({ key, at }));
          const result = await pipeline<{ key: number; at: number }>().map(async (item) => {
            for (let turns = waits.next().value as number; turns > 0; turns--) {
              await Promise.resolve();
            }
            return item;
          }, { workers, buffer: 3, ordered: false, key: ({ key }) => key }).collect(items);
          assertEquals(result.toSorted((a, b) => a.at - b.at), items);
          for (const group of Map.groupBy(result, ({ key }) => key).values()) {
            assertEquals(group, group.toSorted((a, b) => a.at - b.at));
          }
        },
      ),
      { numRuns: 300 },
    );
  },
);

troupeTest("no more items are on the way than workers and buffers allow", async () => {
  const bounds = fc.record({ workers: fc.integer({ min: 1, max: 4 }), buffer: fc.nat(4) });
  await fc.assert(
    fc.asyncProperty(fc.array(bounds, { minLength: 1, maxLength: 4 }), async (stages) => {
      let read = 0;
      let taken = 0;
      const source = (function* () {
        for (;;) yield read++;
      })();
      const most = stages.reduce((all, { workers, buffer }) => all + workers + buffer, 1);
      const whole = stages.reduce(
        (p, bound) => p.map(async (n) => (await Promise.resolve(), n), bound),
        pipeline<number>(),
      );
      for await (const item of whole.run(source)) {
        assertEquals(item, taken++);
        for (let turns = 0; turns < 50; turns++) await Promise.resolve();
        assert(read - taken <= most, `${read - taken} on the way, of ${most}`);
        if (taken === 30) break;
      }
    }),
    { numRuns: 100 },
  );
});

troupeTest(
  "whichever item fails in whichever stage: it is named, and all that came before it was right",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.nat(2), options, async (bad, where, o) => {
        const stage = (at: number) => (n: number) => {
          if (at === where && n === bad) throw new Error("bad");
          return n;
        };
        const whole = [0, 1, 2].reduce(
          (p, at) => p.map(stage(at), { ...o, name: `${at}` }),
          pipeline<number>(),
        );
        const seen: number[] = [];
        const error = await whole.to((n) => void seen.push(n)).run(
          Array.from({ length: 21 }, (_, n) => n),
        )
          .then(() => undefined, (error) => error);
        assertEquals([error?.stage, error?.index], [`${where}`, bad]);
        assertEquals(seen, Array.from({ length: seen.length }, (_, n) => n));
        assert(seen.length <= bad);
      }),
      { numRuns: 200 },
    );
  },
);
