import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  AlreadyStartedError,
  ExitError,
  RestartLimitError,
  StillRunningError,
} from "../../../errors.ts";
import { tree } from "../../../actors/supervision/tree.ts";
import { awake, isPending, rejection, rejectsWith, until } from "../../support.ts";
import {
  AT_ONCE,
  both,
  crash,
  life,
  lives,
  type LooseSupervisor,
  only,
  states,
  supervise,
  WITHIN,
} from "./support.ts";

const OFTEN = { maxRestarts: 1000, backoff: AT_ONCE };

both("B05 a good end of a permanent child counts as a restart", async (cast) => {
  const sup = await supervise({ restart: { maxRestarts: 1 }, children: { a: cast.player("a") } });
  await sup.children.a.tell.bye();
  await life(sup, "a", 1);
  await sup.children.a.tell.bye();
  const error = await rejectsWith(awake(sup.exited), RestartLimitError);
  assertEquals([error.maxRestarts, error.within], [1, 5000]);
});

both("B06 kill() is no good end", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "transient" } }) },
  });
  await sup.children.a.ask.add(1);
  sup.children.a.kill();
  assertEquals(await sup.children.a.ask.get(), 0);
  await life(sup, "a", 1);
});

only(
  "worker",
  "B07 a rejection that nobody handles ends the life, not the program",
  async (cast) => {
    await using sup = await supervise({ children: { a: cast.player("a") } });
    await sup.children.a.tell.reject();
    await life(sup, "a", 1);
    assertEquals(await sup.children.a.ask.get(), 0);
  },
);

both("B08 throwing what is no error is a crash as well", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "temporary" } }) },
  });
  const { a } = sup.children;
  const error = await rejection(a.ask.throwText()) as { code: string; remoteName: string };
  assertEquals([error.code, error.remoteName], ["REMOTE", "NonError"]);
  const exit = await awake(a.exited);
  assertEquals([exit.reason, (exit.error as unknown as typeof error).remoteName], [
    "error",
    "NonError",
  ]);
});

only("worker", "B09 Deno.exit() and close() in a handler are noticed", async (cast) => {
  await using sup = await supervise({ children: { a: cast.player("a") } });
  const error = await rejectsWith(sup.children.a.ask.exit(7), ExitError);
  assertEquals([error.reason, error.exitCode, error.maybeExecuted], ["exit", 7, true]);
  await life(sup, "a", 1);
  await rejectsWith(sup.children.a.ask.close(), ExitError);
  await life(sup, "a", 2);
  assertEquals(await sup.children.a.ask.get(), 0);
});

both("B14 the reason of a stop reaches the hook, and is no crash", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "transient" } }) },
  });
  const { a } = sup.children;
  await a.stop({ reason: 42 });
  const { reason, error } = await awake(a.exited);
  assertEquals([reason, error, cast.notes().at(-1)], ["normal", undefined, "stop:a:42"]);
});

both("stop() of a permanent child is final: a person wanted it", async (cast) => {
  await using sup = await supervise({ children: { a: cast.player("a") } });
  await sup.children.a.stop();
  assertEquals(states(sup), { a: "stopped" });
});

both("C01 one_for_one leaves the others alone", async (cast) => {
  await using sup = await supervise({
    restart: OFTEN,
    children: { a: cast.player("a"), b: cast.player("b") },
  });
  await crash(sup.children.a);
  for (let n = 1; n <= 10; n++) assertEquals(await sup.children.b.ask.add(1), n);
  await life(sup, "a", 1);
  assertEquals(lives(sup), { a: 1, b: 0 });
});

both("C02 one_for_all stops the others in reverse order, then starts all", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: OFTEN,
    children: { a: cast.player("a"), b: cast.player("b"), c: cast.player("c") },
  });
  cast.notes();
  await crash(sup.children.b);
  await life(sup, "c", 1);
  const order = ["stop:c:shutdown", "stop:a:shutdown", "init:a", "init:b", "init:c"];
  assertEquals(cast.notes(), order);
  assertEquals(lives(sup), { a: 1, b: 1, c: 1 });
});

