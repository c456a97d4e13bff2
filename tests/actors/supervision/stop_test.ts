import { assert, assertEquals } from "@std/assert";
import { RestartLimitError } from "../../../errors.ts";
import { tree } from "../../../actors/supervision/tree.ts";
import { awake, isPending, rejectsWith, until } from "../../support.ts";
import {
  AT_ONCE,
  both,
  crash,
  life,
  type LooseSupervisor,
  only,
  states,
  supervise,
} from "./support.ts";

const TRANSIENT = { restart: { type: "transient" as const, backoff: AT_ONCE } };

both("children stop in reverse order", async (cast) => {
  const sup = await supervise({
    children: { a: cast.player("a"), b: cast.player("b"), c: cast.player("c") },
  });
  cast.notes();
  await sup.stop();
  assertEquals(cast.notes(), ["stop:c:shutdown", "stop:b:shutdown", "stop:a:shutdown"]);
});

both(
  "E02 a child that does not end in time is killed; its stopped hook does not run",
  async (cast) => {
    const sup = await supervise({
      children: { a: cast.player("a"), b: cast.player("b", { shutdown: 100 }) },
    });
    const { a, b } = sup.children;
    await b.tell.hang();
    await cast.noted("hanging:b");
    await sup.stop();
    assertEquals([(await awake(b.exited)).reason, (await awake(a.exited)).reason], [
      "killed",
      "shutdown",
    ]);
    assertEquals(cast.notes(), ["stop:a:shutdown"]);
  },
);

both("E03 brutal children are killed at once", async (cast) => {
  const sup = await supervise({ children: { b: cast.player("b", { shutdown: "brutal" }) } });
  const { b } = sup.children;
  cast.notes();
  await sup.stop();
  assertEquals([(await awake(b.exited)).reason, cast.notes()], ["killed", []]);
});

both("E04 children added at run time stop at the same time", async (cast) => {
  const sup = await supervise({ children: { first: cast.player("first") } });
  for (const name of ["x", "y", "z"]) {
    await sup.startChild(name, cast.player(name, { shutdown: name === "z" ? 100 : 10_000 }));
  }
  await sup.children.z.tell.hang();
  await cast.noted("hanging:z");
  const { z } = sup.children;
  await sup.stop();
  const notes = cast.notes();
  assertEquals(notes.slice(0, 2).sort(), ["stop:x:shutdown", "stop:y:shutdown"]);
  assertEquals(notes.slice(2), ["stop:first:shutdown"]);
  assertEquals((await awake(z.exited)).reason, "killed");
});

both("E05 what a child does while it is stopped leads to no restart", async (cast) => {
  const sup = await supervise({
    children: {
      a: cast.player("a", { stopping: "throw" }),
      b: cast.player("b", { ...TRANSIENT, stopping: "throw" }),
      c: cast.player("c", { restart: { type: "temporary" }, stopping: "throw" }),
    },
  });
  const { a, b, c } = sup.children;
  cast.notes();
  await sup.stop();
  assertEquals(cast.notes(), ["stop:c:shutdown", "stop:b:shutdown", "stop:a:shutdown"]);
  for (const ref of [a, b, c]) assertEquals((await awake(ref.exited)).reason, "error");
  assertEquals(await sup.exited, "shutdown");
});

both("E07 stop() twice is one stop", async (cast) => {
  const sup = await supervise({ children: { a: cast.player("a") } });
  cast.notes();
  await Promise.all([sup.stop(), sup.stop()]);
  await sup.stop();
  assertEquals(cast.notes(), ["stop:a:shutdown"]);
  await using again = await supervise({ children: { a: cast.player("a") } });
  assertEquals(states(again), { a: "ready" });
});

const significant = { ...TRANSIENT, significant: true };

both("E08 the good end of a significant child is that of its supervisor", async (cast) => {
  const sup = await supervise({
    autoShutdown: "any_significant",
    children: { a: cast.player("a", significant), b: cast.player("b") },
  });
  cast.notes();
  await sup.children.a.tell.bye("done");
  assertEquals(await awake(sup.exited), "shutdown");
  assertEquals(cast.notes(), ["stop:a:done", "stop:b:shutdown"]);
});

both("E09 a significant child that crashes is started again", async (cast) => {
  await using sup = await supervise({
    autoShutdown: "any_significant",
    children: { a: cast.player("a", significant), b: cast.player("b") },
  });
  await crash(sup.children.a);
  await life(sup, "a", 1);
  assert(await isPending(sup.exited, 20));
});

