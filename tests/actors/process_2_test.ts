import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ExitError, NotSendableError, RemoteError, StartError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { load } from "../../actors/load.ts";
import { activeChildren, Process } from "../../actors/process.ts";
import {
  echo,
  forever,
  leave,
  nothing,
  parentOfOne,
  readyForever,
  readyLoop,
  seven,
  Sub,
  throwIt,
  unsendable,
} from "../fixtures/processes.ts";
import type * as plain from "../fixtures/plain.ts";
import { program, rejectsWith, troupeTest } from "../support.ts";

const EXITS: readonly (readonly [string, number])[] = [
  ["return 7", 0],
  ["throw", 1],
  ["throw text", 1],
  ["exit()", 0],
  ["exit(null)", 0],
  ["exit(8)", 8],
  ["exit(true)", 1],
  ["exit(false)", 0],
  ["exit(text)", 1],
  ["exit(list)", 1],
  ["process.exit(7)", 7],
  ["self.close()", 0],
  ["rejection", 1],
  ["timer", 1],
  ["microtask", 1],
];
for (const [how, exitCode] of EXITS) {
  troupeTest(`PROC-16 Process.exitCode is ${exitCode} after ${how}`, async () => {
    const one = new Process({ target: leave, args: [how] }).start();
    assertEquals(await one.sentinel, exitCode);
    await one.join();
    assertEquals(one.exitCode, exitCode);
  });
}

for (const exitCode of [300, -1]) {
  troupeTest(`PROC-17 Process.exitCode is ${exitCode} as exit() was given it`, async () => {
    const one = new Process({ target: leave, args: [`exit(${exitCode})`] }).start();
    await one.join();
    assertEquals(one.exitCode, exitCode);
  });
}

troupeTest("PROC-16 result after exit(8) rejects with an ExitError that has the code", async () => {
  const one = new Process({ target: leave, args: ["exit(8)"], name: "leaver" }).start();
  const error = await rejectsWith(one.result, ExitError);
  assertEquals([error.reason, error.exitCode, error.maybeExecuted], ["exit", 8, true]);
  assertStringIncludes(error.actor, "leaver");
  await one.join();
});

troupeTest(
  "PROC-18 stderr tells the name of the process, the error and the line that threw",
  async () => {
    const { code, stdout, stderr } = await program("run_bob.ts");
    assertEquals([code, stdout], [0, "exit code 1\n"]);
    assertMatch(stderr, /^Process Bob:/m);
    assertMatch(stderr, /RangeError: kaboom/);
    assertMatch(stderr, /run_bob\.ts:7:9/);
  },
);

for (
  const [how, text] of [
    ["exit(text)", "the text of the exit\n"],
    ["exit(list)", "[1,2]\n"],
    ["exit(8)", ""],
    ["return 7", ""],
  ]
) {
  troupeTest(`PROC-16 ${how} prints ${JSON.stringify(text)} on stderr`, async () => {
    assertEquals((await program("run_bob.ts", how)).stderr, text);
  });
}

troupeTest(
  "PROC-18 an error that nobody caught is printed with the name of the process",
  async () => {
    const { stdout, stderr } = await program("run_bob.ts", "timer");
    assertEquals(stdout, "exit code 1\n");
    assertMatch(stderr, /^Process Bob:/m);
    assertMatch(stderr, /thrown in a timer/);
  },
);

troupeTest(
  "PROC-40 a start at the top level without a guard fails, and starts nothing more",
  async () => {
    const { code, stdout, stderr } = await program("run_unguarded.ts");
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /import\.meta\.main/);
    assertNotMatch(stderr, /I ran/);
  },
);

troupeTest("PROC-39 100 processes, 30 at a time, all end with 0", async () => {
  const codes: (number | null)[] = [];
  while (codes.length < 100) {
    const some = Array.from(
      { length: Math.min(30, 100 - codes.length) },
      () => new Process({ target: nothing }).start(),
    );
    await Promise.all(some.map((one) => one.join()));
    codes.push(...some.map((one) => one.exitCode));
  }
  assertEquals(new Set(codes), new Set([0]));
});

troupeTest("PROC-39 30 processes that were terminated all end with -15", async () => {
  using ready = closing(new Queue<string>());
  const some = Array.from(
    { length: 30 },
    () => new Process({ target: readyForever, args: [ready.it] }).start(),
  );
  for (const _ of some) await ready.it.get();
  for (const one of some) one.terminate();
  await Promise.all(some.map((one) => one.join()));
  assertEquals(some.map((one) => one.exitCode), some.map(() => -15));
});

