// Runs in: any isolate
/**
 * What the only reader of a ring left in it when it died. It may have died over the first message, and
 * received some of its handles; if it had not begun with that one, all can be given back exactly.
 *
 * @module
 */
import { discardUnsure } from "../memory/handle.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Ring } from "../memory/ring.ts";
import { Arrival, discardAll } from "../channels/arrival.ts";

/** Throws away the first message if the dead reader had begun with it; gives its cell if not, or -1. */
export function discardBegun(
  isolate: Isolate,
  ring: Ring,
  hadBegun: (ticket: number) => boolean,
): number {
  const first = ring.take();
  if (first < 0 || !hadBegun(ring.ticketOf(first))) return first;
  discardUnsure(() => new Arrival(isolate, ring, true).discard(first));
  return -1;
}

/** Throws away all that is unread; only with proof that the reader is dead. */
export function discardUnread(
  isolate: Isolate,
  ring: Ring,
  hadBegun: (ticket: number) => boolean,
): void {
  const first = discardBegun(isolate, ring, hadBegun);
  if (first >= 0) new Arrival(isolate, ring, true).discard(first);
  discardAll(isolate, ring, true);
}
