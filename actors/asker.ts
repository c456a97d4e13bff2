// Runs in: any isolate
/**
 * Which actor of this isolate is asking: the one whose handler is running, or else the one for which the
 * isolate was started, as long as it is alone. Of several in one isolate, what one asks after its handler
 * has first waited for something cannot be told apart: it counts for none.
 *
 * @module
 */
import type { Mailbox } from "./mailbox.ts";

let inHand: Mailbox | undefined;
let resident: Mailbox | undefined;
let others = 0;

/** This isolate was started for an actor. */
export function settleIn(mailbox: Mailbox): void {
  resident = mailbox;
}

/** So many more actors (or, negative, fewer) run here. */
export function count(more: number): void {
  others += more;
}

/** A handler of this actor runs from now on; of none. */
export function handling(mailbox: Mailbox | undefined): void {
  inHand = mailbox;
}

/** The actor that asks, if it is known. */
export function asker(): Mailbox | undefined {
  return inHand ?? (others <= 1 ? resident : undefined);
}
