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
import { inTraceOf } from "../actors/tracing.ts";
import { BodyReader, validated } from "./body.ts";
import type { JobStatus, Mode } from "./contract.ts";
import type { RouteOptions } from "./options.ts";
import { Deadlines } from "./deadlines.ts";
import { eventStream, lastEventId } from "./event_stream.ts";
import { Gate } from "./gate.ts";
import { Jobs } from "./jobs.ts";
import { type CallTally, type Observatory, observatory } from "./observed.ts";
import { openApi } from "./openapi.ts";
import { isForeign } from "./origin.ts";
import { problem, problemOf, problemResponse, refusal, retryAfter } from "./problem.ts";
import type { Payload, Published } from "./published.ts";
import { serveSocket } from "./socket.ts";

const DEFAULTS = {
  timeout: 10_000,
  maxBody: 1 << 20,
  maxDepth: 64,
  bodyTimeout: 10_000,
  maxPending: 256,
  maxStreams: 256,
  retryAfter: 1_000,
  heartbeat: 15_000,
  maxJobs: 1_000,
};

/** Options with all that has a default. */
type Settings = RouteOptions & typeof DEFAULTS;

/** One service: what it serves, and how much of it at a time. */
export class EdgeService {
  /** By name. */
  readonly published: ReadonlyMap<string, Published>;
  /** Requests on their way. */
  readonly pending: Gate;
  /** Streams and sockets that are open. */
  readonly streams: Gate;
  /** Options and defaults. */
  readonly settings: Settings;
  readonly #title: string;
  readonly #deadlines: Deadlines;
  readonly #bodies: BodyReader;
  readonly #jobs: Jobs;
  readonly #tally: CallTally;
  readonly #observed: Observatory;

  /** Serves `published` under a title. @throws RangeError for options that are no numbers from 1 on */
  constructor(title: string, published: readonly Published[], options: RouteOptions) {
    this.#title = title;
    this.published = new Map(published.map((one) => [one.name, one]));
    this.settings = settingsOf(options);
    this.pending = new Gate(this.settings.maxPending, this.settings.maxBody);
    this.streams = new Gate(this.settings.maxStreams);
    this.#deadlines = new Deadlines(this.settings.bodyTimeout);
    this.#bodies = new BodyReader(this.settings, this.pending, this.#deadlines);
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
    app.onError((error, c) => this.#fail(c, error, ""));
    for (const one of this.published.values()) {
      app.all(pathOf(one.name), (c) => inTraceOf(c.req.raw, () => this.#answer(c, one)));
    }
    app.on(["GET", "DELETE"], "/jobs/:id", (c) => this.#showJob(c));
    const socket = settings.websocket === true ? "/ws" : settings.websocket;
    if (socket) app.get(socket, (c) => serveSocket(c, this));
    if (settings.openapi !== false) {
      const about = settings.openapi ?? { title: this.#title, version: "1.0.0" };
      const document = openApi(about, this.published.values());
      app.get("/openapi.json", (c) => c.json(document));
    }
    app.all("*", () => {
      throw refusal(404, "UNKNOWN_MESSAGE");
    });
    return app;
  }

  /** Checks a payload, then calls; for requests and frames alike. Counts how it went. */
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

  /** How long one call may take, and until when it is wanted. */
  waiting(signal: AbortSignal): { signal: AbortSignal; timeout: number } {
    return { signal, timeout: this.settings.timeout };
  }

  /** One request, from its method to its answer. */
  async #answer(c: Context, one: Published): Promise<Response> {
    if (c.req.method !== "POST") {
      throw refusal(405, "NOT_SUPPORTED", { headers: { allow: "POST" } });
    }
    if (!this.settings.cors && isForeign(c.req.raw)) throw refusal(403, "AUTHENTICATION");
    if (!this.pending.enter()) throw this.crowded();
    this.#deadlines.enter();
    try {
      const given = await this.#bodies.readJson(c.req.raw);
      const mode = modeOf(c);
      return await this.call(one, given, (payload) => this.#reply(c, { one, payload, mode }));
    } catch (error) {
      return this.#fail(c, error, one.name);
    } finally {
      this.#deadlines.leave();
      this.pending.leave();
    }
  }

  async #reply(
    c: Context,
    { one, payload, mode }: { one: Published; payload: Payload; mode: Mode },
  ): Promise<Response> {
    if (mode === "job") return this.#beginJob(c, one, payload);
    const waiting = this.waiting(c.req.raw.signal);
    if (mode === "tell") {
      if (one.tell === undefined) {
        throw refusal(400, "NOT_SUPPORTED", { detail: "This cannot be told, only asked" });
      }
      await one.tell(payload, waiting);
      return c.json(null, 202);
    }
    if (one.isStream) return await this.#stream(c, one, payload);
    const value = await one.ask(payload, waiting);
    return c.json(value === undefined ? null : value as string);
  }

  /** A failure in its first moments still gets a status of its own. */
  async #stream(c: Context, one: Published, payload: Payload): Promise<Response> {
    if (!this.streams.enter()) throw this.crowded();
    try {
      const items = await opened(one.stream!(payload, { signal: c.req.raw.signal }));
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
          return await one.ask(payload, { signal, onProgress });
        }
        let last: unknown;
        for await (const item of one.stream!(payload, { signal })) progress(last = item);
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
    return refusal(503, "FULL", {
      detail: "Too many requests are on their way",
      maybeExecuted: false,
      headers: this.#comeAgain(),
    });
  }

  #comeAgain(): Record<string, string> {
    return { "retry-after": retryAfter(this.settings.retryAfter) };
  }

  #fail(c: Context, error: unknown, name: string): Response {
    if (c.req.raw.signal.aborted) return problemResponse(problem(499, "CANCELLED"));
    if (error instanceof HTTPException) return error.getResponse();
    const found = problemOf(error);
    if (name === "") this.#report(error, "a route");
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

/** Which way of answering a request asks for. @throws HTTPException */
function modeOf(c: Context): Mode {
  const wantsJob = /\brespond-async\b/.test(c.req.header("prefer") ?? "");
  const mode = c.req.query("mode") ?? (wantsJob ? "job" : "ask");
  if (mode === "ask" || mode === "tell" || mode === "job") return mode;
  throw refusal(400, "VALIDATION", { detail: "mode is none of ask, tell, job" });
}

/** Milliseconds in which a stream that fails does so with a status. */
const EARLY_MS = 20;

/** The stream, once its first item is there, or once it has not failed for a moment. */
async function opened(items: ReadableStream<unknown>): Promise<ReadableStream<unknown>> {
  const reader = items.getReader();
  const first = reader.read();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moment = new Promise<void>((resolve) => timer = setTimeout(resolve, EARLY_MS));
  try {
    await Promise.race([first, moment]);
  } finally {
    clearTimeout(timer);
  }
  let next: Promise<ReadableStreamReadResult<unknown>> | undefined = first;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** @throws RangeError */
function settingsOf(options: RouteOptions): Settings {
  const settings = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    settings[name] ??= DEFAULTS[name];
    if (settings[name] >= 1) continue;
    throw new RangeError(`Cannot make routes with ${name} ${settings[name]}: from 1 on`);
  }
  return settings;
}

/**
 * The name as a path of Hono, which compares paths after `decodeURI`. A `:` stays encoded.
 *
 * @throws TypeError for a name with a `*`, which would mean any path
 */
function pathOf(name: string): string {
  if (name.includes("*") || name === "") {
    throw new TypeError(`Cannot publish "${name}": this cannot be a path`);
  }
  return `/${decodeURI(encodeURIComponent(name))}`;
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
