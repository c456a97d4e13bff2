// Runs in: any isolate
/**
 * Asks of requests that came in one turn of the event loop, sent together at its end. A server gets many
 * at a time; each sent alone would wake the actor's worker alone, and the worker would take the processor
 * from the requests that follow.
 *
 * @module
 */
import { soon } from "../memory/park.ts";
import type { Address, Answered, Message } from "../actors/address.ts";
import type { AnyRef } from "../actors/actor.ts";
import { untyped } from "../actors/ref.ts";
import { station } from "../actors/station.ts";
import { tracing } from "../actors/tracing.ts";
import type { Wanted } from "./published.ts";

/** An ask that waits for the end of the turn. */
interface Waiting extends Answered {
  readonly address: Address;
  readonly message: Message;
  readonly wanted: Wanted;
}

let waiting: Waiting[] = [];

/** Asks an actor, at once if it is in this isolate, else at the end of this turn. */
export function askSoon(ref: AnyRef, message: Message, wanted: Wanted): Promise<unknown> {
  const traced = tracing?.send("ask", { actor: ref.id, message: message.name });
  if (traced === undefined) return sendSoon(ref, message, wanted);
  return traced.over(sendSoon(ref, { ...message, trace: traced.carrier }, wanted));
}

function sendSoon(ref: AnyRef, message: Message, wanted: Wanted): Promise<unknown> {
  const { address } = untyped(ref);
  return new Promise((resolve, reject) => {
    const ask = { address, message, wanted, resolve, reject };
    if (address.mailbox.host.slot === station().isolate.slot) send(ask);
    else if (waiting.push(ask) === 1) soon(sendAll);
  });
}

/** What one throws is its own: those after it are still sent. */
function send({ address, message, wanted, resolve, reject }: Waiting): void {
  try {
    wanted.onEnd(address.begin(message, { resolve, reject }));
  } catch (error) {
    reject(error);
  }
}

function sendAll(): void {
  const asks = waiting;
  waiting = [];
  const { ringer } = station().isolate.park;
  ringer.muffled(() => {
    for (const ask of asks) send(ask);
  });
  ringer.ringOut();
}