troupeTest("an unknown export is a StartError of phase load", async () => {
  const { missing } = load<{ missing: () => void }>(
    new URL("../fixtures/plain.ts", import.meta.url),
  );
  const one = new Process({ target: missing }).start();
  const error = await rejectsWith(one.result, StartError);
  assertEquals(error.phase, "load");
  assertStringIncludes(error.message, "missing");
  await one.join();
  assertEquals(one.exitCode, 1);
});

troupeTest("an export that was not registered can be run", async () => {
  const { double } = load<typeof plain>(new URL("../fixtures/plain.ts", import.meta.url));
  const one = new Process({ target: double, args: [4] }).start();
  assertEquals(await one.result, 8);
  await one.join();
});

troupeTest("an export that is no function is refused in the worker", async () => {
  const { number } = load<{ number: () => void }>(new URL("../fixtures/plain.ts", import.meta.url));
  const one = new Process({ target: number }).start();
  const error = await rejectsWith(one.result, RemoteError);
  assertInstanceOf(error.cause, TypeError);
  await one.join();
  assertEquals(one.exitCode, 1);
});

const BROKEN: readonly (readonly [string, string])[] = [
  ["a module that is missing", new URL("../fixtures/not_there.ts", import.meta.url).href],
  ["a module with a syntax error", "data:text/javascript,export function x( {"],
  ["a module that throws", new URL("../fixtures/throws_at_import.ts", import.meta.url).href],
  ["a module that rejects", 'data:text/javascript,await Promise.reject(new RangeError("no"))'],
];
for (const [what, url] of BROKEN) {
  troupeTest(`the start of a process in ${what} is a StartError of phase load`, async () => {
    const one = new Process({ target: load<{ x: () => void }>(url).x }).start();
    const error = await rejectsWith(one.result, StartError);
    assertEquals(error.phase, "load");
    await one.join();
    assertEquals(one.exitCode, 1);
  });
}

troupeTest("a module that throws at import: the cause of the StartError is its error", async () => {
  const url = new URL("../fixtures/throws_at_import.ts", import.meta.url);
  const one = new Process({ target: load<{ x: () => void }>(url).x }).start();
  const { cause } = await rejectsWith(one.result, StartError);
  assertInstanceOf(cause, RangeError);
  assertEquals((cause as Error).message, "thrown at import");
  await one.join();
});

troupeTest(
  "result rejects with a RemoteError whose cause is an error of the same class",
  async () => {
    const one = new Process({ target: throwIt, args: ["range"], name: "thrower" }).start();
    const error = await rejectsWith(one.result, RemoteError);
    const cause = error.cause as Error;
    assertInstanceOf(cause, RangeError);
    assertEquals([cause.message, error.remoteName], ["too far", "RangeError"]);
    assertInstanceOf(cause.cause, TypeError);
    assertStringIncludes(error.message, 'Process "thrower" threw RangeError: too far');
    assertStringIncludes(error.remoteStack, "fixtures/processes.ts");
    await one.join();
  },
);

troupeTest("an error of an own class arrives as an Error with its name", async () => {
  const one = new Process({ target: throwIt, args: ["odd"] }).start();
  const error = await rejectsWith(one.result, RemoteError);
  const cause = error.cause as Error;
  assertInstanceOf(cause, Error);
  assertEquals([error.remoteName, cause.name, cause.message], [
    "OddError",
    "OddError",
    "odd one",
  ]);
  await one.join();
});

troupeTest("a text that was thrown is the cause", async () => {
  const one = new Process({ target: throwIt, args: ["some text"] }).start();
  const error = await rejectsWith(one.result, RemoteError);
  assertEquals([error.cause, error.remoteName], ["some text", "NonError"]);
  await one.join();
});

troupeTest("an error that cannot be sent arrives with its name, text and stack", async () => {
  const one = new Process({ target: throwIt, args: ["unsendable"] }).start();
  const error = await rejectsWith(one.result, RemoteError);
  assertEquals((error.cause as Error).message, "with a function");
  assertStringIncludes(error.remoteStack, "fixtures/processes.ts");
  await one.join();
  assertEquals(one.exitCode, 1);
});

troupeTest(
  "a result that cannot be sent rejects with NotSendableError, and the exit code is 1",
  async () => {
    const one = new Process({ target: unsendable }).start();
    await assertRejects(() => one.result, NotSendableError);
    await one.join();
    assertEquals(one.exitCode, 1);
  },
);

for (const [how, text] of [["rejection", "nobody caught me"], ["timer", "thrown in a timer"]]) {
  troupeTest(`result rejects with the error that nobody caught: ${how}`, async () => {
    const one = new Process({ target: leave, args: [how] }).start();
    const error = await rejectsWith(one.result, RemoteError);
    assertInstanceOf(error.cause, RangeError);
    assertEquals((error.cause as Error).message, text);
    await one.join();
  });
}

