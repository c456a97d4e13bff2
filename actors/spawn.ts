// Runs in: any isolate
/**
 * Starting actors.
 *
 * @module
 */
import { childrenOf } from "./children.ts";
import { codeRefOf } from "./code.ts";
import type { ActorRef, AnyActor, Protocol, Spawn, SpawnOptions } from "./contract.ts";
import { checkIsolation, isInline, placeOf } from "./isolation.ts";
import { hostRefOf } from "./host_ref.ts";
import { launch } from "./launch.ts";
import type { Launch, LifeEvents } from "./launched.ts";
import { settleLeftover } from "./leftover.ts";
import type { MailboxOptions } from "./mailbox_region.ts";
import { newMailbox } from "./mailboxes.ts";
import { Ref, typed } from "./ref.ts";
import { type Station, station } from "./station.ts";
import { spawnAgain } from "./supervision/guarded.ts";

type AnyOptions = SpawnOptions<unknown[]>;

let spawned = 0;

/**
 * Starts an actor and gives its address, once its `init` and `started` have run.
 *
 * It runs in a worker of its own, in this isolate with `isolation: "inline"`. It ends by `ref.stop()`,
 * by itself, with the isolate that started it, or with the program: it does not keep the program alive,
 * a pending `ask` does. Arguments are copied.
 *
 * @param actor A definition, a registered class, or what `load()` gave.
 * @throws StartError when its module cannot be loaded, or `init` or `started` throws
 * @throws NotSendableError when an argument cannot be sent
 * @throws FullError when there is no slot or no room for it
 * @throws NotSupportedError for what this platform cannot do, and in a module that a worker is importing
 * to run something of it: guard the start with `if (import.meta.main)`
 *
 * @example A counter
 * ```ts ignore
 * import { defineActor, spawn } from "@troupe/troupe";
 *
 * export const Counter = defineActor(import.meta, {
 *   init: (start: number) => ({ n: start }),
 *   on: { add: (state, by: number) => (state.n += by) },
 * });
 *
 * if (import.meta.main) {
 *   await using counter = await spawn(Counter, { args: [1] });
 *   console.log(await counter.ask.add(2)); // 3
 * }
 * ```
 */
export const spawn: Spawn = async <D extends AnyActor>(
  actor: D,
  ...[options]: unknown[]
): Promise<ActorRef<Protocol<D>>> => {
  const given = (options ?? {}) as AnyOptions;
  const code = codeRefOf(actor);
  checkSpawn(given);
  given.signal?.throwIfAborted();
  const here = station();
  const id = given.id ?? `${code.name}-${++spawned}`;
  const inline = isInline(here, given.isolation);
  const { args = [], mailbox, restart, signal, host } = given;
  const start = { code, id, args, inline, host, where: given, spawn };
  const ref = restart === undefined
    ? await spawnOnce(here, start, mailbox)
    : await spawnAgain(here, { ...start, args: () => args, mailbox }, restart);
  if (signal?.aborted) {
    ref.end();
    throw signal.reason;
  }
  signal?.addEventListener("abort", () => ref.end(), { once: true });
  return typed(ref);
};

/** Of a life that is the only one of its actor; a host's lives are settled by `hosted.ts`. */
const UNHEARD: LifeEvents = { gone() {} };

/** An actor with one life. */
async function spawnOnce(
  here: Station,
  start: Omit<Launch, "mailbox">,
  options: MailboxOptions | undefined,
): Promise<Ref> {
  const { id, inline, host } = start;
  const mailbox = newMailbox(here, options, placeOf(start));
  const deceased = { mailbox, id, messages: [] as readonly string[] };
  const told = { gone: () => settleLeftover(here, deceased) };
  const events = inline || host !== undefined ? UNHEARD : told;
  const { ready, owner } = launch(here, { ...start, mailbox }, events);
  mailbox.isOwed = !inline || host !== undefined;
  const { bare, messages } = await ready;
  deceased.messages = messages;
  return new Ref(here, mailbox, { id, bare, owner });
}

/**
 * Keeps `count` workers ready for what is started next, so that a start takes milliseconds instead of
 * tens of them. A spare that was taken is replaced a moment later; 0 lets them go. They do not keep the
 * program alive; each costs about 10 MB. Spare processes of the operating system, 25 MB each, serve
 * starts that set no limits and no outputs.
 *
 * @param options `isolation`: what is kept ready, workers (default) or processes.
 * @returns Resolves when they are up.
 * @throws RangeError when `count` is no whole number from 0 to 255
 * @throws NotSupportedError in a worker, and where there are no such processes
 */
export function warmWorkers(
  count: number,
  { isolation = "worker" }: { isolation?: "worker" | "process" } = {},
): Promise<void> {
  checkIsolation(isolation);
  if (Number.isInteger(count) && count >= 0 && count < 256) {
    return childrenOf(station()).keepSpares(count, isolation);
  }
  throw new RangeError(`Cannot keep ${count} spare workers: from 0 to 255`);
}

/** @throws TypeError, NotSupportedError for options that cannot be followed */
export function checkSpawn(options: AnyOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot spawn: the options are no object");
  }
  if (options.args !== undefined && !Array.isArray(options.args)) {
    throw new TypeError("Cannot spawn: args is no array");
  }
  if (options.id !== undefined && (typeof options.id !== "string" || options.id === "")) {
    throw new TypeError("Cannot spawn: id is no text, or empty");
  }
  if (options.host !== undefined) hostRefOf(options.host);
  checkIsolation(options.isolation, options);
}
