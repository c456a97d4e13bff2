import { assert, assertEquals } from "@std/assert";
import { Queue } from "../../channels/queue.ts";
import { startHost } from "../../actors/host.ts";
import { inspect } from "../../actors/inspect.ts";
import { spawn as spawnTyped } from "../../actors/spawn.ts";
import type { AnyRef } from "../../actors/actor.ts";
import { Gated } from "../fixtures/gated.ts";
import { listenToProcesses, osTest, rejection, troupeTest, turn } from "../support.ts";
import { AT_ONCE, both, type Loose } from "./supervision/support.ts";

listenToProcesses();

const spawn = spawnTyped as unknown as (
  actor: unknown,
  options?: object,
) => Promise<Loose & AnyRef>;

/** Two actors that know nothing of each other, and a gate for each. */
async function pair(log: Queue<string>, options: object) {
  const [a, b] = await Promise.all([1, 2].map(() => spawn(Gated, { args: [log], ...options })));
  const gates = [new Queue<string>(), new Queue<string>()];
  return {
    a,
    b,
    gates,
    async [Symbol.asyncDispose]() {
      for (const gate of gates) await gate.put("go");
      await Promise.all([a.stop(), b.stop()]);
      for (const gate of gates) gate.close();
    },
  };
}

both("inspect() tells how long the oldest message has waited", async ({ isolation, log }) => {
  await using gate = new Queue<string>();
  await using a = await spawn(Gated, { isolation, args: [log] });
  assertEquals((await inspect(a)).age, 0);
  const hold = a.ask.hold(gate);
  assertEquals(await log.get(), "holding");
  assertEquals((await inspect(a)).age, 0);
  const before = Date.now();
  const first = a.tell.note("x".repeat(20_000));
  await first;
  const after = Date.now();
  await turn(3);
  await a.tell.note("2", { priority: 1 });
  const { age } = await inspect(a);
  const now = Date.now();
  assert(age >= 2 && age <= now - before, `${age} of ${now - before}, ${now - after}`);
  await gate.put("go");
  await hold;
  assertEquals([await log.get(), (await log.get()).length], ["2", 20_000]);
  await a.ask.say("end");
  assertEquals((await inspect(a)).age, 0);
});

both("inspect() tells whose answer an actor waits for", async ({ isolation, log }) => {
  await using both = await pair(log, { isolation });
  const { a, b, gates: [gate] } = both;
  const asked = a.ask.relay({ to: b, gate });
  assertEquals(await log.get(), "holding");
  const [one, two] = [await inspect(a), await inspect(b)];
  assertEquals([one.state, one.waitsFor], ["blocked", b.id]);
  assertEquals([two.state, two.waitsFor], ["running", undefined]);
  await gate.put("go");
  await asked;
  assertEquals((await inspect(a)).waitsFor, undefined);
  // The reply is on its way before its message counts as handled.
  while ((await inspect(a)).state !== "ready") await turn(1);
});

troupeTest("inspect() sees an ask after others, in a worker of its own", async () => {
  await using log = new Queue<string>();
  await using both = await pair(log, {});
  const { a, b, gates: [gate] } = both;
  const asked = a.ask.relayLater({ to: b, gate });
  assertEquals(await log.get(), "holding");
  assertEquals((await inspect(a)).waitsFor, b.id);
  await gate.put("go");
  await asked;
});

troupeTest("inspect() shows an ask that is open when another was answered", async () => {
  await using log = new Queue<string>();
  await using both = await pair(log, {});
  await using c = await spawn(Gated, {
    args: [log],
    id: "a name of more than 124 bytes ".repeat(9),
  });
  const { a, b, gates: [first, second] } = both;
  const asked = a.ask.relayBoth([{ to: b, gate: first }, { to: c, gate: second }]);
  assertEquals([await log.get(), await log.get()], ["holding", "holding"]);
  assertEquals((await inspect(a)).waitsFor, c.id.slice(0, 124));
  await second.put("go");
  while ((await inspect(a)).waitsFor !== b.id) await turn(1);
  await first.put("go");
  await asked;
});

troupeTest("inspect() does not know of asks of the program as those of an actor", async () => {
  await using log = new Queue<string>();
  await using gate = new Queue<string>();
  await using a = await spawn(Gated, { args: [log], isolation: "inline" });
  const hold = a.ask.hold(gate);
  assertEquals(await log.get(), "holding");
  assertEquals((await inspect(a)).waitsFor, undefined);
  await gate.put("go");
  await hold;
});

troupeTest("inspect() forgets the ask of a life that was killed", async () => {
  await using log = new Queue<string>();
  await using both = await pair(log, { restart: { backoff: AT_ONCE } });
  const { a, b, gates: [gate] } = both;
  const asked = rejection(a.ask.relay({ to: b, gate }));
  assertEquals(await log.get(), "holding");
  a.kill();
  await asked;
  await a.ask.say("again");
  const { waitsFor, restarts } = await inspect(a);
  assertEquals([waitsFor, restarts], [undefined, 1]);
});

troupeTest("inspect() of an actor in an endless loop, and of one in a host", async () => {
  await using log = new Queue<string>();
  await using host = await startHost();
  await using both = await pair(log, { host, mailbox: { capacity: 8 } });
  const { a, b, gates: [gate] } = both;
  const asked = a.ask.relay({ to: b, gate });
  assertEquals(await log.get(), "holding");
  assertEquals((await inspect(a)).waitsFor, b.id);
  await gate.put("go");
  await asked;
  const looping = await spawn(Gated, { args: [log] });
  const loops = rejection(looping.ask.loop());
  while (await log.get() !== "looping");
  await looping.tell.note("waits");
  await turn(2);
  const { state, mailbox, age } = await inspect(looping);
  assertEquals([state, mailbox, age > 0], ["running", 1, true]);
  looping.kill();
  await loops;
});

osTest("inspect() sees an actor in a process as it sees others", async () => {
  await using log = new Queue<string>();
  await using both = await pair(log, { isolation: "process" });
  const { a, b, gates: [gate] } = both;
  const asked = a.ask.relay({ to: b, gate });
  assertEquals(await log.get(), "holding");
  const { state, waitsFor } = await inspect(a);
  assertEquals([state, waitsFor], ["blocked", b.id]);
  await gate.put("go");
  await asked;
});
