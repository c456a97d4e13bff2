import { assertEquals, assertMatch } from "@std/assert";
import { stale } from "../built/build.ts";
import * as built from "../mod.ts";
import * as sources from "../troupe.ts";
import * as builtEdge from "../edge/mod.ts";
import * as edgeSources from "../edge/edge.ts";

const ROOT = new URL("../", import.meta.url);

Deno.test("what is built is what the sources give (else: deno task build)", async () => {
  assertEquals(await stale(), []);
});

Deno.test("what is built exports what the sources do, under the same names", () => {
  for (const [made, wanted] of [[built, sources], [builtEdge, edgeSources]]) {
    const things = made as Readonly<Record<string, unknown>>;
    assertEquals(Object.keys(things).sort(), Object.keys(wanted).sort());
    for (const [name, thing] of Object.entries(things)) {
      if (String(thing).startsWith("class")) assertEquals((thing as { name: string }).name, name);
    }
  }
});

/** Runs a program that imports Troupe as a user does. */
async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

for (const permissions of [["--allow-read"], ["-A"]]) {
  Deno.test(`a program starts workers of what is built ${permissions}`, async () => {
    const { code, stdout, stderr } = await run(...permissions, "tests/fixtures/bundled.ts");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, "actor 42\npool [ 2, 4, 6 ]\nqueue [ 0, 1, 2 ]\nprocess 0\n");
  });
}

Deno.test("a worker of what is built loads no source of it", async () => {
  const { code, stdout, stderr } = await run(
    "--allow-read",
    "--log-level=debug",
    "tests/fixtures/bundled.ts",
  );
  assertEquals(code, 0);
  assertMatch(stdout, /^actor 42$/m);
  assertEquals(stderr.match(/\/(?:memory|channels|actors|pool)\/\w+\.ts/), null);
});
