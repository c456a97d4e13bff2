import { assertEquals, assertMatch } from "@std/assert";
import { program, troupeTest } from "./support.ts";

for (let run = 1; run <= 10; run++) {
  troupeTest(`C9 a program that uses every primitive ends by itself, run ${run}`, async () => {
    assertEquals(await program("run_to_end.ts", "everything"), {
      code: 0,
      stdout: "end\n",
      stderr: "",
    });
  });
}

for (
  const [what, name] of [
    ["actors that were never stopped", "actors"],
    ["an actor in an endless loop", "busyActor"],
    ["open pipes with unread messages", "openPipe"],
    ["an unread queue", "unreadQueue"],
    ["daemons that run (PROC-36)", "daemons"],
    ["waits that ran out of time", "timeouts"],
    ["things that were never used", "unused"],
    ["a process whose child goes on", "leaveChild"],
  ]
) {
  troupeTest(`C9 a program with ${what} ends by itself`, async () => {
    assertEquals(await program("run_to_end.ts", name), { code: 0, stdout: "end\n", stderr: "" });
  });
}

for (
  const [what, name, stdout] of [
    ["a pending ask", "lateAsk", "reply x\nend\n"],
    ["the result of a daemon", "lateResult", "the process ends\nend\n"],
    ["a process that is no daemon", "waitsForProcess", "end\nthe process ends\n"],
  ]
) {
  troupeTest(`PROC-36 a program does not end before ${what}`, async () => {
    assertEquals(await program("run_to_end.ts", name), { code: 0, stdout, stderr: "" });
  });
}

troupeTest("Deno.exit() ends a program with its code while workers run", async () => {
  assertEquals(await program("run_to_end.ts", "exit"), { code: 3, stdout: "end\n", stderr: "" });
});

troupeTest("an error that nobody catches ends a program with 1 while actors run", async () => {
  const { code, stdout, stderr } = await program("run_to_end.ts", "uncaught");
  assertEquals([code, stdout], [1, "end\n"]);
  assertMatch(stderr, /uncaught in main/);
});
