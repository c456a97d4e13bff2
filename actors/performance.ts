// Runs in: any isolate
/**
 * Brings actors to life in this isolate, and ends them.
 *
 * @module
 */
import { StartError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import type { Ending } from "../memory/slots.ts";
import { behaviourOf } from "./actor.ts";
import { count } from "./asker.ts";
import type { Stage } from "./cast.ts";
import { type CodeRef, resolveCode } from "./code.ts";
import type { Mailbox } from "./mailbox.ts";
import { residentsOf } from "./residents.ts";
import { Runner } from "./runner.ts";
import type { Station } from "./station.ts";

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
export async function perform(stage: Stage, script: Script): Promise<Entrance> {
  const { code, args, id, mailbox } = script;
  let runner: Runner | undefined;
  try {
    const behaviour = behaviourOf(await resolveCode(code), code.name);
    runner = new Runner(stage, mailbox, { id, behaviour });
    await runner.prepare(args);
    if (script.isCalledOff?.()) {
      throw new StartError(`Cannot start actor "${id}": it took too long`, { phase: "timeout" });
    }
    residentsOf(stage.station).set(mailbox.region, runner);
    count(1);
    const entrance = { bare: behaviour.bare, messages: behaviour.messages };
    script.entered?.(entrance);
    runner.begin();
    return entrance;
  } catch (error) {
    runner?.fail(error);
    mailbox.end({ reason: "error", exitCode: 1 });
    throw startError(error, id);
  }
}

/** Ends an actor of this isolate at once; the handler in hand is not waited for. */
export function dropActor(station: Station, region: BlockHandle, ending: Ending): void {
  const residents = residentsOf(station);
  const resident = residents.get(region);
  residents.delete(region);
  resident?.kill(ending);
}

function startError(error: unknown, id: string): StartError {
  if (error instanceof StartError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new StartError(`Cannot start actor "${id}": ${why}`, { phase: "init", cause: error });
}
