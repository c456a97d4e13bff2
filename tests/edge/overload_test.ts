import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { Pool } from "../../troupe.ts";
import { Observatory, poolRoutes, publish } from "../../edge/edge.ts";
import { burn } from "../fixtures/edge.ts";
import { troupeTest, until } from "../support.ts";
import { post, serve } from "./support.ts";

const tasks = { burn: publish(z.object({ ms: z.number() }), burn, { retry: { attempts: 5 } }) };
const quiet = { observed: new Observatory(), onError() {} };

/** A server in a process of its own, so that its memory is not that of its clients. */
async function serverProcess() {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("../fixtures/run_edge_server.ts", import.meta.url).href,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await lines.read();
  const url = `http://127.0.0.1:${Number(value)}`;
  return {
    url,
    rss: async () => await (await fetch(`${url}/rss`)).json() as number,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await lines.cancel();
      await child.status;
    },
  };
}

troupeTest("O2 ten times more than is served: the surplus is 503, memory bounded", async () => {
  await using server = await serverProcess();
  const statuses: Record<number, number> = {};
  let hinted = 0;
  const before = await server.rss();
  const client = async () => {
    while ((statuses[200] ?? 0) < 100 || (statuses[503] ?? 0) < 1000) {
      const payload = { ms: 5, padding: "x".repeat(10_000) };
      const response = await post(`${server.url}/pool/burn`, payload);
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
      if (response.headers.get("retry-after") === "1") hinted++;
      await response.body?.cancel();
    }
  };
  await Promise.all(Array.from({ length: 64 }, client));
  assertEquals(Object.keys(statuses), ["200", "503"]);
  assertEquals(hinted, statuses[503]);
  const more = await server.rss() - before;
  assert(more < 128 << 20, `${more >> 20} MiB more`);
  assertEquals(await (await post(`${server.url}/pool/burn`, { ms: 1 })).json(), 1);
});

troupeTest("100 workers are killed under load: no request without an answer", async () => {
  await using pool = new Pool({ size: 2 });
  await using server = serve(poolRoutes(pool, tasks, { ...quiet, timeout: 60_000 }));
  const statuses: Record<number, number> = {};
  let kills = 0;
  const client = async () => {
    while (kills < 100) {
      const response = await post(`${server.url}/burn`, { ms: 2 });
      if (response.status === 200) assertEquals(await response.json(), 2);
      else await response.body?.cancel();
      statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    }
  };
  const clients = Promise.all(Array.from({ length: 16 }, client));
  while (kills < 100) {
    await until(() => pool.stats().busy > 0);
    kills += pool.killWorkers(1);
  }
  await clients;
  for (const status of Object.keys(statuses)) assert(["200", "503"].includes(status), status);
  assertEquals(await (await post(`${server.url}/burn`, { ms: 1 })).json(), 1);
});

troupeTest("O2 a thousand large bodies leave the server's memory within its bounds", async () => {
  await using server = await serverProcess();
  await (await post(`${server.url}/s/add`, { by: 1 })).json();
  const before = await server.rss();
  const body = JSON.stringify("x".repeat((1 << 20) - 100));
  const statuses: Record<string, number> = {};
  let most = before;
  const client = async () => {
    for (let n = 0; n < 10; n++) {
      const headers = { "content-type": "application/json" };
      const status = await fetch(`${server.url}/s/add`, { method: "POST", headers, body })
        .then(async (response) => {
          await response.body?.cancel();
          return String(response.status);
        }, () => "cut off");
      statuses[status] = (statuses[status] ?? 0) + 1;
      most = Math.max(most, await server.rss());
    }
  };
  await Promise.all(Array.from({ length: 100 }, client));
  assertEquals(Object.values(statuses).reduce((sum, one) => sum + one), 1000);
  for (const status of Object.keys(statuses)) {
    assert(["400", "503", "cut off"].includes(status), status);
  }
  // A plain server that reads 100 such bodies at a time takes 500 MiB.
  assert(most - before < 256 << 20, `${(most - before) >> 20} MiB more`);
  assertEquals(await (await post(`${server.url}/s/add`, { by: 1 })).json(), 2);
});
