import { assert, assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("..", import.meta.url);

/** Runs an example as a user does; with least permissions. */
async function run(permissions: string[], ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...permissions, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const demo = (...args: string[]) => run(["--allow-read"], "examples/index_tree.ts", ...args);

/** What the demo's table says. */
function figure(stdout: string, name: string): string {
  const found = new RegExp(`^${name} {2,}(.*)$`, "m").exec(stdout);
  if (found === null) throw new Error(`"${name}" is not in\n${stdout}`);
  return found[1];
}

/** A folder for the time of a test. */
async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the demo counts all words of a folder although workers are killed", async () => {
  await inFolder(async (folder) => {
    const text = "Ärger with  the\tTHE dog's 2 dogs… ärger “the” end\n";
    await Deno.mkdir(`${folder}/inner/deep`, { recursive: true });
    for (let n = 0; n < 300; n++) await Deno.writeTextFile(`${folder}/inner/deep/${n}.txt`, text);
    await Deno.writeTextFile(`${folder}/large.txt`, text.repeat(20_000));
    await Deno.mkdir(`${folder}/.git`);
    await Deno.writeTextFile(`${folder}/.git/skipped`, text);
    const { code, stdout, stderr } = await demo(folder, "--kill", "5", "--workers", "2");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(figure(stdout, "the"), "60,900");
    assertEquals(figure(stdout, "dog"), "20,300");
    assertEquals(figure(stdout, "ärger"), "40,600");
    assertEquals(figure(stdout, "files"), "301 of text");
    assertEquals(figure(stdout, "tokens"), "223,300, 8 different");
    assertEquals(figure(stdout, "workers killed"), "5");
    assertEquals(figure(stdout, "workers restarted"), "5");
    assertEquals(figure(stdout, "tasks lost"), "0");
    assertEquals(figure(stdout, "counts"), "equal");
    assertMatch(stdout, /^indexing 25%$/m);
  });
});

Deno.test("the demo indexes its own repository", async () => {
  const { code, stdout } = await demo();
  assertEquals([code, figure(stdout, "counts"), figure(stdout, "tasks lost")], [0, "equal", "0"]);
});

Deno.test("the demo says which folder it cannot index", async () => {
  const { code, stdout, stderr } = await demo("no/such/folder");
  assertEquals([code, stdout], [1, ""]);
  assertEquals(stderr, "Cannot index no/such/folder: there is no such folder\n");
});

Deno.test("the demo refuses arguments that it does not know", async () => {
  for (const args of [["--kill", "many"], ["--workers", "0"], ["a", "b"], ["--unknown"]]) {
    const { code, stderr } = await demo(...args);
    assertEquals(code, 1);
    assert(stderr.length > 0 && !stderr.includes("    at "), stderr);
  }
});

Deno.test("the demo indexes an empty folder", async () => {
  await inFolder(async (folder) => {
    const { code, stdout, stderr } = await demo(folder);
    assertEquals([code, stderr], [0, ""]);
    assertEquals([figure(stdout, "files"), figure(stdout, "tasks lost")], ["0 of text", "0"]);
  });
});

Deno.test("the demo passes over what is no text and what it may not read", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "one two two\n");
    await Deno.writeFile(`${folder}/picture`, Uint8Array.from({ length: 300 }, (_, n) => n));
    await Deno.writeTextFile(`${folder}/secret`, "hidden\n");
    await Deno.writeTextFile(`${folder}/empty`, "");
    await Deno.symlink(`${folder}/a.txt`, `${folder}/link`);
    const permissions = ["--allow-read", `--deny-read=${folder}/secret`];
    const { code, stdout, stderr } = await run(permissions, "examples/index_tree.ts", folder);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(figure(stdout, "files"), "2 of text");
    assertEquals(figure(stdout, "not read"), "1 binary, 1 unreadable");
    assertEquals(figure(stdout, "tokens"), "3, 2 different");
  });
});

Deno.test("make_corpus makes the same folder each time, and the demo indexes it", async () => {
  await inFolder(async (folder) => {
    const sizes = [];
    for (const name of ["a", "b"]) {
      const path = `${folder}/${name}`;
      const { code } = await run([`--allow-write=${folder}`], "examples/make_corpus.ts", path, "3");
      assertEquals(code, 0);
      const { stdout } = await demo(path, "--kill", "3");
      assertEquals([figure(stdout, "counts"), figure(stdout, "tasks lost")], ["equal", "0"]);
      assertEquals(figure(stdout, "bytes"), (3 << 20).toLocaleString("en"));
      sizes.push(figure(stdout, "tokens"));
    }
    assertEquals(sizes[0], sizes[1]);
  });
});

Deno.test("the log analysis counts what is in the log, whatever its blocks cut", async () => {
  await inFolder(async (folder) => {
    const log = `${folder}/requests.log`;
    const permissions = ["--allow-read", `--allow-write=${folder}`];
    const made = await run(permissions, "examples/log_analysis.ts", log, "--make", "2");
    assertEquals([made.code, made.stderr], [0, ""]);
    const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
    const requests = lines.filter((line) => line.includes(" GET "));
    assertEquals(figure(made.stdout, "requests"), requests.length.toLocaleString("en"));
    assertEquals(figure(made.stdout, "skipped"), `${lines.length - requests.length} lines`);
    const shop = requests.filter((line) => line.includes("/shop/")).length;
    assertMatch(made.stdout, new RegExp(`^/shop +${shop.toLocaleString("en")} `, "m"));
    await Deno.writeTextFile(log, "t GET /one 200 5 7ms");
    const one = await run(permissions, "examples/log_analysis.ts", log);
    assertEquals(figure(one.stdout, "requests"), "1");
    await Deno.writeTextFile(log, "");
    const none = await run(permissions, "examples/log_analysis.ts", log);
    assertEquals([none.code, figure(none.stdout, "requests")], [0, "0"]);
    assertEquals((await run(permissions, "examples/log_analysis.ts")).code, 1);
  });
});

Deno.test("the crawler finds all pages of its site, and the broken link", async () => {
  const { code, stdout, stderr } = await run(
    ["--allow-read", "--allow-net=127.0.0.1"],
    "examples/crawler.ts",
    "40",
  );
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^pages +40 of 40$/m);
  assertMatch(stdout, /^broken +1$/m);
});

Deno.test("producers and consumers hand over every number once", async () => {
  const script = "examples/producers_consumers.ts";
  const { code, stdout, stderr } = await run(["--allow-read"], script, "2", "3", "2000");
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^sum +7998000$/m);
});
