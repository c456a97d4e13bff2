import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { child, Lock, Pool, Queue, spawn, supervise, tree } from "../../troupe.ts";
import { actorRoutes, dashboard, metrics, Observatory } from "../../edge/edge.ts";
import { Service } from "../fixtures/edge.ts";
import { troupeTest, until } from "../support.ts";
import { eventsOf, post, problemIn, serve } from "./support.ts";

const token = "a token of the house";
const bearer = { authorization: `Bearer ${token}` };

/** Every route of an app, with its parameters filled in. */
function routesOf(app: Hono): { method: string; path: string }[] {
  return app.routes.map(({ method, path }) => ({
    method: method === "ALL" ? "GET" : method,
    path: path.replace(":kind", "actors").replace(":name", "x").replace(":action", "stop")
      .replace("*", "anything"),
  }));
}

Deno.test("H1 without the token every route is 401, also those that are added later", async () => {
  const app = new Hono().route("/admin", dashboard({ auth: { token }, actions: true }));
  const routes = routesOf(app);
  assert(routes.length >= 7);
  const wrong: Record<string, string>[] = [
    {},
    { authorization: "Bearer " },
    { authorization: `Bearer ${token}x` },
    { authorization: `Bearer ${token.slice(0, -1)}` },
    { authorization: "Basic !!!" },
    { authorization: `Basic ${btoa("me:wrong")}` },
    { authorization: `Digest ${token}` },
    { cookie: `token=${token}` },
  ];
  for (const { method, path } of routes) {
    for (const headers of wrong) {
      const response = await app.request(path, { method, headers });
      assertEquals(await problemIn(response), [401, "AUTHENTICATION"], `${method} ${path}`);
    }
  }
  const basic = { authorization: `Basic ${btoa(`anybody:${token}`)}` };
  for (const headers of [bearer, basic]) {
    assertEquals((await app.request("/admin", { headers })).status, 200);
  }
});

Deno.test("H1 the headers of each answer keep it where it is", async () => {
  const app = new Hono().route("/admin", dashboard({ auth: { token } }));
  for (
    const path of ["/admin", "/admin/", "/admin/page.js", "/admin/api/state", "/admin/nothing"]
  ) {
    for (const headers of [bearer, {}]) {
      const response = await app.request(path, { headers });
      await response.body?.cancel();
      assertEquals(response.headers.get("x-content-type-options"), "nosniff");
      assertEquals(response.headers.get("cache-control"), "no-store");
      assert(response.headers.get("content-security-policy")?.includes("frame-ancestors 'none'"));
    }
  }
});

troupeTest("H1 without a token only this machine is served, under its own name", async () => {
  const app = new Hono().route("/admin", dashboard());
  assertEquals(await problemIn(await app.request("http://localhost/admin")), [
    403,
    "AUTHENTICATION",
  ]);
  const from = (hostname: string, headers: Record<string, string> = {}) =>
    app.request("http://localhost/admin", { headers: { host: "localhost:80", ...headers } }, {
      remoteAddr: { transport: "tcp", hostname, port: 1 },
    });
  assertEquals((await from("127.0.0.1")).status, 200);
  assertEquals((await from("::1")).status, 200);
  assertEquals(await problemIn(await from("192.168.1.5")), [403, "AUTHENTICATION"]);
  for (const header of ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]) {
    const proxied = await from("127.0.0.1", { [header]: "9.9.9.9" });
    assertEquals(await problemIn(proxied), [403, "AUTHENTICATION"], header);
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"]) {
    assertEquals(await problemIn(await from("127.0.0.1", { host })), [421, "AUTHENTICATION"]);
  }
  await using server = serve(app);
  const real = await fetch(`${server.url}/admin/`);
  assert((await real.text()).includes("<title>Troupe</title>"));
});

Deno.test("a token has 16 characters at least", () => {
  assertThrows(() => dashboard({ auth: { token: "short" } }), RangeError);
});

