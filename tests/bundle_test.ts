import { assertEquals, assertMatch } from "@std/assert";

const deno = async (args: string[], cwd: string | URL) => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
};

/** Bundles a module of tests/fixtures into one file and runs that. */
async function runBundled(name: string) {
  const folder = await Deno.makeTempDir();
  try {
    const program = new URL(`./fixtures/${name}`, import.meta.url).pathname;
    const file = `${folder}/program.js`;
    const options = ["--quiet", "--minify", "--platform", "deno", "-o", file];
    const root = new URL("..", import.meta.url);
    const bundled = await deno(["bundle", ...options, program], root);
    assertEquals(bundled.code, 0, bundled.stderr);
    return await deno(["run", "--no-prompt", "--allow-read", file], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a program that is bundled into one file starts workers from that file", async () => {
  const { code, stdout, stderr } = await runBundled("bundled.ts");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, "actor 42\npool [ 2, 4, 6 ]\nqueue [ 0, 1, 2 ]\nprocess 0\n");
});

Deno.test("a bundled program without a guard fails, and starts nothing more", async () => {
  for (const name of ["run_unguarded.ts", "run_unguarded_actor.ts"]) {
    const { code, stdout, stderr } = await runBundled(name);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /guard it with if \(import\.meta\.main\)/);
  }
});
