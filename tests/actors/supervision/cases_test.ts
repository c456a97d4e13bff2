/** Cases of which other tests show only a part. */
import { assert, assertEquals } from "@std/assert";
import { Queue } from "../../../channels/queue.ts";
import { ExitError, StartError } from "../../../errors.ts";
import { Lock } from "../../../memory/locks/lock.ts";
import type { AnyActor, AnyRef } from "../../../actors/actor.ts";
import { names } from "../../../actors/names.ts";
import { spawn as spawnTyped } from "../../../actors/spawn.ts";
import { station } from "../../../actors/station.ts";
import { child } from "../../../actors/supervision/tree.ts";
import { Curious, Ghost, Hungry, Keeper, Registers } from "../../fixtures/cases.ts";
import { Gated } from "../../fixtures/gated.ts";
import { Player } from "../../fixtures/supervised.ts";
import { awake, listenToProcesses, osTest, rejection, rejectsWith } from "../../support.ts";
import { AT_ONCE, both, type Cast, type Loose, only, supervise } from "./support.ts";

listenToProcesses();

const spawn = spawnTyped as unknown as (
  actor: AnyActor,
  options?: object,
) => Promise<Loose & AnyRef>;

const restart = { backoff: AT_ONCE };

function player({ isolation, log }: Cast, options: object = {}): Promise<Loose & AnyRef> {
  return spawn(Player, { isolation, args: [{ name: "a", log }], ...options });
}

both("A19 a name taken by a start that fails is free when the start has failed", async (cast) => {
  const { isolation } = cast;
  const name = `a19 ${isolation}`;
  for (let time = 0; time < (isolation === "inline" ? 100 : 3); time++) {
    await rejectsWith(spawn(Registers, { isolation, args: [name] }), StartError);
    assertEquals(names.whereis(Registers, name), undefined);
  }
  await using a = await spawn(Gated, { isolation, args: [cast.log] });
  names.register(name, a);
  assertEquals(names.whereis(Gated, name)?.id, a.id);
});

osTest(
  "B10 an actor that runs out of memory is started again, and nobody else notices",
  async () => {
    await using log = new Queue<string>();
    await using other = await spawn(Gated, { args: [log], isolation: "process" });
    await using a = await spawn(Hungry, { isolation: "process", memoryLimitMb: 32, restart });
    const { maybeExecuted } = await rejectsWith(a.ask.eat(), ExitError);
    assertEquals([maybeExecuted, await a.ask.isHere()], [true, true]);
    assertEquals([(await a.stats()).restarts, await other.ask.say("x")], [1, "x"]);
  },
);

only(
  "worker",
  "E06 a child that does not hear the request to stop does not hold up the rest",
  async (cast) => {
    const sup = await supervise({
      children: { a: cast.player("a"), b: cast.player("b", { shutdown: 100 }) },
    });
    const { a, b } = sup.children;
    await b.tell.loop();
    await cast.noted("looping:b");
    await sup.stop();
    assertEquals((await awake(b.exited)).reason, "killed");
    assertEquals((await awake(a.exited)).reason, "shutdown");
    assertEquals(cast.notes(), ["stop:a:shutdown"]);
  },
);

osTest("E20 a process in an endless loop is killed when its time to stop is up", async () => {
  await using log = new Queue<string>();
  const a = child(Player, {
    isolation: "process",
    args: [{ name: "a", log }],
    shutdown: 100,
  });
  const sup = await supervise({ children: { a } });
  await sup.children.a.tell.loop();
  while (await log.get() !== "looping:a");
  await sup.stop();
  const { reason, exitCode } = await awake(sup.children.a.exited);
  assertEquals([reason, exitCode], ["killed", -9]);
});

