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
