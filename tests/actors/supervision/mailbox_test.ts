import { assert, assertEquals } from "@std/assert";
import { Queue } from "../../../channels/queue.ts";
import { ExitError, FullError, NotSupportedError, UnknownMessageError } from "../../../errors.ts";
import { events, type SystemEvent } from "../../../actors/events.ts";
import { inspect } from "../../../actors/inspect.ts";
import { spawn as spawnTyped } from "../../../actors/spawn.ts";
import type { AnyRef } from "../../../actors/actor.ts";
import { Diary, Player, Stasher } from "../../fixtures/supervised.ts";
import { awake, rejection, rejectsWith, turn } from "../../support.ts";
import { AT_ONCE, both, type Cast, crash, life, type Loose, supervise, WITHIN } from "./support.ts";

const spawn = spawnTyped as unknown as (
  actor: unknown,
  options?: object,
) => Promise<Loose & AnyRef>;

function diary({ isolation, log }: Cast, options: object = {}): Promise<Loose & AnyRef> {
  return spawn(Diary, { isolation, args: [log], ...options });
}

function player({ isolation, log }: Cast, options: object = {}): Promise<Loose & AnyRef> {
  return spawn(Player, { isolation, args: [{ name: "a", log }], ...options });
}

/** Collects events until one fits. */
async function eventsUntil(
  stream: AsyncIterableIterator<SystemEvent>,
  fits: (event: SystemEvent) => boolean,
): Promise<SystemEvent[]> {
  const found: SystemEvent[] = [];
  for (;;) {
    const { value } = await awake(stream.next());
    found.push(value);
    if (fits(value)) return found;
  }
}

