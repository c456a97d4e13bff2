// Runs in: any isolate
/**
 * One life of an actor in a host, as its owner sees it. The host's isolate runs it as it would run one of
 * its own; its end is told by a letter, or is that of the host.
 *
 * @module
 */
import type { TroupeError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { type Ending, isLifeOf, type Life } from "../memory/slots.ts";
import { StartError } from "../errors.ts";
import { hostRefOf } from "./host_ref.ts";
import { HOSTED_END } from "./inbox.ts";
import type { Launch, Launched, LifeEvents } from "./launched.ts";
import type { Entered } from "./guest.ts";
import { Ref, typed } from "./ref.ts";
import type { Station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

const BY_HOST: Ending = { reason: "terminated", exitCode: -15 };

interface HostedLife {
  /** The host's life that it is in, once it has entered. */
  host?: Life;
  over(ending: Ending, thrown?: readonly [unknown]): void;
}

/** The lives that this isolate has started in hosts. */
class HostedLives {
  readonly #station: Station;
  readonly #lives = new Map<BlockHandle, HostedLife>();

  constructor(station: Station) {
    this.#station = station;
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
    life.host = host;
    if (!isLifeOf(this.#station.isolate.arena, host)) life.over(BY_HOST);
  }

  remove(region: BlockHandle): void {
    this.#lives.delete(region);
  }

  /** A host that is swept is proven dead, and all in it. */
  #lookForLost(): void {
    const { arena } = this.#station.isolate;
    for (const { host, over } of [...this.#lives.values()]) {
      if (host !== undefined && !isLifeOf(arena, host)) over(BY_HOST);
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
  const { id, code, args, mailbox } = what;
  const { actor: host } = hostRefOf(what.host!);
  const lives = livesOf(here);
  let state: "alive" | "over" = "alive";
  let failure: TroupeError | undefined;
  const over = (ending: Ending, thrown?: readonly [unknown]) => {
    if (state === "over") return;
    state = "over";
    lives.remove(mailbox.region);
    failure = thrown && remoteError(thrown[0], `Actor "${id}"`);
    mailbox.end(ending);
    events.gone(ending, failure);
  };
  const life: HostedLife = { over };
  lives.add(mailbox.region, life);
  const actor = typed(new Ref(here, mailbox, { id, bare: [] }));
  const entering = host.ask.enter({ code, id, args, actor, owner: here.isolate.life });
  const ready = (entering as Promise<Entered>).then((entered) => {
    if ("failed" in entered) throw entered.failed;
    if (state === "alive") lives.enter(life, entered.host);
    return entered;
  }).catch((error) => {
    over({ reason: "error", exitCode: 1 });
    throw startErrorOf(id, error);
  });
  const kill = () => {
    if (state === "over") return;
    host.tell.drop(mailbox.region).catch(() => over(BY_HOST));
  };
  return { ready, kill, failure: () => failure };
}
