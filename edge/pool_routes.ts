// Runs in: any isolate
/**
 * Tasks of a pool as HTTP.
 *
 * @module
 */
import type { Target, TaskResult } from "../actors/code.ts";
import type { SchemaInput, SchemaOutput, StandardSchemaV1 } from "../channels/schema.ts";
import type { Pool, Retry } from "../pool/pool.ts";
import type { Fail, Later, Mode, Reply, Service } from "./contract.ts";
import type { RouteOptions } from "./options.ts";
import type { Published } from "./published.ts";
import { EdgeService } from "./service.ts";

/** A task and the schema of its argument; made by {@linkcode publish}. */
export interface PublishedTask<S extends StandardSchemaV1, R> {
  /** What its argument is made of. */
  readonly input: S;
  /** What runs. */
  readonly target: Target<[SchemaOutput<S>], R>;
  /** Whether it runs again. */
  readonly retry?: Retry;
}

/** The routes of published tasks. */
export type PoolRoutes<T> = {
  [K in keyof T & string as `/${K}`]: T[K] extends PublishedTask<infer S, infer R> ? {
      $post:
        & { input: { json: SchemaInput<S>; query?: { mode?: Exclude<Mode, "tell"> } } }
        & (Reply<TaskResult<R>> | Later | Fail);
    }
    : never;
};

/** Any published task. */
// deno-lint-ignore no-explicit-any -- arguments are contravariant: only `any` takes each of them
export type AnyTask = PublishedTask<StandardSchemaV1<any, any>, any>;

/** Puts a task and the schema of its one argument together, for {@linkcode poolRoutes}. */
export function publish<S extends StandardSchemaV1, R>(
  input: S,
  target: Target<[SchemaOutput<S>], R>,
  options: { retry?: Retry } = {},
): PublishedTask<S, R> {
  return Object.freeze({ input, target, ...options });
}

/**
 * A sub-app with a `POST /<name>` for each task. Bodies, failures, jobs and documents are as of
 * `actorRoutes`; there is no `tell`, and no stream. A task that runs out of its time, or whose client
 * goes away, is cancelled.
 *
 * @example Word counts on all processors
 * ```ts
 * import { Pool, task } from "@troupe/troupe";
 * import { poolRoutes, publish } from "@troupe/troupe/edge";
 * import { assertEquals } from "@std/assert";
 * import { z } from "zod";
 *
 * const count = task(import.meta, function count(text: string): number {
 *   return text.split(/\s+/).length;
 * });
 *
 * await using pool = new Pool({ size: 1, isolation: "inline" });
 * const app = poolRoutes(pool, { count: publish(z.string(), count) });
 * const answer = await app.request("/count", {
 *   method: "POST",
 *   headers: { "content-type": "application/json" },
 *   body: '"all the world is a stage"',
 * });
 * assertEquals(await answer.json(), 6);
 * ```
 */
export function poolRoutes<const T extends Readonly<Record<string, AnyTask>>>(
  pool: Pool,
  tasks: T,
  options: RouteOptions = {},
): Service<PoolRoutes<T>> {
  const published = Object.entries(tasks).map(([name, { input, target, retry }]): Published => ({
    name,
    input,
    isStream: false,
    ask: ({ parsed }, { wanted, onProgress }) => {
      const result = pool.applyAsync(target, [parsed], { retry, onProgress });
      wanted.onEnd((reason) => result.cancel(reason));
      return result;
    },
  }));
  const workers = options.shed === false ? undefined : () => pool.stats().size;
  const serving = { title: "pool", published, workers };
  return new EdgeService(serving, options).app() as unknown as Service<PoolRoutes<T>>;
}
