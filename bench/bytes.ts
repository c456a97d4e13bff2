// Runs in: owner
/**
 * 16 MiB at a time, one way, against a bare copy in memory, `postMessage` and Python's `send_bytes`.
 *
 * Run: `deno run -A --no-lock bench/bytes.ts`
 *
 * @module
 */
import { pipe, Queue, spawn } from "../mod.ts";
import { BLOCK_BYTES, Source } from "./actors.ts";
import { contest, report } from "./measure.ts";
import { Python, pythonContender } from "./python.ts";
import { Rival } from "./rival.ts";

const COUNT = 12;
const ROUNDS = 7;
const WHAT = "16 MiB bytes";

const [near, far] = pipe<unknown>();
await using source = await spawn(Source, { args: [far, new Queue<unknown>()] });
using rival = new Rival();
await using python = Python.start();

const block = new Uint8Array(BLOCK_BYTES).fill(7);
const target = new Uint8Array(BLOCK_BYTES);
const shared = new Uint8Array(new SharedArrayBuffer(4 * BLOCK_BYTES));

/** Gigabytes a second. */
async function gigabytes(move: () => unknown): Promise<number> {
  const start = performance.now();
  await move();
  return COUNT * BLOCK_BYTES / (performance.now() - start) / 1e6;
}

const result = await contest({
  title: "one way, 16 MiB at a time",
  unit: "GB/s",
  rounds: ROUNDS,
  contenders: [
    {
      name: "pipe, await send → await recv",
      round: () =>
        gigabytes(async () => {
          const sent = source.ask.intoPipe({ what: WHAT, count: COUNT, blocking: false });
          for (let i = 0; i < COUNT; i++) await near.recv();
          await sent;
        }),
    },
    {
      name: "pipe, await sendBytes → await recvBytesInto",
      round: () =>
        gigabytes(async () => {
          const sent = source.ask.intoPipe({ what: WHAT, count: COUNT, blocking: false });
          for (let i = 0; i < COUNT; i++) await near.recvBytesInto(target);
          await sent;
        }),
    },
    {
      name: "copy into shared memory",
      round: () =>
        gigabytes(() => {
          for (let i = 0; i < COUNT; i++) shared.set(block, (i & 3) * BLOCK_BYTES);
        }),
    },
    ...pythonContender(python, { how: "pipe", what: "bytes", count: COUNT }),
    { name: "postMessage", round: () => gigabytes(() => rival.flood(WHAT, COUNT)) },
  ],
});
report([result]);
near.close();
