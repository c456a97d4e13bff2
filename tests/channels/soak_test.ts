import { assert, assertEquals } from "@std/assert";
import { usedBytes } from "../../memory/heap.ts";
import { here } from "../../memory/isolate.ts";
import { pipe, Queue } from "../../troupe.ts";
import { watchPrototypes } from "../checkers/fuzz.ts";
import { collectGarbage, troupeTest, turn } from "../support.ts";

const SOAK = Deno.env.get("TROUPE_SOAK") === "1";
const SAMPLES = 12;
const MESSAGES = SOAK ? 100_000 : 4_000;
const OPENED = SOAK ? 1_000 : 60;
/** Most that the heap may grow, in bytes for each message, and for each pipe opened and closed. */
const PER_MESSAGE = 16;
const PER_PIPE = 1024;

const VALUES: readonly unknown[] = [
  7,
  "a short text",
  { id: 1, name: "one", list: [1, 2.5, { deep: true }], when: new Date(0) },
  new Uint8Array(3_000),
  JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
  { then: 1, toString: "x", valueOf: null },
];

/** What is used after everything that can be collected was. */
async function heapUsed(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await turn();
  }
  return Deno.memoryUsage().heapUsed;
}

/** Bytes for each step, by the median of the slopes between all pairs (H. Theil 1950, P. Sen 1968). */
async function slope(steps: number, step: (n: number) => Promise<unknown>): Promise<number> {
  const used: number[] = [];
  for (let sample = -2; sample < SAMPLES; sample++) {
    for (let n = 0; n < steps; n++) await step(n);
    if (sample >= 0) used.push(await heapUsed());
  }
  const slopes = used.flatMap((to, at) =>
    used.slice(0, at).map((from, before) => (to - from) / (at - before) / steps)
  );
  return slopes.sort((a, b) => a - b)[slopes.length >> 1];
}

troupeTest("S1 A2 messages through a pipe and a queue leave nothing behind", async () => {
  const [near, far] = pipe<unknown>();
  await using queue = new Queue<unknown>();
  const changed = watchPrototypes();
  const { arena } = here();
  await far.send(VALUES[3]);
  await near.recv();
  const before = usedBytes(arena);
  const growth = await slope(MESSAGES, async (n) => {
    const value = VALUES[n % VALUES.length];
    await far.send(value);
    await queue.put(await near.recv());
    return await queue.get();
  });
  assert(growth <= PER_MESSAGE, `the heap grows by ${growth} bytes a message`);
  assertEquals(usedBytes(arena), before);
  assertEquals(changed(), false, "a prototype was changed");
  near.close();
  far.close();
});

troupeTest("S1 pipes that are opened and closed leave nothing behind", async () => {
  const { arena } = here();
  pipe({ capacity: 16 }).forEach((end) => end.close());
  const before = usedBytes(arena);
  const growth = await slope(OPENED, async () => {
    const [near, far] = pipe<number>({ capacity: 16 });
    await far.send(1);
    assertEquals(await near.recv(), 1);
    near.close();
    far.close();
  });
  assert(growth <= PER_PIPE, `the heap grows by ${growth} bytes a pipe`);
  assertEquals(usedBytes(arena), before);
});
