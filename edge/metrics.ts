// Runs in: any isolate
/**
 * Figures for Prometheus, in its text format (version 0.0.4).
 *
 * @module
 */
import { Hono } from "hono";
import type { Plain } from "./contract.ts";
import type { Snapshot } from "./contract_observed.ts";
import { type Observatory, observatory } from "./observed.ts";
import { leavesOf, Sampler } from "./sampler.ts";

/** One figure with its labels. */
type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];

/** Figures of one name. */
interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "summary";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * A sub-app that answers `GET /` with the figures of all that is observed: mailboxes, messages and
 * latencies of actors, pools, queues, calls over HTTP, dead letters, memory. Durations are seconds there.
 *
 * It asks for no password: mount it behind your own, or on a port that only the collector reaches.
 *
 * @example
 * ```ts
 * import { metrics } from "@troupe/troupe/edge";
 * import { Hono } from "hono";
 *
 * const app = new Hono().route("/metrics", metrics());
 * console.log(await (await app.request("/metrics")).text());
 * ```
 */
export function metrics(options: { observed?: Observatory } = {}): Plain {
  const observed = options.observed ?? observatory;
  observed.followSystem();
  const sampler = new Sampler(observed);
  return new Hono().get("/", async (c) => {
    const text = metricsText(await sampler.look(), observed);
    return c.text(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
}

/** The figures of a moment as text. */
function metricsText(snapshot: Snapshot, observed: Observatory): string {
  const all = [
    ...actorMetrics(snapshot),
    ...poolMetrics(snapshot),
    ...callMetrics(observed),
    ...systemMetrics(snapshot, observed),
  ];
  return all.map(metricText).join("");
}

function actorMetrics({ tree }: Snapshot): Metric[] {
  const actors = leavesOf(tree);
  const of = (key: "mailbox" | "capacity" | "handled" | "dropped" | "restarts"): Sample[] =>
    actors.map((actor) => [{ actor: actor.id }, actor[key]]);
  const latency = actors.flatMap(({ id, p50, p99 }): Sample[] => [
    [{ actor: id, quantile: 0.5 }, p50 / 1000],
    [{ actor: id, quantile: 0.99 }, p99 / 1000],
  ]);
  return [
    gauge("troupe_mailbox_messages", "Messages that wait.", of("mailbox")),
    gauge("troupe_mailbox_capacity", "Messages that a mailbox holds.", of("capacity")),
    counter("troupe_messages_handled_total", "Messages handled.", of("handled")),
    counter("troupe_messages_dropped_total", "Messages dropped by full mailboxes.", of("dropped")),
    counter("troupe_actor_restarts_total", "Restarts.", of("restarts")),
    {
      name: "troupe_handler_seconds",
      type: "summary",
      help: "How long handlers take, to the factor of two.",
      samples: latency,
    },
  ];
}

function poolMetrics({ pools, queues }: Snapshot): Metric[] {
  const of = (key: "size" | "busy" | "queued" | "completed" | "failed" | "restarts"): Sample[] =>
    pools.map((pool) => [{ pool: pool.name }, pool[key]]);
  return [
    gauge("troupe_pool_workers", "Workers that are up.", of("size")),
    gauge("troupe_pool_busy_workers", "Workers with work.", of("busy")),
    gauge("troupe_pool_queued_tasks", "Tasks that no worker has.", of("queued")),
    counter("troupe_pool_completed_total", "Tasks that succeeded.", of("completed")),
    counter("troupe_pool_failed_total", "Tasks that failed.", of("failed")),
    counter("troupe_pool_restarts_total", "Workers that were replaced.", of("restarts")),
    gauge(
      "troupe_queue_items",
      "Items in queues.",
      queues.map(({ name, size }) => [{ queue: name }, size]),
    ),
  ];
}

function callMetrics({ tallies }: Observatory): Metric[] {
  const calls: Sample[] = [];
  const seconds: Sample[] = [];
  for (const [service, tally] of tallies) {
    for (const { name, statuses, seconds: total } of tally.figures()) {
      for (const [status, count] of Object.entries(statuses)) {
        calls.push([{ service, name, status }, count]);
      }
      seconds.push([{ service, name }, total]);
    }
  }
  return [
    counter("troupe_http_calls_total", "Calls over HTTP, by status.", calls),
    counter("troupe_http_call_seconds_total", "Seconds that calls over HTTP took.", seconds),
  ];
}

function systemMetrics({ overview }: Snapshot, { totals }: Observatory): Metric[] {
  const { arenaUsed, arenaSize, rss, lag } = overview;
  return [
    counter("troupe_dead_letters_total", "Messages not handled.", [[{}, totals.deadLetters]]),
    counter("troupe_crashes_total", "Actors that crashed.", [[{}, totals.crashes]]),
    gauge("troupe_arena_used_bytes", "Shared memory in use.", [[{}, arenaUsed]]),
    gauge("troupe_arena_size_bytes", "Shared memory in all.", [[{}, arenaSize]]),
    gauge("troupe_resident_memory_bytes", "Memory of the program.", [[{}, rss]]),
    gauge("troupe_event_loop_lag_seconds", "How late a timer came.", [[{}, lag / 1000]]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "counter", help, samples };
}

function metricText({ name, type, help, samples }: Metric): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => {
    const inside = Object.entries(labels).map(([key, text]) => `${key}="${escaped(String(text))}"`);
    return `${name}${inside.length > 0 ? `{${inside.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