both("G01 a full mailbox that rejects says so, with the message", async (cast) => {
  await using a = await player(cast, { mailbox: { capacity: 3, overflow: "reject" } });
  const blocker = a.ask.hold(cast.gate);
  await cast.noted("holding:a");
  const sent = await Promise.allSettled([1, 2, 3, 4].map((n) => a.tell.note(`${n}`)));
  assertEquals(sent.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
  const { reason } = sent[3] as PromiseRejectedResult;
  assert(reason instanceof FullError);
  assertEquals([reason.value, (await a.stats()).mailbox], ["4", 3]);
  await cast.gate.put("go");
  await blocker;
});

both("G02 a full mailbox makes its senders wait, first come first served", async (cast) => {
  await using a = await player(cast, { mailbox: { capacity: 2 } });
  await a.tell.hold(cast.gate);
  await cast.noted("holding:a");
  const told = [1, 2, 3, 4, 5].map((n) => a.tell.note(`${n}`));
  await cast.gate.put("go");
  await Promise.all(told);
  assertEquals(await cast.noted("5"), ["1", "2", "3", "4", "5"]);
});

both("G03 a sender that is called off leaves nothing behind", async (cast) => {
  await using a = await player(cast, { mailbox: { capacity: 1 } });
  await a.tell.hold(cast.gate);
  await cast.noted("holding:a");
  const controller = new AbortController();
  const first = a.tell.note("1");
  const second = rejection(a.tell.note("never", { signal: controller.signal }));
  const third = a.tell.note("3");
  controller.abort("enough");
  assertEquals(await second, "enough");
  await cast.gate.put("go");
  await Promise.all([first, third]);
  assertEquals(await cast.noted("3"), ["1", "3"]);
});

both("G04 a mailbox that drops its oldest tells them as dead letters", async (cast) => {
  await using a = await player(cast, { mailbox: { capacity: 3, overflow: "drop-oldest" } });
  using stream = events();
  await a.tell.hold(cast.gate);
  await cast.noted("holding:a");
  for (const n of [1, 2, 3, 4, 5, 6]) await a.tell.note(`${n}`);
  await cast.gate.put("go");
  assertEquals(await cast.noted("6"), ["4", "5", "6"]);
  const found = await eventsUntil(
    stream,
    (event) => event.type === "dead-letter" && event.message.payload === "3",
  );
  const dead = found.flatMap((event) => event.type === "dead-letter" ? [event] : []);
  assertEquals(dead.map(({ message, reason }) => [message.type, message.payload, reason]), [
    ["note", "1", "full"],
    ["note", "2", "full"],
    ["note", "3", "full"],
  ]);
  assertEquals((await a.stats()).dropped, 3);
});

both("G08 an ask that is dropped rejects", async (cast) => {
  await using a = await player(cast, { mailbox: { capacity: 1, overflow: "drop-oldest" } });
  await a.tell.hold(cast.gate);
  await cast.noted("holding:a");
  const asked = rejectsWith(a.ask.get(), FullError);
  await a.tell.note("next");
  await asked;
  await cast.gate.put("go");
});

both(
  "G12 messages put aside when the actor ends are dead letters; askers are told",
  async (cast) => {
    const a = await diary(cast);
    using stream = events();
    await a.ask.close();
    await a.tell.note("1");
    const asked = rejectsWith(a.ask.ticks(), ExitError);
    await a.tell.bye();
    await awake(a.exited);
    await asked;
    const found = await eventsUntil(
      stream,
      (event) => event.type === "dead-letter" && event.message.type === "ticks",
    );
    assertEquals(
      found.flatMap((event) => event.type === "dead-letter" ? [event.message.payload ?? null] : []),
      ["1", null],
    );
  },
);

both("G13 what was put aside comes first, in order, and then what is newer", async (cast) => {
  await using a = await diary(cast);
  while (await a.ask.ticks() < 1);
  await a.ask.close();
  for (const text of ["1", "2", "3"]) await a.tell.note(text);
  const asked = a.ask.ticks();
  await rejectsWith(a.ask.every({ ms: 1 }), UnknownMessageError);
  assertEquals(cast.notes(), []);
  await Promise.all([a.ask.open(), a.tell.note("newer")]);
  assertEquals(await cast.noted("newer"), ["1", "2", "3", "newer"]);
  assertEquals(await asked, 1);
});

both(
  "stash() is for handlers only; a crash loses what was put aside, and says so",
  async (cast) => {
    await using a = await diary(cast, { restart: { backoff: AT_ONCE } });
    await a.ask.close();
    const asked = rejectsWith(a.ask.ticks(), ExitError);
    await crash(a);
    assertEquals((await asked).maybeExecuted, true);
    await a.ask.note("open again");
    assertEquals(cast.notes(), ["open again"]);
  },
);

both("G16 a timer with a key takes the place of the one that had it", async (cast) => {
  await using a = await diary(cast);
  await a.ask.after({ ms: 60_000, text: "late", key: "k" });
  await a.ask.after({ ms: 5, text: "soon", key: "k" });
  assertEquals(await cast.noted("soon"), ["soon"]);
  assertEquals([await a.ask.cancel("k"), await a.ask.cancel("k")], [false, false]);
});

both("G17 a timer that is called off does not ring, even if it was due", async (cast) => {
  await using a = await diary(cast);
  assertEquals(await a.ask.afterAndCancel(), true);
  await a.ask.note("end");
  assertEquals(cast.notes(), ["end"]);
});

both("a timer's message comes after those that were there before it", async (cast) => {
  await using a = await diary(cast);
  await using gate = new Queue<string>();
  await a.tell.gated(gate);
  await cast.noted("waiting");
  for (const text of ["1", "2"]) await a.tell.note(text);
  await gate.put("timer");
  assertEquals(await cast.noted("timer"), ["1", "2", "timer"]);
});

both("every() rings again and again, and does not pile up", async (cast) => {
  await using a = await diary(cast);
  await a.ask.every({ ms: 2, key: "t" });
  while (await a.ask.ticks() < 5);
  const before = a.ask.hold(cast.gate);
  await cast.noted("holding");
  const after = a.ask.ticks();
  await turn(20);
  await cast.gate.put("go");
  assert(await after <= await before + 2);
  assertEquals(await a.ask.cancel("t"), true);
});

both("G18 timers end with the life of their actor", async (cast) => {
  await using a = await diary(cast, { restart: { backoff: AT_ONCE } });
  await a.ask.every({ ms: 1 });
  while (await a.ask.ticks() < 3);
  await crash(a);
  const ticks = await a.ask.ticks();
  await a.ask.block(20);
  assertEquals([ticks <= 1, await a.ask.ticks()], [true, 1]);
});

both("G19 stop is not stuck behind a full mailbox", async (cast) => {
  const a = await player(cast, { mailbox: { capacity: 100, overflow: "reject" } });
  using stream = events();
  await a.tell.sleep(60_000);
  await cast.noted("asleep:a");
  for (let n = 0; n < 100; n++) await a.tell.note(`${n}`);
  await rejectsWith(a.tell.note("more"), FullError);
  await a.stop();
  assertEquals(cast.notes(), ["stop:a:undefined"]);
  const found = await eventsUntil(
    stream,
    (event) => event.type === "dead-letter" && event.message.payload === "99",
  );
  const dead = found.filter((event) => event.type === "dead-letter" && event.reason === "stopped");
  assertEquals(dead.length, 100);
});

both("events() tells of starts, crashes, restarts and ends", async (cast) => {
  using stream = events();
  const sup = await supervise({
    name: "top",
    restart: { backoff: AT_ONCE, maxRestarts: 1, within: WITHIN },
    children: { a: cast.player("a") },
  });
  const { a } = sup.children;
  await crash(a);
  await life(sup, "a", 1);
  const inHand = rejection(a.ask.hang());
  await cast.noted("hanging:a");
  a.kill();
  await inHand;
  await rejection(awake(sup.exited));
  const found = await eventsUntil(stream, ({ type }) => type === "dead-letter");
  assertEquals(found.map(({ type, actor }) => [type, actor]), [
    ["spawned", "top/a"],
    ["crashed", "top/a"],
    ["restarted", "top/a"],
    ["crashed", "top/a"],
    ["crashed", "top"],
    ["dead-letter", "top/a"],
  ]);
  const letter = found[5] as Extract<SystemEvent, { type: "dead-letter" }>;
  assertEquals([letter.message.type, letter.reason], ["hang", "crashed-while-handling"]);
  const gaveUp = found[4] as Extract<SystemEvent, { type: "crashed" }>;
  assertEquals(gaveUp.error.code, "RESTART_LIMIT");
});

both("messages that wait when a supervised actor ends for good are dead letters", async (cast) => {
  using stream = events();
  const a = await player(cast, { restart: { maxRestarts: 0 } });
  const inHand = rejection(a.ask.sleep(60_000));
  await cast.noted("asleep:a");
  await a.tell.note("left");
  a.kill();
  await inHand;
  await awake(a.exited);
  const found = await eventsUntil(
    stream,
    (event) => event.type === "dead-letter" && event.message.payload === "left",
  );
  assertEquals((found.at(-1) as { reason: string }).reason, "stopped");
});

both("inspect() looks at an actor without asking it", async (cast) => {
  await using a = await player(cast, { restart: { backoff: AT_ONCE }, mailbox: { capacity: 8 } });
  await a.ask.get();
  const asked = rejection(a.ask.hang());
  await cast.noted("hanging:a");
  await a.tell.note("waits");
  const { state, mailbox, capacity, restarts, handled } = await inspect(a);
  assertEquals([state, mailbox, capacity, restarts, handled], ["running", 1, 8, 0, 1]);
  a.kill();
  await asked;
  await a.ask.get();
  while ((await inspect(a)).state !== "ready") await turn(1);
  assertEquals((await inspect(a)).restarts, 1);
  await a.stop();
  assertEquals((await inspect(a)).state, "stopped");
});

both("stash() outside of a handler is refused", async (cast) => {
  const error = await rejection(
    spawn(Stasher, { isolation: cast.isolation }),
  ) as Error;
  assert(error.cause instanceof NotSupportedError, Deno.inspect(error));
});
