// Runs in: any isolate
/**
 * What routes can be told.
 *
 * @module
 */
import type { Observatory } from "./observed.ts";

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
