import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  AlreadyStartedError,
  ClosedError,
  NotOwnerError,
  NotSendableError,
  NotStartedError,
  NotSupportedError,
  StillRunningError,
  TroupeError,
} from "../../errors.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { currentProcess, parentProcess } from "../../actors/family.ts";
import { activeChildren, Process } from "../../actors/process.ts";
import {
  append,
  childNames,
  echo,
  foreign,
  forever,
  middle,
  nothing,
  parentOfOne,
  readyForever,
  readyLoop,
  seven,
  Sub,
  untilTold,
  whoAmI,
} from "../fixtures/processes.ts";
import { isPending, rejectsWith, troupeTest } from "../support.ts";

troupeTest("PROC-01 the main process is alive, is MainProcess and has no parent", () => {
  const main = currentProcess();
  assertEquals(
    [main.name, main.isAlive(), main.daemon, main.exitCode, main.pid],
    ["MainProcess", true, false, null, Deno.pid],
  );
  assertStrictEquals(parentProcess(), null);
  assertStrictEquals(currentProcess(), main);
});

troupeTest(
  "PROC-01 the main process cannot be started, joined or ended; close does nothing",
  async () => {
    const main = currentProcess();
    assertThrows(() => main.start(), TroupeError);
    await rejectsWith(main.join(), NotOwnerError);
    assertThrows(() => main.terminate(), NotOwnerError);
    assertThrows(() => main.kill(), NotOwnerError);
    main.close();
    assertEquals([main.isAlive(), main.name], [true, "MainProcess"]);
  },
);

troupeTest(
  "PROC-02 the states of a process before the start, while it runs, and after its end",
  async () => {
    using ready = closing(new Queue<string>());
    using go = closing(new Queue<string>());
    const one = new Process({ target: untilTold, args: [ready.it, go.it] });
    const look =
      () => [one.isAlive(), one.pid, one.exitCode, activeChildren().includes(one as never)];
    assertEquals(look(), [false, null, null, false]);
    assertStrictEquals(one.start(), one);
    assertEquals(look(), [true, Deno.pid, null, true]);
    await ready.it.get();
    assertEquals(look(), [true, Deno.pid, null, true]);
    await go.it.put("go");
    assertEquals(await one.join(), true);
    assertEquals(look(), [false, Deno.pid, 0, false]);
  },
);

for (const [what, argument] of [["a number", 1], ["a text", "str"], ["a list", [1]]] as const) {
  troupeTest(`PROC-03 ${what} arrives as an argument`, async () => {
    const one = new Process({ target: echo, args: [argument] }).start();
    assertEquals(await one.result, [argument]);
    await one.join();
  });
}

troupeTest("PROC-03 many arguments, and none, arrive as they are", async () => {
  const given = [1, "str", [1], undefined, { hello: 23, bye: 2.54 }, new Map([[1, new Date(5)]])];
  const some = new Process({ target: echo, args: given }).start();
  const none = new Process({ target: echo }).start();
  assertEquals(await some.result, given);
  assertEquals(await none.result, []);
  await Promise.all([some.join(), none.join()]);
});

troupeTest(
  "PROC-04 default names count the processes that were made, also those with a name",
  () => {
    const names = [
      new Process({ target: nothing }),
      new Process({ target: nothing }),
      new Sub("x"),
      new Process({ target: nothing, name: "given" }),
      new Process({ target: nothing, name: "" }),
    ].map(({ name }) => name);
    const first = Number(/^Process-(\d+)$/.exec(names[0])![1]);
    assertEquals(names, [
      `Process-${first}`,
      `Process-${first + 1}`,
      `Sub-${first + 2}`,
      "given",
      `Process-${first + 4}`,
    ]);
  },
);

troupeTest("PROC-05 names of children's children carry the numbers of both", async () => {
  const one = new Process({ target: childNames }).start();
  assertEquals(await one.result, [`${one.name}:1`, `${one.name}:2`]);
  await one.join();
});

