// Runs in: owner
/**
 * The end of a bridge in the program that started a process.
 *
 * @module
 */
import {
  declareDead,
  type Ending,
  endingOf,
  type Life,
  lifeIn,
  parentOf,
  sayExitCode,
} from "../../memory/slots.ts";
import type { AnyRef } from "../contract.ts";
import { DRAIN, EVENT, FAILURE, ORDER, type Received, REPLY, STOP } from "../inbox.ts";
import { buryLeftover } from "../leftover.ts";
import type { Entrance } from "../performance.ts";
import { untyped } from "../ref.ts";
import type { Station } from "../station.ts";
import type { Feed } from "./feed.ts";
import { LETTER } from "./frames.ts";
import { Link } from "./link.ts";
import type { Wire } from "./wire.ts";

/** An order to an actor, as the process gets it. */
export interface FarActor {
  /** The actor's id. */
  readonly id: string;
  /** Whether somebody starts it again. */
  readonly isGuarded: boolean;
}

/** Speaks for a process in this memory. */
export class OwnerEnd {
  readonly #station: Station;
  readonly #life: Life;
  readonly #link: Link;
  #order = 0;
  #feed: Feed | undefined;

  /** For the process of a slot. */
  constructor(station: Station, life: Life, wire: Wire) {
    this.#station = station;
    this.#life = life;
    this.#link = new Link(station, { peer: life, wire }, {
      sending: (letter) => this.#sending(letter),
      arrived: (letter) => this.#arrived(letter),
      ends: (ending, isIdle) => this.#ends(ending, isIdle),
    });
  }

  /** The process is gone, and all that it has written was read. */
  close(): void {
    const lost: Ending = { reason: "lost", exitCode: 1 };
    this.#link.close(endingOf(this.#station.isolate.arena, this.#life) ?? lost);
  }

  #sending(letter: Received): boolean {
    if (letter.kind === ORDER) return this.#sendOrder(letter);
    if (letter.kind !== DRAIN) return false;
    this.#feed?.drain(() => {
      this.#link.send({ what: LETTER, kind: STOP }, [this.#feed!.fed.number, "shutdown"]);
    });
    return true;
  }

  #sendOrder({ id, value }: Received): true {
    this.#order = id;
    const { actor, ...order } = value as { actor?: AnyRef };
    let far: FarActor | undefined;
    if (actor !== undefined) {
      const { mailbox } = untyped(actor);
      this.#feed = this.#link.tables.sendItself(mailbox, actor.id);
      far = { id: actor.id, isGuarded: mailbox.isGuarded };
    }
    this.#link.send({ what: LETTER, kind: ORDER, id }, { ...order, far });
    return true;
  }

  #arrived({ kind, id, value, unreadable }: Omit<Received, "from">): void {
    const { isolate: { arena }, inbox } = this.#station;
    const to = kind === EVENT ? lifeIn(arena, 0) : parentOf(arena, this.#life);
    const from = this.#life;
    if (unreadable === undefined) inbox.send(to, { kind, id, value, from });
    else inbox.send(to, { kind: FAILURE, id, value: unreadable, from });
    if (kind === REPLY && id === this.#order) this.#feed?.begin((value as Entrance).messages);
  }

  /** It says how it ends before it does. */
  #ends(ending: Ending, isIdle: boolean): void {
    const { isolate: { arena, park } } = this.#station;
    if (this.#feed !== undefined) this.#endActor(this.#feed, ending, isIdle);
    sayExitCode(arena, this.#life.slot, ending.exitCode);
    declareDead(arena, this.#life, ending.reason);
    park.heardOfDeath();
  }

  #endActor(feed: Feed, ending: Ending, isIdle: boolean): void {
    const { mailbox, id } = feed.fed;
    feed.close();
    if (isIdle) feed.settle();
    mailbox.end(ending);
    if (!mailbox.isGuarded) buryLeftover(this.#station, { mailbox, id });
  }
}
