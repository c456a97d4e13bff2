// Runs in: any isolate
/**
 * The types of what is served: failures, routes, and what the client infers from them. The types of
 * all routes are computed at once, so that their number does not slow the compiler down.
 *
 * @module
 */
import type { BlankEnv, Schema } from "hono/types";
import type { JSONParsed } from "hono/utils/types";
import type { Hono } from "hono";
import type { ErrorCode } from "../errors.ts";
import type { AcceptsOf, ItemOf, Protocol, ReplyOf } from "../actors/actor.ts";
import type { SchemaInput } from "../channels/schema.ts";
import type { Observatory } from "./observed.ts";

/** The body of every failure: `application/problem+json`, RFC 9457. */
export interface Problem {
  /** Names the kind of problem: `urn:troupe:` and the code in small letters. */
  type: string;
  /** The kind of problem, for people. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** Troupe's code. */
  code: ErrorCode;
  /** What was wrong with this request. It never tells what a handler threw. */
  detail?: string;
  /** What the schema said, by field. */
  errors?: { path: string; message: string }[];
  /** `false`: the message surely did not run, and may be sent again. */
  maybeExecuted?: boolean;
}

/** The statuses of failures. */
export type FailStatus = 400 | 403 | 404 | 405 | 408 | 413 | 415 | 500 | 503 | 504;

/** A failure, as the client's types see it. */
export type Fail = { output: Problem; outputFormat: "json"; status: FailStatus };

/** Where long work is on its way. */
export interface JobStatus {
  /** Its id, which cannot be guessed. */
  id: string;
  /** The message or task. */
  name: string;
  /** Where it is. */
  status: "running" | "done" | "failed" | "cancelled";
  /** When it began, in milliseconds since 1970. */
  startedAt: number;
  /** When it ended. */
  endedAt?: number;
  /** The last item of a stream, while it runs. */
  progress?: unknown;
  /** What it gave. */
  result?: unknown;
  /** Why it failed. */
  problem?: Problem;
}

/** How a request wants to be answered: with the reply, at once, or later. */
export type Mode = "ask" | "tell" | "job";

/** Accepted: `null` for a tell, the job for long work. */
export type Later = { output: JobStatus | null; outputFormat: "json"; status: 202 };

/** The reply as JSON; nothing is `null`. */
type Json<R> = [R] extends [undefined | void] ? null : JSONParsed<R>;

/** What answers with a reply of type `R`. */
export type Reply<R> = [ItemOf<R>] extends [never]
  ? { output: Json<Awaited<R>>; outputFormat: "json"; status: 200 }
  : { output: string; outputFormat: "text"; status: 200 };

/** One `POST`. */
type Post<In, R> = {
  $post: { input: { json: In; query?: { mode?: Mode } } } & (Reply<R> | Later | Fail);
};

/** The routes of the messages that have a schema: `POST /<message>`. Others are not exposed. */
export type ActorRoutes<D, I = AcceptsOf<D>, P = Protocol<D>> = {
  [K in keyof I & keyof P & string as `/${K}`]: Post<SchemaInput<I[K]>, ReplyOf<P[K]>>;
};

/** Routes that every service has. */
export type CommonRoutes = {
  "/ws": { $get: { input: object; output: object; outputFormat: "ws"; status: 101 } };
  "/openapi.json": {
    $get: { input: object; output: object; outputFormat: "json"; status: 200 };
  };
  "/jobs/:id": {
    $get:
      & { input: { param: { id: string } } }
      & ({ output: JobStatus; outputFormat: "json"; status: 200 } | Fail);
    $delete:
      & { input: { param: { id: string } } }
      & ({ output: JobStatus; outputFormat: "json"; status: 200 } | Fail);
  };
};

/** A sub-app with the routes `R`. */
export type Service<R> = Hono<
  BlankEnv,
  R & CommonRoutes extends infer S extends Schema ? S : never,
  "/"
>;

/** Options of `actorRoutes` and `poolRoutes`. Durations are milliseconds. */
export interface RouteOptions {
  /** Longest wait for a reply; then 504. Default 10,000. */
  timeout?: number;
  /** Most bytes of a body; then 413. Default 1 MiB. */
  maxBody?: number;
  /** Deepest nesting of a body; then 400. Default 64. */
  maxDepth?: number;
  /** Longest time for a body to arrive; then 408. Default 10,000. */
  bodyTimeout?: number;
  /** Most requests on their way at a time; more get 503. Default 256. */
  maxPending?: number;
  /** Most event streams and sockets at a time; more get 503. Default 256. */
  maxStreams?: number;
  /** When a refused client may come again. Default 1,000. */
  retryAfter?: number;
  /** How often a silent event stream shows that it lives. Default 15,000. */
  heartbeat?: number;
  /** Messages that answer with a stream though they are no generator functions. */
  streams?: readonly string[];
  /** Serves a WebSocket at `/ws`, or under another path. Default `false`. */
  websocket?: boolean | string;
  /** Serves `/openapi.json` with this title. Default: the actor's name, version `1.0.0`. */
  openapi?: { title: string; version: string } | false;
  /** Pages of other origins may call: all, or these. Default: none. */
  cors?: boolean | string | string[];
  /** Jobs that are remembered at most. Default 1,000. */
  maxJobs?: number;
  /** Told of each failure that is the server's, with the error. Default: it is printed. */
  onError?: (error: unknown, message: string) => void;
  /** Where calls are counted. Default: what `dashboard()` and `metrics()` show. */
  observed?: Observatory;
}