troupeTest("PROC-06 a name that is no text is refused", () => {
  assertThrows(() => new Process({ target: nothing, name: 5 as never }), TypeError, "name");
  const one = new Process({ target: nothing, name: "kept" });
  assertThrows(() => (one.name = 5 as never), TypeError, "name");
  assertEquals(one.name, "kept");
});

troupeTest("PROC-06 a name set after the start is new only here", async () => {
  const one = new Process({ target: whoAmI, name: "before" }).start();
  one.name = "after";
  assertEquals([(await one.result).name, one.name], ["before", "after"]);
  await one.join();
});

troupeTest("PROC-07 daemon is as the creator's, unless given", () => {
  assertEquals(new Process({ target: nothing }).daemon, false);
  assertEquals(new Process({ target: nothing, daemon: true }).daemon, true);
  const one = new Process({ target: nothing });
  one.daemon = true;
  assertEquals(one.daemon, true);
});

troupeTest("PROC-07 daemon cannot be set after the start", async () => {
  const one = new Process({ target: nothing }).start();
  assertThrows(() => (one.daemon = true), AlreadyStartedError);
  assertEquals(one.daemon, false);
  await one.join();
  assertThrows(() => (one.daemon = true), AlreadyStartedError);
});

troupeTest("PROC-08 a daemon may start a child, which is a daemon by default", async () => {
  const one = new Process({ target: parentOfOne, daemon: true }).start();
  const { daemon, childDaemon, parent, code } = await one.result;
  assertEquals(
    { daemon, childDaemon, parent, code },
    { daemon: true, childDaemon: true, parent: { name: one.name, alive: true }, code: 0 },
  );
  await one.join();
});

troupeTest(
  "PROC-10 before the start, a process is not alive and nothing can be done to it",
  async () => {
    const one = new Process({ target: nothing });
    assertEquals([one.isAlive(), one.exitCode], [false, null]);
    await rejectsWith(one.join(), NotStartedError);
    assertThrows(() => one.sentinel, NotStartedError);
    assertThrows(() => one.terminate(), NotStartedError);
    assertThrows(() => one.kill(), NotStartedError);
  },
);

troupeTest("PROC-10 a process that was closed before the start cannot be started", () => {
  const one = new Process({ target: nothing });
  one.close();
  assertThrows(() => one.start(), ClosedError);
});

troupeTest("PROC-11 join gives false when the time is up, true at the end", async () => {
  const one = new Process({ target: forever }).start();
  const begin = performance.now();
  assertEquals([await one.join({ timeout: 0 }), await one.join({ timeout: -1 })], [false, false]);
  assertEquals(await one.join({ timeout: 200 }), false);
  assert(performance.now() - begin >= 190, "it waited");
  assertEquals(one.isAlive(), true);
  one.terminate();
  assertEquals([await one.join(), await one.join({ timeout: 0 })], [true, true]);
});

troupeTest(
  "PROC-11 join that is called off rejects with the signal's reason and can be repeated",
  async () => {
    const one = new Process({ target: forever }).start();
    const off = new AbortController();
    const joined = one.join({ signal: off.signal });
    const reason = new Error("no more");
    off.abort(reason);
    assertStrictEquals(await rejectsWith(joined, Error), reason);
    assertStrictEquals(await rejectsWith(one.join({ signal: off.signal }), Error), reason);
    one.kill();
    assertEquals(await one.join(), true);
  },
);

troupeTest(
  "PROC-13 terminate ends a waiting process with -15; later calls change nothing",
  async () => {
    using ready = closing(new Queue<string>());
    const one = new Process({ target: readyForever, args: [ready.it] }).start();
    await ready.it.get();
    one.terminate();
    assertEquals(await one.join(), true);
    assertEquals([one.exitCode, one.isAlive()], [-15, false]);
    assertEquals(activeChildren().includes(one as never), false);
    one.terminate();
    one.kill();
    assertEquals([one.exitCode, await one.sentinel], [-15, -15]);
  },
);

