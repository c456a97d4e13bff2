// Runs in: any isolate
/**
 * What is in a mailbox when its actor has ended: each message is told as a dead letter, and counted. Only
 * for whoever may read the mailbox: the isolate that ran the actor, or, when that is proven dead, the one
 * that started it.
 *
 * @module
 */
import { Arrival, VOID } from "../channels/arrival.ts";
import { Incoming } from "../channels/stream.ts";
import type { Isolate } from "../memory/isolate.ts";
import { type Ending, isLifeOf } from "../memory/slots.ts";
import { buryLetter, type DeadLetterReason, isObserved } from "./events.ts";
import type { Envelope } from "./contract.ts";
import { NOTHING } from "./lives.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { discardBegun } from "./unread.ts";

/** Whose messages are told. */
export interface Deceased {
  /** Its mailbox. */
  readonly mailbox: Mailbox;
  /** Its id. */
  readonly id: string;
  /** The names of its messages, as far as they are known. */
  readonly messages?: readonly string[];
}

/** One that was accepted will not be handled. */
export interface DeadLetter {
  /** The message. */
  readonly message: Envelope;
  /** Why not. */
  readonly reason: DeadLetterReason;
}

/** Tells and counts a message that will not be handled. */
export function tellDead(station: Station, { mailbox, id }: Deceased, letter: DeadLetter): void {
  mailbox.countDead();
  buryLetter(station, id, letter);
}

/** Empties a mailbox that is closed; those who asked hear of the end themselves. */
export function buryLeftover(station: Station, deceased: Deceased): void {
  const { ring } = deceased.mailbox;
  ring.resume();
  const first = discardBegun(station.isolate, deceased.mailbox);
  const arrival = new Arrival(station.isolate, ring, true);
  if (first >= 0) buryOne(station, deceased, { arrival, cell: first });
  for (let cell = ring.take(); cell >= 0; cell = ring.take()) {
    buryOne(station, deceased, { arrival, cell });
  }
}

/** The message that was in hand when a life ended: nobody handles it any more. */
export function buryInHand(station: Station, deceased: Deceased): void {
  const number = deceased.mailbox.lives.inHand;
  if (number === NOTHING) return;
  const message = { type: deceased.messages?.[number] ?? "?" };
  tellDead(station, deceased, { message, reason: "crashed-while-handling" });
}

/**
 * Between two lives, after the first is proven dead, and only for the actor's guardian: tells the askers
 * of what was in hand, and leaves the rest to the next life.
 */
export function beginNextLife(isolate: Isolate, mailbox: Mailbox, ending: Ending): void {
  mailbox.ring.resume();
  if (mailbox.overflow !== "drop-oldest") discardBegun(isolate, mailbox);
  mailbox.outOfTurn?.mark();
  mailbox.lives.next(ending);
  mailbox.tellOfEnd();
}

/** The isolate that ran an actor for good has died: whoever started the actor tells what it left. */
export function settleLeftover(station: Station, deceased: Deceased): void {
  const { mailbox } = deceased;
  if (!mailbox.isOwed) return;
  mailbox.isOwed = false;
  if (!isLifeOf(station.isolate.arena, mailbox.host)) {
    buryInHand(station, deceased);
    buryLeftover(station, deceased);
  }
  station.isolate.park.heardOfDeath();
}

function buryOne(
  station: Station,
  deceased: Deceased,
  { arrival, cell }: { arrival: Arrival; cell: number },
): void {
  if (!isObserved(station)) {
    deceased.mailbox.countDead();
    return arrival.discard(cell);
  }
  let value: unknown;
  try {
    value = arrival.open(cell);
  } catch {
    value = ["?"];
  }
  if (value === VOID) return;
  if (value instanceof Incoming) value.discard();
  const [type, payload] = value instanceof Incoming ? ["?"] : value as [string, unknown];
  tellDead(station, deceased, { message: { type, payload }, reason: "stopped" });
}
