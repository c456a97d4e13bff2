import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { AlreadyStartedError, TimeoutError } from "../../../errors.ts";
import type { AnyRef } from "../../../actors/actor.ts";
import { names } from "../../../actors/names.ts";
import { spawn as spawnTyped } from "../../../actors/spawn.ts";
import { link, monitor } from "../../../actors/supervision/link.ts";
import { Hears, Names, Player } from "../../fixtures/supervised.ts";
import { awake, isPending, rejection, rejectsWith, troupeTest, until } from "../../support.ts";
import { AT_ONCE, both, type Cast, crash, type Loose, supervise, WITHIN } from "./support.ts";

const spawn = spawnTyped as unknown as (
  actor: unknown,
  options?: object,
) => Promise<Loose & AnyRef>;

function player(
  { isolation, log }: Cast,
  name: string,
  options: object = {},
): Promise<Loose & AnyRef> {
  return spawn(Player, { isolation, args: [{ name, log }], ...options });
}

both("H01 monitor() of an actor that has ended resolves at once", async (cast) => {
  const a = await player(cast, "a");
  await a.stop();
  assertEquals(await monitor(a), { id: a.id, reason: "normal", exitCode: 0 });
});

both("H02 all monitors hear of an end", async (cast) => {
  const a = await player(cast, "a");
  const downs = [monitor(a), monitor(a), monitor(a)];
  a.kill();
  for (const down of downs) assertEquals(await down, { id: a.id, reason: "killed", exitCode: -9 });
});

both("H03 a monitor that is called off hears nothing", async (cast) => {
  await using a = await player(cast, "a");
  const controller = new AbortController();
  const down = rejection(monitor(a, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await down, "enough");
  await rejectsWith(monitor(a, { timeout: 10 }), TimeoutError);
});

both("monitor() does not take a restart for the end", async (cast) => {
  const a = await player(cast, "a", {
    restart: { maxRestarts: 1, within: WITHIN, backoff: AT_ONCE },
  });
  const down = monitor(a);
  await crash(a);
  assertEquals(await a.ask.get(), 0);
  assert(await isPending(down, 20));
  await crash(a);
  const { reason, error } = await down;
  assertEquals([reason, error?.code], ["error", "RESTART_LIMIT"]);
});

both("H05 an actor that watches lives on, and is told", async (cast) => {
  await using hears = await spawn(Hears, { isolation: cast.isolation });
  const a = await player(cast, "a");
  await hears.ask.watch(a);
  a.kill();
  let heard: string[] = [];
  while (heard.length === 0) heard = await hears.ask.heard();
  assertEquals(heard, ["down"]);
});

both("a linked actor is stopped when the other crashes", async (cast) => {
  const [a, b] = [await player(cast, "a"), await player(cast, "b")];
  link(a, b);
  a.kill();
  assertEquals((await awake(b.exited)).reason, "normal");
  assert(cast.notes().includes("stop:b:[object Object]"));
});

both("a linked actor lives on when the other ends well", async (cast) => {
  const a = await player(cast, "a");
  await using b = await player(cast, "b");
  link(b, a);
  await a.stop();
  assertEquals(await b.ask.add(1), 1);
});

both("H06 the same link twice is one", async (cast) => {
  const a = await player(cast, "a");
  await using b = await player(cast, "b");
  const one = link(a, b);
  assertStrictEquals(link(b, a), one);
  one[Symbol.dispose]();
  a.kill();
  await awake(a.exited);
  assertEquals(await b.ask.add(1), 1);
});

both("H08 a name is one actor's at a time", async (cast) => {
  await using a = await player(cast, "a");
  await using b = await player(cast, "b");
  names.register("n", a);
  names.register("n", a);
  const error = assertThrows(() => names.register("n", b), AlreadyStartedError);
  assert(error.message.includes(a.id), error.message);
  assertEquals(names.list(), ["n"]);
  assertEquals([names.unregister("n"), names.unregister("n"), names.list()], [true, false, []]);
  names.register("n", b);
});

both("H09 a name outlives restarts", async (cast) => {
  await using sup = await supervise({
    restart: { backoff: AT_ONCE },
    children: { a: cast.player("a") },
  });
  names.register("n", sup.children.a as never);
  await crash(sup.children.a);
  const found = names.whereis(Player, "n")!;
  assertEquals([found.id, await found.ask.add(2)], [sup.children.a.id, 2]);
});

both("H10 a name is free when its actor has ended", async (cast) => {
  const a = await player(cast, "a");
  names.register("n", a);
  a.kill();
  await awake(a.exited);
  assertEquals(names.whereis(Player, "n"), undefined);
  await using b = await player(cast, "b");
  names.register("n", b);
  assertEquals(names.whereis(Player, "n")?.id, b.id);
});

troupeTest("names are the same in all isolates", async () => {
  await using a = await spawn(Names);
  await using b = await spawn(Names);
  assertEquals(await a.ask.find("b"), null);
  names.register("b", b);
  assertEquals(await a.ask.find("b"), b.id);
  assertEquals(await a.ask.register("mine"), "mine");
  assertEquals(await b.ask.register("mine"), "ALREADY_STARTED");
  const found = names.whereis(Names, "mine")!;
  assertEquals([found.id, names.list().toSorted()], [a.id, ["b", "mine"]]);
  a.kill();
  await awake(a.exited);
  await until(() => names.list().length === 1);
  assertEquals(await b.ask.register("mine"), "mine");
});

troupeTest("isolates that race for a name: one gets it", async () => {
  const racers = await Promise.all([1, 2, 3].map(() => spawn(Names)));
  for (let round = 0; round < 30; round++) {
    const got = await Promise.all(racers.map((racer) => racer.ask.register("cup")));
    assertEquals(got.filter((what) => what === "cup").length, 1);
    names.unregister("cup");
  }
  for (const racer of racers) await racer.stop();
});

troupeTest("names and ids that are too long are refused", async () => {
  await using a = await spawn(Names);
  for (const name of ["", "x".repeat(200), 5 as unknown as string]) {
    assertThrows(() => names.register(name, a), RangeError);
  }
  assertThrows(() => names.register("x", {} as AnyRef), TypeError);
});
