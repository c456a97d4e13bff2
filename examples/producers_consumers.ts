/**
 * Producers and consumers: some processes put numbers into a bounded queue, others take them out and add
 * them up; the sum is checked.
 *
 * Run: `deno run --allow-read examples/producers_consumers.ts [producers] [consumers] [numbers]`
 *
 * @module
 */
import { Process, Queue, task } from "../mod.ts";

/** Puts the numbers from `from` up to `to`. */
export const produce = task(
  import.meta,
  async function produce(queue: Queue<number | null>, from: number, to: number): Promise<number> {
    for (let n = from; n < to; n++) await queue.put(n);
    return to - from;
  },
);

/** Adds numbers up until it gets `null`. */
export const consume = task(
  import.meta,
  async function consume(queue: Queue<number | null>): Promise<{ count: number; sum: number }> {
    let [count, sum] = [0, 0];
    for await (const n of queue) {
      if (n === null) break;
      count++;
      sum += n;
    }
    return { count, sum };
  },
);

if (import.meta.main) {
  const [producers = 2, consumers = 3, numbers = 10_000] = Deno.args.map(Number);
  await using queue = new Queue<number | null>({ maxsize: 100 });
  const eaters = Array.from(
    { length: consumers },
    () => new Process({ target: consume, args: [queue] }).start(),
  );
  const makers = Array.from({ length: producers }, (_, index) => {
    const from = index * numbers;
    return new Process({ target: produce, args: [queue, from, from + numbers] }).start();
  });
  const made = (await Promise.all(makers.map(({ result }) => result))).reduce((a, b) => a + b, 0);
  for (const _ of eaters) await queue.put(null);
  const eaten = await Promise.all(eaters.map(({ result }) => result));
  const count = eaten.reduce((total, each) => total + each.count, 0);
  const sum = eaten.reduce((total, each) => total + each.sum, 0);
  for (const process of [...makers, ...eaters]) await process.join();
  console.log(`made   ${made}`);
  console.log(`eaten  ${count} (${eaten.map((each) => each.count).join(" + ")})`);
  console.log(`sum    ${sum}`);
  const total = producers * numbers;
  if (made !== total || count !== total || sum !== total * (total - 1) / 2) Deno.exit(1);
}
