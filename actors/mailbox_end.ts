// Runs in: any isolate
/**
 * How a mailbox ends: it is closed, let go of by those who hold it, and freed by the last.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { compareExchange, load } from "../memory/atomics.ts";
import type { Isolate } from "../memory/isolate.ts";
import { dropRegion, forgetRegion } from "../memory/region.ts";
import { Ring } from "../memory/ring.ts";
import type { Ending } from "../memory/slots.ts";
import { discardAll } from "../channels/arrival.ts";
import { writeEnding } from "./lives.ts";
import { OVERFLOW, OVERFLOWS, RING, STATE } from "./mailbox_region.ts";

/** The actor is not up yet; messages wait. */
export const OPENING = 0;
/** The actor takes messages. */
export const OPEN = 1;
/** It takes no more. */
export const CLOSED = 2;

/** What is remembered of a mailbox that was left. */
export interface Remains {
  /** How its actor ended. */
  readonly ending: Ending;
  /** Messages handled. */
  readonly handled: number;
  /** Messages thrown away. */
  readonly dropped: number;
  /** How often the actor was started again. */
  readonly restarts: number;
  /** The histogram of handlers' durations. */
  readonly latency: Int32Array;
}

/** The ring of the mailbox at an address. */
export function ringOf(isolate: Isolate, at: number): Ring {
  const overflow = OVERFLOWS[load(isolate.arena.words, at + OVERFLOW)];
  const readers = overflow === "drop-oldest" ? "many" : "one";
  return new Ring(isolate, at + RING, { writers: "many", readers });
}

/** This isolate holds the mailbox no more; the last one frees it. */
export function letGoOfMailbox(isolate: Isolate, region: BlockHandle): void {
  if (dropRegion(isolate.arena, region, isolate.slot)) freeMailbox(isolate, region);
}

/** A message that named the mailbox will not arrive. */
export function forgetMailbox(isolate: Isolate, region: BlockHandle): void {
  if (forgetRegion(isolate.arena, region)) freeMailbox(isolate, region);
}

/** Closes it with the reason; `false` when it was closed already. */
export function closeMailbox(isolate: Isolate, region: BlockHandle, ending: Ending): boolean {
  const { arena } = isolate;
  const at = arena.wordOf(region);
  const state = load(arena.words, at + STATE);
  if (state === CLOSED) return false;
  writeEnding(isolate, at, ending);
  return compareExchange(arena.words, at + STATE, state, CLOSED) === state;
}

/** Frees it; only for whoever saw that nobody holds it any more. */
export function freeMailbox(isolate: Isolate, region: BlockHandle): void {
  discardAll(isolate, ringOf(isolate, isolate.arena.wordOf(region)), true);
  isolate.heap.free(region);
}
