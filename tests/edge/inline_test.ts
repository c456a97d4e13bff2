import { assertEquals } from "@std/assert";

Deno.test("without workers and shared memory the same code serves, inline", async () => {
  const script = new URL("../fixtures/run_edge_inline.ts", import.meta.url).href;
  const ran = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-read", "--allow-env", script],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals(text.decode(ran.stderr), "");
  assertEquals(text.decode(ran.stdout).split("\n"), [
    "200 2",
    JSON.stringify(
      '200 :\n\nid: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\nevent: end\ndata: null\n\n',
    ),
    "400",
    "202",
    "200 42",
    "200",
    "",
  ]);
  assertEquals(ran.code, 0);
});