troupeTest("PROC-14 kill ends a waiting process with -9", async () => {
  using ready = closing(new Queue<string>());
  const one = new Process({ target: readyForever, args: [ready.it] }).start();
  await ready.it.get();
  one.kill();
  await one.join();
  one.terminate();
  assertEquals(one.exitCode, -9);
});

for (const how of ["terminate", "kill"] as const) {
  troupeTest(`PROC-15 ${how} ends a process in an endless loop`, async () => {
    using ready = closing(new Queue<string>());
    const one = new Process({ target: readyLoop, args: [ready.it] }).start();
    await ready.it.get();
    one[how]();
    assertEquals(await one.join(), true);
    assertEquals(one.exitCode, how === "kill" ? -9 : -15);
  });
}

troupeTest("PROC-13 a process can be terminated before its worker is up", async () => {
  const one = new Process({ target: forever }).start();
  one.terminate();
  await one.join();
  assertEquals(one.exitCode, -15);
});

troupeTest(
  "PROC-19 close is refused while the process runs, and works once it has ended",
  async () => {
    const one = new Process({ target: forever }).start();
    assertThrows(() => one.close(), StillRunningError, "still running");
    one.terminate();
    await one.join();
    one.close();
    one.close();
  },
);

troupeTest("PROC-19 after close only name and daemon can be read", async () => {
  const one = new Process({ target: nothing, name: "closed one", daemon: true }).start();
  await one.join();
  one.close();
  assertThrows(() => one.isAlive(), ClosedError);
  assertThrows(() => one.terminate(), ClosedError);
  assertThrows(() => one.kill(), ClosedError);
  assertThrows(() => one.start(), ClosedError);
  assertThrows(() => one.exitCode, ClosedError);
  assertThrows(() => one.pid, ClosedError);
  assertThrows(() => one.sentinel, ClosedError);
  await rejectsWith(one.join(), ClosedError);
  assertEquals([one.name, one.daemon], ["closed one", true]);
  assertMatch(Deno.inspect(one), /Process|Sub/);
});

troupeTest(
  "PROC-20 the sentinel is open while the process runs and stays resolved after it",
  async () => {
    using ready = closing(new Queue<string>());
    using go = closing(new Queue<string>());
    const one = new Process({ target: untilTold, args: [ready.it, go.it] }).start();
    await ready.it.get();
    assertEquals(await isPending(one.sentinel), true);
    await go.it.put("go");
    await one.join();
    assertEquals([await one.sentinel, await one.sentinel], [0, 0]);
  },
);

troupeTest("PROC-22 activeChildren lists those that run, in a new array each time", async () => {
  const [first, second, third] = [1, 2, 3].map(() => new Process({ target: forever }));
  assertEquals(activeChildren(), []);
  for (const one of [first, second, third]) one.start();
  assertEquals(new Set(activeChildren()), new Set([first, second, third]) as never);
  second.terminate();
  await second.join();
  assertEquals(new Set(activeChildren()), new Set([first, third]) as never);
  assertNotStrictEquals(activeChildren(), activeChildren());
  activeChildren().length = 0;
  assertEquals(activeChildren().length, 2);
  for (const one of [first, third]) one.terminate();
  await Promise.all([first.join(), third.join()]);
  assertEquals(activeChildren(), []);
});

troupeTest("PROC-24 a child sees its parent's name, and that it is alive", async () => {
  const one = new Process({ target: whoAmI, name: "child" }).start();
  const seen = await one.result;
  assertEquals(seen, {
    name: "child",
    daemon: false,
    alive: true,
    pid: Deno.pid,
    exitCode: null,
    authkey: currentProcess().authkey.toHex(),
    children: 0,
    parent: { name: "MainProcess", alive: true },
  });
  await one.join();
});

