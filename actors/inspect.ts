// Runs in: any isolate
/**
 * What can be seen of an actor from anywhere, without asking it: all of it is in shared memory, so one
 * that is in an endless loop can be looked at too.
 *
 * @module
 */
import { isAlive } from "../memory/slots.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { ActorState, ActorStats, AnyRef } from "./contract.ts";
import { ageIn, headAt } from "./head.ts";
import type { Mailbox } from "./mailbox.ts";
import { CLOSED, OPENING } from "./mailbox_end.ts";
import { untyped } from "./ref.ts";
import { type Station, station } from "./station.ts";
import { whomItAsks } from "./waits.ts";

/** An actor at one moment. */
export interface Inspection extends ActorStats {
  /** Its id. */
  readonly id: string;
  /** Where it is in its life. */
  readonly state: ActorState;
  /** Messages that its mailbox holds at most; 0 once it has ended. */
  readonly capacity: number;
  /** Milliseconds since the oldest message that waits was sent; 0 when none does. */
  readonly age: number;
  /**
   * Id of the actor whose answer it waits for, the latest if there are several. Of actors that share
   * their isolate, only what is asked before a handler first waits for something is seen.
   */
  readonly waitsFor: string | undefined;
  /** Messages that it accepted and did not handle: those dropped, in hand at a crash, left at the end. */
  readonly deadLetters: number;
}

/**
 * Looks at an actor, wherever it runs, without disturbing it. Erlang: `process_info`.
 *
 * @throws TypeError for what is no reference
 */
export async function inspect(ref: AnyRef): Promise<Inspection> {
  const { id, mailbox } = untyped(ref);
  const state = stateOf(station(), mailbox);
  const capacity = state === "stopped" ? 0 : mailbox.ring.limit;
  const stats = await ref.stats();
  const { isolate } = station();
  const hasEnded = state === "stopped";
  const age = hasEnded || mailbox.isUntouched ? 0 : ageOf(isolate, mailbox);
  const waitsFor = hasEnded ? undefined : whomItAsks(isolate, mailbox);
  const deadLetters = stats.dropped + mailbox.dead;
  return { id, state, capacity, age, waitsFor, deadLetters, ...stats };
}

/** Milliseconds since the oldest message that waits was sent; 0 when none does. */
function ageOf(isolate: Isolate, mailbox: Mailbox): number {
  const { ring } = mailbox;
  for (const cell of mailbox.inAnyOrder().waiting()) {
    const ticket = ring.ticketOf(cell);
    const age = ageIn(headAt(isolate, { frame: ring.frameAt(cell), meta: ring.metaOf(cell) }));
    if (ring.ticketOf(cell) === ticket) return age;
  }
  return 0;
}

function stateOf({ isolate }: Station, mailbox: Mailbox): ActorState {
  if (mailbox.ending !== undefined || mailbox.state === CLOSED) return "stopped";
  if (mailbox.lives.isStopWanted) return "stopping";
  if (mailbox.state === OPENING) return "starting";
  if (!isAlive(isolate.arena, mailbox.host)) return "restarting";
  if (!mailbox.isBusy) return "ready";
  return whomItAsks(isolate, mailbox) === undefined ? "running" : "blocked";
}
