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
import { Ring } from "../memory/ring.ts";
import { isAlive } from "../memory/slots.ts";
import { discardAll } from "../channels/arrival.ts";
import { OVERFLOW, OVERFLOWS, OWNER, OWNER_LIFE, readersOf, RING } from "./mailbox_region.ts";

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

/** Frees a mailbox that nobody holds. */
export function freeMailbox(isolate: Isolate, region: BlockHandle): void {
  const at = isolate.arena.wordOf(region);
  const readers = readersOf(OVERFLOWS[load(isolate.arena.words, at + OVERFLOW)]);
  discardAll(isolate, new Ring(isolate, at + RING, { writers: "many", readers }), true);
  isolate.heap.free(region);
}
