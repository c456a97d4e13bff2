// Runs in: owner
/**
 * One way: a worker sends to the main isolate, through a pipe and a queue, against Python's `Pipe` and
 * a bare Web Worker that posts.
 *
 * Run: `deno run -A --no-lock bench/oneway.ts [sample ...]`
 *
 * @module
 */
import { pipe, Queue, spawn } from "../mod.ts";
import { type Flood, SAMPLES, Source } from "./actors.ts";
import { type Contender, contest, perSecond, report, type Result } from "./measure.ts";
import { Python, pythonContender } from "./python.ts";
import { Rival } from "./rival.ts";

/** Messages in a round of ours, and of the rival. */
const COUNTS: Readonly<Record<string, readonly [number, number]>> = {
  "number": [200_000, 20_000],
  "20-character string": [200_000, 20_000],
  "small object": [100_000, 10_000],
  "medium object": [20_000, 5_000],
  "1 KiB bytes": [20_000, 10_000],
};
const ROUNDS = 11;
/** Rounds until the engine has optimized what runs in each of them. */
const WARMUP = 4;
/** Messages in a round of Python, for the samples that it has. */
const PYTHON_COUNTS: Readonly<Record<string, number>> = {
  "number": 20_000,
  "20-character string": 20_000,
  "small object": 10_000,
};

const [near, far] = pipe<unknown>();
const queue = new Queue<unknown>({ maxsize: 1024 });
await using source = await spawn(Source, { args: [far, queue] });
using rival = new Rival();
await using python = Python.start();

/** The ways to receive what `source` sends, and the rivals. */
function contenders(what: string): Contender[] {
  const [count, rivalCount] = COUNTS[what];
  const flood: Flood = { what, count, blocking: false };
  const blocking: Flood = { what, count, blocking: true };
  return [
    {
      name: "pipe, await send → await recv",
      round: () =>
        perSecond(count, async () => {
          const sent = source.ask.intoPipe(flood);
          for (let i = 0; i < count; i++) await near.recv();
          await sent;
        }),
    },
    {
      name: "pipe, await send → for await",
      round: () =>
        perSecond(count, async () => {
          const sent = source.ask.intoPipe(flood);
          let left = count;
          for await (const _ of near) if (--left === 0) break;
          await sent;
        }),
    },
    {
      name: "pipe, sendSync → recvSync",
      round: () =>
        perSecond(count, async () => {
          const sent = source.ask.intoPipe(blocking);
          for (let i = 0; i < count; i++) near.recvSync();
          await sent;
        }),
    },
    {
      name: "queue, await put → await get",
      round: () =>
        perSecond(count, async () => {
          const sent = source.ask.intoQueue(flood);
          for (let i = 0; i < count; i++) await queue.get();
          await sent;
        }),
    },
    {
      name: "queue, putSync → getSync",
      round: () =>
        perSecond(count, async () => {
          const sent = source.ask.intoQueue(blocking);
          for (let i = 0; i < count; i++) queue.getSync();
          await sent;
        }),
    },
    ...(what in PYTHON_COUNTS
      ? pythonContender(python, { how: "pipe", what, count: PYTHON_COUNTS[what] })
      : []),
    {
      name: "postMessage",
      round: () => perSecond(rivalCount, () => rival.flood(what, rivalCount)),
    },
  ];
}

const chosen = Deno.args.filter((name) => name in SAMPLES);
const results: Result[] = [];
for (const what of chosen.length > 0 ? chosen : Object.keys(SAMPLES)) {
  const title = `one way, ${what}`;
  results.push(
    await contest({
      title,
      unit: "k/s",
      rounds: ROUNDS,
      warmup: WARMUP,
      contenders: contenders(what),
    }),
  );
}
report(results);
near.close();
queue.close();
