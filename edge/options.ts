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
  /**
   * Whether to refuse with 503 those that have waited in line for longer than one answer takes (5 ms at
   * least), once there has been a line for as long as three answers take (15 ms at least), so that those
   * served are served in time. Without it all wait that `maxPending` lets in. Default: for pools `true`,
   * for actors `false`.
   */
  shed?: boolean;
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
export type Settings = RouteOptions & typeof DEFAULTS;

/** Options, with the defaults of those that are absent. @throws RangeError */
export function settingsOf(options: RouteOptions): Settings {
  const settings = { ...DEFAULTS, ...options };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    settings[name] ??= DEFAULTS[name];
    if (settings[name] >= 1) continue;
    throw new RangeError(`Cannot make routes with ${name} ${settings[name]}: from 1 on`);
  }
  return settings;
}
