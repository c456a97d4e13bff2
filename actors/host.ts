// Runs in: any isolate
/**
 * Hosts: workers that many light actors share.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { NotSupportedError } from "../errors.ts";
import type { Ending } from "../memory/slots.ts";
import { defineActor } from "./actor.ts";
import type { Crash } from "./cast.ts";
import type { AnyRef, Context, Host, Isolation } from "./contract.ts";
import type { Entered, Guest } from "./guest.ts";
import { writeFigures } from "./host_figures.ts";
import { HostRef } from "./host_ref.ts";
import { HOSTED_END } from "./inbox.ts";
import { placeOf } from "./isolation.ts";
import { dropActor, perform } from "./performance.ts";
import { untyped } from "./ref.ts";
import { spawn } from "./spawn.ts";
import { station } from "./station.ts";
import { summonsOf } from "./summons.ts";
import { sendableError } from "./wire_error.ts";

/** Milliseconds between two looks at a host's figures. */
const FIGURES_MS = 200;
const SHUTDOWN: Ending = { reason: "shutdown", exitCode: 0 };
const KILLED: Ending = { reason: "killed", exitCode: -9 };

/** Brings an actor to life here, and tells its owner of the end. */
async function enter(guests: Set<BlockHandle>, guest: Guest): Promise<Entered> {
  const { code, id, args, actor, owner } = guest;
  const here = station();
  const { mailbox } = untyped(actor);
  const ended = (ending: Ending, crash?: Crash) => {
    guests.delete(mailbox.region);
    const tell = (thrown?: readonly unknown[]) =>
      here.inbox.send(owner, {
        kind: HOSTED_END,
        id: 0,
        value: [mailbox.region, ending, thrown],
      });
    try {
      tell(crash && [crash.thrown]);
    } catch {
      tell([sendableError(crash!.thrown)]);
    }
  };
  mailbox.setHost(here.isolate.life);
  const attention = summonsOf(here);
  guests.add(mailbox.region);
  try {
    const entrance = await perform(here, { code, id, args, mailbox, spawn, ended, attention });
    return { ...entrance, host: here.isolate.life };
  } catch (failed) {
    guests.delete(mailbox.region);
    return { failed };
  }
}

/** What answers for a host; it runs in the host's isolate, as all its actors do. */
const Hosting = defineActor(import.meta, {
  name: "troupe:host",
  init: () => new Set<BlockHandle>(),
  on: {
    enter,
    drop(_, region: BlockHandle) {
      dropActor(station(), region, KILLED);
    },
    figures(_, _none: unknown, ctx: Context) {
      const { count: actors, handled, busy } = summonsOf(station());
      writeFigures(station(), untyped(ctx.self).mailbox, { actors, handled, busy });
    },
  },
  started: (_, ctx) => ctx.every(FIGURES_MS, { type: "figures" }),
  stopped(guests) {
    for (const region of [...guests]) dropActor(station(), region, SHUTDOWN);
  },
});

let hosts = 0;

/**
 * Starts a worker that many actors share: `spawn(actor, { host })` places one there. It starts again
 * when it ends by an error; its actors end with it, and those with `restart` are started again in its
 * next life. It ends, and they with it, when it is disposed of, and with the isolate that started it.
 *
 * Actors in a host take turns, so one that does not let go of the thread holds up the others. Each has a
 * mailbox for 4 messages unless asked otherwise, of which those of up to about 40 bytes fit in place.
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
