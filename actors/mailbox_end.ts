// Runs in: any isolate
/**
 * Who holds a mailbox's memory, and freeing it with what is inside.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { load } from "../memory/atomics.ts";
import type { Isolate } from "../memory/isolate.ts";
import { dropRegion, forgetRegion, holdsRegion } from "../memory/region.ts";
import { OutOfTurn } from "../memory/out_of_turn.ts";
import { Ring } from "../memory/ring.ts";
import { isAlive } from "../memory/slots.ts";
import {
  OVERFLOW,
  OVERFLOWS,
  OWNER,
  OWNER_LIFE,
  PRIORITIES,
  readersOf,
  RING,
  STARTED,
} from "./mailbox_region.ts";
import { discardUnread } from "./unread.ts";

/** This isolate holds the mailbox no more; the last one frees it. */
export function letGoOfMailbox(isolate: Isolate, region: BlockHandle): void {
  if (dropRegion(isolate.arena, region, isolate.slot)) freeMailbox(isolate, region);
}

/** A message that named the mailbox will not arrive. */
export function forgetMailbox(isolate: Isolate, region: BlockHandle): void {
  if (forgetRegion(isolate.arena, region)) freeMailbox(isolate, region);
}

/** Whether the isolate that started the actor lives, and will tell what is left. */
export function isOwed({ arena }: Isolate, region: BlockHandle): boolean {
  const at = arena.wordOf(region);
  const slot = load(arena.words, at + OWNER) - 1;
  const owner = { slot, incarnation: load(arena.words, at + OWNER_LIFE) };
  return isAlive(arena, owner) && holdsRegion(arena, region, slot);
}

/** Frees a mailbox that nobody holds; whoever read it may have died over a message that it had begun with. */
export function freeMailbox(isolate: Isolate, region: BlockHandle): void {
  const { words } = isolate.arena;
  const at = isolate.arena.wordOf(region);
  const readers = readersOf(OVERFLOWS[load(words, at + OVERFLOW)]);
  const hasPriorities = load(words, at + PRIORITIES) !== 0;
  discardUnread(isolate, {
    ring: new Ring(isolate, at + RING, { writers: "many", readers }),
    outOfTurn: hasPriorities ? new OutOfTurn(isolate, at + RING, readers) : undefined,
    hasBegun: (ticket) => load(words, at + STARTED) === ticket + 1,
  });
  isolate.heap.free(region);
}
