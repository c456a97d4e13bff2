// Runs in: any isolate
/**
 * Starting actors.
 *
 * @module
 */
import { NotSupportedError, StartError, type TroupeError } from "../errors.ts";
import type { Ending, Life } from "../memory/slots.ts";
import { copyOf } from "../channels/copy.ts";
import { childrenOf } from "./children.ts";
import { type CodeRef, codeRefOf } from "./code.ts";
import type { ActorRef, AnyActor, AnyRef, Protocol, Spawn, SpawnOptions } from "./contract.ts";
import { checkIsolation, isInline, processStart } from "./isolation.ts";
import { identity, nextChildPath } from "./identity.ts";
import { FAILURE } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import { newMailbox } from "./mailboxes.ts";
import { dropActor, type Entrance, perform } from "./performance.ts";
import { Ref, typed } from "./ref.ts";
import { type Station, station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

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
 * @throws NotSupportedError for what this platform cannot do
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
  checkOptions(given);
  given.signal?.throwIfAborted();
  const here = station();
  const id = given.id ?? `${code.name}-${++spawned}`;
  const mailbox = newMailbox(here, given.mailbox);
  const start: Start = { code, id, mailbox, args: given.args ?? [], given };
  const ref = isInline(here, given.isolation)
    ? await startHere(here, start)
    : await startWorker(here, start);
  if (given.signal?.aborted) {
    ref.kill();
    throw given.signal.reason;
  }
  given.signal?.addEventListener("abort", () => ref.kill(), { once: true });
  return typed(ref);
};

/**
 * Keeps `count` workers ready for what is started next, so that a start takes milliseconds instead of
 * tens of them. A spare that was taken is replaced a moment later; 0 lets them go. They do not keep the
 * program alive; each costs about 10 MB.
 *
 * @returns Resolves when they are up.
 * @throws RangeError when `count` is no whole number from 0 to 255
 * @throws NotSupportedError in a worker
 */
export function warmWorkers(count: number): Promise<void> {
  if (Number.isInteger(count) && count >= 0 && count < 256) {
    return childrenOf(station()).keepSpares(count);
  }
  throw new RangeError(`Cannot keep ${count} spare workers: from 0 to 255`);
}

/** What is started. */
interface Start {
  readonly code: CodeRef;
  readonly id: string;
  readonly mailbox: Mailbox;
  readonly args: readonly unknown[];
  readonly given: AnyOptions;
}

/** In this isolate. */
async function startHere(here: Station, start: Start): Promise<Ref> {
  const { id, mailbox } = start;
  mailbox.setHost(here.isolate.life);
  const args = copyOf(start.args);
  const { bare } = await perform(here, { ...start, args, spawn, ended() {} });
  const kill = () => dropActor(here, mailbox, { reason: "killed", exitCode: -9 });
  return new Ref(here, mailbox, { id, bare, kill });
}

/** In a worker of its own. */
function startWorker(here: Station, { code, id, mailbox, args, given }: Start): Promise<Ref> {
  let life: Life | undefined;
  let failure: TroupeError | undefined;
  const children = childrenOf(here);
  const itself = typed(new Ref(here, mailbox, { id, bare: [] })) as AnyRef;
  const who = {
    ...identity(),
    name: id,
    path: nextChildPath(),
    daemon: true,
    parentName: identity().name,
  };
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      mailbox.close({ reason: "error", exitCode: 1 });
      reject(error instanceof StartError ? error : startError(error, id));
    };
    const number = here.awaited.add({
      who: `actor "${id}"`,
      // The mailbox closes before the failure is told; `ended` below hears of the worker's end.
      ending: () => undefined,
      maybeExecuted: () => true,
      fail,
      hear({ kind, value }) {
        if (kind === FAILURE) fail(remoteError(value, `Actor "${id}"`));
        else {
          const { bare } = value as Entrance;
          const kill = () => children.end(life!, "killed");
          resolve(new Ref(here, mailbox, { id, bare, kill, failure: () => failure }));
        }
        return true;
      },
    });
    const ended = (_ending: Ending, lastWords: unknown) => {
      failure = lastWords === undefined ? undefined : remoteError(lastWords, `Actor "${id}"`);
      if (here.awaited.remove(number)) {
        fail(
          failure ??
            new StartError(`Cannot start actor "${id}": its worker ended`, { phase: "init" }),
        );
      }
    };
    try {
      life = children.start({
        order: { what: "actor", identity: who, code, args, actor: itself },
        start: processStart(code, given),
        id: number,
        daemon: true,
        prepare: (taken) => mailbox.setHost(taken),
      }, { ended });
    } catch (error) {
      here.awaited.remove(number);
      mailbox.close({ reason: "error", exitCode: 1 });
      reject(error);
    }
  });
}

function startError(cause: unknown, id: string): StartError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StartError(`Cannot start actor "${id}": ${why}`, { phase: "init", cause });
}

function checkOptions(options: AnyOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError("Cannot spawn: the options are no object");
  }
  if (options.args !== undefined && !Array.isArray(options.args)) {
    throw new TypeError("Cannot spawn: args is no array");
  }
  if (options.id !== undefined && (typeof options.id !== "string" || options.id === "")) {
    throw new TypeError("Cannot spawn: id is no text, or empty");
  }
  for (const name of ["host", "restart"] as const) {
    if (options[name] === undefined) continue;
    throw new NotSupportedError(`Cannot spawn with ${name}: it is not supported yet`);
  }
  checkIsolation(options.isolation, options);
}
