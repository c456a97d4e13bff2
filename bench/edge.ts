// Runs in: owner
/**
 * Routes: an ask of an actor, and tasks of a pool, against plain Hono routes that check the same schema
 * and do the same work in the server's isolate. The load comes from `wrk`, where it is installed, else
 * from a process of Deno. Each round begins when the server has done all that the one before left
 * behind: of a plain route that works, what its clients no longer wait for.
 *
 * Run: `deno run -A --no-lock bench/edge.ts`
 *
 * @module
 */
import { Hono } from "hono";
import { z } from "zod";
import { Pool, spawn } from "../mod.ts";
import { actorRoutes, poolRoutes, publish } from "../edge/mod.ts";
import { count, Order, Page, Reader, Shop, statistics, total } from "./edge_actors.ts";
import { contest, pause, report } from "./measure.ts";

const CONNECTIONS = 32;
const SECONDS = 2;
/** So long for requests that take long, since those cut off at the end do not count. */
const LONG_SECONDS = 3;
const N = 24;
/** The server is calm when so many timers in a row were on time, to so many milliseconds. */
const ON_TIME = 3;
const LATE_MS = 10;

await using shop = await spawn(Shop);
await using inline = await spawn(Shop, { isolation: "inline" });
await using reader = await spawn(Reader);
await using pool = new Pool({ size: 2 });
const Count = z.object({ n: z.number() });

const app = new Hono();
app.route("/actor", actorRoutes(Shop, shop));
app.route("/inline", actorRoutes(Shop, inline));
app.route("/reader", actorRoutes(Reader, reader));
// Who waits in line is not refused here: each of the connections is to be served.
app.route("/pool", poolRoutes(pool, { count: publish(Count, count) }, { shed: false }));
app.post("/bare/order", async (c) => c.json(await shop.ask.order(await c.req.json())));
plain("order", Order, total);
plain("read", Page, statistics);
plain("count", Count, count);
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, app.fetch);

/** The plain route. */
function plain<I, O>(name: string, schema: z.ZodType<I>, work: (input: I) => O): void {
  app.post(`/plain/${name}`, async (c) => {
    const { success, data, error } = schema.safeParse(await c.req.json());
    return success ? c.json(work(data) as string) : c.json(error, 400);
  });
}

/** Runs a command; what it printed. */
async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout);
}

/** Thousands of requests a second. */
async function drive(path: string, body: unknown, seconds = SECONDS): Promise<number> {
  const { port } = server.addr;
  const beside = (file: string) => new URL(file, import.meta.url).pathname;
  const text = JSON.stringify(body);
  try {
    const printed = await output(
      ...["wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`] as const,
      ...["-s", beside("edge_post.lua"), `http://127.0.0.1:${port}${path}`, "--", text],
    );
    if (/Non-2xx|Socket errors/.test(printed)) throw new Error(printed);
    await calm();
    return Number(/Requests\/sec:\s*([\d.]+)/.exec(printed)?.[1]) / 1000;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const given = [String(port), path, text, String(CONNECTIONS), String(seconds)];
    const run = ["run", "--allow-net", "--no-lock", beside("edge_load.ts")];
    return Number(await output(Deno.execPath(), ...run, ...given));
  }
}

/** Resolves when this isolate has nothing to do. */
async function calm(): Promise<void> {
  for (let onTime = 0; onTime < ON_TIME;) {
    const due = performance.now() + LATE_MS;
    await pause(LATE_MS);
    onTime = performance.now() - due < LATE_MS ? onTime + 1 : 0;
  }
}

/** Thousands of tasks a second with nothing in front of the pool: as much as the processors give. */
async function bare(seconds: number): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (; performance.now() < end; done++) await pool.applyAsync(count, [{ n: N }]);
  }));
  return done / (performance.now() - start);
}

const order = { id: 7, items: [{ price: 3, pieces: 2 }, { price: 5, pieces: 1 }] };
const sentence = "The quick brown fox jumps over the lazy dog, and all the world's a stage. ";
const page = { text: sentence.repeat(20) };
const HTTP = `HTTP, ${CONNECTIONS} connections`;
const rounds = { rounds: 5, warmup: 2 };
const orders = await contest({
  title: `${HTTP}: a small order, no work`,
  unit: "k/s",
  contenders: [
    { name: "actorRoutes, actor in a worker", round: () => drive("/actor/order", order) },
    { name: "actorRoutes, actor in this isolate", round: () => drive("/inline/order", order) },
    { name: "Hono route with a bare ask", round: () => drive("/bare/order", order) },
    { name: "plain Hono route", round: () => drive("/plain/order", order) },
  ],
  ...rounds,
});
const pages = await contest({
  title: `${HTTP}: the words of a text of ${page.text.length} characters`,
  unit: "k/s",
  contenders: [
    { name: "actorRoutes, actor in a worker", round: () => drive("/reader/read", page) },
    { name: "plain Hono route", round: () => drive("/plain/read", page) },
  ],
  ...rounds,
});
const tasks = await contest({
  title: `${HTTP}: some milliseconds of work, 2 workers`,
  unit: "k/s",
  contenders: [
    { name: "the pool alone, no HTTP", round: () => bare(LONG_SECONDS) },
    { name: "poolRoutes", round: () => drive("/pool/count", { n: N }, LONG_SECONDS) },
    { name: "plain Hono route", round: () => drive("/plain/count", { n: N }, LONG_SECONDS) },
  ],
  rounds: 5,
  warmup: 1,
});
await server.shutdown();
report([orders, pages, tasks]);
