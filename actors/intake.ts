// Runs in: any isolate
/**
 * How messages leave a mailbox for the actor that this isolate runs.
 *
 * @module
 */
import { isAlive } from "../memory/slots.ts";
import { Receiver } from "../channels/port.ts";
import type { Incoming } from "../channels/stream.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { Turns } from "./turns.ts";

/** Thrown when this isolate was declared dead: what is in the mailbox is for the actor's next life. */
export const DECLARED_DEAD: unique symbol = Symbol("declared dead");

/** The receiving side of a mailbox: in order of arrival until the first message with a priority comes. */
export class Intake {
  readonly #station: Station;
  readonly #mailbox: Mailbox;
  #order: "arrival" | "priority";
  #receiver: Receiver;

  /** Of the actor of `mailbox`, which runs in the isolate of `station`. */
  constructor(station: Station, mailbox: Mailbox) {
    this.#station = station;
    this.#mailbox = mailbox;
    this.#order = mailbox.hasPriorities ? "priority" : "arrival";
    this.#receiver = receiverOf(station, mailbox);
  }

  /** The next message, its stream, or `PENDING`. @throws DECLARED_DEAD */
  take(): unknown {
    if (this.#order === "arrival" && this.#mailbox.hasPriorities) {
      this.#order = "priority";
      this.#receiver = receiverOf(this.#station, this.#mailbox);
    }
    return this.#receiver.take();
  }

  /** The head of the message taken last. */
  get head(): Int32Array {
    return this.#receiver.head;
  }

  /** The rest of a message that {@linkcode take} gave as a stream, with its head. */
  finish(stream: Incoming): Promise<{ value: unknown; head: readonly number[] }> {
    return this.#receiver.finish(stream);
  }
}

function receiverOf({ isolate }: Station, mailbox: Mailbox): Receiver {
  const { arena, life } = isolate;
  const { ring, outOfTurn } = mailbox;
  ring.resume();
  const inOrder = outOfTurn === undefined ? ring : new Turns(isolate, ring, outOfTurn);
  return new Receiver(isolate, inOrder, {
    operation: "take a message",
    check() {},
    ended: () => mailbox.supply?.wanted(),
    taking: (cell) => {
      if (mailbox.isGuarded && !isAlive(arena, life)) throw DECLARED_DEAD;
      mailbox.supply?.taken();
      mailbox.start(mailbox.ring.ticketOf(cell));
    },
  }, true);
}
