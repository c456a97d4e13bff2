// Runs in: any isolate
/**
 * The mailboxes that this isolate knows: one object for each, however many references name it. When an
 * actor has ended, its mailbox is left at once, and its memory is free as soon as nobody knows it.
 *
 * - I1: this isolate holds a mailbox's region exactly while it is known here and the actor goes on.
 * - I2: a mailbox is known for as long as somebody here has it; what has come is known for a turn, and one
 *   that is kept until its actor has ended: to watch for its being forgotten costs more than itself.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import type { Isolate } from "../memory/isolate.ts";
import { receiveRegion } from "../memory/region.ts";
import "./mailbox_care.ts";
import { Mailbox } from "./mailbox.ts";
import { letGoOfMailbox } from "./mailbox_end.ts";
import { type MailboxOptions, makeMailbox, type Place } from "./mailbox_region.ts";
import type { Station } from "./station.ts";

/** The mailboxes that an isolate knows. */
class Mailboxes {
  readonly #isolate: Isolate;
  readonly #known = new Map<BlockHandle, Mailbox | WeakRef<Mailbox>>();
  readonly #arrived = new Set<Mailbox>();
  readonly #collected = new FinalizationRegistry<BlockHandle>((region) => {
    const known = this.#known.get(region);
    if (known === undefined || mailboxIn(known) !== undefined) return;
    this.#known.delete(region);
    letGoOfMailbox(this.#isolate, region);
  });

  constructor(station: Station) {
    this.#isolate = station.isolate;
    station.onDeath(() => this.#leaveEnded());
  }

  /** The object for a mailbox that this isolate holds. */
  of(region: BlockHandle): Mailbox {
    const known = this.#known.get(region);
    const same = known && mailboxIn(known);
    if (same !== undefined) return same;
    const mailbox = new Mailbox(this.#isolate, region);
    this.#known.set(region, mailbox);
    if (this.#arrived.size === 0) queueMicrotask(() => this.#loosen());
    this.#arrived.add(mailbox);
    return mailbox;
  }

  /** Keeps one that was made or has come in this turn until its actor has ended. */
  keep(mailbox: Mailbox): void {
    this.#arrived.delete(mailbox);
  }

  #loosen(): void {
    for (const mailbox of this.#arrived) {
      if (this.#known.get(mailbox.region) !== mailbox) continue;
      this.#known.set(mailbox.region, new WeakRef(mailbox));
      this.#collected.register(mailbox, mailbox.region);
    }
    this.#arrived.clear();
  }

  #leaveEnded(): void {
    for (const [region, known] of this.#known) {
      if (mailboxIn(known)?.leave()) this.#known.delete(region);
    }
  }
}

function mailboxIn(known: Mailbox | WeakRef<Mailbox>): Mailbox | undefined {
  return known instanceof Mailbox ? known : known.deref();
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

/** Keeps a mailbox, made or come in this turn, for as long as its actor goes on. */
export function keepMailbox(station: Station, mailbox: Mailbox): void {
  mailboxesOf(station).keep(mailbox);
}

/** The mailbox that a message named. */
export function arrivedMailbox(station: Station, region: BlockHandle): Mailbox {
  const { arena, slot } = station.isolate;
  receiveRegion(arena, region, slot);
  return mailboxesOf(station).of(region);
}
