import { assertEquals } from "@std/assert";

const ROOT = new URL("../..", import.meta.url);
/** Types of Hono in signatures: `deno doc` calls what another package exports private. */
const HONO = /private type '(?:Hono|BlankEnv|BlankSchema|Schema|JSONParsed)'/;

Deno.test("every name of the entry points is documented", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "troupe.ts", "edge/edge.ts"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  const complaints = text.split("\n").filter((line) => line.startsWith("error["));
  assertEquals(complaints.filter((line) => !HONO.test(line)), []);
});
