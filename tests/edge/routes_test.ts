import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { hc } from "hono/client";
import { testClient } from "hono/testing";
import { inspect, load, spawn } from "../../troupe.ts";
import { actorRoutes } from "../../edge/edge.ts";
import { Account, Service } from "../fixtures/edge.ts";
import { troupeTest, turn } from "../support.ts";
import { collect, eventsOf, post, problemIn, quiet, serve } from "./support.ts";

for (const isolation of ["worker", "inline"] as const) {
  troupeTest(`actorRoutes() over HTTP answers asks, ${isolation}`, async () => {
    await using ref = await spawn(Service, { isolation });
    await using server = serve(new Hono().route("/s", actorRoutes(Service, ref, quiet())));
    const answer = await post(`${server.url}/s/add`, { by: 2 });
    assertEquals([answer.status, await answer.json()], [200, 2]);
    const snapshot = await post(`${server.url}/s/snapshot`, { full: true });
    assertEquals(await snapshot.json(), { n: 2, full: true, when: "1970-01-01T00:00:00.000Z" });
    assertEquals(await (await post(`${server.url}/s/nothing`, undefined)).json(), null);
    assertEquals(await (await post(`${server.url}/s/odd%20name%2F%3Ax`, 1)).json(), 2);
  });

  troupeTest(`actorRoutes() streams as events with ids, ${isolation}`, async () => {
    await using ref = await spawn(Service, { isolation });
    await using server = serve(actorRoutes(Service, ref, quiet()));
    const first = await post(`${server.url}/count`, { to: 3 });
    assertEquals(first.headers.get("content-type"), "text/event-stream; charset=utf-8");
    const all = await collect(first);
    assertEquals(all, { ids: ["1", "2", "3"], items: [{ n: 1 }, { n: 2 }, { n: 3 }], last: "end" });
    const headers = { "last-event-id": "2" };
    const rest = await collect(await post(`${server.url}/count`, { to: 3 }, { headers }));
    assertEquals(rest, { ids: ["3"], items: [{ n: 3 }], last: "end" });
    const failed = await collect(await post(`${server.url}/streamThrows`, {}));
    assertEquals([failed.items, failed.last], [[1], "problem"]);
    assert(!JSON.stringify(failed).includes("secret"));
  });
}

troupeTest("hc and testClient know the routes", async () => {
  await using ref = await spawn(Service);
  const app = new Hono().route("/s", actorRoutes(Service, ref, quiet()));
  const tested = await testClient(app).s.add.$post({ json: { by: 3 } });
  assertEquals(await tested.json(), 3);
  await using server = serve(app);
  const client = hc<typeof app>(server.url);
  const answer = await client.s.snapshot.$post({ json: { full: true } });
  if (answer.status === 200) assertEquals((await answer.json()).when, "1970-01-01T00:00:00.000Z");
  const refused = await client.s.add.$post({ json: { by: "2" as unknown as number } });
  if (refused.status === 400) assertEquals((await refused.json()).code, "VALIDATION");
  assertEquals(refused.status, 400);
});

troupeTest("actorRoutes() of a class; what has no schema is not exposed", async () => {
  await using ref = await spawn(Account);
  const app = actorRoutes(Account, ref, quiet());
  assertEquals(await (await testClient(app).deposit.$post({ json: 5 })).json(), 5);
  await using server = serve(app);
  for (
    const name of ["history", "started", "constructor", "__proto__", "then", "toString", "ctx"]
  ) {
    assertEquals(await problemIn(await post(`${server.url}/${name}`, {})), [
      404,
      "UNKNOWN_MESSAGE",
    ]);
  }
});

troupeTest("actorRoutes() refuses what it cannot publish", async () => {
  await using ref = await spawn(Service);
  const lazy = load<typeof import("../fixtures/edge.ts")>(
    new URL("../fixtures/edge.ts", import.meta.url),
  );
  assertThrows(() => actorRoutes(lazy.Service, ref), TypeError, "no message of it has a schema");
  for (const name of ["timeout", "maxBody", "maxPending", "retryAfter"]) {
    assertThrows(() => actorRoutes(Service, ref, { [name]: -1 }), RangeError, name);
  }
});

troupeTest(
  "?mode=tell answers once the mailbox has it; refused payloads are never told",
  async () => {
    await using ref = await spawn(Service);
    await using server = serve(actorRoutes(Service, ref, quiet()));
    const told = await post(`${server.url}/add?mode=tell`, { by: 2 });
    assertEquals([told.status, await told.json()], [202, null]);
    const refused = await post(`${server.url}/add?mode=tell`, { by: "x" });
    assertEquals(await problemIn(refused), [400, "VALIDATION"]);
    const odd = await post(`${server.url}/add?mode=shout`, { by: 2 });
    assertEquals(await problemIn(odd), [400, "VALIDATION"]);
    assertEquals(await ref.ask.get(), 2);
  },
);

