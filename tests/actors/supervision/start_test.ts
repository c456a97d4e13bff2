import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  AlreadyStartedError,
  ClosedError,
  ExitError,
  StartError,
  StillRunningError,
} from "../../../errors.ts";
import { child, tree } from "../../../actors/supervision/tree.ts";
import { Player } from "../../fixtures/supervised.ts";
import { awake, rejectsWith, troupeTest } from "../../support.ts";
import { AT_ONCE, both, crash, life, lives, only, states, supervise } from "./support.ts";

both("A01 supervise() starts children one after the other", async (cast) => {
  await using _ = await supervise({
    children: {
      a: cast.player("a", { plan: ["20"] }),
      b: cast.player("b", { plan: ["20"] }),
      c: cast.player("c", { plan: ["20"] }),
    },
  });
  assertEquals(cast.notes(), ["init:a", "up:a", "init:b", "up:b", "init:c", "up:c"]);
});

both("A02 supervise() stops what it started when a child fails", async (cast) => {
  const error = await rejectsWith(
    supervise({
      name: "top",
      children: {
        a: cast.player("a"),
        b: cast.player("b", { plan: ["fail"] }),
        c: cast.player("c"),
      },
    }),
    StartError,
  );
  assertEquals(error.phase, "init");
  assert(error.message.includes('"top": child "b"'), error.message);
  assert(error.message.includes("boom in init of b"), error.message);
  assertInstanceOf(error.cause, StartError);
  assertEquals(cast.notes(), ["init:a", "init:b", "stop:a:shutdown"]);
});

troupeTest("A06 supervise() refuses wrong options of children before anything starts", async () => {
  const wrong: [object, RegExp][] = [
    [{ restart: { type: "always" } }, /restart\.type "always"/],
    [{ shutdown: -1 }, /shutdown is -1/],
    [{ shutdown: "soon" }, /shutdown is soon/],
    [{ restart: { type: "permanent" }, significant: true }, /permanent child never ends/],
    [{ restart: { type: "transient" }, significant: true }, /autoShutdown is never/],
    [{ restart: { maxRestarts: 3 } }, /has a limit/],
    [{ silly: 1 }, /child "b" has no option "silly"/],
    [{ startTimeout: -5 }, /startTimeout is -5/],
    [{ restart: { backoff: { min: 10, max: 5 } } }, /backoff\.max is 5/],
  ];
  for (const [options, text] of wrong) {
    const spec = {
      children: { a: child(Player, { args: [null as never] }), b: child(Player, options as never) },
    };
    const error = await supervise(spec).catch((error) => error);
    assert(error instanceof TypeError || error instanceof RangeError, Deno.inspect(error));
    assert(text.test(error.message), error.message);
  }
  const error = await supervise({ children: { a: { options: {} } } }).catch((error) => error);
  assert(/no task, no actor/.test(error.message), error.message);
});

troupeTest("A07 supervise() refuses wrong options of its own", async () => {
  const wrong: [object, RegExp][] = [
    [{ restart: { maxRestarts: -1 } }, /maxRestarts is -1/],
    [{ restart: { within: 0 } }, /within is 0/],
    [{ strategy: "x" }, /strategy "x"/],
    [{ autoShutdown: "yes" }, /autoShutdown "yes"/],
    [{ intensity: 3 }, /a supervisor has no option "intensity"/],
    [{ children: undefined }, /children is no object/],
  ];
  for (const [options, text] of wrong) {
    const error = await supervise({ children: {}, ...options }).catch((error) => error);
    assert(error instanceof TypeError || error instanceof RangeError, Deno.inspect(error));
    assert(text.test(error.message), error.message);
  }
});

both(
  "A10 restartChild() starts a stopped child; startChild() of its name is refused",
  async (cast) => {
    await using sup = await supervise({ children: { a: cast.player("a") } });
    const first = sup.children.a;
    assertEquals(await first.ask.add(5), 5);
    await sup.terminateChild("a");
    assertEquals((await awake(first.exited)).reason, "shutdown");
    assertEquals(states(sup), { a: "stopped" });
    await rejectsWith(sup.startChild("a", cast.player("a")), AlreadyStartedError);
    await sup.restartChild("a");
    assertEquals(await sup.children.a.ask.get(), 0);
    await rejectsWith(first.ask.get(), ExitError);
    await sup.children.a.ask.get();
  },
);

both("A11 orders for stopped children are refused for one that runs", async (cast) => {
  await using sup = await supervise({ children: { a: cast.player("a") } });
  await rejectsWith(sup.restartChild("a"), StillRunningError);
  await rejectsWith(sup.deleteChild("a"), StillRunningError);
  assertEquals([await sup.children.a.ask.get(), lives(sup).a], [0, 0]);
});

troupeTest("A12 orders for a child that there is not are refused", async () => {
  await using sup = await supervise({ children: {} });
  for (const order of ["terminateChild", "restartChild", "deleteChild"] as const) {
    await rejectsWith(sup[order]("zz"), RangeError);
  }
});

