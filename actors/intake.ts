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

/** Thrown when this isolate was declared dead: what is in the mailbox is for the actor's next life. */
export const DECLARED_DEAD: unique symbol = Symbol("declared dead");

/** The receiving side of a mailbox; what {@linkcode DECLARED_DEAD} says is thrown by `take`. */
export function intakeOf({ isolate }: Station, mailbox: Mailbox): Receiver {
  const { arena, life } = isolate;
  mailbox.ring.resume();
  return new Receiver(isolate, mailbox.ring, {
    operation: "take a message",
    check() {},
    ended: () => mailbox.supply?.wanted(),
    taking: (cell) => {
      if (mailbox.isGuarded && !isAlive(arena, life)) throw DECLARED_DEAD;
      mailbox.supply?.taken();
      return mailbox.start(mailbox.ring.ticketOf(cell));
    },
  }, true);
}
