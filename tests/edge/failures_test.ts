import { assert, assertEquals } from "@std/assert";
import { Hono } from "hono";
import { inspect, Pool, spawn } from "../../troupe.ts";
import { actorRoutes, poolRoutes, publish } from "../../edge/edge.ts";
import { burn, double, fails, Service, steps } from "../fixtures/edge.ts";
import { troupeTest, turn, until } from "../support.ts";
import { collect, post, problemIn, quiet, serve } from "./support.ts";
import { z } from "zod";

const json = { "content-type": "application/json" };

/** Writes bytes to a port and gives what comes back until the end, or `undefined` when none comes. */
async function raw(port: number, head: string, body = "", rest?: () => Promise<string>) {
  await using connection = {
    tcp: await Deno.connect({ hostname: "127.0.0.1", port }),
    async [Symbol.asyncDispose]() {
      await turn();
      try {
        this.tcp.close();
      } catch {
        // It is closed when the other side was faster.
      }
    },
  };
  const { tcp } = connection;
  await tcp.write(new TextEncoder().encode(`${head}\r\n\r\n${body}`));
  if (rest) await tcp.write(new TextEncoder().encode(await rest())).catch(() => {});
  const chunk = new Uint8Array(1 << 16);
  const n = await tcp.read(chunk);
  return new TextDecoder().decode(chunk.subarray(0, n ?? 0));
}

troupeTest("H1 a refusal quotes a little of the request only", async () => {
  const strict = z.strictObject({});
  const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key ${n}`, n]));
  await using pool = new Pool({ size: 1, isolation: "inline" });
  const app = poolRoutes(pool, { strict: publish(strict, double as never) }, quiet());
  const body = JSON.stringify(keys);
  const refused = await app.request("/strict", { method: "POST", headers: json, body });
  const text = await refused.text();
  assertEquals(refused.status, 400);
  assert(text.length < 1_000, `${text.length} characters`);
  assert(text.includes("key 1"));
});

troupeTest(
  "H1 hostile requests get the right status each, and nothing else is affected",
  async () => {
    await using ref = await spawn(Service);
    const app = new Hono().route("/s", actorRoutes(Service, ref, quiet({ maxBody: 1000 })));
    await using server = serve(app);
    const url = `${server.url}/s`;
    const send = (body: BodyInit, headers: HeadersInit = json) =>
      fetch(`${url}/echo`, { method: "POST", body, headers }).then(problemIn);
    const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    assertEquals(await send("{"), [400, "DECODE"]);
    assertEquals(await send("\u0000\ufffe"), [400, "DECODE"]);
    assertEquals(await send("NaN"), [400, "DECODE"]);
    assertEquals(await send(deep(65)), [400, "VALIDATION"]);
    assertEquals(await (await post(`${url}/echo`, JSON.parse(deep(64)))).text(), deep(64));
    assertEquals(await send(`"${"x".repeat(999)}"`), [413, "BUFFER_TOO_SHORT"]);
    assertEquals(await send("a=1", { "content-type": "application/x-www-form-urlencoded" }), [
      415,
      "NOT_SUPPORTED",
    ]);
    assertEquals(await send('{"by":1}', { "content-type": "text/plain" }), [415, "NOT_SUPPORTED"]);
    const form = new FormData();
    form.set("by", "1");
    assertEquals(await problemIn(await fetch(`${url}/add`, { method: "POST", body: form })), [
      415,
      "NOT_SUPPORTED",
    ]);
    for (const body of ["[]", "null", '"x"', "5", "{}", '{"by":"5"}', '{"by":null}', '{"By":1}']) {
      const response = await fetch(`${url}/add`, { method: "POST", body, headers: json });
      assertEquals(await problemIn(response), [400, "VALIDATION"], body);
    }
    assertEquals(await (await post(`${url}/add`, { by: 1 })).json(), 1);
  },
);

troupeTest("H1 __proto__ and constructor in a body are data", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet()));
  const body = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"by":1}';
  const echo = await fetch(`${server.url}/echo`, { method: "POST", body, headers: json });
  assertEquals(await echo.text(), body);
  const add = await fetch(`${server.url}/add`, { method: "POST", body, headers: json });
  assertEquals(await add.json(), 1);
  assertEquals(({} as { polluted?: number }).polluted, undefined);
  const thenable = await post(`${server.url}/echo`, { then: 1, toJSON: 2 });
  assertEquals(await thenable.json(), { then: 1, toJSON: 2 });
});

troupeTest("H1 forty spellings of other paths are 404", async () => {
  await using ref = await spawn(Service);
  const app = new Hono().route("/s", actorRoutes(Service, ref, quiet()));
  await using server = serve(app);
  const dots = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "..;", "%c0%ae%c0%ae", "\\..\\"];
  const slashes = ["%2f", "%5c", "%252f", "\\", "%00"];
  let spellings = 0;
  for (const dot of dots) {
    for (const slash of slashes) {
      const path = `/s/${dot}${slash}etc${slash}passwd`;
      const answer = await raw(
        server.port,
        `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0`,
      );
      assert(/^HTTP\/1\.1 (404|400)/.test(answer), `${path}: ${answer.slice(0, 60)}`);
      spellings++;
    }
  }
  assertEquals(spellings, 40);
});

troupeTest("methods: only POST; what is allowed is said", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet()));
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const response = await fetch(`${server.url}/add`, { method });
    assertEquals(response.headers.get("allow"), "POST");
    assertEquals(await problemIn(response), [405, "NOT_SUPPORTED"]);
  }
});

troupeTest("H1 pages of other sites are refused, unless cors lets them in", async () => {
  await using ref = await spawn(Service);
  await using strict = serve(actorRoutes(Service, ref, quiet({ websocket: true })));
  for (
    const headers of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
      { origin: "null" },
    ] as Record<string, string>[]
  ) {
    const response = await post(`${strict.url}/add`, { by: 1 }, { headers });
    assertEquals(await problemIn(response), [403, "AUTHENTICATION"]);
    const upgrade = await raw(
      strict.port,
      `GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
        `sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
        Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\r\n"),
    );
    assert(upgrade.startsWith("HTTP/1.1 403"), upgrade);
  }
  const own = { headers: { origin: strict.url } };
  assertEquals(await (await post(`${strict.url}/add`, { by: 1 }, own)).json(), 1);
  await using open = serve(actorRoutes(Service, ref, quiet({ cors: ["https://a.example"] })));
  const allowed = await post(`${open.url}/add`, { by: 1 }, {
    headers: { origin: "https://a.example", "sec-fetch-site": "cross-site" },
  });
  assertEquals(allowed.headers.get("access-control-allow-origin"), "https://a.example");
  await allowed.body?.cancel();
});

troupeTest("a body of unknown length is read no further than it may be long", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ maxBody: 1 << 16 })));
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1 << 14;
      controller.enqueue(new Uint8Array(1 << 14).fill(32));
      if (sent > 64 << 20) controller.close();
    },
  });
  const answer = await fetch(`${server.url}/echo`, { method: "POST", headers: json, body })
    .then(problemIn, () => [413, "cut off"]);
  assertEquals(answer[0], 413);
  assert(sent < 16 << 20, `${sent} bytes were taken`);
});

troupeTest("H2 slow bodies are ended, others are served meanwhile", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ bodyTimeout: 300 })));
  const head = `POST /add HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
  const slow = Array.from(
    { length: 50 },
    (_, n) =>
      n % 2
        ? raw(server.port, `${head}content-length: 20`, '{"by"')
        : raw(server.port, `${head}transfer-encoding: chunked`, '5\r\n{"by"\r\n'),
  );
  const honest = await post(`${server.url}/add`, { by: 1 });
  assertEquals(await honest.json(), 1);
  for (const answer of await Promise.all(slow)) assert(answer.startsWith("HTTP/1.1 408"), answer);
});

