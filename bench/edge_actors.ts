// Runs in: any isolate
/**
 * What `edge.ts` serves.
 *
 * @module
 */
import { z } from "zod";
import { defineActor, task } from "../mod.ts";

/** What is ordered. */
export const Order = z.object({
  id: z.number(),
  items: z.array(z.object({ price: z.number(), pieces: z.number() })),
});

/** The price of an order. */
export function total({ id, items }: z.infer<typeof Order>): { id: number; total: number } {
  return { id, total: items.reduce((sum, { price, pieces }) => sum + price * pieces, 0) };
}

/** Tells the price of orders. */
export const Shop = defineActor(import.meta, {
  name: "Shop",
  init: () => 0,
  accepts: { order: Order },
  on: { order: (_state, order) => total(order) },
});

/** A text of a page or less. */
export const Page = z.object({ text: z.string().max(100_000) });

/** What is in a text: words, sentences, the longest word, and the five most frequent. */
export function statistics({ text }: z.infer<typeof Page>) {
  const counts = new Map<string, number>();
  let [words, longest] = [0, ""];
  for (const [word] of text.toLowerCase().matchAll(/[\p{L}']+/gu)) {
    words++;
    counts.set(word, (counts.get(word) ?? 0) + 1);
    if (word.length > longest.length) longest = word;
  }
  const top = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return { words, sentences: text.split(/[.!?]+\s/).length, longest, top };
}

/** Reads texts. */
export const Reader = defineActor(import.meta, {
  name: "Reader",
  init: () => 0,
  accepts: { read: Page },
  on: { read: (_state, page) => statistics(page) },
});

/** Works for so many milliseconds, by the clock. */
export const burn = task(import.meta, function burn({ ms }: { ms: number }): number {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return ms;
});

/** Some milliseconds of work: primes below 2 ^ n / 64. */
export const count = task(import.meta, function count({ n }: { n: number }): number {
  const most = 2 ** n / 64;
  let primes = 0;
  for (let candidate = 2; candidate < most; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor > candidate) primes++;
  }
  return primes;
});
