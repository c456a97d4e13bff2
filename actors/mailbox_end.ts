// Runs in: any isolate
/**
 * How a mailbox ends: it is closed, let go of by those who hold it, and freed by the last.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { compareExchange, load } from "../memory/atomics.ts";
import type { Isolate } from "../memory/isolate.ts";
import { OutOfTurn } from "../memory/out_of_turn.ts";
import { dropRegion, forgetRegion, holdsRegion } from "../memory/region.ts";
import { Ring } from "../memory/ring.ts";
import { type Ending, isAlive } from "../memory/slots.ts";
import { Lives, writeEnding } from "./lives.ts";
import {
  OVERFLOW,
  OVERFLOWS,
  OWNER,
  OWNER_LIFE,
  PRIORITIES,
  readersOf,
  RING,
  STARTED,
  STATE,
} from "./mailbox_region.ts";
import { discardUnread } from "./unread.ts";

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
  /** Messages that were accepted and not handled. */
  readonly dead: number;
  /** How often the actor was started again. */
  readonly restarts: number;
  /** The histogram of handlers' durations. */
  readonly latency: Int32Array;
}

/** The ring of the mailbox at an address. */
export function ringOf(isolate: Isolate, at: number): Ring {
  return new Ring(isolate, at + RING, { writers: "many", readers: readersAt(isolate, at) });
}

/** The same ring, for who does not go in order. */
export function outOfTurnOf(isolate: Isolate, at: number): OutOfTurn {
  return new OutOfTurn(isolate, at + RING, readersAt(isolate, at));
}

function readersAt({ arena }: Isolate, at: number): "one" | "many" {
  return readersOf(OVERFLOWS[load(arena.words, at + OVERFLOW)]);
}

function hasPriorities({ arena }: Isolate, at: number): boolean {
  return load(arena.words, at + PRIORITIES) !== 0;
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
  if (hasPriorities(isolate, at)) {
    new Lives(isolate, at).leaveFrom(outOfTurnOf(isolate, at).mark());
  }
  writeEnding(isolate, at, ending);
  return compareExchange(arena.words, at + STATE, state, CLOSED) === state;
}

/** Whether the isolate that started the actor lives, and will tell what is left. */
export function isOwed({ arena }: Isolate, region: BlockHandle): boolean {
  const at = arena.wordOf(region);
  const slot = load(arena.words, at + OWNER) - 1;
  const owner = { slot, incarnation: load(arena.words, at + OWNER_LIFE) };
  return isAlive(arena, owner) && holdsRegion(arena, region, slot);
}

/**
 * Frees it; only for whoever saw that nobody holds it any more. Whoever read it may have died over a
 * message that it had begun with.
 */
export function freeMailbox(isolate: Isolate, region: BlockHandle): void {
  const at = isolate.arena.wordOf(region);
  discardUnread(isolate, {
    ring: ringOf(isolate, at),
    outOfTurn: hasPriorities(isolate, at) ? outOfTurnOf(isolate, at) : undefined,
    hasBegun: (ticket) => load(isolate.arena.words, at + STARTED) === ticket + 1,
  });
  isolate.heap.free(region);
}
