// Runs in: any isolate
/**
 * Hosts: workers that many light actors share.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { NotSupportedError } from "../errors.ts";
import type { Ending, Life } from "../memory/slots.ts";
import { defineActor } from "./actor.ts";
import type { Crash, Stage } from "./cast.ts";
import type { AnyRef, Context, Host, Isolation } from "./contract.ts";
import type { Entered, Guest } from "./guest.ts";
import { writeFigures } from "./host_figures.ts";
import { HostRef } from "./host_ref.ts";
import { HOSTED_END } from "./inbox.ts";
import { placeOf } from "./isolation.ts";
import { KnownLives } from "./known_lives.ts";
import type { Mailbox } from "./mailbox.ts";
import { keepMailbox } from "./mailboxes.ts";
import { dropActor, perform } from "./performance.ts";
import { untyped } from "./ref.ts";
import { residentsOf } from "./residents.ts";
import { spawn } from "./spawn.ts";
import { type Station, station } from "./station.ts";
import { summonsOf } from "./summons.ts";
import { sendableError } from "./wire_error.ts";

/** Milliseconds between two looks at a host's figures. */
const FIGURES_MS = 200;
const SHUTDOWN: Ending = { reason: "shutdown", exitCode: 0 };
const KILLED: Ending = { reason: "killed", exitCode: -9 };

/** What a host has: its actors, with their owners, and what they have in common. */
class Household {
  readonly #station: Station;
  readonly #owners = new Map<BlockHandle, Life>();
  readonly #lives = new KnownLives();
  readonly #stage: Stage;
  #seen = -1;

  /** Of a host in the isolate of `station`. */
  constructor(station: Station) {
    this.#station = station;
    const ended: Stage["ended"] = (mailbox, ending, crash) => this.#ended(mailbox, ending, crash);
    this.#stage = { station, spawn, attention: summonsOf(station), ended };
  }

  /** Brings an actor to life here; its owner is told of its end. */
  async enter({ code, id, args, actor, owner }: Guest): Promise<Entered> {
    const here = this.#station;
    const { mailbox } = untyped(actor);
    keepMailbox(here, mailbox);
    mailbox.setHost(here.isolate.life);
    this.#owners.set(mailbox.region, this.#lives.same(owner));
    try {
      const entrance = await perform(this.#stage, { code, id, args, mailbox });
      return { ...entrance, host: here.isolate.life };
    } catch (failed) {
      this.#owners.delete(mailbox.region);
      return { failed };
    }
  }

  /** All its actors end. */
  end(): void {
    for (const region of [...this.#owners.keys()]) dropActor(this.#station, region, SHUTDOWN);
  }

  /** Writes its figures where all can read them, if there is anything new. */
  writeFigures(host: Mailbox): void {
    const { busy } = summonsOf(this.#station);
    const actors = this.#owners.size;
    if (busy + actors === this.#seen) return;
    this.#seen = busy + actors;
    let handled = 0;
    const residents = residentsOf(this.#station);
    for (const region of this.#owners.keys()) {
      handled += residents.get(region)?.mailbox.handled ?? 0;
    }
    writeFigures(this.#station, host, { actors, handled, busy });
  }

  #ended({ region }: Mailbox, ending: Ending, crash?: Crash): void {
    const owner = this.#owners.get(region)!;
    this.#owners.delete(region);
    const { inbox } = this.#station;
    const tell = (thrown?: readonly unknown[]) =>
      inbox.send(owner, { kind: HOSTED_END, id: 0, value: [region, ending, thrown] });
    try {
      tell(crash && [crash.thrown]);
    } catch {
      tell([sendableError(crash!.thrown)]);
    }
  }
}

/** What answers for a host; it runs in the host's isolate, as all its actors do. */
const Hosting = defineActor(import.meta, {
  name: "troupe:host",
  init: () => new Household(station()),
  on: {
    enter: (household, guest: Guest) => household.enter(guest),
    drop(_, region: BlockHandle) {
      dropActor(station(), region, KILLED);
    },
    figures(household, _none: unknown, ctx: Context) {
      household.writeFigures(untyped(ctx.self).mailbox);
    },
  },
  started: (_, ctx) => ctx.every(FIGURES_MS, { type: "figures" }),
  stopped: (household) => household.end(),
});

let hosts = 0;

/**
 * Starts a worker that many actors share: `spawn(actor, { host })` places one there. It starts again
 * when it ends by an error; its actors end with it, and those with `restart` are started again in its
 * next life. It ends, and they with it, when it is disposed of, and with the isolate that started it.
 *
 * Actors in a host take turns, so one that does not let go of the thread holds up the others. Each has a
 * mailbox for 4 messages unless asked otherwise, of which those of up to about 100 bytes fit in place.
 *
 * A message left to one that ends is a dead letter; a failing start is told, and harms nobody else.
 *
 * @example Ten thousand counters
 * ```ts ignore
 * import { spawn, startHost } from "@troupe/troupe";
 * import { Counter } from "./counter.ts";
 *
 * await using host = await startHost();
 * const counters = await Promise.all(
 *   Array.from({ length: 10_000 }, (_, n) => spawn(Counter, { args: [n], host })),
 * );
 * console.log(await counters[42].ask.add(1)); // 43
 * ```
 *
 * @param options `id`: default made up. `isolation`: where it runs; default a worker.
 * @returns The host, once it is up.
 * @throws StartError when it does not come up
 * @throws NotSupportedError for a process that does not share this program's memory
 */
export async function startHost(
  { id = `host-${++hosts}`, isolation = "auto" }: { id?: string; isolation?: Isolation } = {},
): Promise<Host> {
  if (placeOf({ where: { isolation } }) === "far") {
    throw new NotSupportedError(
      'Cannot start a host with isolation "process": that takes shared memory, and so --allow-ffi',
    );
  }
  const actor = await spawn(Hosting, { id, isolation, restart: { type: "transient" } });
  return new HostRef(actor as unknown as AnyRef, isolation);
}
