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
import { type ActorRef, type Host, type Protocol, spawn, startHost } from "../mod.ts";
import { usedBytes } from "../memory/heap.ts";
import { here as isolate } from "../memory/isolate.ts";
import { collectedHeap, Echo, ORDER } from "./actors.ts";
import { contest, perStep, report } from "./measure.ts";

const ASKS = 20_000;
const ACTORS = 100_000;
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

/** KiB in use: on the heaps of all isolates, and in shared memory. */
async function inUse(inHosts: readonly ActorRef<Protocol<typeof Echo>>[]): Promise<number> {
  const heaps = await Promise.all(inHosts.map((one) => one.ask.heap()));
  const all = heaps.reduce((sum, bytes) => sum + bytes, collectedHeap());
  return (all + usedBytes(isolate().arena)) / 1024;
}

/** KiB for each of 100,000 idle actors in two workers: in use, and as the system sees it. */
async function idle(): Promise<[number, number]> {
  const hosts = await Promise.all([startHost(), startHost()]);
  const inHosts = await Promise.all(hosts.map((host) => spawn(Echo, { host })));
  const all: unknown[] = [await crowd(hosts, AT_ONCE)];
  const [used, rss] = [await inUse(inHosts), Deno.memoryUsage().rss];
  for (let n = 0; n < ACTORS; n += AT_ONCE) all.push(await crowd(hosts, AT_ONCE));
  const each = [await inUse(inHosts) - used, (Deno.memoryUsage().rss - rss) / 1024]
    .map((kib) => kib / ACTORS);
  for (const host of hosts) await host[Symbol.asyncDispose]();
  return [each[0], each[1]];
}

function crowd(hosts: readonly Host[], count: number): Promise<unknown> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => spawn(Echo, { host: hosts[n % hosts.length] })),
  );
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
