// Runs in: owner
/**
 * What the machine can do for `bytes.ts`: how fast two threads copy blocks of 16 MiB when both do at the
 * same time, as the two sides of a pipe do, and when only one does.
 *
 * Run: `deno run -A --no-lock bench/copies.ts`
 *
 * @module
 */
import { contest } from "./measure.ts";

const BLOCK = 16 << 20;
const TIMES = 60;

const COPIER = `
const from = new Uint8Array(${BLOCK}).fill(7);
const to = new Uint8Array(${BLOCK}).fill(1);
onmessage = () => {
  const begun = performance.now();
  for (let i = 0; i < ${TIMES}; i++) to.set(from);
  postMessage(${TIMES * BLOCK} / (performance.now() - begun) / 1e6);
};`;
const url = `data:text/javascript,${encodeURIComponent(COPIER)}`;
const workers = [1, 2].map(() => new Worker(url, { type: "module" }));

/** Gigabytes a second that a worker copies. */
function copy(worker: Worker): Promise<number> {
  const done = new Promise<number>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.postMessage("copy");
  return done;
}

await contest({
  title: "copying 16 MiB in memory of its own",
  unit: "GB/s",
  rounds: 9,
  contenders: [
    {
      name: "two threads at once, the slower",
      round: async () => Math.min(...await Promise.all(workers.map(copy))),
    },
    { name: "one thread", round: () => copy(workers[0]) },
  ],
});
for (const worker of workers) worker.terminate();
