// Runs in: owner
/**
 * Routes: an ask of an actor, and tasks of a pool, against plain Hono routes that do the same work in
 * the server's isolate. The load comes from a process of its own.
 *
 * Run: `deno run -A --no-lock bench/edge.ts`
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { Pool, spawn } from "../mod.ts";
import { actorRoutes, poolRoutes, publish } from "../edge/mod.ts";
import { count, Order, Shop, total } from "./edge_actors.ts";
import { contest, report } from "./measure.ts";

const CONNECTIONS = 32;
const ASKS = 10_000;
const TASKS = 400;
const N = 24;

await using shop = await spawn(Shop);
await using inline = await spawn(Shop, { isolation: "inline" });
await using pool = new Pool({ size: 2 });
const N_SCHEMA = z.object({ n: z.number() });

const app = new Hono();
app.route("/actor", actorRoutes(Shop, shop));
app.route("/inline", actorRoutes(Shop, inline));
app.post("/bare/order", async (c) => c.json(await shop.ask.order(await c.req.json())));
app.route("/pool", poolRoutes(pool, { count: publish(N_SCHEMA, count) }));
app.post("/plain/order", async (c) => {
  const order = Order.safeParse(await c.req.json());
  return order.success ? c.json(total(order.data)) : c.json(order.error, 400);
});
app.post("/plain/count", async (c) => {
  const n = N_SCHEMA.safeParse(await c.req.json());
  return n.success ? c.json(count(n.data)) : c.json(n.error, 400);
});
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);

/** Thousands of requests a second. */
async function drive(path: string, body: unknown, requests: number): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-net", "--no-lock", new URL("./edge_load.ts", import.meta.url).href],
      ...[
        String(server.addr.port),
        path,
        JSON.stringify(body),
        String(CONNECTIONS),
        String(requests),
      ],
    ],
    stderr: "inherit",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

const order = { id: 7, items: [{ price: 3, pieces: 2 }, { price: 5, pieces: 1 }] };
const asks = await contest({
  title: `HTTP, ${CONNECTIONS} connections: a small order`,
  unit: "k/s",
  contenders: [
    { name: "actorRoutes, actor in a worker", round: () => drive("/actor/order", order, ASKS) },
    {
      name: "actorRoutes, actor in this isolate",
      round: () => drive("/inline/order", order, ASKS),
    },
    { name: "Hono route with a bare ask", round: () => drive("/bare/order", order, ASKS) },
    { name: "plain Hono route", round: () => drive("/plain/order", order, ASKS) },
  ],
  rounds: 5,
  warmup: 1,
});
const tasks = await contest({
  title: `HTTP, ${CONNECTIONS} connections: some milliseconds of work, 2 workers`,
  unit: "k/s",
  contenders: [
    { name: "poolRoutes", round: () => drive("/pool/count", { n: N }, TASKS) },
    { name: "plain Hono route", round: () => drive("/plain/count", { n: N }, TASKS) },
  ],
  rounds: 5,
  warmup: 1,
});
await server.shutdown();
report([asks, tasks]);