both("A14 deleteChild() forgets a stopped child", async (cast) => {
  await using sup = await supervise({ children: { a: cast.player("a") } });
  await sup.terminateChild("a");
  await sup.deleteChild("a");
  await rejectsWith(sup.restartChild("a"), RangeError);
  assertEquals(sup.countChildren(), {
    specs: 0,
    active: 0,
    supervisors: 0,
    workers: 0,
    restarting: 0,
  });
});

both("A15 startChild() tells its caller of a failure, which is no restart", async (cast) => {
  await using sup = await supervise({ restart: { maxRestarts: 0 }, children: {} });
  await rejectsWith(sup.startChild("x", cast.player("x", { plan: ["fail"] })), StartError);
  assertEquals(sup.which(), []);
  const x = await sup.startChild("x", cast.player("x"));
  assertEquals(await x.ask.add(2), 2);
});

only("inline", "A17 a thousand children at run time stop together", async (cast) => {
  await using sup = await supervise({ children: {} });
  for (let n = 0; n < 1000; n++) {
    await sup.startChild(`x${n}`, cast.player(`x${n}`, { mailbox: { capacity: 2 } }));
  }
  assertEquals(sup.countChildren().active, 1000);
  await sup.stop();
  assertEquals(sup.countChildren().active, 0);
});

both("A18 a start that takes too long is ended", async (cast) => {
  const error = await rejectsWith(
    supervise({ children: { a: cast.player("a", { plan: ["hang"], startTimeout: 100 }) } }),
    StartError,
  );
  assertEquals(error.phase, "timeout");
});

for (const startTimeout of [0, 5, 10, 15, 20, 25, 30, 40, 50, 60]) {
  only(
    "worker",
    `A18 a start that is ended after ${startTimeout} ms leaves nothing behind`,
    async (cast) => {
      const children = { a: cast.player("a", { startTimeout }) };
      await supervise({ children }).then((sup) => sup.stop(), () => {});
    },
  );
}

both("A21 a supervisor that has ended takes no orders", async (cast) => {
  const sup = await supervise({ children: { a: cast.player("a") } });
  await sup.stop();
  await rejectsWith(sup.startChild("b", cast.player("b")), ClosedError);
  await rejectsWith(sup.terminateChild("a"), ClosedError);
  await rejectsWith(sup.restartChild("a"), ClosedError);
});

both("which() and countChildren() show the tree", async (cast) => {
  await using sup = await supervise({
    name: "top",
    children: {
      a: cast.player("a", { id: "alice" }),
      below: tree({ children: { b: cast.player("b") } }),
    },
  });
  const { isolation } = cast;
  assertEquals(sup.which(), [
    { name: "a", id: "alice", state: "ready", restarts: 0, isolation: isolation as "worker" },
    { name: "below", id: "top/below", state: "ready", restarts: 0, isolation: "inline" },
  ]);
  const counts = { specs: 2, active: 2, supervisors: 1, workers: 1, restarting: 0 };
  assertEquals(sup.countChildren(), counts);
  const below = sup.children.below as unknown as typeof sup;
  assertEquals(below.which()[0].id, "top/below/b");
  assertEquals(Object.keys(sup.children), ["a", "below"]);
  await crash(below.children.b);
  await life(below, "b", 1);
});

both("B01 a permanent child is started again after a good end", async (cast) => {
  await using sup = await supervise({
    restart: { maxRestarts: 2, within: 3_600_000 },
    children: { a: cast.player("a") },
  });
  await sup.children.a.tell.bye("done");
  await life(sup, "a", 1);
  assertEquals(sup.countChildren().active, 1);
  assertEquals(cast.notes(), ["init:a", "stop:a:done", "init:a"]);
});

both("B02 a transient child is not started again after a good end", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "transient" } }) },
  });
  for (let round = 0; round < 2; round++) {
    const { a } = sup.children;
    await a.tell.bye();
    assertEquals((await awake(a.exited)).reason, "normal");
    assertEquals([states(sup).a, sup.countChildren().specs, sup.countChildren().active], [
      "stopped",
      1,
      0,
    ]);
    await sup.restartChild("a");
  }
});

both("B03 a transient child is started again after a crash", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "transient", backoff: AT_ONCE } }) },
  });
  await sup.children.a.ask.add(7);
  await crash(sup.children.a);
  assertEquals(await sup.children.a.ask.get(), 0);
  await life(sup, "a", 1);
});

both("a temporary child is never started again, and forgotten", async (cast) => {
  await using sup = await supervise({
    children: { a: cast.player("a", { restart: { type: "temporary" } }) },
  });
  const { a } = sup.children;
  await crash(a);
  const { reason, error } = await awake(a.exited);
  assertEquals([reason, error?.code], ["error", "REMOTE"]);
  assertEquals(sup.which(), []);
});
