/** Processes of the operating system: the cases that threads have in `process_leftovers_test.ts`. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { NotSupportedError } from "../../errors.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { Process } from "../../actors/process.ts";
import { spawn, warmWorkers } from "../../actors/spawn.ts";
import { Pool } from "../../pool/pool.ts";
import { echo, nothing } from "../fixtures/processes.ts";
import { hookExits, returnEarly } from "../fixtures/leftovers.ts";
import { between, Confined, interruptible, squareThere, writeBoth } from "../fixtures/system.ts";
import {
  awake,
  collectGarbage,
  osTest,
  processTest,
  rejection,
  traces,
  until,
} from "../support.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);
const isolation = "process";

/** A stream, and the text that was written to it. */
function collector(): { stream: WritableStream<Uint8Array>; text(): string } {
  const decoder = new TextDecoder();
  let text = "";
  const stream = new WritableStream<Uint8Array>({
    write(chunk) {
      text += decoder.decode(chunk, { stream: true });
    },
  });
  return { stream, text: () => text };
}

osTest("PROC-24 a process of a process knows its parent, and ends with it", async () => {
  const [mine, its] = pipe<unknown>();
  const one = new Process({ target: between, args: [its], isolation, name: "between" }).start();
  assertEquals(await mine.recv(), ["between", one.pid, true]);
  one.terminate();
  assertEquals((await rejection(mine.recv()) as Error).name, "EndOfChannelError");
  mine.close();
  await one.join();
});

processTest("PROC-29 a process keeps nothing of its arguments after its start", async () => {
  let argument: { text: string } | undefined = { text: "dropped" };
  const kept = new WeakRef(argument);
  const one = new Process({ target: echo, args: [argument], isolation }).start();
  argument = undefined;
  assertEquals(await one.result, [{ text: "dropped" }]);
  await one.join();
  await until(() => {
    collectGarbage();
    return kept.deref() === undefined;
  }, "the collection of the argument");
});

for (const [then, exitCode] of [["end", 0], ["exit", 5], ["throw", 1]] as const) {
  osTest(`PROC-32 what a process has left behind may ${then}: exit code ${exitCode}`, async () => {
    await using log = new Queue<string>();
    const one = new Process({ target: returnEarly, args: [log, then], isolation }).start();
    await one.result;
    assertEquals(await log.get(), "later");
    await one.join();
    assertEquals([one.exitCode, log.empty()], [exitCode, true]);
  });
}