troupeTest("H2 heads that never end take nothing from those who are served", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ maxPending: 4 })));
  const half = new TextEncoder().encode("POST /add HTTP/1.1\r\nhost: x\r\ncontent-");
  const open: Deno.TcpConn[] = [];
  for (let n = 0; n < 300; n++) {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await tcp.write(half);
    open.push(tcp);
  }
  for (let n = 1; n <= 20; n++) {
    assertEquals(await (await post(`${server.url}/add`, { by: 1 })).json(), n);
  }
  for (const tcp of open) tcp.close();
});

troupeTest("a handler's error is a 500 that tells nothing, and is reported", async () => {
  await using ref = await spawn(Service);
  const options = quiet();
  await using server = serve(actorRoutes(Service, ref, options));
  const response = await post(`${server.url}/throws`, { secret: "s3cret" });
  const text = await response.text();
  assertEquals([response.status, text.includes("s3cret"), text.includes("fixtures")], [
    500,
    false,
    false,
  ]);
  assertEquals(await problemIn(await post(`${server.url}/big`, {})), [500, "REMOTE"]);
  assert(String((options.errors[0] as Error).message).includes("s3cret"));
  assertEquals(options.errors.length, 2);
});

troupeTest("time-outs are 504, stopped actors 503", async () => {
  const ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ timeout: 50 })));
  const late = async () => {
    assertEquals(await problemIn(await post(`${server.url}/endless`, {})), [504, "TIMEOUT"]);
  };
  await late();
  // On a busy machine it may have run out of time before it was begun.
  while (await ref.ask.aborted() === 0) await late();
  await ref.stop();
  const stopped = await post(`${server.url}/add`, { by: 1 });
  assertEquals(stopped.headers.get("retry-after"), "1");
  assertEquals(await problemIn(stopped), [503, "EXIT"]);
  assertEquals(await problemIn(await post(`${server.url}/count`, { to: 3 })), [503, "EXIT"]);
});

