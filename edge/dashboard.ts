// Runs in: any isolate
/**
 * The live dashboard: one page, and the stream of snapshots that it shows.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { act } from "./actions.ts";
import type { Plain } from "./contract.ts";
import type { Snapshot } from "./contract_observed.ts";
import { eventStream } from "./event_stream.ts";
import { Gate } from "./gate.ts";
import { type Denial, denialOf, mayAct, type Peer } from "./guard.ts";
import { type Observatory, observatory } from "./observed.ts";
import page from "./page/page.html" with { type: "text" };
import script from "./page/page.js" with { type: "text" };
import style from "./page/page.css" with { type: "text" };
import { problem, problemOf, problemResponse, refusal } from "./problem.ts";
import { Sampler } from "./sampler.ts";

/** Options of {@linkcode dashboard}. */
export interface DashboardOptions {
  /** The password. Without it, only this machine is served. */
  auth?: { token: string };
  /** Whether the page can stop, restart, drain, cancel and replay. Default `false`. */
  actions?: boolean;
  /** Milliseconds between two snapshots. Default 500. */
  every?: number;
  /** Pages and terminals that look at a time. Default 32. */
  maxViewers?: number;
  /** What is shown. Default: what {@linkcode observe} was given. */
  observed?: Observatory;
}

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/**
 * A sub-app with the dashboard: `GET /` is the page, `/api/state` a snapshot, `/events` snapshots as
 * events, `POST /api/<kind>/<name>/<action>` an action.
 *
 * - It shows what {@linkcode observe} was given, all calls of `actorRoutes` and `poolRoutes`, and what
 *   happened to actors since it was made: starts, crashes, dead letters.
 * - Without `auth` it serves this machine only, under its own name. With `auth`, browsers ask for the
 *   token as a password (the name does not matter), programs send `Authorization: Bearer`.
 * - Actions are off unless `actions` is `true`; they are taken from the page itself only.
 *
 * @throws RangeError for a token of fewer than 16 characters
 *
 * @example
 * ```ts
 * import { dashboard } from "@troupe/troupe/edge";
 * import { Hono } from "hono";
 * import { assertEquals } from "@std/assert";
 *
 * const app = new Hono().route("/admin", dashboard({ auth: { token: "a secret of the house" } }));
 * assertEquals((await app.request("/admin/")).status, 401);
 * ```
 */
export function dashboard(options: DashboardOptions = {}): Plain {
  const { auth, actions = false, every = 500, maxViewers = 32, observed = observatory } = options;
  if (auth !== undefined && !(auth.token.length >= 16)) {
    throw new RangeError("Cannot make a dashboard with this token: 16 characters at least");
  }
  observed.followSystem();
  const key = crypto.randomUUID();
  const sampler = new Sampler(observed);
  const viewers = new Gate(maxViewers);
  const app = new Hono();
  app.onError((error) =>
    withHeaders(
      "getResponse" in error
        ? (error as { getResponse(): Response }).getResponse()
        : problemResponse(problemOf(error)),
    )
  );
  app.use(async (c, next) => {
    const denial = denialOf(c.req.raw, (c.env ?? {}) as Peer, { token: auth?.token });
    if (denial !== undefined) return denied(denial);
    await next();
    withHeaders(c.res);
  });
  app.get("/", (c) => servePage(c, { key, actions }));
  app.get("/page.css", (c) => c.body(style, 200, { "content-type": "text/css; charset=utf-8" }));
  app.get(
    "/page.js",
    (c) => c.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }),
  );
  app.get("/api/state", async (c) => c.json(await sampler.look()));
  app.get("/events", () => {
    if (!viewers.enter()) throw refusal(503, "FULL");
    return eventStream(snapshots(sampler, every), {
      heartbeat: 15_000,
      ended: () => viewers.leave(),
    });
  });
  app.post("/api/:kind/:name/:action", async (c) => {
    if (!actions || !mayAct(c.req.raw, key)) throw refusal(403, "AUTHENTICATION");
    if (!await act(observed, c.req.param())) throw refusal(404, "UNKNOWN_MESSAGE");
    return c.json({ done: true });
  });
  app.all("*", (c) => {
    // Hono takes "/admin/" for another path than "/admin".
    if (c.req.method === "GET" && `${c.req.path}*` === c.req.routePath) {
      return servePage(c, { key, actions });
    }
    throw refusal(404, "UNKNOWN_MESSAGE");
  });
  return app;
}

/** The page, which is told the key of its actions; nothing else can read it there. */
function servePage(c: Context, { key, actions }: { key: string; actions: boolean }): Response {
  const { pathname } = new URL(c.req.url);
  const base = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return c.html(page.replace("{{key}}", actions ? key : "").replaceAll("{{base}}", () => base));
}

/** A snapshot now and then, as long as somebody reads. */
function snapshots(sampler: Sampler, every: number): ReadableStream<Snapshot> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait: Promise<void> = Promise.resolve();
  return new ReadableStream<Snapshot>({
    async pull(controller) {
      await wait;
      controller.enqueue(await sampler.look());
      wait = new Promise((resolve) => timer = setTimeout(resolve, every));
    },
    cancel: () => clearTimeout(timer),
  }, { highWaterMark: 0 });
}

function denied(status: Denial): Response {
  const headers = status === 401 ? { "www-authenticate": 'Basic realm="Troupe"' } : undefined;
  return withHeaders(problemResponse(problem(status, "AUTHENTICATION"), headers));
}

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}
