// Runs in: any isolate
/**
 * The sub-app in front of what is published: routes, methods, and the way of a request from its body
 * to the answer.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { TimeoutError } from "../errors.ts";
import { Admission } from "./admission.ts";
import { inTraceOf } from "../actors/tracing.ts";
import { BodyReader, validated } from "./body.ts";
import type { JobStatus, Mode } from "./contract.ts";
import { type RouteOptions, type Settings, settingsOf } from "./options.ts";
import { modeOf, pathOf } from "./paths.ts";
import { eventStream, lastEventId, opened } from "./event_stream.ts";
import { Gate } from "./gate.ts";
import { Jobs } from "./jobs.ts";
import { type CallTally, type Observatory, observatory } from "./observed.ts";
import { openApi } from "./openapi.ts";
import { isForeign } from "./origin.ts";
import { type Limit, type Patience, wantedUntil, Watch } from "./patience.ts";
import { problem, problemOf, problemResponse, refusal, retryAfter } from "./problem.ts";
import type { Payload, Published } from "./published.ts";
import { asJson } from "./shown.ts";
import { serveSocket } from "./socket.ts";

/** What those are told who do not get in. */
const CROWDED = problem(503, "FULL", {
  detail: "Too many requests are on their way",
  maybeExecuted: false,
});

/** What is served. */
export interface Serving {
  /** For people. */
  readonly title: string;
  /** Each under its name. */
  readonly published: readonly Published[];
  /** How many requests are worked on at a time; absent: as many may wait as are let in. */
  readonly workers?: () => number;
}

/** One request for a reply. */
interface Asked {
  readonly payload: Payload;
  readonly mode: Mode;
  readonly patience: Patience;
}

/** One service: what it serves, and how much of it at a time. */
export class EdgeService {
  /** By name. */
  readonly published: ReadonlyMap<string, Published>;
  /** Requests on their way. */
  readonly pending: Gate;
  /** Streams and sockets that are open. */
  readonly streams: Gate;
  /** Requests that are waited for. */
  readonly watch: Watch;
  /** Options and defaults. */
  readonly settings: Settings;
  readonly #title: string;
  readonly #bodies: BodyReader;
  readonly #time: Limit;
  readonly #admission: Admission | undefined;
  readonly #jobs: Jobs;
  readonly #tally: CallTally;
  readonly #observed: Observatory;

  /** Serves. @throws RangeError for options that are no numbers from 1 on */
  constructor(
    { title, published, workers }: Serving,
    options: RouteOptions,
  ) {
    this.#title = title;
    this.#admission = workers && new Admission(workers, () => this.crowded());
    this.published = new Map(published.map((one) => [one.name, one]));
    this.settings = settingsOf(options);
    this.pending = new Gate(this.settings.maxPending, this.settings.maxBody);
    this.streams = new Gate(this.settings.maxStreams);
    this.watch = new Watch(this.settings.timeout, this.settings.bodyTimeout);
    this.#bodies = new BodyReader(this.settings, this.pending);
    const { timeout } = this.settings;
    this.#time = { ms: timeout, late: () => new TimeoutError("answer a request", timeout) };
    this.#jobs = new Jobs(this.settings.maxJobs);
    this.#observed = options.observed ?? observatory;
    this.#tally = this.#observed.tally(title);
    this.#observed.addJobs(title, this.#jobs);
  }

