// Runs in: any isolate
/**
 * The actors that are known on both sides of a bridge. Each side numbers those of its own memory that it
 * has named to the other, which has a stand-in for each: a mailbox whose messages go there.
 *
 * - I1: an actor that is named back to its own side is itself there.
 * - I2: a stand-in ends as its actor does, or with the bridge.
 *
 * @module
 */
import type { BlockHandle } from "../../memory/arena.ts";
import { type Border, handleKind } from "../../memory/handle.ts";
import { type Ending, type Life, REASONS } from "../../memory/slots.ts";
import { Address } from "../address.ts";
import type { Mailbox } from "../mailbox.ts";
import { newMailbox } from "../mailboxes.ts";
import { Ref } from "../ref.ts";
import { crosses } from "./crossing.ts";
import { Feed, WINDOW } from "./feed.ts";
import { ENDED } from "./frames.ts";
import type { Side } from "./side.ts";

/** An actor of this memory that the other side knows. */
export interface Known {
  /** Its mailbox. */
  readonly mailbox: Mailbox;
  /** Where messages to it go. */
  readonly address: Address;
}

/** Number of the actor that the process was started for, on the side of the process. */
export const ITSELF = 0;

/** How a reference is written: whose actor, its number, its id, its messages without payload. */
type Named = readonly [whose: "mine" | "yours", number: number, id: string, bare: string[]];

/** What one end of a bridge knows of actors. */
export class Tables implements Border {
  readonly #side: Side;
  readonly #mine = new Map<number, Known>();
  readonly #numbers = new Map<BlockHandle, number>();
  readonly #feeds = new Map<number, Feed>();
  readonly #theirs = new Map<BlockHandle, number>();
  #last = ITSELF;

  /** Of one end. */
  constructor(side: Side) {
    this.#side = side;
  }

  lets(kind: string): boolean {
    return crosses(kind);
  }

  pack(kind: string, value: unknown): unknown {
    const packed = handleKind(kind)!.pack(value);
    if (kind !== "ref") return packed;
    const [region, id, bare] = packed as [BlockHandle, string, string[]];
    const theirs = this.#theirs.get(region);
    if (theirs !== undefined) return ["yours", theirs, id, bare] satisfies Named;
    return ["mine", this.#numberOf((value as Ref).mailbox, id), id, bare] satisfies Named;
  }

  unpack(kind: string, packed: unknown): unknown {
    if (kind !== "ref") return handleKind(kind)!.unpack(packed);
    const [whose, number, id, bare] = packed as Named;
    const mailbox = whose === "yours"
      ? this.#mine.get(number)?.mailbox ?? this.#ended()
      : this.#feeds.get(number)?.fed.mailbox ?? this.#standIn(number, id);
    return new Ref(this.#side.station, mailbox, { id, bare });
  }

  /** The actor of this side with a number; `undefined` once it has ended. */
  known(number: number): Known | undefined {
    return this.#mine.get(number);
  }

  /** What feeds the actor of the other side with a number. */
  feed(number: number): Feed | undefined {
    return this.#feeds.get(number);
  }

  /** The number there of an actor whose mailbox, or stand-in, this is. */
  numberOfTheirs(region: BlockHandle): number | undefined {
    return this.#theirs.get(region);
  }

  /** The process is started for the actor of this mailbox, which is on the other side. */
  sendItself(mailbox: Mailbox, id: string): Feed {
    return this.#feedTo({ mailbox, number: ITSELF, id, room: 0 });
  }

  /** This process was started for the actor of this mailbox. */
  beItself(mailbox: Mailbox, id: string): void {
    this.#add(ITSELF, mailbox, id);
  }

  /** Whoever asked an actor of the other side wants no answer any more, and the ask is here still. */
  forget(from: Life, id: number): void {
    for (const feed of this.#feeds.values()) feed.forget(from, id);
  }

  /** Sends all that waits for actors of the other side. */
  flush(): void {
    for (const feed of this.#feeds.values()) feed.flush();
  }

  /** Tells the other side of those that have ended. */
  lookForEnded(): void {
    for (const [number, { mailbox }] of this.#mine) {
      const { ending } = mailbox;
      if (ending === undefined || number === ITSELF) continue;
      this.#mine.delete(number);
      this.#numbers.delete(mailbox.region);
      const { reason, exitCode } = ending;
      this.#side.send({ what: ENDED, kind: REASONS.indexOf(reason), number, id: exitCode });
    }
  }

  /** An actor of the other side has ended. */
  hasEnded(number: number, ending: Ending): void {
    const feed = this.#feeds.get(number);
    if (feed === undefined) return;
    this.#feeds.delete(number);
    feed.close();
    this.#theirs.delete(feed.fed.mailbox.region);
    if (number !== ITSELF) feed.fed.mailbox.close(ending);
  }

  /** The other side is gone. */
  close(ending: Ending): void {
    for (const number of [...this.#feeds.keys()]) this.hasEnded(number, ending);
    this.#mine.clear();
    this.#numbers.clear();
  }

  #numberOf(mailbox: Mailbox, id: string): number {
    const known = this.#numbers.get(mailbox.region);
    if (known !== undefined) return known;
    this.#add(++this.#last, mailbox, id);
    // It is looked at after the message that names it has gone.
    if (mailbox.ending !== undefined) queueMicrotask(() => this.lookForEnded());
    return this.#last;
  }

  #add(number: number, mailbox: Mailbox, id: string): void {
    this.#mine.set(number, { mailbox, address: new Address(this.#side.station, mailbox, id) });
    this.#numbers.set(mailbox.region, number);
  }

  /** A mailbox here for an actor there. */
  #standIn(number: number, id: string): Mailbox {
    const mailbox = newMailbox(this.#side.station, undefined, "far");
    mailbox.setHost(this.#side.peer);
    mailbox.open();
    this.#feedTo({ mailbox, number, id, room: WINDOW });
    return mailbox;
  }

  #feedTo(fed: { mailbox: Mailbox; number: number; id: string; room: number }): Feed {
    const feed = new Feed(this.#side, fed);
    this.#feeds.set(fed.number, feed);
    this.#theirs.set(fed.mailbox.region, fed.number);
    return feed;
  }

  /** A stand-in for an actor that is no more. */
  #ended(): Mailbox {
    const mailbox = newMailbox(this.#side.station, undefined, "far");
    mailbox.close({ reason: "lost", exitCode: 1 });
    return mailbox;
  }
}
