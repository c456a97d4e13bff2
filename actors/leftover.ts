// Runs in: any isolate
/**
 * What is in a mailbox when its actor has ended: each message is told as a dead letter. Only for whoever
 * may read the mailbox: the isolate that ran the actor, or its guardian when that is proven dead.
 *
 * @module
 */
import { Arrival, discardAll, VOID } from "../channels/arrival.ts";
import { Incoming } from "../channels/stream.ts";
import { buryLetter, isObserved } from "./events.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { discardBegun } from "./unread.ts";

/** Empties a mailbox that is closed; those who asked hear of the end themselves. */
export function buryLeftover(station: Station, mailbox: Mailbox, actor: string): void {
  const { ring } = mailbox;
  ring.resume();
  const first = discardBegun(station.isolate, mailbox);
  const arrival = new Arrival(station.isolate, ring, true);
  if (first >= 0) bury(station, arrival, { cell: first, actor });
  if (!isObserved(station)) return discardAll(station.isolate, ring, true);
  for (let cell = ring.take(); cell >= 0; cell = ring.take()) {
    bury(station, arrival, { cell, actor });
  }
}

function bury(
  station: Station,
  arrival: Arrival,
  { cell, actor }: { cell: number; actor: string },
) {
  if (!isObserved(station)) return arrival.discard(cell);
  let value: unknown;
  try {
    value = arrival.open(cell);
  } catch {
    value = ["?"];
  }
  if (value === VOID) return;
  if (value instanceof Incoming) value.discard();
  const [type, payload] = value instanceof Incoming ? ["?"] : value as [string, unknown];
  buryLetter(station, actor, { message: { type, payload }, reason: "stopped" });
}
