import { assertEquals } from "@std/assert";

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

Deno.test("a program that is bundled into one file starts workers from that file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = new URL("./fixtures/bundled.ts", import.meta.url).pathname;
    const file = `${folder}/program.js`;
    const root = new URL("..", import.meta.url);
    const bundled = await deno(
      ["bundle", "--quiet", "--platform", "deno", "-o", file, program],
      root,
    );
    assertEquals(bundled.code, 0, bundled.stderr);
    const { code, stdout, stderr } = await deno(
      ["run", "--no-prompt", "--allow-read", file],
      folder,
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, "actor 42\npool [ 2, 4, 6 ]\nqueue [ 0, 1, 2 ]\nprocess 0\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
