// Runs in: any isolate
/**
 * What can be waited for together with other things: `wait` and `select` know nothing but this. A class
 * joins in with one method, named by a symbol, that says where to wait and how to look.
 *
 * - I1: looking changes nothing; taking takes all or nothing.
 * - I2: whatever makes `isReady` true stirs the room.
 *
 * @module
 */
import type { PENDING, Room } from "./line.ts";

/** Names the method of everything that {@linkcode Waitable} describes. */
export const waitable: unique symbol = Symbol.for("troupe.waitable") as never;

/** Something that `wait` and `select` accept: queues, connections, events, timers. */
export interface Waitable<T = unknown> {
  /** How to wait for it. */
  [waitable](): Offer<T>;
}

/** How to wait for one thing. */
export interface Offer<T = unknown> {
  /** Where to wait. Only a line of shared memory can be waited for by blocking. */
  readonly room: Room;
  /** When it is ready by itself, on the clock of `performance.now()`. */
  readonly at?: number;
  /** Whether {@linkcode Offer.take} would succeed, or fail for good. Throws when it is closed here. */
  isReady(): boolean;
  /**
   * Takes; {@linkcode PENDING} when there is nothing. A promise when the rest of it is still on its
   * way; it may give `PENDING` too, when the rest never came.
   */
  take(): T | typeof PENDING | Promise<T | typeof PENDING>;
  /** Takes without a promise; absent when `take` never gives one. */
  takeSync?(): T | typeof PENDING;
}

/** An offer of something that can end: then `take` throws `EndOfChannelError`. */
export interface EndingOffer<T = unknown> extends Offer<T> {
  /** Tells the compiler. */
  readonly ends: true;
}

/** The offer of a thing, or `undefined` when it has none. */
export function offerOf(thing: unknown): Offer | undefined {
  const isHolder = (typeof thing === "object" && thing !== null) || typeof thing === "function";
  return isHolder ? (thing as Partial<Waitable>)[waitable]?.() : undefined;
}