  /** The sub-app. */
  app(): Hono {
    const app = new Hono();
    const { settings } = this;
    if (settings.cors) app.use(cors({ origin: settings.cors === true ? "*" : settings.cors }));
    for (const one of this.published.values()) {
      app.all(pathOf(one.name), (c) => inTraceOf(c.req.raw, () => this.#answer(c, one)));
    }
    app.on(["GET", "DELETE"], "/jobs/:id", (c) => this.#guarded(() => this.#showJob(c)));
    const socket = settings.websocket === true ? "/ws" : settings.websocket;
    if (socket) app.get(socket, (c) => this.#guarded(() => serveSocket(c, this)));
    if (settings.openapi !== false) {
      const about = settings.openapi ?? { title: this.#title, version: "1.0.0" };
      const document = openApi(about, this.published.values());
      app.get("/openapi.json", (c) => c.json(document));
    }
    app.all("*", () => problemResponse(problem(404, "UNKNOWN_MESSAGE")));
    return app;
  }

  /** Checks the payload of a frame, then calls. Counts how it went. */
  async call<T>(one: Published, given: unknown, run: (payload: Payload) => Promise<T>): Promise<T> {
    const began = performance.now();
    let status = 200;
    try {
      const parsed = await validated(one.input, given);
      return await run({ given, parsed });
    } catch (error) {
      status = this.#statusOf(error, one);
      throw error;
    } finally {
      this.#tally.count(one.name, status, performance.now() - began);
    }
  }

  /** Asks, for a client that waits, perhaps in a line; whoever calls has to see it out. */
  ask(one: Published, payload: Payload, patience: Patience): Promise<unknown> {
    const wanted = this.grant(patience);
    const turn = this.#admission?.enter(wanted, performance.now());
    if (turn !== undefined) return turn.then(() => this.#askNow(one, payload, patience));
    return this.#askNow(one, payload, patience);
  }

  #askNow(one: Published, payload: Payload, patience: Patience): Promise<unknown> {
    patience.isLetIn = true;
    return one.ask(payload, { wanted: patience });
  }

  /** From now on the client waits as long as for a reply. */
  grant(patience: Patience): Patience {
    patience.limit(this.#time);
    return patience;
  }

  /** A client has its answer. */
  seeOut(patience: Patience, now: number): void {
    this.watch.leave(patience);
    if (patience.isLetIn) this.#admission?.leave(now);
  }

  /** One request, from its method to its answer; one function, since each promise more is felt. */
  async #answer(c: Context, one: Published): Promise<Response> {
    const { raw } = c.req;
    const refused = this.#refused(raw);
    if (refused !== undefined) return refused;
    const patience = this.watch.enter(raw);
    const began = performance.now();
    let status = 200;
    try {
      const given = await this.#bodies.readJson(raw, patience);
      const mode = modeOf(c);
      const parsed = validated(one.input, given);
      const payload = { given, parsed: parsed instanceof Promise ? await parsed : parsed };
      if (mode !== "ask" || one.isStream) {
        return await this.#replyLater(c, one, { payload, mode, patience });
      }
      const value = await this.ask(one, payload, patience);
      return c.json(value === undefined ? null : value as string);
    } catch (error) {
      status = this.#statusOf(error, one);
      return this.#failed(error);
    } finally {
      const now = performance.now();
      this.seeOut(patience, now);
      this.pending.leave();
      this.#tally.count(one.name, status, now - began);
    }
  }

  /** The answer for those who do not get in; otherwise they are counted. */
  #refused(request: Request): Response | undefined {
    if (request.method !== "POST") {
      return problemResponse(problem(405, "NOT_SUPPORTED"), { allow: "POST" });
    }
    if (!this.settings.cors && isForeign(request)) {
      return problemResponse(problem(403, "AUTHENTICATION"));
    }
    return this.pending.enter() ? undefined : problemResponse(CROWDED, this.#comeAgain());
  }

  async #replyLater(
    c: Context,
    one: Published,
    { payload, mode, patience }: Asked,
  ): Promise<Response> {
    if (mode === "job") return this.#beginJob(c, one, payload);
    if (mode === "ask") return await this.#stream(c, one, payload);
    if (one.tell === undefined) {
      throw refusal(400, "NOT_SUPPORTED", { detail: "This cannot be told, only asked" });
    }
    await one.tell(payload, this.grant(patience));
    return c.json(null, 202);
  }

  /** A failure in its first moments still gets a status of its own. */
  async #stream(c: Context, one: Published, payload: Payload): Promise<Response> {
    if (!this.streams.enter()) throw this.crowded();
    try {
      const items = await opened(one.stream!(payload, c.req.raw.signal));
      const skip = lastEventId(c.req.header("last-event-id"));
      return eventStream(items, {
        skip,
        heartbeat: this.settings.heartbeat,
        ended: (error) => {
          this.streams.leave();
          if (error !== undefined) this.#statusOf(error, one);
        },
      });
    } catch (error) {
      this.streams.leave();
      throw error;
    }
  }

  #beginJob(c: Context, one: Published, payload: Payload): Response {
    const job = this.#jobs.begin(one.name, async (signal, progress) => {
      try {
        if (!one.isStream) {
          const onProgress = (done: number, total?: number) => progress({ done, total });
          return asJson(await one.ask(payload, { wanted: wantedUntil(signal), onProgress }));
        }
        let last: unknown;
        for await (const item of one.stream!(payload, signal)) progress(last = asJson(item));
        return last;
      } catch (error) {
        if (!signal.aborted) this.#statusOf(error, one);
        throw error;
      }
    });
    if (job === undefined) throw this.crowded();
    const { pathname } = new URL(c.req.url);
    const location = `${pathname.slice(0, pathname.lastIndexOf("/"))}/jobs/${job.id}`;
    return c.json(job, 202, { location, "preference-applied": "respond-async" });
  }

  #showJob(c: Context): Response {
    if (!this.settings.cors && isForeign(c.req.raw)) throw refusal(403, "AUTHENTICATION");
    const id = c.req.param("id") ?? "";
    const status = c.req.method === "DELETE" ? this.#jobs.cancel(id) : this.#jobs.get(id);
    if (status === undefined) throw refusal(404, "UNKNOWN_MESSAGE");
    if (c.req.method === "DELETE" || !c.req.header("accept")?.includes("text/event-stream")) {
      return c.json(status satisfies JobStatus);
    }
    if (!this.streams.enter()) throw this.crowded();
    const ended = () => this.streams.leave();
    return eventStream(this.#jobs.follow(id)!, { heartbeat: this.settings.heartbeat, ended });
  }

  /** What those are told who do not get in. */
  crowded(): HTTPException {
    return refusal(503, "FULL", { ...CROWDED, headers: this.#comeAgain() });
  }

  #comeAgain(): Record<string, string> {
    return { "retry-after": retryAfter(this.settings.retryAfter) };
  }

  #guarded(answer: () => Response): Response {
    try {
      return answer();
    } catch (error) {
      if (!(error instanceof HTTPException)) this.#report(error, "a route");
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Response {
    if (error instanceof HTTPException) return error.getResponse();
    const found = problemOf(error);
    return problemResponse(found, found.status === 503 ? this.#comeAgain() : {});
  }

  /** The status of a failure; the server's own are reported. */
  #statusOf(error: unknown, one: Published): number {
    const { status } = problemOf(error);
    if (status === 500) this.#report(error, one.name);
    return status;
  }

  #report(error: unknown, name: string): void {
    this.#observed.log("error", `${this.#title} "${name}" failed: ${textOf(error)}`);
    if (this.settings.onError) this.settings.onError(error, name);
    else console.error(`${this.#title} "${name}" failed:`, error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
