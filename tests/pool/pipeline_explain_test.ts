import { assert, assertEquals, assertRejects } from "@std/assert";
import { pipeline } from "../../pool/pipeline/pipeline.ts";
import { zip } from "../../pool/pipeline/zip.ts";
import { square } from "../fixtures/pool_tasks.ts";
import { troupeTest } from "../support.ts";

Deno.test("explain() says where stages run, what they hold, and which run as one", () => {
  const numbers = pipeline<number>()
    .map(square, { workers: 2, buffer: 3, chunksize: 4 })
    .map(square)
    .filter(function even(n) {
      return n % 2 === 0;
    })
    .map((n) => n, { name: "later", workers: 4, ordered: false })
    .broadcast({ small: (b) => b.buffer(5), all: (b) => b.batch(10) });
  assertEquals(numbers.explain().split("\n"), [
    "1. square → square: in a pool, up to 2 at a time, in order; holds 20",
    "2. even: in this isolate, one at a time; holds 1",
    "3. later: in this isolate, up to 4 at a time, as they are done; holds 12",
    "4. broadcast: in this isolate, one at a time; holds 2",
    "   small:",
    "     1. buffer: in this isolate, one at a time; holds 5",
    "   all:",
    "     1. batch: in this isolate, one at a time; holds 10",
    "At most 50 items are on their way",
  ]);
});

Deno.test("explain() names the stages that have no bound", () => {
  const counted = pipeline<number>()
    .take(3)
    .window({ within: 10 })
    .foldBy({ key: (w) => w.length, initial: () => 0, step: (sum) => sum + 1 });
  assertEquals(counted.explain().split("\n").slice(1), [
    "2. window: in this isolate, one at a time; holds any number",
    "3. fold: in this isolate, one at a time; holds any number",
    "No bound on items on their way: window, fold",
  ]);
});

troupeTest("the figures of a stage tell how long its calls take", async () => {
  const run = pipeline<number>()
    .map((n) => n, { name: "quick" })
    .map((n) => new Promise((resolve) => setTimeout(resolve, 5, n)), { name: "slow" })
    .collect(Array.from({ length: 20 }, (_, n) => n));
  await run;
  const [quick, slow] = run.stats();
  assert(slow.latency.p50 > 3 && slow.latency.p99 >= slow.latency.p50, "a timer of 5 ms");
  assert(quick.latency.p50 < slow.latency.p50, `${quick.latency.p50} ms is less`);
});

/** Numbers from 0 on; says when it is closed. */
async function* endless(closed: string[]): AsyncGenerator<number> {
  try {
    for (let n = 0;; n++) yield await Promise.resolve(n);
  } finally {
    closed.push("closed");
  }
}

troupeTest("zip: tuples until the shortest has ended, and all are closed then", async () => {
  const closed: string[] = [];
  const tuples = await pipeline<[string, number, number]>()
    .collect(zip(["a", "b"], endless(closed), [7, 8, 9]));
  assertEquals(tuples, [["a", 0, 7], ["b", 1, 8]]);
  assertEquals(closed, ["closed"]);
  assertEquals(await pipeline<[]>().collect(zip() as AsyncIterable<[]>), []);
});

troupeTest("zip: one that fails, or a loop that is left, closes all", async () => {
  const closed: string[] = [];
  const failing = (function* () {
    yield 1;
    throw new RangeError("no more");
  })();
  const zipped = zip(endless(closed), failing);
  assertEquals((await zipped.next()).value, [0, 1]);
  await assertRejects(() => zipped.next(), RangeError, "no more");
  assertEquals((await zipped.next()).done, true);
  for await (const [n] of zip(endless(closed), endless(closed))) if (n === 3) break;
  assertEquals(closed, ["closed", "closed", "closed"]);
});

troupeTest("zip: it can be left while an item is waited for", async () => {
  const never = new ReadableStream<number>();
  const zipped = zip(never, [1]);
  const next = zipped.next();
  await zipped.return!();
  assertEquals((await next).done, true);
});
