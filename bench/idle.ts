// Runs in: owner, worker
/**
 * What an idle actor in a host costs in memory, all isolates together. It looks into the shared memory, so
 * it uses the sources, and not the file that they are built into.
 *
 * @module
 */
import { usedBytes } from "../memory/heap.ts";
import { here as isolate } from "../memory/isolate.ts";
import {
  type ActorRef,
  defineActor,
  type Host,
  type Protocol,
  spawn,
  startHost,
} from "../troupe.ts";

const ACTORS = 100_000;
const AT_ONCE = 500;

/** One that has nothing to do. */
export const Idle = defineActor(import.meta, {
  init: () => 0,
  on: { heap: collectedHeap },
});

/** Bytes in use on the heap of this isolate; exact where the garbage can be collected first. */
function collectedHeap(): number {
  const { gc } = globalThis as { gc?: () => void };
  for (let time = 0; time < 4; time++) gc?.();
  return Deno.memoryUsage().heapUsed;
}

/** KiB in use: on the heaps of all isolates, and in shared memory. */
async function inUse(inHosts: readonly ActorRef<Protocol<typeof Idle>>[]): Promise<number> {
  const heaps = await Promise.all(inHosts.map((one) => one.ask.heap()));
  const all = heaps.reduce((sum, bytes) => sum + bytes, collectedHeap());
  return (all + usedBytes(isolate().arena)) / 1024;
}

/** KiB for each of 100,000 idle actors in two workers: in use, and as the system sees it. */
export async function idle(): Promise<[number, number]> {
  const hosts = await Promise.all([startHost(), startHost()]);
  const inHosts = await Promise.all(hosts.map((host) => spawn(Idle, { host })));
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
    Array.from({ length: count }, (_, n) => spawn(Idle, { host: hosts[n % hosts.length] })),
  );
}
