// Runs in: any isolate
/**
 * Brings actors to life in this isolate, and hands the letters that concern a running actor to it.
 *
 * @module
 */
import { StartError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import type { Ending } from "../memory/slots.ts";
import { behaviourOf } from "./actor.ts";
import { count } from "./asker.ts";
import { type CodeRef, resolveCode } from "./code.ts";
import { ActorContext } from "./context.ts";
import type { AnyRef, Spawn } from "./contract.ts";
import { CANCEL, CREDIT, DRAIN, type Received, STOP } from "./inbox.ts";
import type { Attention } from "./summons.ts";
import { Lane } from "./lane.ts";
import { buryLeftover } from "./leftover.ts";
import type { Mailbox } from "./mailbox.ts";
import { Ref, typed } from "./ref.ts";
import type { Crash } from "./cast.ts";
import { Runner } from "./runner.ts";
import type { Station } from "./station.ts";
import { endWaits } from "./waits.ts";

/** What is needed to bring an actor to life. */
export interface Script {
  /** Where its definition or class is. */
  readonly code: CodeRef;
  /** What its `init` or constructor takes. */
  readonly args: readonly unknown[];
  /** Its id. */
  readonly id: string;
  /** Its mailbox. */
  readonly mailbox: Mailbox;
  /** Starts an actor that ends with this one. */
  readonly spawn: Spawn;
  /** Told once, when this life of the actor has ended; `crash` holds what a handler threw. */
  ended(ending: Ending, crash?: Crash): void;
  /** Where it waits for messages; default: in the isolate's park. */
  readonly attention?: Attention;
  /** Told right before the first message is taken: its handler may never let go of the isolate. */
  entered?(entrance: Entrance): void;
  /** Whether its owner gave up waiting for it to come up. */
  isCalledOff?(): boolean;
}

/** What the owner learns of an actor that came to life. */
export interface Entrance {
  /** The names of all messages. */
  readonly messages: readonly string[];
  /** Messages that take no payload. */
  readonly bare: readonly string[];
}

/**
 * Loads an actor's code, makes its state, opens its mailbox.
 *
 * @throws StartError (phase `load` or `init`); then the mailbox is closed
 */
export async function perform(station: Station, script: Script): Promise<Entrance> {
  const { mailbox, id } = script;
  let runner: Runner | undefined;
  let bare: readonly string[] = [];
  const lane = new Lane(station, mailbox);
  const context = new ActorContext({
    id,
    self: () => typed(new Ref(station, mailbox, { id, bare, own: true })) as AnyRef,
    spawn: script.spawn,
    stop: (reason) => runner?.stop(reason),
    become: (handlers) => runner?.become(handlers),
    lane,
  });
  try {
    const behaviour = behaviourOf(await resolveCode(script.code), script.code.name);
    bare = behaviour.bare;
    const state = await behaviour.init([...script.args], context);
    const ended = (ending: Ending, crash?: Crash) => {
      running(station).delete(mailbox.region);
      count(-1);
      endWaits(mailbox);
      mailbox.end(ending);
      if (!mailbox.isGuarded) buryLeftover(station, { mailbox, id });
      script.ended(ending, crash);
    };
    const { attention = station.isolate.park } = script;
    runner = new Runner(station, mailbox, { behaviour, state, context, lane, attention, ended });
    await behaviour.started?.(state, context);
    if (script.isCalledOff?.()) {
      throw new StartError(`Cannot start actor "${id}": it took too long`, { phase: "timeout" });
    }
    running(station).set(mailbox.region, runner);
    count(1);
    const entrance = { bare, messages: behaviour.messages };
    script.entered?.(entrance);
    runner.begin();
    return entrance;
  } catch (error) {
    context.abort(error);
    lane.close();
    context.endOffspring();
    endWaits(mailbox);
    mailbox.end({ reason: "error", exitCode: 1 });
    throw startError(error, id);
  }
}

/** Ends an actor of this isolate at once; the handler in hand is not waited for. */
export function dropActor(station: Station, region: BlockHandle, ending: Ending): void {
  const runner = running(station).get(region);
  running(station).delete(region);
  runner?.kill(ending);
}

const runners = new WeakMap<Station, Map<BlockHandle, Runner>>();

/** The actors that run in this isolate, by mailbox. Listens for their letters from the first on. */
function running(station: Station): Map<BlockHandle, Runner> {
  let map = runners.get(station);
  if (map === undefined) {
    runners.set(station, map = new Map());
    listen(station, map);
  }
  return map;
}

function listen({ inbox }: Station, map: ReadonlyMap<BlockHandle, Runner>): void {
  inbox.on(STOP, ({ value }: Received) => {
    const [region, reason] = value as [BlockHandle, unknown];
    map.get(region)?.stop(reason);
  });
  inbox.on(DRAIN, async ({ value }) => {
    const runner = map.get(value as BlockHandle);
    while ((runner?.mailbox.depth ?? 0) > 0) await new Promise((done) => setTimeout(done, 1));
    runner?.stop("shutdown");
  });
  inbox.on(CANCEL, ({ from, id }) => {
    for (const runner of map.values()) runner.cancel(from, id);
  });
  inbox.on(CREDIT, ({ from, id, value }) => {
    for (const runner of map.values()) runner.grant(from, id, value as number);
  });
}

function startError(error: unknown, id: string): StartError {
  if (error instanceof StartError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StartError(`Cannot start actor "${id}": ${why}`, { phase: "init", cause: error });
}
