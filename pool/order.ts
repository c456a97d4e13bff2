// Runs in: any isolate
/**
 * What a worker is told to run.
 *
 * @module
 */

import type { Carrier } from "../actors/tracing.ts";

/** How a lease is run. */
export type LeaseMode = number;
/** Call the function with these arguments. */
export const ONE: LeaseMode = 0;
/** Call it once for each item. */
export const EACH: LeaseMode = 1;
/** Call it once for each list of arguments. */
export const STAR: LeaseMode = 2;
/** Added to ONE: it is a generator whose items are wanted. */
export const STREAM: LeaseMode = 4;
/** Added to ONE: if it is a generator, it gives its worker up at each `yield`. */
export const GIVING: LeaseMode = 8;

/**
 * Number of the function, how, its arguments or items, number of the order, attempt, and its place among
 * those that can be taken back; while there is tracing, its name and what it is part of. The reply to items is the list of their results, and after them the
 * milliseconds that they took.
 */
export type LeaseOrder = readonly [
  code: number,
  mode: LeaseMode,
  args: readonly unknown[],
  order: number,
  attempt: number,
  place: number,
  trace?: readonly [name: string, carrier: Carrier],
];
/** Index of the place in an order. */
export const PLACE = 5;
/** Index of the number in an order. */
export const NUMBER = 3;