osTest("PROC-32 a process that waits for what is left behind can be killed", async () => {
  await using log = new Queue<string>({ maxsize: 1 });
  await log.put("full");
  const one = new Process({ target: returnEarly, args: [log, "end"], isolation }).start();
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
  processTest(`PROC-33 exit hooks of a process run after ${how}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const one = new Process({ target: hookExits, args: [folder, how], isolation }).start();
      await one.join();
      assertEquals(one.exitCode, exitCode);
      await until(() => Deno.readTextFileSync(`${folder}/exit`) === String(exitCode), "the hook");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

osTest("PROC-34 a process runs although the output of the program is closed", async () => {
  const script = new URL("run_std_closed.ts", FIXTURES).pathname;
  const command = `"$1" run -A --no-check "$2" process <&- >&- 2>&-; echo $?`;
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", command, "sh", Deno.execPath(), script],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "42\n");
});

for (const how of ["", "no more"]) {
  osTest(`PROC-43 an interrupted process ends with 1 and a trace${how && `, ${how}`}`, async () => {
    await using ready = new Queue<string>();
    const { stream, text } = collector();
    const one = new Process({
      target: interruptible,
      args: [ready, how],
      isolation,
      name: "sleeper",
      stderr: stream,
    }).start();
    await ready.get();
    Deno.kill(one.pid!, "SIGINT");
    const { name, message } = await rejection(one.result) as Error;
    await one.join();
    assertEquals([name, one.exitCode], ["CancelledError", 1], message);
    await until(() => /CancelledError: .*"sleeper": it was interrupted\n +at /.test(text()));
  });
}

for (const how of ["Deno", "node"]) {
  osTest(`PROC-43 a process that swallows an interruption goes on, ${how}`, async () => {
    await using ready = new Queue<string>();
    const one = new Process({ target: interruptible, args: [ready, how], isolation }).start();
    await ready.get();
    Deno.kill(one.pid!, "SIGINT");
    assertEquals(await one.result, "swallowed");
    await one.join();
    assertEquals(one.exitCode, 0);
  });
}

processTest("PROC-43 an actor leaves interruptions to the program", async () => {
  const actor = await spawn(Confined, { isolation });
  const pid = await actor.ask.pid();
  for (let n = 1; n < 5; n++) {
    Deno.kill(pid, "SIGINT");
    assertEquals(await actor.ask.count(), n);
  }
  await actor.stop();
});

processTest("spare processes are taken, replaced, killed, and let go", async (form) => {
  const others = traces().threads;
  await warmWorkers(2, { isolation });
  const one = new Process({ target: nothing, isolation }).start();
  await one.result;
  const actors = await Promise.all([1, 2, 3].map(() => spawn(Confined, { isolation })));
  const pids = await Promise.all(actors.map((actor) => actor.ask.pid()));
  assertEquals(new Set([...pids, Deno.pid]).size, 4);
  const limited = await spawn(Confined, { isolation, permissions: { read: true } });
  assertEquals(await limited.ask.nest("worker"), form === "mapped" ? "NotSupportedError" : "4");
  for (const actor of [...actors, limited]) actor.kill();
  await one.join();
  await warmWorkers(2, { isolation });
  await until(() => traces().threads === others + 2, "the spares alone");
  await warmWorkers(0, { isolation });
  await until(() => traces().threads === others, "the spares to be gone");
});

processTest("outputs of processes go where they are told to", async () => {
  const [out, err] = [collector(), collector()];
  const one = new Process({
    target: writeBoth,
    args: [1000],
    isolation,
    stdout: out.stream,
    stderr: err.stream,
  }).start();
  assertEquals(await one.result, 1000);
  const expected = Array.from({ length: 1000 }, (_, line) => `out ${line}\n`).join("");
  await until(() => out.text() === expected && err.text() === "err\n", "all to be read");
  const rest = { stdout: "null", stderr: err.stream } as const;
  const two = new Process({ target: writeBoth, args: [1], isolation, ...rest }).start();
  await Promise.all([one.join(), two.join()]);
  await until(() => err.text() === "err\nerr\n", "the second one");
  await err.stream.close();
});

processTest("a stream that fails costs only what would be written to it", async () => {
  const stdout = new WritableStream<Uint8Array>({
    write() {
      throw new Error("full");
    },
  });
  const one = new Process({ target: writeBoth, args: [10_000], isolation, stdout }).start();
  assertEquals(await one.result, 10_000);
  await one.join();
  assertEquals(one.exitCode, 0);
});

processTest("outputs that cannot be are refused", () => {
  const make = (options: object) => () => new Process({ target: nothing, isolation, ...options });
  assertThrows(make({ stdout: 5 }), TypeError);
  const { stream } = collector();
  stream.getWriter();
  assertThrows(make({ stderr: stream }), TypeError);
  assertThrows(make({ isolation: "worker", stdout: "null" }), NotSupportedError);
  return Promise.resolve();
});

processTest("a pool of processes: outputs, permissions, limits", async () => {
  const { stream, text } = collector();
  const confined = { permissions: { read: true }, memoryLimitMb: 128, stdout: stream } as const;
  await using pool = new Pool({ size: 2, isolation, ...confined });
  const seen = await pool.map(squareThere, [1, 2, 3, 4]);
  assertEquals(seen.map(([square]) => square), [1, 4, 9, 16]);
  assert(seen.every(([, pid]) => pid !== Deno.pid));
  await pool.apply(writeBoth, 1);
  await until(() => text() === "out 0\n", "the output");
  assertThrows(() => new Pool({ memoryLimitMb: 128 }), NotSupportedError);
});

processTest("an actor out of memory harms no other actor, and is started again", async () => {
  const stderr = "null";
  const limit = { isolation, memoryLimitMb: 64, stderr, stdout: stderr } as const;
  const one = await spawn(Confined, { ...limit, restart: {} });
  const others = [await spawn(Confined, { isolation }), await spawn(Confined)];
  const pid = await one.ask.pid();
  assert(pid !== Deno.pid);
  const { name } = await rejection(one.ask.devour()) as Error;
  assertEquals(name, "ExitError");
  for (const other of others) assertEquals(await other.ask.count(), 1);
  assertEquals(await awake(one.ask.count()), 1);
  const next = await one.ask.pid();
  assert(next !== pid && next !== Deno.pid);
  await Promise.all([one, ...others].map((actor) => actor.stop()));
});

osTest("an actor that is allowed less has no workers, but processes over sockets", async () => {
  const confined = await spawn(Confined, { isolation, permissions: { read: true, run: true } });
  const seen: Record<string, string> = {};
  for (const where of ["auto", "inline", "worker", "process"] as const) {
    seen[where] = await confined.ask.nest(where);
  }
  const refused = "NotSupportedError";
  assertEquals(seen, { auto: "4", inline: "4", worker: refused, process: "4" });
  await confined.stop();
});

processTest("an actor without net permission cannot fetch", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("served", { headers: { connection: "close" } }),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const free = await spawn(Confined, { isolation });
  const confined = await spawn(Confined, { isolation, permissions: { read: true } });
  assertEquals(await free.ask.fetch(url), "served");
  const { message } = await rejection(confined.ask.fetch(url)) as Error;
  assertMatch(message, /net access/);
  assertEquals(await confined.ask.count(), 1);
  await Promise.all([free.stop(), confined.stop(), server.shutdown()]);
});
