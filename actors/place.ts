// Runs in: any isolate
/**
 * What whoever waits for an answer must know of its question: where it is.
 *
 * @module
 */
import type { Ending } from "../memory/slots.ts";
import type { Mailbox } from "./mailbox.ts";

const NOT_PLACED = -1;

/** Where a message is in a mailbox, and in which life of the actor it was sent. */
export class Place {
  readonly #mailbox: Mailbox;
  readonly #life: number;
  #ticket = NOT_PLACED;

  /** Of a message that will be sent to `mailbox`. */
  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    this.#life = mailbox.restarts;
  }

  /** The message was just committed. */
  note(): void {
    this.#ticket = this.#mailbox.ring.lastTicket;
  }

  /** How the one who should answer ended: the actor, or the life of it that took the message. */
  get ending(): Ending | undefined {
    const { ending } = this.#mailbox;
    return ending ?? (this.#wasLost ? this.#mailbox.lives.lastEnding : undefined);
  }

  /** Whether a life of the actor took it. */
  get wasTaken(): boolean {
    if (this.#ticket === NOT_PLACED) return false;
    return this.#mailbox.wasStarted(this.#ticket) || this.#wasLost;
  }

  get #wasLost(): boolean {
    return this.#mailbox.wasLost(this.#ticket, this.#life);
  }
}
