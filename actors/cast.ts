// Runs in: any isolate
/**
 * What it takes to run an actor: its behaviour, its state, its view of the world.
 *
 * @module
 */
import type { Ending } from "../memory/slots.ts";
import type { Behaviour } from "./actor.ts";
import type { ActorContext } from "./context.ts";
import type { Lane } from "./lane.ts";
import type { Attention } from "./summons.ts";

/** What a runner runs. */
export interface Cast {
  /** What the actor does. */
  readonly behaviour: Behaviour;
  /** Its state, as `init` made it. */
  readonly state: unknown;
  /** What it sees of the world. */
  readonly context: ActorContext;
  /** Its messages to itself. */
  readonly lane: Lane;
  /** Where it waits for messages. */
  readonly attention: Attention;
  /** Told once, when it has ended; `crash` when that is because a handler threw. */
  ended(ending: Ending, crash?: Crash): void;
}

/** A handler's error that ended a life of its actor. */
export interface Crash {
  /** What was thrown. */
  readonly thrown: unknown;
}

/** Runs the hook for the end, and gives how the actor has ended. */
export async function stopped(
  { behaviour, state, context }: Cast,
  reason: unknown,
): Promise<Ending> {
  try {
    await behaviour.stopped?.(state, reason, context);
    return { reason: "normal", exitCode: 0 };
  } catch (error) {
    context.log.error("stopped hook failed:", error);
    return { reason: "error", exitCode: 1 };
  }
}
