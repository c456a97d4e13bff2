// Runs in: any isolate
/**
 * Asks of requests that came in one turn of the event loop, sent together at its end. A server gets many
 * at a time; each sent alone would wake the actor's worker alone, and the worker would take the processor
 * from the requests that follow.
 *
 * @module
 */
import { soon } from "../memory/park.ts";
import type { Answered, Message } from "../actors/address.ts";
import type { AnyRef } from "../actors/actor.ts";
import { untyped } from "../actors/ref.ts";
import { station } from "../actors/station.ts";
import { tracing } from "../actors/tracing.ts";
import type { Wanted } from "./published.ts";

const waiting: (() => void)[] = [];

/** Asks an actor, at once if it is in this isolate, else at the end of this turn. */
export function askSoon(ref: AnyRef, message: Message, wanted: Wanted): Promise<unknown> {
  const traced = tracing?.send("ask", { actor: ref.id, message: message.name });
  if (traced === undefined) return sendSoon(ref, message, wanted);
  return traced.over(sendSoon(ref, { ...message, trace: traced.carrier }, wanted));
}

function sendSoon(ref: AnyRef, message: Message, wanted: Wanted): Promise<unknown> {
  const { address } = untyped(ref);
  const ask = ({ resolve, reject }: Answered) =>
    wanted.onEnd(address.begin(message, { resolve, reject }));
  return new Promise((resolve, reject) => {
    const { slot } = station().isolate;
    if (address.mailbox.host.slot === slot) return ask({ resolve, reject });
    if (waiting.push(() => ask({ resolve, reject })) === 1) soon(sendAll);
  });
}

function sendAll(): void {
  const asks = waiting.splice(0);
  const { ringer } = station().isolate.park;
  ringer.muffled(() => {
    for (const ask of asks) ask();
  });
  ringer.ringOut();
}