troupeTest(
  "a killed actor answers with 503, and says whether the message may have run",
  async () => {
    const ref = await spawn(Service);
    await using server = serve(actorRoutes(Service, ref, quiet()));
    const inHand = post(`${server.url}/endless`, {});
    while ((await inspect(ref)).state !== "running") await turn(1);
    ref.kill();
    const answer = await inHand;
    assertEquals([answer.status, (await answer.json()).maybeExecuted], [503, true]);
  },
);

troupeTest("a full mailbox is 503 with Retry-After", async () => {
  await using ref = await spawn(Service, { mailbox: { capacity: 2, overflow: "reject" } });
  await using server = serve(actorRoutes(Service, ref, quiet({ retryAfter: 2500 })));
  const controller = new AbortController();
  const init = { signal: controller.signal };
  const waiting = Array.from(
    { length: 20 },
    () =>
      post(`${server.url}/endless`, {}, init).then(async (response) => {
        assertEquals(response.headers.get("retry-after"), "3");
        return (await problemIn(response))[1];
      }, () => "gone"),
  );
  let settled = 0;
  for (const one of waiting) one.then(() => settled++);
  await until(() => settled >= 17, "all that found it full");
  controller.abort();
  const all = await Promise.all(waiting);
  const full = all.filter((one) => one === "FULL").length;
  assertEquals([all.length, full >= 17 && full < 20], [20, true]);
  while (await ref.ask.aborted().catch(() => 0) === 0) await turn(1);
});

troupeTest("streams have a bound of their own", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ maxStreams: 2 })));
  const streams = await Promise.all([1, 2].map(() => post(`${server.url}/forever`, {})));
  assertEquals(await problemIn(await post(`${server.url}/forever`, {})), [503, "FULL"]);
  for (const stream of streams) await stream.body?.cancel();
  let again = await post(`${server.url}/count`, { to: 1 });
  while (again.status === 503) {
    await again.body?.cancel();
    again = await post(`${server.url}/count`, { to: 1 });
  }
  assertEquals((await collect(again)).last, "end");
});

troupeTest("poolRoutes() runs tasks, and fails as actors do", async () => {
  await using pool = new Pool({ size: 1 });
  const app = poolRoutes(pool, {
    double: publish(z.string().transform(Number), double),
    fails: publish(z.string(), fails),
    burn: publish(z.object({ ms: z.number() }), burn),
  }, quiet());
  await using server = serve(app);
  assertEquals(await (await post(`${server.url}/double`, "21")).json(), 42);
  assertEquals(await problemIn(await post(`${server.url}/double`, 21)), [400, "VALIDATION"]);
  assertEquals(await problemIn(await post(`${server.url}/fails`, "x")), [500, "REMOTE"]);
  assertEquals(await problemIn(await post(`${server.url}/double?mode=tell`, "1")), [
    400,
    "NOT_SUPPORTED",
  ]);
  const job = await (await post(`${server.url}/double?mode=job`, "4")).json();
  let status = job;
  while (status.status === "running") {
    status = await (await fetch(`${server.url}/jobs/${job.id}`)).json();
  }
  assertEquals([status.status, status.result], ["done", 8]);
});

troupeTest("poolRoutes() ends a task that takes too long", async () => {
  await using pool = new Pool({ size: 1 });
  const tasks = { burn: publish(z.object({ ms: z.number() }), burn) };
  await using server = serve(poolRoutes(pool, tasks, quiet({ timeout: 100 })));
  assertEquals(await problemIn(await post(`${server.url}/burn`, { ms: 9000 })), [504, "TIMEOUT"]);
  assertEquals(await pool.apply(double, 2), 4);
  pool.terminate();
  await pool.join();
  assertEquals(await problemIn(await post(`${server.url}/burn`, { ms: 1 })), [503, "CLOSED"]);
});

troupeTest("a task's progress is its job's", async () => {
  await using pool = new Pool({ size: 1 });
  const tasks = { steps: publish(z.number(), steps) };
  await using server = serve(poolRoutes(pool, tasks, quiet()));
  const { id } = await (await post(`${server.url}/steps?mode=job`, 3)).json();
  const headers = { accept: "text/event-stream" };
  const { items } = await collect(await fetch(`${server.url}/jobs/${id}`, { headers }));
  const last = items.at(-1) as { progress: unknown; result: unknown };
  assertEquals([last.progress, last.result], [{ done: 3, total: 3 }, "done"]);
});

troupeTest("a full queue of a pool is 503", async () => {
  await using pool = new Pool({ size: 1, queue: { capacity: 1, overflow: "reject" } });
  const tasks = { burn: publish(z.object({ ms: z.number() }), burn) };
  await using server = serve(poolRoutes(pool, tasks, quiet()));
  const all = Array.from({ length: 10 }, () => post(`${server.url}/burn`, { ms: 100 }));
  const statuses = await Promise.all(all.map(async (one) => {
    const response = await one;
    await response.body?.cancel();
    return response.status;
  }));
  assert(statuses.includes(503) && statuses.includes(200), statuses.join());
});
