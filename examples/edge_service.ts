// Runs in: owner
/**
 * A small service that analyses texts: `deno task serve`, then open what it prints.
 *
 * - `POST /texts/analyse` with `{ "text": "…" }` counts words in a pool of workers.
 * - `POST /feed/listen` with `{}` streams what others had analysed.
 * - `/admin/` is the dashboard, `/metrics` figures for Prometheus, `/texts/openapi.json` the document.
 *
 * Each caller (by its `x-api-key`, if it has one) is held to 200 requests a second by an actor of its own.
 *
 * @module
 */
import { type ActorRef, child, Pool, type Protocol, spawn, supervise } from "@troupe/troupe";
import { actorRoutes, dashboard, metrics, observe, poolRoutes, publish } from "@troupe/troupe/edge";
import { Hono } from "hono";
import { z } from "zod";
import { analyse, type Analysis, Feed, Limiter } from "./edge_service/actors.ts";

/** Callers that are remembered at a time. */
const MOST_CALLERS = 500;

/** Starts pool and actors; gives the app in front of them, and how they all end. */
export async function startService(
  options: { workers?: number; perSecond?: number } = {},
): Promise<{ app: Hono; pool: Pool; stop(): Promise<void> }> {
  const { workers, perSecond = 200 } = options;
  const pool = new Pool({ size: workers });
  const service = await supervise({ name: "service", children: { feed: child(Feed) } });
  const { feed } = service.children;
  const limiters = new Map<string, Promise<ActorRef<Protocol<typeof Limiter>>>>();
  const shown = [observe("analysts", pool), observe("service", service)];

  const forgetOne = () => {
    const [caller, limiter] = limiters.entries().next().value!;
    limiters.delete(caller);
    limiter.then((ref) => ref.stop());
  };
  const limiterOf = (caller: string) => {
    const known = limiters.get(caller);
    if (known !== undefined) {
      // Whoever called last is forgotten last.
      limiters.delete(caller);
      limiters.set(caller, known);
      return known;
    }
    if (limiters.size >= MOST_CALLERS) forgetOne();
    const limiter = spawn(Limiter, { args: [perSecond, perSecond], isolation: "inline" });
    limiters.set(caller, limiter);
    limiter.then((ref) => limiters.size < 20 && shown.push(observe(`limiter ${caller}`, ref)));
    return limiter;
  };

  const app = new Hono();
  app.use("/texts/*", async (c, next) => {
    const limiter = await limiterOf(c.req.header("x-api-key")?.slice(0, 40) ?? "anybody");
    if (!await limiter.ask.take({})) {
      return c.text("Too many requests", 429, { "retry-after": "1" });
    }
    await next();
    if (c.req.path !== "/texts/analyse" || c.res.status !== 200) return;
    const { words, top } = await c.res.clone().json() as Analysis;
    await feed.tell.publish({ words, top: top[0]?.[0] ?? "" });
  });
  const Text = z.object({ text: z.string().max(500_000) });
  const tasks = { analyse: publish(Text, analyse, { retry: { attempts: 3 } }) };
  app.route("/texts", poolRoutes(pool, tasks, { maxPending: 64, timeout: 5_000 }));
  app.route("/feed", actorRoutes(Feed, feed, { websocket: true }));
  app.route("/metrics", metrics());
  app.route("/admin", dashboard({ actions: true }));
  app.get("/", (c) => c.redirect("/admin/"));

  const stop = async () => {
    for (const one of shown) one[Symbol.dispose]();
    await service.stop();
    for (const limiter of limiters.values()) await (await limiter).stop();
    pool.close();
    await pool.join();
  };
  return { app, pool, stop };
}

if (import.meta.main) {
  const { app, stop } = await startService();
  const port = Number(Deno.args[0] ?? 8000);
  const server = Deno.serve({
    port,
    hostname: "127.0.0.1",
    onListen: ({ port }) => console.log(`http://localhost:${port}/admin/`),
  }, app.fetch);
  Deno.addSignalListener("SIGINT", () => server.shutdown().then(stop).then(() => Deno.exit()));
  await server.finished;
}
