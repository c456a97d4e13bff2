// Runs in: any isolate
/**
 * One life of an actor in a host, as its owner sees it. The host's isolate runs it as it would run one of
 * its own; its end is told by a letter, or is that of the host.
 *
 * @module
 */
import { StartError, type TroupeError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { type Ending, isLifeOf, type Life } from "../memory/slots.ts";
import type { AnyRef } from "./contract.ts";
import { announceEnd } from "./events.ts";
import type { Entered, Guest } from "./guest.ts";
import { hostRefOf } from "./host_ref.ts";
import { HOSTED_END } from "./inbox.ts";
import { KnownLives } from "./known_lives.ts";
import type { Launch, Launched, LifeEvents } from "./launched.ts";
import { settleLeftover } from "./leftover.ts";
import type { Mailbox } from "./mailbox.ts";
import { keepMailbox } from "./mailboxes.ts";
import type { Entrance } from "./performance.ts";
import { type Owner, Ref, sameList, typed } from "./ref.ts";
import type { Station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

const BY_HOST: Ending = { reason: "terminated", exitCode: -15 };

/** One life, as its owner sees it. */
class HostedLife implements Owner {
  /** The host's life that it is in, once it has entered. */
  host: Life | undefined;
  readonly #lives: HostedLives;
  readonly #id: string;
  readonly #mailbox: Mailbox;
  readonly #place: AnyRef;
  readonly #events: LifeEvents;
  #state: "alive" | "over" = "alive";
  #failure: TroupeError | undefined;
  #messages: readonly string[] | undefined;

  /** A life that begins. */
  constructor(lives: HostedLives, what: Launch, events: LifeEvents) {
    this.#lives = lives;
    this.#id = what.id;
    this.#mailbox = what.mailbox;
    this.#place = hostRefOf(what.host!).actor;
    this.#events = events;
  }

  /** Enters its host; rejects with a StartError when it does not come up. */
  async enter({ code, id, args, mailbox }: Launch): Promise<Entrance> {
    const { station } = this.#lives;
    const actor = typed(new Ref(station, mailbox, { id, bare: [] }));
    const guest: Guest = { code, id, args, actor: actor as AnyRef, owner: station.isolate.life };
    try {
      const entered = await this.#place.ask.enter(guest) as Entered;
      if ("failed" in entered) throw entered.failed;
      this.#messages = sameList(entered.messages);
      if (this.#state === "alive") this.#lives.enter(this, entered.host);
      return entered;
    } catch (error) {
      this.over({ reason: "error", exitCode: 1 });
      throw startErrorOf(id, error);
    }
  }

  kill(): void {
    if (this.#state === "over") return;
    this.#place.tell.drop(this.#mailbox.region).catch(() => this.over(BY_HOST));
  }

  failure(): TroupeError | undefined {
    return this.#failure;
  }

  /** It has ended. */
  over(ending: Ending, thrown?: readonly [unknown]): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#lives.remove(this.#mailbox.region);
    this.#failure = thrown && remoteError(thrown[0], `Actor "${this.#id}"`);
    this.#mailbox.end(ending);
    announceEnd(this.#lives.station, this.#id, { ending, error: this.#failure });
    const deceased = { mailbox: this.#mailbox, id: this.#id, messages: this.#messages };
    settleLeftover(this.#lives.station, deceased);
    this.#events.gone(ending, this.#failure);
  }
}

/** The lives that this isolate has started in hosts. */
class HostedLives {
  readonly station: Station;
  readonly #lives = new Map<BlockHandle, HostedLife>();
  readonly #hosts = new KnownLives();

  constructor(station: Station) {
    this.station = station;
    station.inbox.on(HOSTED_END, ({ value, unreadable }) => {
      if (unreadable !== undefined) return;
      const [region, ending, thrown] = value as [BlockHandle, Ending, [unknown]?];
      this.#lives.get(region)?.over(ending, thrown);
    });
    station.onDeath(() => this.#lookForLost());
  }

  add(region: BlockHandle, life: HostedLife): void {
    this.#lives.set(region, life);
  }

  /** It has entered a host, which may have ended meanwhile. */
  enter(life: HostedLife, host: Life): void {
    life.host = this.#hosts.same(host);
    if (!isLifeOf(this.station.isolate.arena, host)) life.over(BY_HOST);
  }

  remove(region: BlockHandle): void {
    this.#lives.delete(region);
  }

  /** A host that is swept is proven dead, and all in it. */
  #lookForLost(): void {
    const { arena } = this.station.isolate;
    for (const life of [...this.#lives.values()]) {
      if (life.host !== undefined && !isLifeOf(arena, life.host)) life.over(BY_HOST);
    }
  }
}

const all = new WeakMap<Station, HostedLives>();

function livesOf(station: Station): HostedLives {
  let lives = all.get(station);
  if (lives === undefined) all.set(station, lives = new HostedLives(station));
  return lives;
}

function startErrorOf(id: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const { message } = error as Error;
  return new StartError(`Cannot start actor "${id}": ${message}`, { phase: "init", cause: error });
}

/** Starts a life in a host. */
export function launchHosted(here: Station, what: Launch, events: LifeEvents): Launched {
  const lives = livesOf(here);
  const life = new HostedLife(lives, what, events);
  keepMailbox(here, what.mailbox);
  lives.add(what.mailbox.region, life);
  return { ready: life.enter(what), owner: life };
}