both("E10 the crash of a significant temporary child ends its supervisor", async (cast) => {
  const sup = await supervise({
    autoShutdown: "any_significant",
    children: {
      a: cast.player("a", { restart: { type: "temporary" }, significant: true }),
      b: cast.player("b"),
    },
  });
  await crash(sup.children.a);
  assertEquals(await awake(sup.exited), "shutdown");
});

both("E11 terminateChild() of a significant child is no end of its own", async (cast) => {
  await using sup = await supervise({
    autoShutdown: "any_significant",
    children: { a: cast.player("a", significant), b: cast.player("b") },
  });
  await sup.terminateChild("a");
  assert(await isPending(sup.exited, 20));
  assertEquals(states(sup), { a: "stopped", b: "ready" });
});

both("E12 with all_significant, the last one counts", async (cast) => {
  const sup = await supervise({
    autoShutdown: "all_significant",
    children: { a: cast.player("a", significant), b: cast.player("b", significant) },
  });
  await sup.children.a.tell.bye();
  await until(() => states(sup).a === "stopped");
  assert(await isPending(sup.exited, 20));
  await sup.children.b.tell.bye();
  assertEquals(await awake(sup.exited), "shutdown");
});

both("E13 significant children that stop for the sake of a sibling do not count", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    autoShutdown: "any_significant",
    children: {
      a: cast.player("a", significant),
      b: cast.player("b"),
      c: cast.player("c", significant),
    },
  });
  await crash(sup.children.b);
  await life(sup, "c", 1);
  assert(await isPending(sup.exited, 20));
});

both("E14 significant supervisors pass the end on", async (cast) => {
  const below = {
    restart: { type: "transient" as const },
    autoShutdown: "any_significant" as const,
    children: { c: cast.player("c", significant) },
  };
  const top = await supervise({
    autoShutdown: "any_significant",
    children: { b: tree({ ...below, significant: true }) },
  });
  await (top.children.b as unknown as LooseSupervisor).children.c.tell.bye();
  assertEquals(await awake(top.exited), "shutdown");
  await using stays = await supervise({ children: { b: tree(below) } });
  await (stays.children.b as unknown as LooseSupervisor).children.c.tell.bye();
  await until(() => states(stays).b === "stopped");
  assert(await isPending(stays.exited, 20));
});

both("E18 the signal of a handler fires when its actor has to stop", async (cast) => {
  const sup = await supervise({ children: { a: cast.player("a", { shutdown: Infinity }) } });
  await sup.children.a.tell.patient();
  await cast.noted("patient:a");
  await sup.stop();
  assertEquals(cast.notes(), ["stop:a:shutdown"]);
});

only(
  "worker",
  "E19 a child in an endless loop is killed, and started again elsewhere",
  async (cast) => {
    await using sup = await supervise({ children: { a: cast.player("a", { shutdown: 100 }) } });
    await sup.children.a.tell.loop();
    await cast.noted("looping:a");
    const { a } = sup.children;
    const asked = a.ask.add(2);
    a.kill();
    assertEquals(await asked, 2);
    await a.tell.loop();
    await cast.noted("looping:a");
    await sup.stop();
    assertEquals((await awake(a.exited)).reason, "killed");
  },
);

both("a supervisor below can be stopped by hand, and started again", async (cast) => {
  await using top = await supervise({
    children: { below: tree({ children: { a: cast.player("a") } }) },
  });
  const below = top.children.below as unknown as LooseSupervisor;
  const { a } = below.children;
  await below.stop();
  assertEquals([states(top), (await awake(a.exited)).reason], [{ below: "stopped" }, "shutdown"]);
  await top.restartChild("below");
  assertEquals(await below.children.a.ask.add(1), 1);
});

both("stop() interrupts a start", async (cast) => {
  const starting = supervise({
    children: {
      below: tree({ children: { a: cast.player("a"), b: cast.player("b", { plan: ["fail"] }) } }),
    },
  });
  await rejectsWith(starting, Error);
  assertEquals(cast.notes(), ["init:a", "init:b", "stop:a:shutdown"]);
});

both("a supervisor that gives up while it stops a slow child is given up once", async (cast) => {
  const sup = await supervise({
    restart: { maxRestarts: 0 },
    children: { a: cast.player("a", { stopping: "slow" }), b: cast.player("b") },
  });
  await crash(sup.children.b);
  await cast.noted("stop:a:shutdown");
  const stopped = sup.stop();
  await rejectsWith(awake(sup.exited), RestartLimitError);
  await stopped;
});