troupeTest("N2 actions are refused without permission, and from elsewhere", async () => {
  await using ref = await spawn(Service, { id: "victim" });
  const observed = new Observatory();
  observed.observe("victim", ref);
  const path = "/api/actors/victim/restart";
  const off = dashboard({ auth: { token }, observed });
  const page = await (await off.request("/", { headers: bearer })).text();
  assert(page.includes('name="troupe-key" content=""'));
  const headers = { ...bearer, "x-troupe-key": "" };
  assertEquals(await problemIn(await off.request(path, { method: "POST", headers })), [
    403,
    "AUTHENTICATION",
  ]);
  const on = dashboard({ auth: { token }, actions: true, observed });
  const key = (await (await on.request("/", { headers: bearer })).text())
    .match(/troupe-key" content="([^"]+)"/)![1];
  const refused: [string, Record<string, string>][] = [
    [path, {}],
    [path, { "x-troupe-key": "wrong" }],
    [path, { "x-troupe-key": key, "sec-fetch-site": "cross-site" }],
    [path, { "x-troupe-key": key, "sec-fetch-site": "same-site" }],
    [path, { "x-troupe-key": key, origin: "https://evil.example" }],
    [path, { "content-type": "text/plain" }],
    [path, { "content-type": "application/x-www-form-urlencoded" }],
  ];
  for (const [path, headers] of refused) {
    const response = await on.request(path, { method: "POST", headers: { ...bearer, ...headers } });
    assertEquals(await problemIn(response), [403, "AUTHENTICATION"]);
  }
  for (
    const path of [
      "actors/nobody/stop",
      "actors/victim/constructor",
      "__proto__/victim/stop",
      "x/y/z",
    ]
  ) {
    const headers = { ...bearer, "x-troupe-key": key };
    const response = await on.request(`/api/${path}`, { method: "POST", headers });
    assertEquals(await problemIn(response), [404, "UNKNOWN_MESSAGE"]);
  }
  assertEquals(await ref.ask.get(), 0);
  const done = await on.request("/api/actors/victim/stop", {
    method: "POST",
    headers: { ...bearer, "x-troupe-key": key },
  });
  assertEquals(await done.json(), { done: true });
  assertEquals((await ref.exited).reason, "normal");
});

troupeTest("the dashboard's snapshots show what is observed, live", async () => {
  const observed = new Observatory();
  await using ref = await spawn(Service, { id: "<b>actor</b>" });
  await using pool = new Pool({ size: 1 });
  await using queue = new Queue<number>();
  using _ref = observed.observe("service", ref);
  using _pool = observed.observe("pool", pool);
  using _queue = observed.observe("queue", queue);
  await queue.put(1);
  const app = new Hono().route("/admin", dashboard({ observed, every: 20 }))
    .route("/s", actorRoutes(Service, ref, { observed, onError() {} }))
    .route("/metrics", metrics({ observed }));
  await using server = serve(app);
  for (let n = 0; n < 5; n++) await (await post(`${server.url}/s/add`, { by: 1 })).json();
  await (await post(`${server.url}/s/throws`, { secret: "x" })).text();
  await (await post(`${server.url}/s/count?mode=job`, { to: 2 })).json();
  observed.note({ at: 1, actor: "a", type: "crashed", error: new Error("x") });
  observed.note({
    at: 2,
    actor: ref.id,
    type: "dead-letter",
    message: { type: "add", payload: { by: 5 } },
    reason: "stopped",
  });
  let seen = 0;
  for await (const { data } of eventsOf(await fetch(`${server.url}/admin/events`))) {
    if (data === undefined) continue;
    // deno-lint-ignore no-explicit-any -- as the page sees it
    const snapshot = data as any;
    assertEquals(snapshot.tree[0].id, "<b>actor</b>");
    assertEquals(snapshot.pools[0].name, "pool");
    assertEquals(snapshot.queues, [{ name: "queue", size: 1 }]);
    assertEquals(snapshot.overview.deadLetters, 1);
    assertEquals(snapshot.jobs[0].name, "count");
    const calls = snapshot.calls.find(({ name }: { name: string }) => name === "throws");
    assertEquals(calls.statuses, { 500: 1 });
    assert(snapshot.log.some(({ text }: { text: string }) => text === "a crashed: Error: x"));
    if (++seen === 3) break;
  }
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert(text.includes('troupe_http_calls_total{service="Service",name="add",status="200"} 5\n'));
  assert(text.includes('troupe_queue_items{queue="queue"} 1\n'));
  assert(text.includes("troupe_dead_letters_total 1\n"));
  assert(/^troupe_arena_used_bytes [1-9]\d+$/m.test(text));
});

troupeTest("dead letters are replayed and dropped, pools drained, jobs cancelled", async () => {
  const observed = new Observatory();
  await using ref = await spawn(Service, { id: "s" });
  await using pool = new Pool({ size: 1 });
  observed.observe("s", ref);
  observed.observe("p", pool);
  const app = new Hono().route("/admin", dashboard({ observed, auth: { token }, actions: true }))
    .route("/s", actorRoutes(Service, ref, { observed }));
  const page = await (await app.request("/admin", { headers: bearer })).text();
  const key = page.match(/troupe-key" content="([^"]+)"/)![1];
  const act = async (path: string) => {
    const init = { method: "POST", headers: { ...bearer, "x-troupe-key": key } };
    return (await app.request(`/admin/api/${path}`, init)).status;
  };
  const letter = (by: number) =>
    observed.note({
      at: 0,
      actor: "s",
      type: "dead-letter",
      message: { type: "add", payload: { by } },
      reason: "stopped",
    });
  letter(5);
  letter(7);
  const [first, second] = observed.letters.map(({ n }) => n);
  assertEquals(await act(`letters/${first}/replay`), 200);
  assertEquals(await act(`letters/${second}/drop`), 200);
  assertEquals(await act(`letters/${second}/drop`), 404);
  assertEquals([observed.letters.length, await ref.ask.get()], [0, 5]);
  assertEquals(await act("pools/p/drain"), 200);
  await pool.join();
  const accepted = await app.request("/s/endless?mode=job", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const { id } = await accepted.json();
  assertEquals(await act(`jobs/${id}/cancel`), 200);
  await until(() => observed.jobs.get("Service")?.get(id)?.status === "cancelled");
});

troupeTest("viewers have a bound; one that goes away makes room", async () => {
  const app = dashboard({ auth: { token }, observed: new Observatory(), maxViewers: 1, every: 5 });
  await using server = serve(app);
  const look = () => fetch(`${server.url}/events`, { headers: bearer });
  const first = await look();
  assertEquals(await problemIn(await look()), [503, "FULL"]);
  await first.body?.cancel();
  let again = await look();
  while (again.status !== 200) {
    await again.body?.cancel();
    again = await look();
  }
  for await (const { id } of eventsOf(again)) if (id === "2") break;
});

troupeTest(
  "the tree of supervisors is shown; what restarts, crashes and dies is told",
  async () => {
    const observed = new Observatory();
    const sub = tree({ name: "sub", children: { b: child(Service, { id: "b" }) } });
    const top = await supervise({ name: "top", children: { a: child(Service, { id: "a" }), sub } });
    observed.observe("top", top);
    using _lock = observed.observe("lock", new Lock());
    const app = dashboard({ observed, auth: { token }, actions: true });
    const look = async () => await (await app.request("/api/state", { headers: bearer })).json();
    const before = await look();
    assertEquals(before.tree[0].kind, "supervisor");
    assertEquals(before.locks, [{ name: "lock", locked: false }]);
    const [a, below] = before.tree[0].children;
    assertEquals([a.id, below.kind, below.children[0].id], ["a", "supervisor", "b"]);
    const page = await (await app.request("/", { headers: bearer })).text();
    const key = page.match(/troupe-key" content="([^"]+)"/)![1];
    const init = { method: "POST", headers: { ...bearer, "x-troupe-key": key } };
    for (const id of ["a", "b"]) {
      assertEquals((await app.request(`/api/actors/${id}/restart`, init)).status, 200);
    }
    await until(() => observed.totals.restarts >= 2);
    assertEquals(await top.children.a.ask.add({ by: 1 }), 1);
    const after = await look();
    assertEquals(after.tree[0].children[0].restarts, 1);
    const stopping = top.children.a.tell.slow({});
    await stopping;
    for (let n = 0; n < 3; n++) await top.children.a.tell.add({ by: 1 });
    await top.stop();
    await until(() => observed.totals.deadLetters >= 3);
    assertEquals(observed.letters[0].actor, "a");
  },
);

troupeTest("values that are no JSON, or much of it, hide nothing else", async () => {
  await using ref = await spawn(Service, { id: "service" });
  const observed = new Observatory();
  const service = actorRoutes(Service, ref, { observed, onError() {} });
  await using server = serve(service);
  const { id } = await (await post(`${server.url}/big?mode=job`, {})).json();
  await until(() => observed.jobs.get("Service")?.get(id)?.status === "failed");
  const job = await (await fetch(`${server.url}/jobs/${id}`)).json();
  assertEquals([job.status, job.problem.code], ["failed", "REMOTE"]);
  const letter = (payload: unknown) =>
    observed.note({
      at: 0,
      actor: "service",
      type: "dead-letter",
      message: { type: "echo", payload },
      reason: "stopped",
    });
  const circular: { self?: unknown } = {};
  circular.self = circular;
  for (const payload of [{ small: 1 }, 10n, circular, "x".repeat(1e6)]) letter(payload);
  const long = await post(`${server.url}/echo?mode=job`, "y".repeat(1e5));
  const { id: longId } = await long.json();
  await until(() => observed.jobs.get("Service")?.get(longId)?.status === "done");
  const app = dashboard({ auth: { token }, observed });
  const text = await (await app.request("/api/state", { headers: bearer })).text();
  assert(text.length < 10_000, `${text.length} characters`);
  const { deadLetters, jobs } = JSON.parse(text);
  const payloads = deadLetters.map(({ message }: { message: { payload: unknown } }) =>
    message.payload
  );
  assertEquals(payloads.slice(1), ["[no JSON]", "10", { small: 1 }]);
  assert(/^"x{999}…$/.test(payloads[0]));
  assertEquals(jobs.map(({ status }: { status: string }) => status).sort(), ["done", "failed"]);
});

Deno.test("figures of calls stay as they were when they were taken", () => {
  const tally = new Observatory().tally("a");
  tally.count("m", 200, 1);
  const [figures] = tally.figures();
  tally.count("m", 200, 1);
  assertEquals([figures.count, figures.statuses], [1, { 200: 1 }]);
});
