import { assert, assertEquals, assertThrows } from "@std/assert";
import { ExitError, FullError, type RemoteError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { startHost } from "../../actors/host.ts";
import { inspect } from "../../actors/inspect.ts";
import { spawn as spawnTyped } from "../../actors/spawn.ts";
import type { AnyRef } from "../../actors/actor.ts";
import { Gated } from "../fixtures/gated.ts";
import { rejection, rejectsWith } from "../support.ts";
import { AT_ONCE, both, type Cast, type Loose } from "./supervision/support.ts";

const spawn = spawnTyped as unknown as (
  actor: unknown,
  options?: object,
) => Promise<Loose & AnyRef>;

const restart = { backoff: AT_ONCE, maxRestarts: 1000 };

/** An actor that has a message in hand, and what lets it go on. */
async function held({ isolation, log, noted }: Cast, options: object = {}) {
  const gate = new Queue<string>();
  const a = await spawn(Gated, { isolation, args: [log], ...options });
  const hold = rejection(a.ask.hold(gate).then(() => Promise.reject("done")));
  await noted.call({ log } as never, "holding");
  const letGo = async (word = "go") => {
    await gate.put(word);
    const how = await hold;
    gate.close();
    return how;
  };
  return { a, letGo };
}

async function readAll(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
  while (!(await reader.read()).done);
}

both("G19 higher priorities go first, and those of one priority as they came", async (cast) => {
  const { a, letGo } = await held(cast);
  await using _ = a;
  const sent: [string, number?][] = [["a"], ["low", -1], ["x", 5], ["b", 0], ["top", 9], ["y", 5]];
  for (const [text, priority] of sent) {
    await (priority === undefined ? a.tell.note(text) : a.tell.note(text, { priority }));
  }
  assertEquals((await inspect(a)).mailbox, 6);
  await letGo();
  assertEquals(await cast.noted("low"), ["top", "x", "y", "a", "b", "low"]);
});

both("G19 stop goes before the highest priority", async (cast) => {
  const { a, letGo } = await held(cast);
  await a.tell.note("never", { priority: 32767 });
  const stopped = a.stop();
  await letGo();
  await stopped;
  assertEquals(cast.notes(), []);
});

both("Priorities: asks, streams and long messages have them too", async (cast) => {
  const { a, letGo } = await held(cast);
  await using _ = a;
  const long = (letter: string) => letter.repeat(50_000);
  const asked = [
    a.ask.say("first"),
    a.ask.say(long("l"), { priority: 1 }),
    a.ask.say("second", { priority: 2, timeout: 60_000 }),
  ];
  const reader = a.stream.endless("stream", { priority: 3 }).getReader();
  await a.tell.note("last");
  await letGo();
  assertEquals(await cast.noted("last"), ["stream", "second", long("l"), "first", "last"]);
  assertEquals(await Promise.all(asked), ["first", long("l"), "second"]);
  assertEquals((await reader.read()).value, "stream");
  await reader.cancel();
});

both("Priorities: at most a mailbox full goes before a message", async (cast) => {
  const { a, letGo } = await held(cast, { mailbox: { capacity: 4 } });
  await using _ = a;
  await a.tell.note("low", { priority: -1 });
  const flood = Array.from({ length: 20 }, (_, n) => a.tell.note(`${n}`, { priority: 1 }));
  await letGo();
  await Promise.all(flood);
  const notes = await cast.noted("19");
  assert(notes.indexOf("low") <= 3, `${notes}`);
  assertEquals(
    notes.filter((note) => note !== "low"),
    Array.from({ length: 20 }, (_, n) => `${n}`),
  );
});

both(
  "Priorities: a mailbox that drops its oldest does so whatever their priority",
  async (cast) => {
    const { a, letGo } = await held(cast, { mailbox: { capacity: 2, overflow: "drop-oldest" } });
    await using _ = a;
    const dropped = rejectsWith(a.ask.say("dropped", { priority: 9 }), FullError);
    await a.tell.note("low");
    await a.tell.note("high", { priority: 1 });
    await dropped;
    await letGo();
    assertEquals(await cast.noted("low"), ["high", "low"]);
    assertEquals((await inspect(a)).mailbox, 0);
  },
);

both("Priorities: what did not have its turn waits for the next life, in order", async (cast) => {
  const { a, letGo } = await held(cast, { restart });
  await using _ = a;
  await a.tell.note("low");
  const lost = rejection(a.ask.die("dies", { priority: 9 }));
  const waits = a.ask.say("waits", { priority: 5 });
  await a.tell.note("mid", { priority: 7 });
  await letGo("boom");
  assertEquals((await lost as RemoteError).remoteName, "RangeError");
  assertEquals(await waits, "waits");
  assertEquals(await cast.noted("low"), ["dies", "mid", "waits", "low"]);
  assertEquals((await a.stats()).restarts, 2);
});

both("Priorities: askers hear of a life's end whose messages it took out of turn", async (cast) => {
  const { a, letGo } = await held(cast, { restart });
  await using _ = a;
  const first = a.ask.say("first");
  const aside = rejectsWith(a.ask.later("aside", { priority: 8 }), ExitError);
  const reader = a.stream.endless("stream", { priority: 7 }).getReader();
  const dies = rejection(a.ask.die("dies", { priority: 6 }));
  const broken = rejectsWith(readAll(reader), ExitError);
  await letGo();
  await dies;
  assertEquals([(await aside).maybeExecuted, (await broken).maybeExecuted], [true, true]);
  assertEquals(await first, "first");
});

both("Priorities: at the end, askers are told whether theirs ran", async (cast) => {
  const { a, letGo } = await held(cast);
  const ran = rejectsWith(a.ask.later("aside", { priority: 2 }), ExitError);
  await using gate = new Queue<string>();
  const second = a.ask.hold(gate, { priority: 1 });
  const left = rejectsWith(a.ask.say("left"), ExitError);
  await letGo();
  await cast.noted("holding");
  const stopped = a.stop();
  await gate.put("go");
  await Promise.all([second, stopped]);
  assertEquals([(await ran).maybeExecuted, (await left).maybeExecuted], [true, false]);
  assertEquals(cast.notes(), []);
});

Deno.test("Priorities: what is none is refused at once", async () => {
  await using log = new Queue<string>();
  await using a = await spawn(Gated, { isolation: "inline", args: [log] });
  for (const priority of [0.5, NaN, 32768, -32769, "1"]) {
    assertThrows(() => a.tell.note("x", { priority }), RangeError, "priority");
  }
  await a.ask.say("x", { priority: 0 });
});

both("Priorities: in a host too", async ({ isolation, log }) => {
  await using host = await startHost({ isolation });
  await using a = await spawn(Gated, { args: [log], host, mailbox: { capacity: 8 } });
  await using gate = new Queue<string>();
  const hold = a.ask.hold(gate);
  assertEquals(await log.get(), "holding");
  for (const priority of [1, 2, 3]) await a.tell.note(`${priority}`, { priority });
  await gate.put("go");
  await hold;
  assertEquals([await log.get(), await log.get(), await log.get()], ["3", "2", "1"]);
});

both(
  "Priorities: with crashes at random, each message is handled once or its asker told",
  async (cast) => {
    await using a = await spawn(Gated, {
      isolation: cast.isolation,
      args: [cast.log],
      restart,
      mailbox: { capacity: 16 },
    });
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const asked = Array.from({ length: 300 }, (_, n) => {
      const priority = random(7) - 3;
      const kind = random(20) === 0 ? "die" : "say";
      return a.ask[kind](`${n}`, { priority }).then(() => "said", ({ code }) => code);
    });
    const settled = await Promise.all(asked);
    const notes = cast.notes();
    assertEquals(new Set(notes).size, notes.length);
    const missing = settled.filter((how, n) => how === "said" && !notes.includes(`${n}`));
    assertEquals(missing, []);
    assert(settled.includes("REMOTE"), `${[...new Set(settled)]}`);
  },
);
