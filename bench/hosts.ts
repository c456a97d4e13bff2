// Runs in: owner
/**
 * Light actors in a host: an ask in the same isolate, against an actor of its own there; and what an idle
 * one costs in memory, all isolates together.
 *
 * Run: `deno run -A --no-lock bench/hosts.ts`
 *
 * @module
 */
import { type ActorRef, type Protocol, spawn, startHost } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { contest, perStep, report } from "./measure.ts";

const ASKS = 20_000;
const ACTORS = 20_000;
const AT_ONCE = 500;

const here = await startHost({ isolation: "inline" });
const hosted = await spawn(Echo, { host: here });
const inline = await spawn(Echo, { isolation: "inline" });

/** Microseconds of an ask. */
function ask(actor: ActorRef<Protocol<typeof Echo>>): Promise<number> {
  return perStep(ASKS, async () => {
    for (let n = 0; n < ASKS; n++) await actor.ask.echo(ORDER);
  });
}

/** KiB of resident memory for each idle actor. */
async function idle(): Promise<number> {
  await using host = await startHost();
  const before = Deno.memoryUsage().rss;
  for (let n = 0; n < ACTORS; n += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => spawn(Echo, { host })));
  }
  return (Deno.memoryUsage().rss - before) / 1024 / ACTORS;
}

const asks = await contest({
  title: "ask in one isolate",
  unit: "us",
  contenders: [
    { name: "actor in a host", round: () => ask(hosted) },
    { name: "inline actor", round: () => ask(inline) },
  ],
});
const memory = await contest({
  title: "an idle actor",
  unit: "KiB",
  rounds: 1,
  warmup: 0,
  contenders: [{ name: "in a host, garbage included", round: idle }],
});
report([asks, memory]);
await here[Symbol.asyncDispose]();
await inline.stop();
