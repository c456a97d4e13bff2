// Runs in: any isolate
/**
 * The mailboxes that this isolate knows: one object for each, however many references name it. When an
 * actor has ended, its mailbox is left at once, and its memory is free as soon as nobody knows it.
 *
 * - I1: this isolate holds a mailbox's region exactly while it is known here and the actor goes on.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import type { Isolate } from "../memory/isolate.ts";
import { receiveRegion } from "../memory/region.ts";
import { letGoOfMailbox, Mailbox } from "./mailbox.ts";
import { type MailboxOptions, makeMailbox, type Place } from "./mailbox_region.ts";
import type { Station } from "./station.ts";

/** The mailboxes that an isolate knows. */
class Mailboxes {
  readonly #isolate: Isolate;
  readonly #known = new Map<BlockHandle, WeakRef<Mailbox>>();
  readonly #collected = new FinalizationRegistry<BlockHandle>((region) => {
    if (this.#known.get(region)?.deref() !== undefined || !this.#known.delete(region)) return;
    letGoOfMailbox(this.#isolate, region);
  });

  constructor(station: Station) {
    this.#isolate = station.isolate;
    station.onDeath(() => this.#leaveEnded());
  }

  /** The object for a mailbox that this isolate holds. */
  of(region: BlockHandle): Mailbox {
    const known = this.#known.get(region)?.deref();
    if (known !== undefined) return known;
    const mailbox = new Mailbox(this.#isolate, region);
    this.#known.set(region, new WeakRef(mailbox));
    this.#collected.register(mailbox, region);
    return mailbox;
  }

  #leaveEnded(): void {
    for (const [region, known] of this.#known) {
      if (known.deref()?.leave()) this.#known.delete(region);
    }
  }
}

const all = new WeakMap<Station, Mailboxes>();

function mailboxesOf(station: Station): Mailboxes {
  let mailboxes = all.get(station);
  if (mailboxes === undefined) all.set(station, mailboxes = new Mailboxes(station));
  return mailboxes;
}

/** Makes a mailbox. @throws RangeError, TypeError for wrong options; FullError for a full arena */
export function newMailbox(
  station: Station,
  options: MailboxOptions | undefined,
  place?: Place,
): Mailbox {
  return mailboxesOf(station).of(makeMailbox(station.isolate, options, place));
}

/** The mailbox that a message named. */
export function arrivedMailbox(station: Station, region: BlockHandle): Mailbox {
  const { arena, slot } = station.isolate;
  receiveRegion(arena, region, slot);
  return mailboxesOf(station).of(region);
}