both("rest_for_one stops those behind in reverse order, and starts them again", async (cast) => {
  await using sup = await supervise({
    strategy: "rest_for_one",
    restart: OFTEN,
    children: {
      a: cast.player("a"),
      b: cast.player("b"),
      c: cast.player("c"),
      d: cast.player("d"),
    },
  });
  cast.notes();
  await crash(sup.children.b);
  await life(sup, "d", 1);
  const order = ["stop:d:shutdown", "stop:c:shutdown", "init:b", "init:c", "init:d"];
  assertEquals(cast.notes(), order);
  assertEquals(lives(sup), { a: 0, b: 1, c: 1, d: 1 });
});

both("C04 one failure counts once, however many children it concerns", async (cast) => {
  const sup = await supervise({
    strategy: "one_for_all",
    restart: { maxRestarts: 2, within: WITHIN },
    children: { a: cast.player("a"), b: cast.player("b"), c: cast.player("c") },
  });
  await crash(sup.children.a);
  await life(sup, "c", 1);
  await crash(sup.children.b);
  await life(sup, "c", 2);
  await crash(sup.children.c);
  await rejectsWith(awake(sup.exited), RestartLimitError);
});

both("C05 a temporary bystander of one_for_all is stopped and gone", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: OFTEN,
    children: { a: cast.player("a"), t: cast.player("t", { restart: { type: "temporary" } }) },
  });
  const { t } = sup.children;
  await crash(sup.children.a);
  await life(sup, "a", 1);
  assertEquals(lives(sup), { a: 1 });
  assertEquals((await awake(t.exited)).reason, "shutdown");
});

both("C07 one_for_all starts a transient child again that had ended well", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: OFTEN,
    children: { a: cast.player("a"), b: cast.player("b", { restart: { type: "transient" } }) },
  });
  await sup.children.b.tell.bye();
  await until(() => states(sup).b === "stopped");
  await crash(sup.children.a);
  await life(sup, "b", 1);
  assertEquals(await sup.children.b.ask.add(3), 3);
});

both("C08 one_for_all leaves a child alone that a person stopped", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: OFTEN,
    children: { a: cast.player("a"), b: cast.player("b", { restart: { type: "transient" } }) },
  });
  await sup.terminateChild("b");
  await crash(sup.children.a);
  await life(sup, "a", 1);
  assertEquals(states(sup).b, "stopped");
});

both("C09 one_for_all: a child that does not come up has all started anew", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: { maxRestarts: 3 },
    children: { a: cast.player("a"), b: cast.player("b", { plan: ["", "fail"] }) },
  });
  cast.notes();
  await crash(sup.children.a);
  await life(sup, "a", 2);
  await life(sup, "b", 1);
  const order = ["stop:b:shutdown", "init:a", "init:b", "stop:a:shutdown", "init:a", "init:b"];
  assertEquals(cast.notes(), order);
});

both("C10 rest_for_one: a child that does not come up is tried alone", async (cast) => {
  await using sup = await supervise({
    strategy: "rest_for_one",
    restart: { maxRestarts: 3 },
    children: { a: cast.player("a"), b: cast.player("b", { plan: ["", "fail"] }) },
  });
  cast.notes();
  await crash(sup.children.a);
  await life(sup, "b", 1);
  assertEquals(cast.notes(), ["stop:b:shutdown", "init:a", "init:b", "init:b"]);
  assertEquals(lives(sup), { a: 1, b: 1 });
});

both("C11 two crashes at once are one round of one_for_all", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: { maxRestarts: 1 },
    children: { a: cast.player("a"), b: cast.player("b") },
  });
  sup.children.a.kill();
  sup.children.b.kill();
  await life(sup, "b", 1);
  assertEquals(await Promise.all([sup.children.a.ask.get(), sup.children.b.ask.get()]), [0, 0]);
  assertEquals(lives(sup), { a: 1, b: 1 });
  assert(await isPending(sup.exited));
});

