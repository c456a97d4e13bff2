// Runs in: any isolate
/**
 * What the only reader of a ring left in it when it died. It may have died over the first message, and
 * received some of its handles; if it had not begun with that one, all can be given back exactly.
 *
 * @module
 */
import { discardUnsure } from "../memory/handle.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { OutOfTurn } from "../memory/out_of_turn.ts";
import type { Ring } from "../memory/ring.ts";
import { Arrival, discardAll } from "../channels/arrival.ts";
import type { Cellular } from "../channels/parcel.ts";
import { Turns } from "./turns.ts";

/** What was left, and what is known of its reader. */
export interface Unread {
  /** Where it is. */
  readonly ring: Ring;
  /** The same, when the reader did not go in order. */
  readonly outOfTurn?: OutOfTurn;
  /** Whether the reader had begun with the frame that has this ticket. */
  hasBegun(ticket: number): boolean;
}

/** Throws away the message that the dead reader had begun with; gives the first cell if that is another, or -1. */
export function discardBegun(isolate: Isolate, unread: Unread): number {
  const { ring, outOfTurn } = unread;
  const throwAway = (from: Cellular, cell: number) =>
    discardUnsure(() => new Arrival(isolate, from, true).discard(cell));
  if (outOfTurn !== undefined) {
    for (const cell of outOfTurn.waiting()) {
      if (!unread.hasBegun(ring.ticketOf(cell))) continue;
      throwAway(new Turns(isolate, ring, outOfTurn), cell);
      ring.resume();
    }
  }
  const first = ring.take();
  if (first < 0 || !unread.hasBegun(ring.ticketOf(first))) return first;
  throwAway(ring, first);
  return -1;
}

/** Throws away all that is unread; only with proof that the reader is dead. */
export function discardUnread(isolate: Isolate, unread: Unread): void {
  const first = discardBegun(isolate, unread);
  if (first >= 0) new Arrival(isolate, unread.ring, true).discard(first);
  discardAll(isolate, unread.ring, true);
}
