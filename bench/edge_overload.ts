// Runs in: owner
/**
 * Too many requests: the time that those served took, unloaded and with ten times more requests than one
 * worker can serve, of tasks of 5 ms. (One, so that server and load have a processor on a small machine.)
 * The surplus has to be refused, and nobody left without an answer.
 * What was answered, and the server's memory, go to the standard error.
 *
 * Run: `deno run -A --no-lock bench/edge_overload.ts`
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { Pool } from "../mod.ts";
import { poolRoutes, publish } from "../edge/mod.ts";
import { burn } from "./edge_actors.ts";
import { contest, report } from "./measure.ts";

const MS = 5;
const WORKERS = 1;
const SECONDS = 3;
const CAPACITY = WORKERS * 1000 / MS;

await using pool = new Pool({ size: WORKERS });
const tasks = { burn: publish(z.object({ ms: z.number() }), burn) };
const app = new Hono().route("/pool", poolRoutes(pool, tasks));
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);

/** The 99th percentile of those served, in milliseconds. */
async function drive(perSecond: number): Promise<number> {
  const before = Deno.memoryUsage().rss;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-net", "--no-lock", new URL("./edge_flood.ts", import.meta.url).href],
      ...[`http://127.0.0.1:${server.addr.port}/pool/burn`, JSON.stringify({ ms: MS })],
      ...[String(perSecond), String(SECONDS)],
    ],
    stderr: "inherit",
  }).output();
  const { p99, ...rest } = JSON.parse(new TextDecoder().decode(stdout));
  const more = (Deno.memoryUsage().rss - before) / 2 ** 20;
  console.error(perSecond, "a second:", JSON.stringify(rest), `${more.toFixed(0)} MiB more`);
  return p99;
}

const times = await contest({
  title: `HTTP, tasks of ${MS} ms on ${WORKERS} worker: p99 of those served`,
  unit: "ms",
  contenders: [
    { name: "10 times more than can be served", round: () => drive(10 * CAPACITY) },
    { name: "a tenth of what can be served", round: () => drive(CAPACITY / 10) },
  ],
  rounds: 3,
  warmup: 1,
});
await server.shutdown();
report([times]);
