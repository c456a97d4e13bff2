import { assert, assertEquals } from "@std/assert";
import { events } from "@troupe/troupe";
import { startService } from "../../examples/edge_service.ts";
import { load } from "../../examples/load.ts";
import { troupeTest, until } from "../support.ts";
import { post, problemIn, serve } from "./support.ts";

const ROOT = new URL("../..", import.meta.url);

// The examples run what is built, which looks the functions of the C library up once and keeps them, and
// whose timers nobody here waits for.
const exampleTest = (name: string, fn: () => Promise<void>) =>
  troupeTest(name, fn, { sanitizeResources: false, sanitizeOps: false });

exampleTest(
  "the service of the examples counts, feeds, limits, and survives its workers",
  async () => {
    const { app, stop } = await startService({ workers: 2, perSecond: 1_000_000 });
    {
      await using server = serve(app);
      const { url } = server;
      const feed = await post(`${url}/feed/listen`, {});
      const answer = await post(`${url}/texts/analyse`, { text: "to be or not to be" });
      assertEquals((await answer.json()).top[0], ["to", 2]);
      const first = feed.body!.getReader();
      let text = "";
      while (!text.includes("data:")) text += new TextDecoder().decode((await first.read()).value);
      assert(text.includes('data: {"words":6,"top":"to"}'));
      await first.cancel();
      const wrong = await post(`${url}/texts/analyse`, { text: 5 });
      assertEquals(await problemIn(wrong), [400, "VALIDATION"]);
      const hidden = await post(`${url}/feed/publish`, { words: 1, top: "" });
      assertEquals(await problemIn(hidden), [404, "UNKNOWN_MESSAGE"]);
      const report = await load({ url, seconds: 2, clients: 8, kills: 5 });
      assertEquals([report.unanswered, report.kills], [0, 5]);
      assert(report.statuses[200] > 0);
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--allow-net",
          "--no-check",
          "edge/top.ts",
          "--once",
          "--url",
          `${url}/admin`,
        ],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      }).output();
      const shown = new TextDecoder().decode(stdout);
      assertEquals(code, 0);
      for (const word of ["feed", "analysts", "pool/analyse", "/s  http"]) {
        assert(
          shown.includes(word),
        );
      }
    }
    await stop();
  },
);

exampleTest("the service of the examples holds each caller to its rate", async () => {
  const { app, pool, stop } = await startService({ workers: 1, perSecond: 3 });
  await pool.ready();
  const ask = async (caller: string) => {
    const response = await app.request("/texts/analyse", {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": caller },
      body: '{"text":"a"}',
    });
    await response.body?.cancel();
    return response.status;
  };
  // Three at once, and three more for each second that this takes.
  const mine = await Promise.all(Array.from({ length: 100 }, () => ask("me")));
  assert(mine.filter((status) => status === 200).length >= 3, mine.join());
  assert(mine.includes(429), mine.join());
  assertEquals(await ask("you"), 200);
  await stop();
});

exampleTest("callers that the service has forgotten leave nothing behind", async () => {
  const { app, stop } = await startService({ workers: 1 });
  let stopped = 0;
  using seen = events();
  (async () => {
    for await (const { type } of seen) if (type === "stopped") stopped++;
  })();
  const call = (caller: string) =>
    app.request("/texts/analyse", {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": caller },
      body: "{}",
    });
  for (let caller = 0; caller < 520; caller++) {
    assertEquals((await call(`caller ${caller}`)).status, 400);
  }
  await until(() => stopped >= 20);
  await stop();
});