troupeTest("PROC-25 children end with their parent", async () => {
  using ready = closing(new Queue<string>());
  const [here, there] = pipe<string>();
  const one = new Process({ target: middle, args: [ready.it, there] }).start();
  assertEquals(await ready.it.get(), `${one.name}:1 of ${one.name}`);
  assertEquals(await here.poll(), false);
  one.terminate();
  // The grandchild has the other end: it ends when the grandchild does.
  assertEquals(await here.poll(Infinity), true);
  here.close();
  await one.join();
});

troupeTest("PROC-27 run called directly runs here and changes nothing", async () => {
  const one = new Process({ target: append, args: [[1]] });
  assertEquals(await one.run(), [1, 2]);
  assertEquals([one.pid, one.exitCode, one.isAlive()], [null, null, false]);
  assertEquals(await new Process({}).run(), undefined);
});

troupeTest("PROC-28 arguments are copies", async () => {
  const list = [1];
  const one = new Process({ target: append, args: [list] }).start();
  assertEquals(await one.result, [1, 2]);
  assertEquals(list, [1]);
  await one.join();
});

troupeTest("PROC-28 arguments are copied at start, not later", async () => {
  const list = [1];
  const one = new Process({ target: echo, args: [list] }).start();
  list.push(5);
  assertEquals(await one.result, [[1]]);
  await one.join();
});

troupeTest("PROC-30 a target that other isolates cannot find is refused at once", () => {
  assertThrows(() => new Process({ target: (() => {}) as never }), TypeError, "task(import.meta");
  assertThrows(() => new Process({ target: "text" as never }), TypeError);
  assertThrows(() => new Process({ target: nothing, args: 5 as never }), TypeError, "args");
});

troupeTest(
  "PROC-30 an argument that cannot be sent is refused by start, which can be repeated",
  async () => {
    const args: unknown[] = [1, { inner: [() => {}] }];
    const one = new Process({ target: echo, args });
    const error = assertThrows(() => one.start(), NotSendableError);
    assertMatch(error.path, /inner/);
    assertEquals([one.isAlive(), one.pid, activeChildren().length], [false, null, 0]);
    await rejectsWith(one.join(), NotStartedError);
    args[1] = "mended";
    one.start();
    assertEquals(await one.result, [1, "mended"]);
    await one.join();
  },
);

troupeTest("PROC-30 an end among arguments that are refused stays here", async () => {
  const [here, there] = pipe<number>();
  const one = new Process({ target: echo, args: [there, () => {}] });
  assertThrows(() => one.start(), NotSendableError);
  await here.send(5);
  assertEquals(await there.recv(), 5);
  here.close();
  there.close();
});

troupeTest(
  "PROC-38 a process that is no child cannot be started, terminated or killed",
  async () => {
    const one = new Process({ target: foreign }).start();
    const codes = await one.result as Record<string, string>;
    for (const who of ["self", "parent"]) {
      assertEquals([codes[`${who} terminate`], codes[`${who} kill`]], ["NOT_OWNER", "NOT_OWNER"]);
      assert(["NOT_OWNER", "ALREADY_STARTED"].includes(codes[`${who} start`]));
    }
    await one.join();
  },
);

troupeTest("a process is started once", async () => {
  const one = new Process({ target: seven }).start();
  assertThrows(() => one.start(), AlreadyStartedError);
  assertEquals(await one.result, 7);
  await one.join();
  assertThrows(() => one.start(), AlreadyStartedError);
});

troupeTest("options that are not supported are refused", () => {
  assertThrows(() => new Process({ target: nothing, permissions: "none" }), NotSupportedError);
  assertThrows(() => new Process({ target: nothing, memoryLimitMb: 50 }), NotSupportedError);
  assertThrows(() => new Process({ target: nothing, isolation: "moon" as never }), TypeError);
  assertInstanceOf(new Process({ target: nothing, isolation: "worker" }), Process);
});

/** A queue that is closed at the end of the block. */
function closing<T>(it: Queue<T>): { it: Queue<T> } & Disposable {
  return { it, [Symbol.dispose]: () => it.close() };
}