troupeTest("long work is a job: Location, progress as events, result", async () => {
  await using ref = await spawn(Service);
  const app = new Hono().route("/s", actorRoutes(Service, ref, quiet()));
  await using server = serve(app);
  const headers = { prefer: "respond-async" };
  const accepted = await post(`${server.url}/s/count`, { to: 20 }, { headers });
  assertEquals(accepted.status, 202);
  const { id, status } = await accepted.json();
  assertEquals([accepted.headers.get("location"), status], [`/s/jobs/${id}`, "running"]);
  const address = `${server.url}/s/jobs/${id}`;
  const { items, last } = await collect(
    await fetch(address, { headers: { accept: "text/event-stream" } }),
  );
  assertEquals(last, "end");
  const final = items.at(-1) as { status: string; result: unknown };
  assertEquals([final.status, final.result], ["done", { n: 20 }]);
  assertEquals((await (await fetch(address)).json()).status, "done");
  assertEquals(await problemIn(await fetch(`${address}x`)), [404, "UNKNOWN_MESSAGE"]);
});

troupeTest("a job is cancelled by DELETE; a failed one tells no internals", async () => {
  await using ref = await spawn(Service);
  const options = quiet();
  await using server = serve(actorRoutes(Service, ref, options));
  const endless = await (await post(`${server.url}/endless?mode=job`, {})).json();
  const gone = await fetch(`${server.url}/jobs/${endless.id}`, { method: "DELETE" });
  assertEquals(gone.status, 200);
  await gone.body?.cancel();
  const look = async (id: string) => await (await fetch(`${server.url}/jobs/${id}`)).json();
  while ((await look(endless.id)).status === "running");
  assertEquals((await look(endless.id)).status, "cancelled");
  const failed = await (await post(`${server.url}/throws?mode=job`, { secret: "s3cret" })).json();
  while ((await look(failed.id)).status === "running");
  const { status, problem } = await look(failed.id);
  assertEquals([status, problem.status, problem.code], ["failed", 500, "REMOTE"]);
  assert(!JSON.stringify(problem).includes("s3cret"));
  assertEquals(options.errors.length, 1);
});

troupeTest("a silent stream shows that it lives", async () => {
  await using ref = await spawn(Service);
  const app = actorRoutes(Service, ref, quiet({ heartbeat: 10, streams: ["slow"] }));
  await using server = serve(app);
  const controller = new AbortController();
  const response = await fetch(`${server.url}/slow`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    signal: controller.signal,
  });
  let comments = 0;
  for await (const { comment } of eventsOf(response)) {
    if (comment !== undefined && ++comments === 3) break;
  }
  assertEquals(comments, 3);
  controller.abort();
});

troupeTest(
  "a client that goes away ends the handler's wait, and its stream's producer",
  async () => {
    await using ref = await spawn(Service);
    await using server = serve(actorRoutes(Service, ref, quiet()));
    const controller = new AbortController();
    const { signal } = controller;
    const asking = post(`${server.url}/endless`, {}, { signal }).catch(() => "gone");
    while ((await inspect(ref)).state !== "running") await turn(1);
    controller.abort();
    assertEquals(await asking, "gone");
    assertEquals(await ref.ask.aborted(), 1);
    const stream = await post(`${server.url}/forever`, {});
    for await (const { id } of eventsOf(stream)) if (id === "3") break;
    while (await ref.ask.aborted() < 2);
  },
);

troupeTest("/openapi.json describes what is published, by its schemas", async () => {
  await using ref = await spawn(Service);
  const app = actorRoutes(Service, ref, quiet({ openapi: { title: "T", version: "2" } }));
  const document = await (await app.request("/openapi.json")).json();
  assertEquals([document.openapi, document.info], ["3.1.0", { title: "T", version: "2" }]);
  assertEquals(document.paths["/add"].post.requestBody.content["application/json"].schema, {
    type: "object",
    properties: { by: { type: "number" } },
    required: ["by"],
  });
  assert(document.paths["/count"].post.responses[200].content["text/event-stream"]);
  assertEquals(document.paths["/internal"], undefined);
  const hidden = actorRoutes(Service, ref, quiet({ openapi: false }));
  assertEquals((await hidden.request("/openapi.json")).status, 404);
});
