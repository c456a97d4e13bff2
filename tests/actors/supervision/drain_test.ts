import { assert, assertEquals } from "@std/assert";
import { events } from "../../../actors/events.ts";
import { untyped } from "../../../actors/ref.ts";
import { supervise } from "../../../actors/supervision/supervise.ts";
import { child } from "../../../actors/supervision/tree.ts";
import { ClosedError } from "../../../errors.ts";
import { Event } from "../../../memory/locks/event.ts";
import { Slow } from "../../fixtures/drained.ts";
import { rejectsWith, troupeTest, until } from "../../support.ts";

for (const isolation of ["inline", "worker"] as const) {
  troupeTest(`E16 drain() handles what waits and takes nothing new (${isolation})`, async () => {
    const go = new Event();
    const top = await supervise({ children: { slow: child(Slow, { args: [go], isolation }) } });
    const { slow } = top.children;
    for (let n = 1; n <= 100; n++) await slow.tell.work(n);
    const drained = top.drain();
    await until(() => untyped(slow as never).mailbox.lives.isDraining, "the drain");
    await rejectsWith(slow.tell.work(0), ClosedError);
    go.set();
    await drained;
    const { handled, mailbox } = await slow.stats();
    assertEquals([handled, mailbox], [100, 0]);
    assertEquals((await slow.exited).exitCode, 0);
  });

  troupeTest(`E17 drain() ends in time; what is left are dead letters (${isolation})`, async () => {
    using seen = events();
    const go = new Event();
    const top = await supervise({ children: { slow: child(Slow, { args: [go], isolation }) } });
    const { slow } = top.children;
    for (let n = 1; n <= 10; n++) await slow.tell.work(n);
    await until(() => untyped(slow as never).mailbox.isBusy, "the first");
    await top.drain({ timeout: 100 });
    go.set();
    const left: string[] = [];
    for await (const event of seen) {
      if (event.type === "dead-letter") left.push(event.reason);
      if (left.length === 10) break;
    }
    assertEquals(left, ["crashed-while-handling", ...Array(9).fill("stopped")]);
  });
}

/** Runs the program, sends it signals once it is up, and gives its end. */
async function signalled(
  [isolation, ending]: readonly string[],
  signals: readonly Deno.Signal[],
): Promise<{ code: number; text: string }> {
  const script = new URL("../../fixtures/drained.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, isolation, ending],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  const left = [...signals];
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (/up\n$|draining\n$/.test(text) && left.length > 0) child.kill(left.shift()!);
  }
  return { code: (await child.status).code, text };
}

for (const isolation of ["inline", "worker"]) {
  Deno.test(`E21 SIGTERM drains the tree, exit code 0 (${isolation})`, async () => {
    const { code, text } = await signalled([isolation, "goes"], ["SIGTERM"]);
    assertEquals(code, 0);
    assert(text.includes("handled 20"), text);
  });

  Deno.test(`E21 a tree that does not end in time is killed, exit code 143 (${isolation})`, async () => {
    const { code, text } = await signalled([isolation, "hangs"], ["SIGTERM"]);
    assertEquals(code, 143);
    assert(!text.includes("handled"), text);
  });

  Deno.test(`E21 a second signal ends the program at once (${isolation})`, async () => {
    const { code, text } = await signalled([isolation, "stuck"], ["SIGTERM", "SIGTERM"]);
    assertEquals(code, 143);
    assert(!text.includes("handled"), text);
  });
}
