/** Processes that have a memory of their own: what crosses to them, what does not, and how they die. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { ExitError, NotSendableError, NotSupportedError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import type { AnyRef } from "../../actors/contract.ts";
import { events, type SystemEvent } from "../../actors/events.ts";
import { startHost } from "../../actors/host.ts";
import { inspect } from "../../actors/inspect.ts";
import { Process } from "../../actors/process.ts";
import { untyped } from "../../actors/ref.ts";
import { spawn } from "../../actors/spawn.ts";
import { link, monitor } from "../../actors/supervision/link.ts";
import { supervise } from "../../actors/supervision/supervise.ts";
import { child } from "../../actors/supervision/tree.ts";
import { Pool } from "../../pool/pool.ts";
import {
  askThere,
  busy,
  Far,
  fragile,
  Near,
  nested,
  numbers,
  patient,
  spinning,
  square,
} from "../fixtures/far.ts";
import { awake, program, rejection, rejectsWith, socketTest, until } from "../support.ts";

const isolation = "process";
const FIXTURES = new URL("../fixtures/", import.meta.url);

const far = (n = 0, friend: AnyRef | null = null) => spawn(Far, { args: [n, friend], isolation });
const near = (n = 0) => spawn(Near, { args: [n], isolation: "inline" });

function isThere(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

socketTest("values of all kinds and sizes go there and back", async () => {
  const one = await far();
  const values = [
    undefined,
    null,
    -0,
    12n ** 40n,
    "text",
    new Date(5),
    new Map([[1, new Set(["x"])]]),
    { nested: [{ deep: true }] },
    new Uint8Array(100),
    "y".repeat(5000),
    new Uint8Array(3_000_000).fill(7),
    new Error("told", { cause: new RangeError("deeper") }),
  ];
  for (const value of values) assertEquals(await one.ask.echo(value), value as never);
  assertEquals(await one.ask.echo(square), square as never);
  await one.stop();
});

socketTest("messages of one sender are handled in order, each once", async () => {
  const one = await spawn(Far, { args: [0, null], isolation, mailbox: { capacity: 8 } });
  const count = 500;
  await Promise.all(Array.from({ length: count }, (_, n) => one.tell.note(n)));
  assertEquals(await one.ask.seen(), Array.from({ length: count }, (_, n) => n));
  const { handled, mailbox } = await one.stats();
  assertEquals([handled, mailbox], [count + 1, 0]);
  await one.stop();
});

socketTest("streams: order, credit, an error, and an end by the reader", async () => {
  const one = await far();
  const all = await Array.fromAsync(one.stream.upTo(1000));
  assertEquals(all, Array.from({ length: 1000 }, (_, n) => n + 1));
  const broken = one.stream.breaking().getReader();
  assertEquals((await broken.read()).value, 1);
  assertEquals((await rejection(broken.read()) as Error).name, "RemoteError");
  for await (const n of one.stream.endless()) if (n === 200) break;
  while ((await one.ask.seen()).length === 0);
  assert(await one.ask.add(0) < 200 + 100, "it went on without a reader");
  await one.stop();
});

socketTest("actors know each other across: asks, streams, errors, both ways", async () => {
  const [one, two, mine] = [await far(10), await far(20), await near(1)];
  assertEquals(await one.ask.call([mine, 5]), 6);
  assertEquals(await one.ask.call([two, 5]), 25);
  assertEquals(await one.ask.sum([mine, 300]), 45_150);
  assertEquals(await one.ask.sum([two, 300]), 45_150);
  assertMatch(await one.ask.failing(mine), /RemoteError: .*on purpose/);
  const its = await one.ask.child(100) as AnyRef;
  assertEquals(await untyped(its).ask.add(1), 101);
  assertEquals(await two.ask.call([its, 1]), 102);
  assertEquals(await one.ask.call([its, 1]), 103);
  for (const ref of [one, two, mine]) await ref.stop();
});

socketTest("a reference that comes back is the same actor", async () => {
  const mine = await near(1);
  const one = await far(1, mine);
  const friend = await one.ask.friend() as AnyRef;
  assertEquals(untyped(friend).mailbox, untyped(mine).mailbox);
  const self = await one.ask.self(null) as AnyRef;
  assertEquals(untyped(self).mailbox, untyped(one).mailbox);
  assertEquals(await untyped(self).ask.add(1), 2);
  const process = new Process({ target: askThere, args: [one, 5], isolation }).start();
  assertEquals(await process.result, 7);
  await process.join();
  await Promise.all([one.stop(), mine.stop()]);
});

socketTest("what is in shared memory is refused at once, with its path", async () => {
  await using queue = new Queue<number>();
  const one = await far();
  const path = async (what: Promise<unknown>) => (await rejectsWith(what, NotSendableError)).path;
  assertEquals(await path(one.ask.echo({ jobs: [1, queue] })), "$.jobs[1]");
  assertEquals(await path(one.tell.echo(queue)), "$");
  assertEquals(await path(spawn(Far, { args: [queue as never, null], isolation })), "$.args[0]");
  const start = () => new Process({ target: square, args: [queue as never], isolation }).start();
  assertEquals(assertThrows(start, NotSendableError).path, "$.args[0]");
  await using pool = new Pool({ size: 1, isolation });
  await rejectsWith(pool.apply(square, queue as never), NotSendableError);
  const its = await one.ask.child(1) as AnyRef;
  assertEquals(await path(untyped(its).ask.add(queue)), "$");
  assertEquals(await one.ask.add(1), 1);
  await one.stop();
});

socketTest(
  "a process that is killed: what was in hand may have run, the rest did not",
  async () => {
    const one = await far();
    const inHand = rejectsWith(one.ask.spin(), ExitError);
    const queued = [1, 2, 3].map((n) => rejectsWith(one.ask.add(n), ExitError));
    await until(() => untyped(one).mailbox.isBusy, "the message to be in hand");
    one.kill();
    assertEquals((await inHand).maybeExecuted, true);
    for (const one of queued) assertEquals((await one).maybeExecuted, false);
    assertEquals(await awake(one.exited), { reason: "killed", exitCode: -9 });
    await rejectsWith(one.ask.add(1), ExitError);
  },
);

socketTest("an actor that is started again keeps what its last process had not begun", async () => {
  const one = await spawn(Far, { args: [0, null], isolation, restart: {} });
  const pid = await one.ask.pid();
  const inHand = rejectsWith(one.ask.spin(), ExitError);
  const queued = [1, 2, 3].map((n) => one.ask.add(n));
  await until(() => untyped(one).mailbox.isBusy, "the message to be in hand");
  one.kill();
  assertEquals((await inHand).maybeExecuted, true);
  assertEquals(await Promise.all(queued), [1, 3, 6]);
  assert(await one.ask.pid() !== pid);
  assertEquals((await rejection(one.ask.crash()) as Error).name, "RemoteError");
  assertEquals(await one.ask.add(1), 1);
  await rejectsWith(one.ask.exit(4), ExitError);
  assertEquals(await one.ask.add(1), 1);
  assertEquals((await one.stats()).restarts, 3);
  await one.stop();
});

socketTest("supervisors, links and monitors see processes as any actor", async () => {
  await using top = await supervise({
    children: { one: child(Far, { args: [1, null], isolation }) },
  });
  const { one } = top.children;
  assertEquals(await one.ask.add(1), 2);
  assertEquals((await inspect(one)).state, "ready");
  const pid = await one.ask.pid();
  one.kill();
  await until(() => !isThere(pid), "the process to be gone");
  assertEquals(await one.ask.add(1), 2);
  const [two, mine] = [await far(), await near()];
  using _tie = link(two, mine);
  const down = monitor(two);
  two.kill();
  assertEquals((await down).reason, "killed");
  assert((await awake(mine.exited)).reason !== "killed");
});

socketTest("a process stops, and is drained, as any actor", async () => {
  const [one, mine] = [await far(), await near()];
  await one.ask.stop(mine);
  assertEquals((await awake(mine.exited)).reason, "normal");
  const two = await far();
  const ended = one.ask.ended(two);
  await two.stop();
  assertEquals(await ended, "normal");
  const notes = Array.from({ length: 50 }, (_, n) => one.tell.note(n));
  await Promise.all([...notes, one.stop()]);
  assertEquals(await awake(one.exited), { reason: "normal", exitCode: 0 });
  const top = await supervise({ children: { two: child(Far, { args: [1, null], isolation }) } });
  const replies = Array.from({ length: 20 }, () => top.children.two.ask.add(1));
  await top.drain({ timeout: 60_000 });
  assertEquals((await Promise.all(replies)).at(-1), 21);
});

socketTest("whoever asked can call it off, before and while it is handled", async () => {
  const [one, told] = [await far(), await near()];
  const [first, second] = [new AbortController(), new AbortController()];
  const before = await told.ask.add(0);
  const inHand = rejection(one.ask.wait(told, { signal: first.signal }));
  while (await told.ask.add(0) === before);
  const queued = rejection(one.ask.add(100, { signal: second.signal }));
  second.abort("not begun");
  assertEquals(await queued, "not begun");
  first.abort("in hand");
  assertEquals(await inHand, "in hand");
  assertEquals(await one.ask.seen(), [-2]);
  assertEquals(await one.ask.add(0), 0);
  await Promise.all([one.stop(), told.stop()]);
});

socketTest("what a process told before its end, or an endless loop, arrives", async () => {
  const mine = await near();
  const one = await far();
  one.ask.tellAndSpin(mine).catch(() => {});
  await until(() => untyped(mine).mailbox.handled === 1, "what it told");
  one.kill();
  const two = await far();
  await rejectsWith(two.ask.tellAndExit([mine, 200]), ExitError);
  assertEquals((await awake(two.exited)).exitCode, 3);
  assertEquals(await mine.ask.add(0), 201);
  await mine.stop();
});

socketTest("asks from a process to an actor that ends are answered", async () => {
  const [one, mine] = [await far(), await near()];
  const two = await far();
  const asked = rejection(one.ask.call([two, 1]));
  await asked.catch(() => {});
  two.kill();
  await awake(two.exited);
  assertMatch(String(await rejection(one.ask.call([two, 1]))), /ended|lost/);
  await mine.stop();
  assertMatch(String(await rejection(one.ask.call([mine, 1]))), /ended|lost/);
  await one.stop();
});

socketTest("processes are killed at any moment of an exchange: nothing hangs", async () => {
  const mine = await near();
  for (let round = 0; round < 8; round++) {
    const one = await far(0, mine);
    let answered = 0;
    const asks = Array.from({ length: 40 }, async (_, n) => {
      await (n % 2 === 0 ? one.ask.add(1) : one.ask.call([mine, 1]));
      answered++;
    });
    await until(() => answered >= round * 5, "some answers");
    one.kill();
    const ended = await Promise.allSettled(asks);
    for (const each of ended) {
      if (each.status === "rejected") assert(each.reason instanceof ExitError, each.reason);
    }
    await awake(one.exited);
  }
  await mine.stop();
});

socketTest("dead letters and events of processes are heard", async () => {
  const heard: SystemEvent[] = [];
  const stream = events();
  const listening = (async () => {
    for await (const event of stream) heard.push(event);
  })();
  const one = await far();
  await one.ask.child(1);
  one.ask.spin().catch(() => {});
  one.tell.note(1).catch(() => {});
  await until(() => heard.some(({ type, actor }) => type === "spawned" && /^Near/.test(actor)));
  one.kill();
  await until(() => heard.some(({ type, actor }) => type === "crashed" && actor === one.id));
  stream[Symbol.dispose]();
  await listening;
});

socketTest("processes of processes, and their parents", async () => {
  const one = new Process({ target: nested, isolation }).start();
  const { result, pid, own, parent, known } = await one.result;
  assertEquals([result, own, parent, known], [9, one.pid, Deno.pid, pid]);
  assert(pid !== own);
  await one.join();
});

socketTest("an actor in a thread has one in a process, which ends with it", async () => {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("far.ts", FIXTURES).href, "thread"],
    env: { TROUPE_PROCESS: "socket", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  const expected = "7 8\n5050\nterminated\n";
  assertEquals([text.decode(stdout), text.decode(stderr)], [expected, ""]);
});

socketTest("a process that is allowed nothing runs, and its code is loaded", async () => {
  const one = await spawn(Far, { args: [1, null], isolation, permissions: "none" });
  assertEquals(await one.ask.add(1), 2);
  await one.stop();
});

socketTest("a host cannot be beyond", async () => {
  await assertRejects(() => startHost({ isolation }), NotSupportedError);
});

socketTest("pools: progress, streams, cancelling, retries, kills", async () => {
  await using pool = new Pool({ size: 2, isolation });
  const seen: number[] = [];
  const onProgress = (done: number) => seen.push(done);
  assertEquals(await pool.applyAsync(busy, [5], { onProgress }), 5);
  assertEquals(seen, [0, 1, 2, 3, 4]);
  assertEquals(
    await Array.fromAsync(pool.stream(numbers, [300])),
    Array.from({ length: 300 }, (_, n) => n + 1),
  );
  const waiting = pool.applyAsync(patient, []);
  await until(() => waiting.running(), "the task to run");
  waiting.cancel();
  await rejection(waiting);
  const loop = pool.applyAsync(spinning, []);
  await until(() => loop.running(), "the task to run");
  const rest = Array.from({ length: 10 }, (_, n) => pool.apply(square, n));
  pool.killWorkers(2);
  await rejectsWith(loop, ExitError);
  assertEquals((await Promise.all(rest)).map(([n]) => n), [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
  const retry = { attempts: 2 };
  const all = Array.from({ length: 20 }, (_, n) => pool.applyAsync(fragile, [n], { retry }));
  assertEquals(await Promise.all(all), Array.from({ length: 20 }, (_, n) => n));
});

for (const [how, last] of [["ends", "leave"], ["is killed", "stay"]] as const) {
  socketTest(`PROC-37 no process outlives a program that ${how}, not even in a loop`, async () => {
    const main = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", new URL("far.ts", FIXTURES).href, last],
      env: { TROUPE_PROCESS: "socket" },
      stdout: "piped",
    }).spawn();
    const pids: number[] = [];
    for await (const line of main.stdout.pipeThrough(new TextDecoderStream())) {
      pids.push(...line.trim().split(" ").map(Number));
      if (last === "stay") main.kill("SIGKILL");
    }
    await main.status;
    assertEquals(pids.length, 2);
    await until(() => !pids.some(isThere), "all to be gone");
  });
}

socketTest("without --allow-ffi, and without --allow-env, it is a socket", async () => {
  const script = new URL("far.ts", FIXTURES);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-run", "--allow-read", script.href, "ask"],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals([text.decode(stdout), text.decode(stderr)], ["3 true\n", ""]);
  assertEquals((await program("far.ts", "ask")).stdout, "3 true\n");
});
