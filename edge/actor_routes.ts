// Runs in: any isolate
/**
 * Actors as HTTP.
 *
 * @module
 */
import type { AcceptsOf, ActorRef, AnyActor, AnyRef, Protocol } from "../actors/actor.ts";
import type { WaitOptions } from "../memory/line.ts";
import type { Accepts } from "../actors/actor.ts";
import type { ActorRoutes, Service } from "./contract.ts";
import type { RouteOptions } from "./options.ts";
import type { Published } from "./published.ts";
import { EdgeService } from "./service.ts";

/**
 * A sub-app with a `POST /<message>` for each message that has a schema; other messages do not exist
 * for HTTP. `hc` and `testClient` know the types.
 *
 * - The body is the payload, as JSON, and is checked before the actor sees it. The reply is JSON;
 *   nothing is `null`.
 * - A generator's reply is a stream of server-sent events: `id` and `data` for each item, then `end`, or
 *   `problem`. With `Last-Event-ID: 5` the message runs again and its first 5 items are left out. It has
 *   no time-out.
 * - `?mode=tell` answers 202 once the mailbox has the message. `?mode=job`, or `Prefer: respond-async`,
 *   answers 202 with the `Location` of a job: `GET` it, as events too, or `DELETE` it.
 * - With `websocket`, `/ws` takes all of these on one connection. `/openapi.json` describes it all.
 * - Failures are {@linkcode Problem} documents. A client that goes away ends its wait: the handler's
 *   `ctx.signal` fires (in Deno with `"unstable": ["no-legacy-abort"]` in `deno.json`).
 * - Pages of other origins are refused unless `cors` says otherwise. Who may call is left to the
 *   middleware of the app it is mounted on.
 *
 * @param actor The definition or class: what is published.
 * @param ref The running actor that answers.
 * @throws TypeError when `actor` has no schemas here (of what `load()` gave, nothing is known), RangeError
 * for options that make no sense
 *
 * @example A counter
 * ```ts
 * import { defineActor, spawn } from "@troupe/troupe";
 * import { actorRoutes } from "@troupe/troupe/edge";
 * import { assertEquals } from "@std/assert";
 * import { Hono } from "hono";
 * import { testClient } from "hono/testing";
 * import { z } from "zod";
 *
 * const Counter = defineActor(import.meta, {
 *   init: () => ({ n: 0 }),
 *   accepts: { add: z.object({ by: z.number() }) },
 *   on: { add: (state, { by }) => (state.n += by) },
 * });
 *
 * await using counter = await spawn(Counter, { isolation: "inline" });
 * const app = new Hono().route("/counter", actorRoutes(Counter, counter));
 * const answer = await testClient(app).counter.add.$post({ json: { by: 2 } });
 * assertEquals(await answer.json(), 2);
 * ```
 */
export function actorRoutes<D extends AnyActor>(
  actor: D,
  ref: ActorRef<Protocol<D>>,
  options: RouteOptions = {},
): Service<ActorRoutes<D, AcceptsOf<D>, Protocol<D>>> {
  const { accepts, name, module } = actor as {
    accepts?: Accepts;
    name?: string;
    module?: { id: string };
  };
  const title = name || module?.id || "actor";
  const messages = Object.entries(accepts ?? {});
  if (messages.length === 0) {
    throw new TypeError(`Cannot publish actor "${title}": no message of it has a schema here`);
  }
  const published = messages.map(([message, input]): Published => ({
    ...callsOf(ref as unknown as AnyRef, message),
    name: message,
    input,
    isStream: isGenerator(actor, message) || (options.streams?.includes(message) ?? false),
  }));
  return new EdgeService(title, published, options).app() as unknown as Service<
    ActorRoutes<D, AcceptsOf<D>, Protocol<D>>
  >;
}

/** The verbs of one message. What is sent is what came: the actor's own schema makes something of it. */
function callsOf(ref: AnyRef, message: string): Pick<Published, "ask" | "tell" | "stream"> {
  const ask = ref.ask[message];
  const tell = ref.tell[message];
  const stream = (ref.stream as unknown as Record<string, typeof ask>)[message];
  return {
    ask: ({ given }, { signal, timeout }) => ask(given, { signal, timeout }),
    tell: ({ given }, options: WaitOptions) => tell(given, options),
    stream: ({ given }, options) => stream(given, options) as unknown as ReadableStream<unknown>,
  };
}

const GENERATORS = new Set(["GeneratorFunction", "AsyncGeneratorFunction"]);

/** Whether a message's handler is a generator function. */
function isGenerator(actor: AnyActor, message: string): boolean {
  const handler = typeof actor === "function"
    ? Reflect.get(actor.prototype, message)
    : actor.handlers[message];
  return GENERATORS.has(handler?.constructor?.name);
}