both("C12 which() answers in the middle of a restart", async (cast) => {
  await using sup = await supervise({
    strategy: "one_for_all",
    restart: OFTEN,
    children: { a: cast.player("a"), b: cast.player("b", { stopping: "slow" }) },
  });
  sup.children.a.kill();
  await cast.noted("stop:b:shutdown");
  assertEquals(states(sup), { a: "restarting", b: "stopping" });
  await life(sup, "b", 1);
});

both("C13 children added at run time are started again by themselves", async (cast) => {
  await using sup = await supervise({ restart: OFTEN, children: {} });
  const x1 = await sup.startChild("x1", cast.player("x1"));
  const x2 = await sup.startChild("x2", cast.player("x2"));
  await x1.ask.add(1);
  await x2.ask.add(2);
  await crash(x1);
  assertEquals([await x1.ask.get(), await x2.ask.get()], [0, 2]);
  await life(sup, "x1", 1);
  assertEquals(lives(sup), { x1: 1, x2: 0 });
});

for (const limit of [0, 1, 3]) {
  both(`D01 with a limit of ${limit} there are so many restarts, then the end`, async (cast) => {
    const sup = await supervise({
      name: "top",
      restart: { maxRestarts: limit, within: WITHIN, backoff: AT_ONCE },
      children: { a: cast.player("a"), b: cast.player("b"), c: cast.player("c") },
    });
    const { a, b } = sup.children;
    for (let n = 1; n <= limit; n++) {
      await crash(b);
      await life(sup, "b", n);
    }
    cast.notes();
    await crash(b);
    const error = await rejectsWith(awake(sup.exited), RestartLimitError);
    assert(error.message.startsWith(`Supervisor "top" gave up on child "b"`), error.message);
    assertEquals((error.cause as { remoteName?: string }).remoteName, "RangeError");
    assertEquals(cast.notes(), ["stop:c:shutdown", "stop:a:shutdown"]);
    const exits = [await awake(a.exited), await awake(b.exited)];
    assertEquals(exits.map(({ reason }) => reason), ["shutdown", "error"]);
    assertInstanceOf(exits[1].error, RestartLimitError);
  });
}

both("D04 failed starts count as restarts", async (cast) => {
  const plan = ["", ...Array(20).fill("fail")];
  const sup = await supervise({
    restart: { maxRestarts: 5, within: WITHIN, backoff: AT_ONCE },
    children: { a: cast.player("a", { plan }) },
  });
  cast.notes();
  await crash(sup.children.a);
  await rejectsWith(awake(sup.exited), RestartLimitError);
  assertEquals(cast.notes(), Array(5).fill("init:a"));
});

both("D10 orders while a restart waits for its delay", async (cast) => {
  await using sup = await supervise({
    restart: { backoff: { min: 60_000, max: 60_000 } },
    children: { a: cast.player("a", { plan: ["", "fail"] }) },
  });
  await crash(sup.children.a);
  await until(() => states(sup).a === "restarting" && sup.countChildren().active === 0);
  await cast.noted("init:a");
  await cast.noted("init:a");
  await until(() => states(sup).a === "restarting");
  assertEquals(sup.countChildren(), {
    specs: 1,
    active: 0,
    supervisors: 0,
    workers: 1,
    restarting: 1,
  });
  await rejectsWith(sup.restartChild("a"), StillRunningError);
  await rejectsWith(sup.deleteChild("a"), StillRunningError);
  await rejectsWith(sup.startChild("a", cast.player("a")), AlreadyStartedError);
  const asked = rejectsWith(sup.children.a.ask.get(), ExitError);
  await sup.terminateChild("a");
  assertEquals((await asked).maybeExecuted, false);
  assertEquals(states(sup), { a: "stopped" });
});

