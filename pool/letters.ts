// Runs in: any isolate
/**
 * What a pool and its workers write to each other besides orders and results. It comes by the inboxes,
 * so it does not wait behind the orders.
 *
 * @module
 */
import type { LetterKind } from "../actors/inbox.ts";

/** From the pool, about a task that a worker has: its number is that of the order. */
export const TO_TASK: LetterKind = 200;
/** The task is not wanted any more, and why; or its reader has room for so many more items. */
export type ToTask =
  | readonly [what: "abort", reason: unknown]
  | readonly [
    what: "credit",
    items: number,
  ];

/** From a task, as `ITEM` letters under the number of its order. */
export type FromTask =
  | readonly [what: "progress", done: number, total: number | undefined]
  | readonly [what: "item", value: unknown]
  | readonly [what: "gave way", milliseconds: number];

/** Items of a streamed task on their way at most. */
export const WINDOW = 64;
