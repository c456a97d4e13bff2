// Runs in: any isolate
/**
 * What it takes to run an actor. There can be very many of them, so what they have in common is in one
 * object for all, and what an actor may never need is made when it is first used.
 *
 * @module
 */
import type { Ending } from "../memory/slots.ts";
import type { Behaviour, MessageHandler } from "./actor.ts";
import type { ActorContext } from "./context.ts";
import type { Spawn } from "./contract.ts";
import type { Lane } from "./lane.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import type { Attention } from "./summons.ts";

/** What actors have in common that run here for the same reason: all of a host, or a single one. */
export interface Stage {
  /** Its isolate. */
  readonly station: Station;
  /** Starts an actor that ends with the one that asks for it. */
  readonly spawn: Spawn;
  /** Where they wait for messages; default: in the isolate's park. */
  readonly attention?: Attention;
  /** Told once for each actor, when this life of it has ended; `crash` holds what a handler threw. */
  ended(mailbox: Mailbox, ending: Ending, crash?: Crash): void;
}

/** A handler's error that ended a life of its actor. */
export interface Crash {
  /** What was thrown. */
  readonly thrown: unknown;
}

/** `new` has no state yet; `busy` waits for a handler. */
export type Phase = "new" | "ready" | "busy" | "stopping" | "ended";

/** An actor, as the one sees it who handles its messages. */
export interface Role {
  /** Where its messages come from. */
  readonly mailbox: Mailbox;
  /** What it does. */
  readonly behaviour: Behaviour;
  /** Its handlers, when they are other ones than it was defined with. */
  readonly handlers: ReadonlyMap<string, MessageHandler> | undefined;
  /** Its state, as `init` made it. */
  readonly state: unknown;
  /** What it sees of the world. */
  readonly context: ActorContext;
  /** Its messages to itself. */
  readonly lane: Lane;
  /** The same, if it was used. */
  readonly usedLane: Lane | undefined;
  /** Its isolate. */
  readonly station: Station;
  /** Where it is in its life. */
  readonly phase: Phase;
  /** A handler has to be waited for. */
  occupy(): void;
  /** It has ended: the next message may come, or the end. */
  release(): void;
  /** A message is done with. */
  settled(): void;
  /** A handler threw: this life is over if somebody starts another. */
  crash(thrown: unknown): void;
  /** This isolate must not touch the actor any more. */
  lose(): void;
}
