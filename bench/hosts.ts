// Runs in: owner
/**
 * Light actors in a host: an ask in the same isolate, against an actor of its own there; and what an idle
 * one costs in memory, all isolates together: heaps and shared memory, and what the system sees, which
 * includes what the garbage collectors keep in hand.
 *
 * Run: `deno run -A --no-lock --v8-flags=--expose-gc bench/hosts.ts`
 *
 * @module
 */
import { type ActorRef, type Protocol, spawn, startHost } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { idle } from "./idle.ts";
import { contest, perStep, report } from "./measure.ts";

const ASKS = 20_000;

const here = await startHost({ isolation: "inline" });
const hosted = await spawn(Echo, { host: here });
const inline = await spawn(Echo, { isolation: "inline" });

/** Microseconds of an ask. */
function ask(actor: ActorRef<Protocol<typeof Echo>>): Promise<number> {
  return perStep(ASKS, async () => {
    for (let n = 0; n < ASKS; n++) await actor.ask.echo(ORDER);
  });
}

const asks = await contest({
  title: "ask in one isolate",
  unit: "us",
  contenders: [
    { name: "actor in a host", round: () => ask(hosted) },
    { name: "inline actor", round: () => ask(inline) },
  ],
});
const [used, resident] = await idle();
const memory = await contest({
  title: "an idle actor, of 100,000 in two workers",
  unit: "KiB",
  rounds: 1,
  warmup: 0,
  contenders: [
    { name: "in a host", round: () => used },
    { name: "in a host, garbage included", round: () => resident },
  ],
});
report([asks, memory]);
await here[Symbol.asyncDispose]();
await inline.stop();