for (
  const [how, reason, exitCode] of [["kill", "killed", -9], [
    "terminate",
    "terminated",
    -15,
  ]] as const
) {
  troupeTest(`result after ${how} rejects with an ExitError`, async () => {
    using ready = closing(new Queue<string>());
    const one = new Process({ target: readyLoop, args: [ready.it] }).start();
    const { result } = one;
    await ready.it.get();
    one[how]();
    const error = await rejectsWith(result, ExitError);
    assertEquals([error.reason, error.exitCode], [reason, exitCode]);
    await one.join();
  });
}

troupeTest("a result that nobody looks at is no uncaught error", async () => {
  const one = new Process({ target: throwIt, args: ["range"] }).start();
  await one.join();
  assertEquals(one.exitCode, 1);
});

troupeTest("await using terminates a process that runs", async () => {
  let one: Process<[], void>;
  {
    await using inner = new Process({ target: forever }).start();
    one = inner as never;
    assertEquals(one.isAlive(), true);
  }
  assertThrows(() => one.exitCode, Error, "closed");
  assertEquals(activeChildren(), []);
});

troupeTest("await using leaves a process that has ended, or was never started", async () => {
  await using ended = new Process({ target: nothing }).start();
  await using _never = new Process({ target: nothing });
  await ended.join();
});

troupeTest("signal terminates the process", async () => {
  const off = new AbortController();
  const one = new Process({ target: forever, signal: off.signal }).start();
  off.abort();
  await one.join();
  assertEquals(one.exitCode, -15);
});

troupeTest("a signal that has fired before refuses the start with its reason", () => {
  const reason = new Error("too late");
  const one = new Process({ target: forever, signal: AbortSignal.abort(reason) });
  assertEquals(assertThrows(() => one.start(), Error), reason);
  assertEquals([one.isAlive(), activeChildren().length], [false, 0]);
});

troupeTest("a signal that fires after the end changes nothing", async () => {
  const off = new AbortController();
  const one = new Process({ target: seven, signal: off.signal }).start();
  await one.join();
  off.abort();
  assertEquals([one.exitCode, await one.result], [0, 7]);
});

troupeTest("PROC-05 a process may start a process; each knows its name and parent", async () => {
  const one = new Process({ target: parentOfOne }).start();
  assertEquals(
    await one.result.then(({ name, child, parent, code }) => ({ name, child, parent, code })),
    {
      name: `${one.name}:1`,
      child: `${one.name}:1`,
      parent: { name: one.name, alive: true },
      code: 0,
    },
  );
  await one.join();
});

troupeTest("a subclass runs its run() in the worker", async () => {
  const one = new Sub("somebody").start();
  assertEquals(await one.result, `somebody in ${one.name}, true`);
  await one.join();
  const named = new Sub("another", "its name").start();
  assertEquals(await named.result, "another in its name, true");
  await named.join();
});

troupeTest("a subclass that was not registered is refused by start", () => {
  class Unregistered extends Process {
    constructor() {
      super({});
    }
  }
  const one = new Unregistered();
  assertThrows(() => one.start(), TypeError, "register(import.meta, this)");
  assertEquals(one.isAlive(), false);
});

troupeTest("an inline process runs here and its arguments are copies", async () => {
  const list = [1, 2];
  const one = new Process({ target: echo, args: [list], isolation: "inline" }).start();
  assertEquals([one.isAlive(), activeChildren().includes(one as never)], [true, true]);
  list.push(3);
  assertEquals(await one.result, [[1, 2]]);
  assertEquals(await one.join(), true);
  assertEquals(one.exitCode, 0);
});

troupeTest("an inline process that throws ends with 1", async () => {
  const one = new Process({ target: throwIt, args: ["range"], isolation: "inline" }).start();
  const error = await rejectsWith(one.result, RemoteError);
  assertInstanceOf(error.cause, RangeError);
  await one.join();
  assertEquals(one.exitCode, 1);
});

troupeTest("an inline process can be terminated", async () => {
  const one = new Process({ target: forever, isolation: "inline" }).start();
  const { result } = one;
  one.terminate();
  assertEquals(await one.join(), true);
  assertEquals(one.exitCode, -15);
  const error = await rejectsWith(result, ExitError);
  assert(error.reason === "terminated");
});

/** A queue that is closed at the end of the block. */
function closing<T>(it: Queue<T>): { it: Queue<T> } & Disposable {
  return { it, [Symbol.dispose]: () => it.close() };
}