both(
  "F10 an ask that is called off tells its handler; a late reply is dropped and counted",
  async (cast) => {
    await using a = await player(cast);
    const controller = new AbortController();
    const { late } = station().awaited;
    const asked = rejection(a.ask.patient(null, { signal: controller.signal }));
    await cast.noted("patient:a");
    controller.abort("enough");
    assertEquals(await asked, "enough");
    assertEquals(await a.ask.get(), 0);
    assertEquals(station().awaited.late, late + 1);
  },
);

both("F12 whoever waits for a reply hears at once that there will be none", async (cast) => {
  await using a = await player(cast, { restart });
  const asked = rejectsWith(a.ask.hang(), ExitError);
  await cast.noted("hanging:a");
  a.kill();
  const { reason, maybeExecuted } = await asked;
  assertEquals([reason, maybeExecuted], ["killed", true]);
});

both("F15 replies do not wait behind the asker's own mailbox", async ({ isolation, log }) => {
  await using to = await spawn(Hungry, { isolation });
  await using a = await spawn(Curious, { isolation, args: [log] });
  const asked = a.ask.askMany({ to, times: 500 });
  assertEquals(await log.get(), "asking");
  const notes = Array.from({ length: 1000 }, () => a.tell.note());
  assertEquals(await asked, { sum: 500, notes: 0 });
  await Promise.all(notes);
});

both(
  "G10 an actor that puts too much aside is told so, and goes on",
  async ({ isolation, log }) => {
    await using a = await spawn(Gated, { isolation, args: [log] });
    for (let n = 0; n < 10_000; n++) await a.tell.later(`${n}`);
    assertEquals((await rejection(a.ask.later("one more")) as { code: string }).code, "FULL");
    assertEquals(await a.ask.say("goes on"), "goes on");
  },
);

both("G11 a crash while messages come back loses those that did not, and says so", async (cast) => {
  await using a = await spawn(Gated, { isolation: cast.isolation, args: [cast.log], restart });
  const asked = ["1", "boom", "3"].map((text) => a.ask.later(text));
  const settled = Promise.allSettled(asked);
  await a.ask.open();
  const [one, two, three] = await settled;
  assertEquals(one, { status: "fulfilled", value: "1" });
  assertEquals((two as PromiseRejectedResult).reason.code, "REMOTE");
  const { reason } = three as PromiseRejectedResult;
  assert(reason instanceof ExitError, Deno.inspect(reason));
  assertEquals([reason.maybeExecuted, await a.ask.say("again")], [true, "again"]);
});

only(
  "inline",
  "G21 what a life does after its end is nothing to the next",
  async ({ isolation, log }) => {
    await using gate = new Queue<string>();
    await using a = await spawn(Ghost, { isolation, args: [log], restart });
    const asked = rejectsWith(a.ask.haunt(gate), ExitError);
    assertEquals(await log.get(), "waiting");
    a.kill();
    await asked;
    assertEquals(await a.ask.get(), 0);
    const { handled } = await a.stats();
    await gate.put("go");
    assertEquals(await log.get(), "the old life goes on");
    await a.ask.note("of the new life");
    assertEquals([await log.get(), await a.ask.get()], ["of the new life", 0]);
    assertEquals([(await a.stats()).handled, log.empty()], [handled + 2, true]);
  },
);

only(
  "worker",
  "H16 a lock whose holder crashes goes to who waits next and lives",
  async ({ log }) => {
    const lock = new Lock();
    const keepers = await Promise.all([1, 2, 3].map(() => spawn(Keeper, { args: [log] })));
    const ended = [];
    const notes: string[] = [];
    for (const keeper of keepers) {
      ended.push(rejectsWith(keeper.ask.keep(lock), ExitError));
      notes.push(await log.get());
      if (ended.length === 1) notes.push(await log.get());
    }
    assertEquals(notes.sort(), ["acquired", "waiting", "waiting", "waiting"]);
    keepers[1].kill();
    await ended[1];
    keepers[0].kill();
    assertEquals(await log.get(), "abandoned");
    keepers[2].kill();
    await Promise.all(ended);
  },
);
