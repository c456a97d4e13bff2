// Runs in: any isolate
/**
 * What a mailbox needs when an isolate that held it died: the cells of the dead are given back, and where
 * the dead one ran the actor the mailbox is closed, unless the actor has another life.
 *
 * @module
 */
import { dropRegion, MAILBOX_REGION } from "../memory/region.ts";
import { recoverRing } from "../memory/ring.ts";
import { endingOf, isAlive } from "../memory/slots.ts";
import { careFor } from "../memory/sweep.ts";
import { discardTaken } from "../channels/arrival.ts";
import { HEAD_BYTES } from "../channels/parcel.ts";
import { Mailbox } from "./mailbox.ts";
import { freeMailbox, isOwed } from "./mailbox_end.ts";
import { RING } from "./mailbox_region.ts";
import { discardUnread } from "./unread.ts";

careFor(MAILBOX_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const mailbox = new Mailbox(isolate, region);
  const taken = (cell: number) => discardTaken(isolate, cell, HEAD_BYTES);
  recoverRing(arena, arena.wordOf(region) + RING, { dead, taken });
  const { host } = mailbox;
  const { ending } = mailbox;
  if (mailbox.isGuarded && ending !== undefined) mailbox.close(ending);
  if (host.slot === dead && !isAlive(arena, host) && !isKept(mailbox)) {
    mailbox.close(endingOf(arena, host) ?? { reason: "lost", exitCode: 1 });
    if (!isOwed(isolate, region)) discardUnread(isolate, mailbox);
  }
  if (dropRegion(arena, region, dead)) freeMailbox(isolate, region);
});

/** Whether what is in a mailbox is left to the actor's next life. */
function isKept(mailbox: Mailbox): boolean {
  return mailbox.isGuarded && mailbox.ending === undefined;
}
