import { assertEquals } from "@std/assert";
import { ExitError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { events, type SystemEvent } from "../../actors/events.ts";
import { startHost } from "../../actors/host.ts";
import { inspect } from "../../actors/inspect.ts";
import { spawn as spawnTyped } from "../../actors/spawn.ts";
import type { AnyRef, Isolation } from "../../actors/actor.ts";
import { Gated } from "../fixtures/gated.ts";
import { awake, listenToProcesses, osTest, rejectsWith, troupeTest } from "../support.ts";
import type { Loose } from "./supervision/support.ts";

listenToProcesses();

const spawn = spawnTyped as unknown as (
  actor: unknown,
  options?: object,
) => Promise<Loose & AnyRef>;

type Dead = Extract<SystemEvent, { type: "dead-letter" }>;

/** The dead letters of an actor, as many as are expected. */
async function deadLetters(
  stream: AsyncIterableIterator<SystemEvent>,
  count: number,
): Promise<unknown[]> {
  const found: Dead[] = [];
  while (found.length < count) {
    const { value } = await awake(stream.next());
    if (value.type === "dead-letter") found.push(value);
  }
  return found.map(({ message, reason }) => [message.type, message.payload ?? null, reason]);
}

async function fill(a: Loose & AnyRef, log: Queue<string>, gate: Queue<string>) {
  const askers = [rejectsWith(a.ask.hold(gate), ExitError)];
  assertEquals(await log.get(), "holding");
  await a.tell.note("1");
  await a.tell.note("2", { priority: 1 });
  askers.push(rejectsWith(a.ask.say("3"), ExitError));
  return askers;
}

const LEFT = [
  ["hold", null, "crashed-while-handling"],
  ["note", "1", "stopped"],
  ["note", "2", "stopped"],
  ["say", "3", "stopped"],
];

function killedTest(isolation: Isolation, test: typeof troupeTest): void {
  test(`Dead letters: what a killed actor had and did not handle (${isolation})`, async () => {
    await using log = new Queue<string>();
    await using gate = new Queue<string>();
    using stream = events();
    const a = await spawn(Gated, { isolation, args: [log] });
    const askers = await fill(a, log, gate);
    a.kill();
    assertEquals((await Promise.all(askers)).map(({ maybeExecuted }) => maybeExecuted), [
      true,
      false,
    ]);
    assertEquals(await deadLetters(stream, 4), LEFT);
    assertEquals([(await inspect(a)).deadLetters, log.empty()], [4, true]);
  });

  test(`Dead letters: they are counted though nobody listens (${isolation})`, async () => {
    await using log = new Queue<string>();
    await using gate = new Queue<string>();
    const a = await spawn(Gated, { isolation, args: [log] });
    const askers = await fill(a, log, gate);
    a.kill();
    await Promise.all(askers);
    while ((await inspect(a)).deadLetters < 4) await new Promise((done) => setTimeout(done, 1));
    assertEquals((await inspect(a)).deadLetters, 4);
  });

  test(`Dead letters: what was left when an actor exits (${isolation})`, async () => {
    await using log = new Queue<string>();
    await using gate = new Queue<string>();
    using stream = events();
    const a = await spawn(Gated, { isolation, args: [log] });
    const hold = a.ask.hold(gate);
    assertEquals(await log.get(), "holding");
    const exits = a.tell.exit();
    await a.tell.note("left");
    await gate.put("go");
    await Promise.all([hold, exits]);
    assertEquals(await deadLetters(stream, 2), [
      ["exit", null, "crashed-while-handling"],
      ["note", "left", "stopped"],
    ]);
    assertEquals((await awake(a.exited)).exitCode, 3);
  });
}

killedTest("worker", troupeTest);
killedTest("process", osTest as typeof troupeTest);

troupeTest("Dead letters: what a host's actors had when the host was killed", async () => {
  await using log = new Queue<string>();
  await using gate = new Queue<string>();
  using stream = events();
  const host = await startHost();
  const a = await spawn(Gated, { host, args: [log], mailbox: { capacity: 8 } });
  const b = await spawn(Gated, { host, args: [log] });
  const askers = await fill(a, log, gate);
  await b.tell.exit();
  await Promise.all(askers);
  const found = await deadLetters(stream, 5);
  assertEquals(found.filter((letter) => (letter as string[])[0] !== "exit"), LEFT);
  await host[Symbol.asyncDispose]();
});

troupeTest("Dead letters: an actor killed while it starts leaves nothing behind", async () => {
  await using log = new Queue<string>();
  const controller = new AbortController();
  const starting = spawn(Gated, { args: [log], signal: controller.signal });
  controller.abort(new Error("enough"));
  await rejectsWith(starting, Error);
});
