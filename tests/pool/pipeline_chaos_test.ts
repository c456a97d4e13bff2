import { assert, assertEquals } from "@std/assert";
import { pipeline } from "../../pool/pipeline/pipeline.ts";
import { Pool } from "../../pool/pool.ts";
import { work } from "../fixtures/pipeline_stages.ts";
import { troupeTest } from "../support.ts";

const ITEMS = 10_000;
const KILLS = 40;

/** Numbers of a seed (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const [chunksize, ordered] of [[1, true], [16, true], [16, false]] as const) {
  troupeTest(
    `C3 10,000 items, ${KILLS} kills, chunks of ${chunksize}, ${
      ordered ? "ordered" : "unordered"
    }: 0 lost, 0 doubled`,
    async () => {
      const random = randomOf(chunksize + Number(ordered));
      const moments = new Set<number>();
      while (moments.size < KILLS) moments.add(Math.floor(random() * ITEMS));
      await using pool = new Pool({ size: 2 });
      let killed = 0;
      const source = (function* () {
        for (let n = 0; n < ITEMS; n++) {
          if (moments.has(n)) killed += pool.killWorkers(1);
          yield n;
        }
      })();
      const run = pipeline<number>()
        .map(work, { pool, chunksize, ordered, buffer: 16, retry: { attempts: KILLS + 1 } })
        .map((n) => n / 3)
        .collect(source);
      const result = await run;
      const sorted = ordered ? result : result.toSorted((a, b) => a - b);
      assertEquals(sorted, Array.from({ length: ITEMS }, (_, n) => n));
      assert(killed > 0 && run.stats()[0].failed === 0);
    },
  );
}

troupeTest(
  "C3 without retry, each item is a result or a dead letter, never both, never neither",
  async () => {
    const random = randomOf(7);
    await using pool = new Pool({ size: 2 });
    const source = (function* () {
      for (let n = 0; n < 2000; n++) {
        if (random() < 0.01) pool.killWorkers(1);
        yield n;
      }
    })();
    const dead: number[] = [];
    const result = await pipeline<number>()
      .map(work, { pool, buffer: 16, onError: { deadLetter: ({ item }) => void dead.push(item) } })
      .map((n) => n / 3).collect(source);
    assertEquals(result, result.toSorted((a, b) => a - b));
    const all = [...result, ...dead].toSorted((a, b) => a - b);
    assertEquals(all, Array.from({ length: 2000 }, (_, n) => n));
  },
);
