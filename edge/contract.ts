// Runs in: any isolate
/**
 * The types of what is served: failures, routes, and what the client infers from them. The types of
 * all routes are computed at once, so that their number does not slow the compiler down.
 *
 * @module
 */
import type { Hono } from "hono";
import type { BlankEnv, BlankSchema, Schema } from "hono/types";
import type { JSONParsed } from "hono/utils/types";
import type { ErrorCode } from "../errors.ts";
import type { AcceptsOf, ItemOf, Protocol, ReplyOf } from "../actors/actor.ts";
import type { SchemaInput } from "../channels/schema.ts";

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
export type Json<R> = [R] extends [undefined | void] ? null : JSONParsed<R>;

/** What answers with a reply of type `R`. */
export type Reply<R> = [ItemOf<R>] extends [never]
  ? { output: Json<Awaited<R>>; outputFormat: "json"; status: 200 }
  : { output: string; outputFormat: "text"; status: 200 };

/** One `POST`. */
export type Post<In, R> = {
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

/** A sub-app of Hono with the routes `R`. */
export type Service<R> = Hono<
  BlankEnv,
  R & CommonRoutes extends infer S extends Schema ? S : never,
  "/"
>;

/** A sub-app of Hono whose routes have no types. */
export type Plain = Hono<BlankEnv, BlankSchema, "/">;
