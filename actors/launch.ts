// Runs in: any isolate
/**
 * One life of an actor: from its start, in a worker or in this isolate, to its proven end.
 *
 * @module
 */
import { StartError, type TroupeError } from "../errors.ts";
import type { Ending, Life } from "../memory/slots.ts";
import { copyOf } from "../channels/copy.ts";
import { childrenOf } from "./children.ts";
import type { Crash } from "./cast.ts";
import type { AnyRef } from "./contract.ts";
import { announceEnd, emit } from "./events.ts";
import { checkNotLoading, identity, nextChildPath } from "./identity.ts";
import { FAILURE } from "./inbox.ts";
import { launchHosted } from "./hosted.ts";
import { processStart } from "./isolation.ts";
import type { Launch, Launched, LifeEvents } from "./launched.ts";
import { dropActor, type Entrance, perform } from "./performance.ts";
import { Ref, typed } from "./ref.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

/**
 * Starts a life of an actor.
 *
 * @throws NotSendableError when an argument cannot be sent; FullError when there is no slot or room;
 * NotSupportedError for a worker in a module that a worker is importing.
 * Then there is no life, and nobody hears of it.
 */
export function launch(here: Station, what: Launch, events: LifeEvents): Launched {
  const { id: actor, mailbox } = what;
  const life = mailbox.restarts;
  const launched = startOf(what)(here, what, events);
  launched.ready.then(
    () => emit(here, { type: life === 0 ? "spawned" : "restarted", actor }),
    () => {},
  );
  return launched;
}

function startOf({ host, inline }: Launch): typeof launchWorker {
  if (host !== undefined) return launchHosted;
  return inline ? launchHere : launchWorker;
}

/** In this isolate. */
function launchHere(here: Station, what: Launch, events: LifeEvents): Launched {
  const { mailbox, id } = what;
  const args = copyOf(what.args) as readonly unknown[];
  let failure: TroupeError | undefined;
  let state: "alive" | "over" = "alive";
  const over = (ending: Ending, error?: TroupeError) => {
    if (state === "over") return;
    state = "over";
    failure = error;
    announceEnd(here, id, { ending, error });
    events.gone(ending, error);
  };
  mailbox.setHost(here.isolate.life);
  const stage = {
    station: here,
    spawn: what.spawn,
    ended(_mailbox: Mailbox, ending: Ending, crash?: Crash) {
      over(ending, crash && remoteError(crash.thrown, `Actor "${id}"`));
    },
  };
  const ready = perform(stage, { ...what, args, isCalledOff: () => state === "over" });
  ready.catch((error) => over({ reason: "error", exitCode: 1 }, error));
  const kill = () => {
    const ending = { reason: "killed", exitCode: -9 } as const;
    dropActor(here, mailbox.region, ending);
    mailbox.end(ending);
    over(ending);
  };
  return { ready, owner: { kill, failure: () => failure } };
}

/** In a worker of its own. */
function launchWorker(here: Station, what: Launch, events: LifeEvents): Launched {
  const { code, id, mailbox, args } = what;
  const { promise: ready, resolve, reject } = Promise.withResolvers<Entrance>();
  const children = childrenOf(here);
  let failure: TroupeError | undefined;
  const fail = (error: unknown) => {
    mailbox.end({ reason: "error", exitCode: 1 });
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
      else resolve(value as Entrance);
      return true;
    },
  });
  const ended = (_ending: Ending, lastWords: unknown) => {
    failure = lastWords === undefined ? undefined : remoteError(lastWords, `Actor "${id}"`);
    if (!here.awaited.remove(number)) return;
    fail(
      failure ?? new StartError(`Cannot start actor "${id}": its worker ended`, {
        phase: "init",
      }),
    );
  };
  const order = {
    what: "actor",
    identity: workerIdentity(id),
    code,
    args,
    actor: typed(new Ref(here, mailbox, { id, bare: [] })) as AnyRef,
  };
  try {
    checkNotLoading(`spawn actor "${id}"`);
    const prepare = (taken: Life) => mailbox.setHost(taken);
    const gone = (ending: Ending) => {
      announceEnd(here, id, { ending, error: failure });
      events.gone(ending, failure);
    };
    const life = children.start(
      { order, start: processStart(code, what.where ?? {}), id: number, daemon: true, prepare },
      { ended, gone },
    );
    const kill = () => children.end(life, "killed");
    return { ready, owner: { kill, failure: () => failure } };
  } catch (error) {
    here.awaited.remove(number);
    mailbox.end({ reason: "error", exitCode: 1 });
    throw error;
  }
}

function workerIdentity(id: string) {
  const { name: parentName } = identity();
  return { ...identity(), name: id, path: nextChildPath(), daemon: true, parentName };
}

function startError(cause: unknown, id: string): StartError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StartError(`Cannot start actor "${id}": ${why}`, { phase: "init", cause });
}
