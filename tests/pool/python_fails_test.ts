/** R1: twelve ways in which Python's Pool and Queue hang or lose work; here none of them may. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ClosedError, ExitError, NotSendableError, StartError } from "../../errors.ts";
import { Process } from "../../actors/process.ts";
import { Queue } from "../../channels/queue.ts";
import { Pool } from "../../pool/pool.ts";
import {
  beginAndLoop,
  beginAndStay,
  die,
  failToInitialise,
  square,
  waitFor,
} from "../fixtures/pool_tasks.ts";
import { whenOver } from "../patience.ts";
import { program, rejection, rejectsWith, troupeTest, until } from "../support.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

troupeTest("R1.1 a worker killed in its task: the task rejects, join() ends", async () => {
  await using begun = new Queue<string>();
  const pool = new Pool({ size: 2 });
  const result = pool.apply(beginAndStay, begun);
  await begun.get();
  pool.killWorkers(1);
  await rejectsWith(result, ExitError);
  pool.close();
  await pool.join();
});

troupeTest("R1.2 all idle workers killed: the next task runs", async () => {
  await using pool = new Pool({ size: 2 });
  await pool.ready();
  assertEquals(pool.killWorkers(2), 2);
  assertEquals(await pool.apply(square, 4), 16);
});

troupeTest("R1.3 a worker that exits in its task: map() rejects, and does not hang", async () => {
  await using pool = new Pool({ size: 2 });
  await rejectsWith(pool.map(die, ["exit", "exit"], { chunksize: 1 }), ExitError);
});

troupeTest("R1.4 an initializer that fails: work rejects after few starts", async () => {
  await using called = new Queue<string>();
  await using pool = new Pool({ size: 2, initializer: failToInitialise, initargs: [called] });
  await rejectsWith(pool.apply(square, 2), StartError);
  let starts = 0;
  while (!called.empty()) starts += (await called.get()).length > 0 ? 1 : 0;
  assert(starts <= 6, `${starts} starts`);
});

troupeTest("R1.5 a callback that throws: the pool goes on", async () => {
  await using pool = new Pool({ size: 1 });
  const { error } = console;
  console.error = () => {};
  try {
    await pool.applyAsync(square, [2], {
      callback() {
        throw new RangeError("in the callback");
      },
    });
  } finally {
    console.error = error;
  }
  assertEquals(await pool.apply(square, 3), 9);
});

troupeTest("R1.6 leaving the scope: nothing that was submitted is thrown away", async () => {
  let results: Promise<number>[] = [];
  {
    await using pool = new Pool({ size: 2 });
    results = range(50).map((n) => pool.apply(square, n));
  }
  assertEquals(await Promise.all(results), range(50).map((n) => n * n));
});

troupeTest("R1.7 an endless input: imap() reads a bounded part of it", async () => {
  let read = 0;
  function* endless() {
    for (;;) yield read++;
  }
  await using pool = new Pool({ size: 2 });
  const results = pool.imap(square, endless());
  for (const n of range(100)) assertEquals((await results.next()).value, n * n);
  assert(read <= 100 + 2 * 4 + 1, `${read} read`);
  await results.return!();
});

troupeTest("R1.8 a queue's reader killed in get(): others get the items", async () => {
  await using begun = new Queue<string>();
  await using gate = new Queue<string>();
  const reader = new Process({ target: waitFor, args: [{ name: "reader", gate }] }).start();
  const other = new Process({ target: beginAndStay, args: [begun] }).start();
  await begun.get();
  reader.kill();
  await reader.join();
  for (const n of range(10)) await gate.put(`${n}`);
  assertEquals(await Promise.all(range(10).map(() => gate.get())), range(10).map(String));
  other.kill();
  await other.join();
});

troupeTest("R1.9 a queue's writer killed: what it put is there, others can put", async () => {
  await using queue = new Queue<string>();
  const writer = new Process({ target: beginAndLoop, args: [queue] }).start();
  assertEquals((await queue.get()).length > 0, true);
  writer.kill();
  await writer.join();
  await queue.put("mine");
  assertEquals(await queue.get(), "mine");
});

troupeTest("R1.10 what cannot be sent is refused at once, by queues and pools", async () => {
  await using queue = new Queue<unknown>();
  await rejectsWith(queue.put((() => {}) as never), NotSendableError);
  await queue.put(1);
  assertEquals(await queue.get(), 1);
  await using pool = new Pool({ size: 1 });
  await rejectsWith(pool.map(square, [1, (() => {}) as never]), NotSendableError);
  assertEquals(await pool.apply(square, 2), 4);
});

troupeTest("R1.11 terminate() ends, whatever the workers do", async () => {
  await using begun = new Queue<string>();
  const pool = new Pool({ size: 2 });
  const results = range(20).map(() => pool.apply(beginAndLoop, begun));
  await Promise.all([begun.get(), begun.get()]);
  pool.terminate();
  await Promise.all(results.map(rejection));
  await pool.join();
  await rejectsWith((async () => await pool.apply(square, 1))(), ClosedError);
});

Deno.test("R1.12 POOL-44 a program that ends while a task runs waits for it", async () => {
  const { code, stdout, stderr } = await program("run_pool.ts", "running");
  assertEquals([code, stdout.trim(), stderr], [0, "spun 200", ""]);
});

Deno.test("POOL-43 a program with a pool that was never closed ends by itself", async () => {
  const { code, stdout, stderr } = await program("run_pool.ts", "unclosed");
  assertEquals([code, stdout.trim(), stderr], [0, "9", ""]);
});

Deno.test("POOL-19 a failure that nobody waits for is reported", async () => {
  const { code, stderr } = await program("run_pool.ts", "unobserved");
  assertEquals(code, 1);
  assertMatch(stderr, /NotSendableError|Cannot send/);
});

Deno.test("POOL-45 an interrupt ends the program at once, and no worker complains", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL("../fixtures/run_pool.ts", import.meta.url).href,
      "interrupted",
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const callOff = whenOver(() => child.kill("SIGKILL"));
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  const [{ signal }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  callOff();
  await reader.cancel();
  assertEquals([signal, stderr], ["SIGINT", ""]);
});

troupeTest("ready() resolves when the workers are up", async () => {
  await using pool = new Pool({ size: 2 });
  await pool.ready();
  assertEquals(pool.stats().size, 2);
  await until(() => pool.stats().busy === 0);
});
