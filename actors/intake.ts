// Runs in: any isolate
/**
 * How messages leave a mailbox for the actor that this isolate runs.
 *
 * @module
 */
import { isAlive } from "../memory/slots.ts";
import { Receiver } from "../channels/port.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { Turns } from "./turns.ts";

/** Thrown when this isolate was declared dead: what is in the mailbox is for the actor's next life. */
export const DECLARED_DEAD: unique symbol = Symbol("declared dead");

/** The receiving side of a mailbox; what {@linkcode DECLARED_DEAD} says is thrown by `take`. */
export function intakeOf({ isolate }: Station, mailbox: Mailbox): Receiver {
  const { arena, life } = isolate;
  const { ring, outOfTurn } = mailbox;
  ring.resume();
  const inOrder = outOfTurn === undefined ? ring : new Turns(isolate, ring, outOfTurn);
  return new Receiver(isolate, inOrder, {
    operation: "take a message",
    check() {},
    ended() {},
    taking: (cell) => {
      if (mailbox.isGuarded && !isAlive(arena, life)) throw DECLARED_DEAD;
      return mailbox.start(mailbox.ring.ticketOf(cell));
    },
  }, true);
}