both("D11 a supervisor stops at once while a restart waits for its delay", async (cast) => {
  const sup = await supervise({
    restart: { backoff: { min: 60_000, max: 60_000 } },
    children: { a: cast.player("a", { plan: ["", "fail"] }) },
  });
  const { a } = sup.children;
  await crash(a);
  await cast.noted("init:a");
  await cast.noted("init:a");
  await sup.stop();
  assertEquals(await sup.exited, "shutdown");
  assertEquals((await awake(a.exited)).reason, "error");
});

both("D12 messages wait for the restart, as many as the mailbox holds", async (cast) => {
  await using sup = await supervise({
    restart: { backoff: { min: 100, max: 100 } },
    children: {
      a: cast.player("a", {
        plan: ["", "fail"],
        mailbox: { capacity: 2, overflow: "reject" },
      }),
    },
  });
  const { a } = sup.children;
  await crash(a);
  await until(() => sup.which()[0].state === "restarting");
  const sent = await Promise.allSettled([1, 2, 3, 4].map((n) => a.tell.note(`note ${n}`)));
  assertEquals(sent.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  assertEquals((await cast.noted("note 2")).slice(-2), ["note 1", "note 2"]);
});

both("D13 failures below add up to one above", async (cast) => {
  const limit = { maxRestarts: 1, within: WITHIN, backoff: AT_ONCE };
  const outer = await supervise({
    name: "outer",
    restart: limit,
    children: { inner: tree({ restart: limit, children: { leaf: cast.player("leaf") } }) },
  });
  const inner = outer.children.inner as unknown as LooseSupervisor;
  const { leaf } = inner.children;
  for (let n = 0; n < 4; n++) await crash(leaf);
  const error = await rejectsWith(awake(outer.exited), RestartLimitError);
  assertEquals(cast.notes(), Array(4).fill("init:leaf"));
  assertInstanceOf(error.cause, RestartLimitError);
  assertEquals(((error.cause as Error).cause as { remoteName?: string }).remoteName, "RangeError");
  await rejectsWith(awake(inner.exited), RestartLimitError);
  assertEquals((await awake(leaf.exited)).reason, "error");
});

both("D14 a transient supervisor that gives up is not started again", async (cast) => {
  await using outer = await supervise({
    children: {
      inner: tree({
        restart: { type: "transient", maxRestarts: 0 },
        children: { leaf: cast.player("leaf") },
      }),
    },
  });
  const inner = outer.children.inner as unknown as LooseSupervisor;
  await crash(inner.children.leaf);
  await rejectsWith(awake(inner.exited), RestartLimitError);
  assertEquals(states(outer), { inner: "stopped" });
  assert(await isPending(outer.exited));
});

both("D16 a supervisor that is started again has the children of its spec only", async (cast) => {
  await using outer = await supervise({
    restart: { backoff: AT_ONCE },
    children: {
      inner: tree({ restart: { maxRestarts: 0 }, children: { fixed: cast.player("fixed") } }),
    },
  });
  const inner = outer.children.inner as unknown as LooseSupervisor;
  const { fixed } = inner.children;
  const added = [
    await inner.startChild("x", cast.player("x")),
    await inner.startChild("y", cast.player("y")),
  ];
  await crash(fixed);
  await life(outer, "inner", 1);
  assertEquals(states(inner), { fixed: "ready" });
  assertEquals(await fixed.ask.add(4), 4);
  for (const { exited } of added) assertEquals((await awake(exited)).reason, "shutdown");
});

only("inline", "D17 a storm of crashes is ridden out", async (cast) => {
  const names = Array.from({ length: 100 }, (_, n) => `x${n}`);
  await using sup = await supervise({
    restart: OFTEN,
    children: Object.fromEntries(names.map((name) => [name, cast.player(name)])),
  });
  for (const name of names) sup.children[name].kill();
  const all = await Promise.all(names.map((name) => sup.children[name].ask.add(1)));
  assertEquals(all, Array(100).fill(1));
  for (const name of names) await life(sup, name, 1);
  assertEquals(Object.values(lives(sup)), Array(100).fill(1));
});
