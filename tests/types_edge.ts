/**
 * What must compile, and what must not, of the types that `edge` computes for clients. Nothing here is
 * executed: `deno check` is the test, and `types_test.ts` runs it.
 */
import { Hono } from "hono";
import { hc, type InferRequestType, type InferResponseType } from "hono/client";
import { testClient } from "hono/testing";
import { z } from "zod";
import * as troupe from "../mod.ts";
import * as edge from "../edge/mod.ts";
import { expectType } from "./fixtures/expect_type.ts";
import { Account, Counter } from "./fixtures/counter.ts";
import { double } from "./fixtures/edge.ts";

declare const never: never;

export async function actorRoutes() {
  const counter = await troupe.spawn(Counter, { args: [1] });
  const account = await troupe.spawn(Account, { args: ["ann"] });
  const app = new Hono()
    .route("/counter", edge.actorRoutes(Counter, counter, { timeout: 500, websocket: true }))
    .route("/account", edge.actorRoutes(Account, account))
    .route("/admin", edge.dashboard({ auth: { token: "t".repeat(16) } }));
  const client = hc<typeof app>("http://x");
  type Snapshot = typeof client.counter.snapshot.$post;
  expectType<InferRequestType<Snapshot>["json"]>(never).is<{ full: boolean }>();
  expectType<InferResponseType<Snapshot, 200>>(never).is<
    { n: number; full: boolean; when: string }
  >();
  expectType<InferResponseType<Snapshot, 503>["code"]>(never).is<troupe.ErrorCode>();
  expectType<InferResponseType<Snapshot, 202>>(never).is<edge.JobStatus | null>();
  expectType<InferResponseType<typeof client.counter.watch.$post, 200>>(never).is<string>();
  expectType<InferRequestType<typeof client.account.deposit.$post>["json"]>(never).is<number>();
  expectType<InferResponseType<typeof client.account.deposit.$post, 200>>(never).is<number>();
  await client.counter.snapshot.$post({ json: { full: true }, query: { mode: "tell" } });
  expectType(client.counter.ws.$ws()).is<WebSocket>();
  const job = await client.counter.jobs[":id"].$get({ param: { id: "1" } });
  if (job.status === 200) expectType((await job.json()).status).is<edge.JobStatus["status"]>();
  // @ts-expect-error unvalidated messages are never exposed
  client.counter.internal;
  // @ts-expect-error a method without a schema
  client.account.history;
  // @ts-expect-error payload
  await client.counter.snapshot.$post({ json: { full: "no" } });
  // @ts-expect-error mode
  await client.counter.snapshot.$post({ json: { full: true }, query: { mode: "shout" } });
  // @ts-expect-error the reference of another actor
  edge.actorRoutes(Counter, account);
  await testClient(app).counter.add.$post({ json: { by: 1 } });
}

export async function poolRoutes() {
  await using pool = new troupe.Pool();
  const app = edge.poolRoutes(pool, {
    double: edge.publish(z.string().transform(Number), double),
  });
  const client = hc<typeof app>("http://x");
  expectType<InferRequestType<typeof client.double.$post>["json"]>(never).is<string>();
  expectType<InferResponseType<typeof client.double.$post, 200>>(never).is<number>();
  // @ts-expect-error what the schema gives is not what the task takes
  edge.publish(z.string(), double);
  // @ts-expect-error tasks cannot be told
  await client.double.$post({ json: "1", query: { mode: "tell" } });
}
