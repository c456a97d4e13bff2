// Runs in: owner
/**
 * Ten million messages through one queue, by four producers and four consumers in eight workers: how
 * fast, whether each arrived once, and whether the memory stays flat.
 *
 * Run: `deno run -A bench/soak.ts [messages] [--joinable | --select]`; default 10,000,000.
 *
 * @module
 */
import { JoinableQueue, Process, Queue, select, task } from "../mod.ts";

const KINDS = ["plain", "joinable", "select"] as const;
/** Which way the messages go. */
type Kind = typeof KINDS[number];

/** Puts the numbers from `from` to `to`. */
export const produce = task(
  import.meta,
  "produce",
  async (queue: Queue<number>, from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) await queue.put(n);
  },
);

/** Gets numbers until -1; gives how many, and their sum. */
export const consume = task(
  import.meta,
  "consume",
  async (queue: Queue<number>, other: Queue<number>, kind: Kind): Promise<[number, bigint]> => {
    let count = 0;
    let sum = 0n;
    let part = 0;
    const next = kind === "select"
      ? async () => (await select({ queue, other })).value
      : () => queue.get();
    for (let n = await next(); n >= 0; n = await next()) {
      part += n;
      if (++count % 1_000_000 === 0) [sum, part] = [sum + BigInt(part), 0];
      if (queue instanceof JoinableQueue) queue.taskDone();
    }
    if (queue instanceof JoinableQueue) queue.taskDone();
    return [count, sum + BigInt(part)];
  },
);

if (import.meta.main) {
  const kind = KINDS.find((one) => Deno.args.includes(`--${one}`)) ?? "plain";
  const messages = Number(Deno.args.find((arg) => !arg.startsWith("--")) ?? 10_000_000);
  const each = Math.floor(messages / 4);
  await using queue = kind === "joinable"
    ? new JoinableQueue<number>({ maxsize: 1024 })
    : new Queue<number>({ maxsize: 1024 });
  await using other = new Queue<number>();
  const begin = performance.now();
  const producers = [0, 1, 2, 3].map((who) =>
    new Process({ target: produce, args: [queue, who * each, (who + 1) * each] }).start()
  );
  const consumers = [0, 1, 2, 3].map(() =>
    new Process({ target: consume, args: [queue, other, kind] }).start()
  );
  const samples: number[] = [];
  const sample = setInterval(() => samples.push(Deno.memoryUsage().rss), 250);
  await Promise.all(producers.map((one) => one.result));
  for (const _ of consumers) await queue.put(-1);
  const results = await Promise.all(consumers.map((one) => one.result));
  const seconds = (performance.now() - begin) / 1000;
  clearInterval(sample);
  if (queue instanceof JoinableQueue) await queue.join();
  const count = results.reduce((total, [one]) => total + one, 0);
  const sum = results.reduce((total, [, one]) => total + one, 0n);
  const all = BigInt(each * 4);
  const isWhole = count === each * 4 && sum === all * (all - 1n) / 2n;
  const middle = samples.slice(Math.floor(samples.length / 4));
  const growth = middle.length > 1 ? middle[middle.length - 1] - middle[0] : 0;
  const rate = (count / seconds / 1000).toFixed(0);
  console.log(`${kind}: ${count} messages in ${seconds.toFixed(1)} s, ${rate} k/s`);
  console.log(`  each arrived once: ${isWhole}`);
  console.log(`  memory after the first quarter: ${(growth / 2 ** 20).toFixed(1)} MiB more`);
  await Promise.all([...producers, ...consumers].map((one) => one.join()));
  if (!isWhole || growth > 64 << 20) Deno.exit(1);
}
