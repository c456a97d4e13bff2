import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Queue } from "../../channels/queue.ts";
import { currentProcess } from "../../actors/family.ts";
import { Process } from "../../actors/process.ts";
import { echo } from "../fixtures/processes.ts";
import { hookExits, leakKey, returnEarly } from "../fixtures/leftovers.ts";
import { collectGarbage, program, troupeTest, until } from "../support.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);

troupeTest("PROC-29 a process keeps nothing of its arguments after its start", async () => {
  let argument: { text: string } | undefined = { text: "dropped" };
  const kept = new WeakRef(argument);
  const one = new Process({ target: echo, args: [argument] }).start();
  argument = undefined;
  assertEquals(await one.result, [{ text: "dropped" }]);
  await one.join();
  await until(() => {
    collectGarbage();
    return kept.deref() === undefined;
  }, "the collection of the argument");
  assertEquals(one.exitCode, 0);
});

troupeTest("PROC-32 a process ends when what its target left behind is done", async () => {
  await using log = new Queue<string>();
  const one = new Process({ target: returnEarly, args: [log, "end"] }).start();
  await one.result;
  assertEquals(one.isAlive(), true);
  assertEquals(await log.get(), "later");
  await one.join();
  assertEquals([one.exitCode, log.empty()], [0, true]);
});

for (const [then, exitCode] of [["exit", 5], ["throw", 1]] as const) {
  troupeTest(`PROC-32 what is left behind may ${then}: exit code ${exitCode}`, async () => {
    await using log = new Queue<string>();
    const one = new Process({ target: returnEarly, args: [log, then] }).start();
    await one.join();
    assertEquals([one.exitCode, await log.get()], [exitCode, "later"]);
  });
}

troupeTest("PROC-32 a process that waits for what is left behind can be killed", async () => {
  await using log = new Queue<string>({ maxsize: 1 });
  await log.put("full");
  const one = new Process({ target: returnEarly, args: [log, "end"] }).start();
  await one.result;
  one.kill();
  await one.join();
  assertEquals(one.exitCode, -9);
});

for (
  const [how, exitCode] of [
    ["return", 0],
    ["throw", 1],
    ["exit", 3],
    ["process.exit", 4],
    ["hook throws", 3],
  ] as const
) {
  troupeTest(`PROC-33 exit hooks run after ${how}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const one = new Process({ target: hookExits, args: [folder, how] }).start();
      await one.join();
      assertEquals(one.exitCode, exitCode);
      await until(() => Deno.readTextFileSync(`${folder}/exit`) === String(exitCode));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

troupeTest("PROC-34 a process runs although the output of the program is closed", async () => {
  const script = new URL("run_std_closed.ts", FIXTURES).pathname;
  const command = `"$1" run -A --no-check "$2" <&- >&- 2>&-; echo $?`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", command, "sh", Deno.execPath(), script],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "42\n");
});

troupeTest("PROC-35 the input of a process is at its end; the program keeps its own", async () => {
  const script = new URL("run_input.ts", FIXTURES).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("for the program"));
  await writer.close();
  const { stdout } = await child.output();
  assertEquals(new TextDecoder().decode(stdout), "[null,null,0]\nfor the program\n");
});

troupeTest("PROC-41 a message refuses the key of a process; a child's own is its own", async () => {
  await using log = new Queue<unknown>();
  const before = currentProcess().authkey.toHex();
  const one = new Process({ target: leakKey, args: [log] }).start();
  assertEquals(await log.get(), "NOT_SENDABLE");
  await one.join();
  assertEquals(currentProcess().authkey.toHex(), before);
  assertNotEquals(before, new Uint8Array(8).toHex());
});

troupeTest("an actor that is spawned without a guard fails, and starts nothing more", async () => {
  const { code, stdout, stderr } = await program("run_unguarded_actor.ts");
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /Cannot spawn actor .* guard it with if \(import\.meta\.main\)/);
});
