import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type ErrorCode,
  ExitError,
  FullError,
  NotSendableError,
  NotSupportedError,
  RemoteError,
  StartError,
  TimeoutError,
  type TroupeError,
  UnknownMessageError,
  ValidationError,
} from "../../errors.ts";
import { here } from "../../memory/isolate.ts";
import { Queue } from "../../channels/queue.ts";
import type { AnyRef, Isolation } from "../../actors/actor.ts";
import { load } from "../../actors/load.ts";
import { spawn as spawnTyped } from "../../actors/spawn.ts";
import { station } from "../../actors/station.ts";
import { Account, Many, NeverReady, Parent } from "../fixtures/actors.ts";
import {
  awake,
  isPending,
  listeningTest as troupeTest,
  rejection,
  rejectsWith,
  turn,
  until,
} from "../support.ts";

// deno-lint-ignore no-explicit-any -- these tests look at what the types would not let through
type Anything = any;
/** A reference without the types of its messages; the tests of types are elsewhere. */
interface Loose extends AsyncDisposable {
  readonly id: string;
  readonly tell: Record<string, (...args: unknown[]) => Promise<void>>;
  readonly ask: Record<string, (...args: unknown[]) => Promise<Anything>>;
  readonly stream: Record<string, (...args: unknown[]) => ReadableStream<Anything>>;
  readonly exited: AnyRef["exited"];
  readonly stats: AnyRef["stats"];
  readonly stop: AnyRef["stop"];
  readonly kill: AnyRef["kill"];
}
/** Spawns without types. */
const spawn = spawnTyped as unknown as (actor: unknown, options?: object) => Promise<Loose>;

/** What a test of an actor gets. */
interface Stage {
  /** What the actor notes. */
  readonly log: Queue<unknown>;
  readonly ref: Loose;
  readonly isolation: Isolation;
  /** Lets a stubborn handler go. */
  readonly gate: Queue<string>;
}

/** Processes of their own can be had on memory that is mapped: on Linux, with `--allow-ffi`. */
const ISOLATIONS: readonly Isolation[] = here().arena.mapped !== undefined
  ? ["worker", "inline", "process"]
  : ["worker", "inline"];

/** The same test for an actor in a worker and one in this isolate. */
function both(name: string, fn: (stage: Stage) => Promise<void>, options: object = {}): void {
  for (const isolation of ISOLATIONS) {
    troupeTest(`${isolation} actor: ${name}`, async () => {
      await using log = new Queue<unknown>();
      await using gate = new Queue<string>();
      await using ref = await spawn(Many, { ...options, args: [log], isolation });
      await fn({ log, gate, ref, isolation });
    });
  }
}

/** Waits until the mailbox is empty, so that a bounded one has room. */
async function drained(ref: Loose): Promise<void> {
  while ((await ref.stats()).mailbox > 0) await turn(1);
}

/** What the actor noted so far. */
function noted(log: Queue<unknown>): unknown[] {
  const notes: unknown[] = [];
  while (!log.empty()) notes.push(log.getNowait());
  return notes;
}

both("ask gives what the handler gives", async ({ ref }) => {
  assertEquals([await ref.ask.add(2), await ref.ask.add(3), await ref.ask.get()], [2, 5, 5]);
});

both("tell is handled, in order, before a later ask", async ({ ref }) => {
  for (let n = 1; n <= 100; n++) assertStrictEquals(await ref.tell.add(n), undefined);
  assertEquals(await ref.ask.get(), 5050);
});

both("payloads and replies are copies of all kinds of values", async ({ ref }) => {
  const value = { list: [1, undefined, new Date(5)], map: new Map([[1, new Set(["x"])]]), big: 5n };
  const reply = await ref.ask.echo(value);
  assertEquals(reply, value);
  assertNotStrictEquals(reply, value);
  const bytes = new Uint8Array(1 << 20).fill(3);
  assertEquals(await ref.ask.echo(bytes), bytes);
  assertEquals(await ref.ask.echo(undefined), undefined);
});

both("a payload is what it was when it was sent", async ({ ref }) => {
  const list = [1];
  const asked = ref.ask.echo(list);
  list.push(2);
  assertEquals(await asked, [1]);
});

both(
  "an error of a handler reaches the asker with its class and cause; the actor goes on",
  async ({ ref }) => {
    const error = await rejectsWith(ref.ask.fail("no way"), RemoteError);
    const cause = error.cause as Error;
    assertInstanceOf(cause, RangeError);
    assertEquals([cause.message, error.remoteName], ["no way", "RangeError"]);
    assertInstanceOf(cause.cause, TypeError);
    assertInstanceOf((await rejectsWith(ref.ask.failLater(), RemoteError)).cause, SyntaxError);
    assertEquals((await rejectsWith(ref.ask.fail("unsendable"), RemoteError)).remoteName, "Error");
    assertEquals(await ref.ask.get(), 0);
  },
);

both("an error of a told message is the actor's affair; it goes on", async ({ ref }) => {
  await ref.tell.fail("told");
  await ref.tell.failLater();
  assertEquals(await ref.ask.get(), 0);
});

both("a payload that its schema refuses never reaches the handler", async ({ ref }) => {
  const error = await rejectsWith(ref.ask.deposit({ amount: -5 }), ValidationError);
  assertEquals(error.issues.map(({ path }) => path), [["amount"]]);
  await rejectsWith(ref.ask.deposit("nothing" as never), ValidationError);
  await ref.tell.deposit({ amount: -1 });
  assertEquals(await ref.ask.deposit({ amount: 5 }), 5);
});

both("a schema may change the payload, and take its time", async ({ ref }) => {
  assertEquals(await ref.ask.coerced("5" as never), 6);
  assertEquals(await ref.ask.delayed("good"), "good");
  await rejectsWith(ref.ask.delayed("bad"), ValidationError);
  assertEquals(await ref.ask.get(), 1);
});

both(
  "an unknown message is refused to the asker with the messages that there are",
  async ({ ref }) => {
    const error = await rejectsWith(ref.ask.missing(1), UnknownMessageError);
    assert(error.message.includes("missing") && error.message.includes("add"), error.message);
    await rejectsWith(ref.ask["toString"]() as never, UnknownMessageError);
    await rejectsWith(ref.ask.constructor(), UnknownMessageError);
    await ref.tell.missing(1);
    assertEquals(await ref.ask.get(), 0);
  },
);

both(
  "a payload that cannot be sent is refused with its path, and nothing is sent",
  async ({ ref }) => {
    const wrong = { user: { cb: () => {} } };
    for (const send of [ref.ask.echo(wrong), ref.tell.echo(wrong)]) {
      const { path } = await rejectsWith(send, NotSendableError);
      assert(path.includes("user") && path.includes("cb"), path);
    }
    await rejection(Array.fromAsync(ref.stream.three(wrong)));
    const { mailbox, handled } = await ref.stats();
    assertEquals([mailbox, handled], [0, 0]);
  },
);

both(
  "a reply that cannot be sent rejects the ask with NotSendableError; the actor goes on",
  async ({ ref }) => {
    await rejectsWith(ref.ask.unsendable(), NotSendableError);
    assertEquals(await ref.ask.get(), 0);
  },
);

both("stream gives the items in order, then the end", async ({ ref }) => {
  assertEquals(await Array.fromAsync(ref.stream.three(5)), [5, 6, 7]);
  assertEquals((await Array.fromAsync(ref.stream.count(1000))).length, 1000);
});

both("stream is a ReadableStream", async ({ ref }) => {
  const doubled = ref.stream.three(1).pipeThrough(
    new TransformStream<number, number>({
      transform: (n, controller) => controller.enqueue(n * 2),
    }),
  );
  assertEquals(await Array.fromAsync(doubled), [2, 4, 6]);
});

both("an error in a stream comes after the items before it", async ({ ref }) => {
  const got: unknown[] = [];
  const error = await rejection((async () => {
    for await (const item of ref.stream.failing()) got.push(item);
  })()) as RemoteError;
  assertEquals(got, [1]);
  assertInstanceOf(error.cause, RangeError);
});

both("an item that cannot be sent ends the stream with NotSendableError", async ({ ref }) => {
  const got: unknown[] = [];
  await rejectsWith(
    (async () => {
      for await (const item of ref.stream.unsendableItem()) got.push(item);
    })(),
    NotSendableError,
  );
  assertEquals(got, ["fine"]);
});

both("a stream that nobody reads makes its producer wait", async ({ ref, log }) => {
  const reader = ref.stream.count(100_000).getReader();
  assertEquals((await reader.read()).value, 0);
  await turn(100);
  await reader.cancel();
  const made = Number(String(await log.get()).split(" ")[1]);
  assert(made >= 1 && made < 1000, `${made} items were made for one that was read`);
});

both("leaving a stream ends its producer, and the actor goes on", async ({ ref, log }) => {
  for await (const n of ref.stream.count(1e9)) if (n === 500) break;
  const made = Number(String(await log.get()).split(" ")[1]);
  assert(made >= 500 && made < 2000, `${made}`);
  assertEquals(await ref.ask.get(), 0);
});

both("a stream with a signal ends with its reason", async ({ ref, log }) => {
  const off = new AbortController();
  const reason = new Error("no more");
  const reader = ref.stream.count(1e9, { signal: off.signal }).getReader();
  await reader.read();
  off.abort(reason);
  const error = await rejection((async () => {
    for (;;) await reader.read();
  })());
  assertStrictEquals(error, reason);
  await log.get();
});

both("other messages are handled while a stream goes on", async ({ ref, log }) => {
  const reader = ref.stream.count(1e9).getReader();
  await reader.read();
  assertEquals(await ref.ask.add(1), 1);
  await reader.cancel();
  await log.get();
});

both("ask of a stream, and stream of a value, are refused", async ({ ref }) => {
  await rejectsWith(ref.ask.three(1), NotSupportedError);
  await rejectsWith(Array.fromAsync(ref.stream.get()), NotSupportedError);
  assertEquals(await ref.ask.get(), 0);
});

both("one message at a time", async ({ ref, log, gate }) => {
  for (const word of ["go", "go on"]) await gate.put(word);
  await Promise.all(["a", "b"].map((label) => ref.ask.stubborn({ label, gate })));
  assertEquals(noted(log), ["began a", "ended a", "began b", "ended b"]);
});

both(
  "an ask that runs out of time rejects, and the handler's signal fires",
  async ({ ref, log }) => {
    const begin = performance.now();
    const error = await rejectsWith(ref.ask.patient("x", { timeout: 100 }), TimeoutError);
    assert(performance.now() - begin >= 95);
    assertEquals(error.timeout, 100);
    // On a busy machine it may have run out of time before it was begun.
    while (log.empty()) await rejection(ref.ask.patient("x", { timeout: 100 }));
    assertEquals([await log.get(), await log.get()], ["began x", "aborted x"]);
    assertEquals(await ref.ask.get(), 0);
  },
);

both("an ask that is called off aborts its handler's signal", async ({ ref, log }) => {
  const off = new AbortController();
  const reason = new Error("no more");
  const asked = ref.ask.slow("x", { signal: off.signal });
  assertEquals(await log.get(), "began x");
  off.abort(reason);
  assertStrictEquals(await rejection(asked), reason);
  assertEquals([await log.get(), await log.get()], ["aborted x", "ended x"]);
  assertStrictEquals(await rejection(ref.ask.get({ signal: off.signal })), reason);
  assertEquals(await ref.ask.get(), 0);
});

both("a reply that comes too late is dropped and counted", async ({ ref, log, gate }) => {
  const { awaited } = station();
  const before = awaited.late;
  const off = new AbortController();
  const asked = rejection(ref.ask.stubborn({ label: "x", gate }, { signal: off.signal }));
  await log.get();
  off.abort("no more");
  assertEquals(await asked, "no more");
  await gate.put("go");
  assertEquals(await log.get(), "ended x");
  assertEquals(await ref.ask.get(), 0);
  assertEquals(awaited.late, before + 1);
});

both(
  "an ask that is called off while it waits in the mailbox is not handled",
  async ({ ref, log, gate }) => {
    const first = ref.ask.stubborn({ label: "first", gate });
    assertEquals(await log.get(), "began first");
    const off = new AbortController();
    const second = ref.ask.stubborn({ label: "second", gate }, { signal: off.signal });
    off.abort(new Error("no more"));
    await rejection(second);
    await gate.put("go");
    assertEquals(await first, "first");
    assertEquals(await ref.ask.get(), 0);
    assertEquals(noted(log), ["ended first"]);
  },
);

both(
  "stop lets the handler in hand finish, then the hook gets the reason",
  async ({ ref, log, gate }) => {
    const asked = ref.ask.stubborn({ label: "x", gate });
    assertEquals(await log.get(), "began x");
    const stopping = ref.stop({ reason: "enough" });
    await gate.put("go");
    await stopping;
    assertEquals(await asked, "x");
    assertEquals(noted(log), ["ended x", { stopped: "enough" }]);
    assertEquals(await awake(ref.exited), { reason: "normal", exitCode: 0 });
  },
);

both("stop fires the signal of the handler in hand", async ({ ref, log }) => {
  const asked = ref.ask.slow("x");
  assertEquals(await log.get(), "began x");
  await ref.stop();
  assertEquals(await asked, "x");
  assertEquals(noted(log), ["aborted x", "ended x", { stopped: undefined }]);
});

both("a second stop, and a stop after the end, do nothing", async ({ ref, log }) => {
  await Promise.all([ref.stop({ reason: 1 }), ref.stop({ reason: 2 })]);
  await ref.stop();
  assertEquals(noted(log), [{ stopped: 1 }]);
});

both(
  "after the end asks, tells and streams reject with an ExitError that nothing ran",
  async ({ ref }) => {
    await ref.stop();
    const ends = [ref.ask.get(), ref.tell.add(1), Array.fromAsync(ref.stream.three(1))];
    for (const end of ends) {
      const error = await rejectsWith(end as Promise<unknown>, ExitError);
      assertEquals([error.reason, error.exitCode, error.maybeExecuted], ["normal", 0, false]);
    }
  },
);

both(
  "stop with a timeout gives up waiting, and the actor ends all the same",
  async ({ ref, log, gate }) => {
    const asked = ref.ask.stubborn({ label: "x", gate });
    await log.get();
    await rejectsWith(ref.stop({ timeout: 10 }), TimeoutError);
    await gate.put("go");
    assertEquals(await asked, "x");
    assertEquals((await awake(ref.exited)).reason, "normal");
  },
);

both(
  "asks that wait in the mailbox of a stopped actor are told that they did not run",
  async ({ ref, log }) => {
    const first = ref.ask.patient("x");
    await log.get();
    const second = rejectsWith(ref.ask.add(1), ExitError);
    await ref.stop();
    await first;
    assertEquals((await second).maybeExecuted, false);
  },
);

both("an actor can stop itself; the message in hand is answered", async ({ ref, log }) => {
  assertEquals(await ref.ask.stopSelf("by itself"), 0);
  assertEquals((await awake(ref.exited)).reason, "normal");
  assertEquals(noted(log), [{ stopped: "by itself" }]);
});

both("kill tells who was in hand, and who was not", async ({ ref, log }) => {
  const inHand = rejectsWith(ref.ask.hang(), ExitError);
  assertEquals(await log.get(), "began undefined");
  const queued = [rejectsWith(ref.ask.get(), ExitError), rejectsWith(ref.ask.add(1), ExitError)];
  ref.kill();
  const first = await inHand;
  assertEquals([first.reason, first.exitCode, first.maybeExecuted], ["killed", -9, true]);
  for (const one of await Promise.all(queued)) {
    assertEquals([one.reason, one.maybeExecuted], ["killed", false]);
  }
  assertEquals(await awake(ref.exited), { reason: "killed", exitCode: -9 });
  assertEquals(noted(log), []);
  ref.kill();
});

both("kill ends streams that are read", async ({ ref }) => {
  const reader = ref.stream.count(1e9).getReader();
  await reader.read();
  ref.kill();
  const error = await rejection((async () => {
    for (;;) await reader.read();
  })());
  assertInstanceOf(error, ExitError);
});

both("exited is open while the actor lives", async ({ ref }) => {
  assertEquals(await isPending(ref.exited), true);
  await ref.stop();
  assertEquals([await awake(ref.exited), await awake(ref.exited)].map(({ exitCode }) => exitCode), [
    0,
    0,
  ]);
});

both("options are told from payloads", async ({ ref }) => {
  assertEquals(await ref.ask.get({ timeout: 5000 }), 0);
  assertEquals(await ref.ask.echo({ timeout: 5000 }), { timeout: 5000 });
  assertEquals(await ref.ask.echo({ timeout: 1 }, { timeout: 5000 }), { timeout: 1 });
  await ref.tell.add(1, { timeout: 5000 });
  assertEquals(await ref.ask.get({}), 1);
  await rejectsWith(ref.ask.hang({ timeout: 50 } as never, { timeout: 50 }), TimeoutError);
  ref.kill();
});

both("an ask of oneself is refused, a tell is handled", async ({ ref }) => {
  assertEquals(await ref.ask.askSelf(null), "NOT_SUPPORTED" satisfies ErrorCode);
  await ref.ask.tellSelf(5);
  assertEquals(await ref.ask.get(), 5);
});

both("ctx.after sends a message later", async ({ ref }) => {
  await ref.ask.addLater(7);
  while (await ref.ask.get() !== 7) await turn(1);
});

both("an actor's own reference works for others", async ({ ref }) => {
  const own = await ref.ask.own(null);
  assertEquals([own.id, await own.ask.add(2), await ref.ask.get()], [ref.id, 2, 2]);
});

both("a reference in a message works there, but cannot kill", async ({ ref, isolation, log }) => {
  await using other = await spawn(Many, { args: [log, 10], isolation });
  assertEquals(await ref.ask.callOther({ ref: other, by: 5 }), 15);
  const back = await ref.ask.echo(other);
  assertEquals([back.id, await back.ask.get()], [other.id, 15]);
  assertThrows(() => back.kill(), NotSupportedError);
});

both("a watched actor's end is told to whoever watches", async ({ ref, isolation, log }) => {
  const other = await spawn(Many, { args: [log], isolation, id: "watched" });
  await ref.ask.watchOther(other);
  assertEquals(await log.get(), "watching");
  other.kill();
  assertEquals(await log.get(), { id: "watched", reason: "killed", exitCode: -9 });
});

both("a thousand asks at once are answered each with its own", async ({ ref }) => {
  const asked = Array.from({ length: 1000 }, (_, n) => ref.ask.echo(n));
  assertEquals(await Promise.all(asked), asked.map((_, n) => n));
  assertEquals((await ref.stats()).handled >= 999, true);
});

both("the id is as given, and known to the actor", async ({ ref }) => {
  assertEquals([ref.id, await ref.ask.id(null)], ["chosen", "chosen"]);
}, { id: "chosen" });

both("overflow wait: a tell waits for room", async ({ ref, log, gate }) => {
  const inHand = ref.ask.stubborn({ label: "x", gate });
  await log.get();
  await ref.tell.add(1);
  await ref.tell.add(1);
  const third = ref.tell.add(1);
  assertEquals(await isPending(third, 20), true);
  await rejectsWith(ref.tell.add(100, { timeout: 10 }), FullError);
  await gate.put("go");
  await third;
  assertEquals([await inHand, await ref.ask.get()], ["x", 3]);
}, { mailbox: { capacity: 2 } });

both("overflow reject: a message too many is refused with its payload", async (stage) => {
  const { ref, log, gate } = stage;
  const inHand = ref.ask.stubborn({ label: "x", gate });
  await log.get();
  await ref.tell.add(1);
  await ref.tell.add(1);
  const told = await rejectsWith(ref.tell.add(5), FullError);
  assertEquals(told.value, 5);
  await rejectsWith(ref.ask.add(6), FullError);
  await gate.put("go");
  assertEquals(await inHand, "x");
  await drained(ref);
  assertEquals(await ref.ask.get(), 2);
}, { mailbox: { capacity: 2, overflow: "reject" } });

both(
  "overflow drop-newest: a tell too many is dropped, an ask is refused",
  async ({ ref, log, gate }) => {
    const inHand = ref.ask.stubborn({ label: "x", gate });
    await log.get();
    await ref.tell.add(1);
    await ref.tell.add(10);
    await ref.tell.add(100);
    await rejectsWith(ref.ask.add(1000), FullError);
    await gate.put("go");
    assertEquals(await inHand, "x");
    await drained(ref);
    assertEquals(await ref.ask.get(), 11);
  },
  { mailbox: { capacity: 2, overflow: "drop-newest" } },
);

both("overflow drop-oldest: the oldest goes, and its asker is told", async ({ ref, log, gate }) => {
  const inHand = ref.ask.stubborn({ label: "x", gate });
  await log.get();
  const oldest = rejectsWith(ref.ask.add(1), FullError);
  await ref.tell.add(10);
  await ref.tell.add(100);
  await ref.tell.add(1000);
  await oldest;
  await gate.put("go");
  assertEquals(await inHand, "x");
  await drained(ref);
  assertEquals(await ref.ask.get(), 1100);
}, { mailbox: { capacity: 2, overflow: "drop-oldest" } });

for (const isolation of ISOLATIONS) {
  troupeTest(
    `${isolation} actor: a failing init is a StartError of phase init with its cause`,
    async () => {
      await using log = new Queue<unknown>();
      const error = await rejectsWith(spawn(Many, { args: [log, "fail"], isolation }), StartError);
      assertEquals(error.phase, "init");
      assertInstanceOf(error.cause, RangeError);
      assertEquals((error.cause as Error).message, "init failed");
    },
  );

  troupeTest(
    `${isolation} actor: a failing started hook is a StartError of phase init`,
    async () => {
      await using log = new Queue<unknown>();
      const error = await rejectsWith(spawn(Many, { args: [log, 99], isolation }), StartError);
      assertEquals([error.phase, (error.cause as Error).message], ["init", "started failed"]);
    },
  );

  const BROKEN: readonly (readonly [string, string])[] = [
    ["a module that is missing", new URL("../fixtures/not_there.ts", import.meta.url).href],
    ["a module that throws", new URL("../fixtures/throws_at_import.ts", import.meta.url).href],
    ["a module without the actor", new URL("../fixtures/plain.ts", import.meta.url).href],
  ];
  for (const [what, url] of BROKEN) {
    troupeTest(`${isolation} actor: ${what} is a StartError of phase load`, async () => {
      const { missing } = load<{ missing: typeof NeverReady }>(url);
      const error = await rejectsWith(spawn(missing, { isolation }), StartError);
      assertEquals(error.phase, "load");
    });
  }

  troupeTest(`${isolation} actor: what is no actor is refused`, async () => {
    const { double } = load<{ double: typeof NeverReady }>(
      new URL("../fixtures/plain.ts", import.meta.url),
    );
    const error = await rejectsWith(spawn(double, { isolation }), StartError);
    assertInstanceOf(error.cause, TypeError);
    await rejectsWith(spawn((() => {}) as never, { isolation }), TypeError);
  });

  troupeTest(
    `${isolation} actor: arguments are copies, and those that cannot be sent are refused`,
    async () => {
      await using log = new Queue<unknown>();
      const error = await rejectsWith(
        spawn(Many, { args: [log, (() => {}) as never], isolation }),
        NotSendableError,
      );
      assert(error.path.includes("1"), error.path);
    },
  );

  troupeTest(`${isolation} actor: the class form`, async () => {
    await using log = new Queue<unknown>();
    const ref = await spawn(Account, { args: [log, 10], isolation, id: "an account" });
    assertEquals(await log.get(), "started an account");
    assertEquals([await ref.ask.deposit(5), await ref.ask.balance()], [15, 15]);
    await rejectsWith(ref.ask.deposit(-5), ValidationError);
    assertEquals(await Array.fromAsync(ref.stream.history(3)), [0, 1, 2]);
    assertEquals([await ref.ask.whoAmI(), await ref.ask.useSecret()], ["an account", 1]);
    for (const hidden of ["started", "stopped", "constructor", "secret", "ctx"]) {
      await rejectsWith(ref.ask[hidden](), UnknownMessageError);
    }
    await ref.stop({ reason: "enough" });
    assertEquals(noted(log), [{ stopped: "enough" }]);
  });

  troupeTest(
    `${isolation} actor: a class whose constructor throws is a StartError of phase init`,
    async () => {
      await using log = new Queue<unknown>();
      const error = await rejectsWith(spawn(Account, { args: [log, -1], isolation }), StartError);
      assertEquals([error.phase, (error.cause as Error).message], ["init", "negative"]);
    },
  );

  troupeTest(`${isolation} actor: children end with their parent`, async () => {
    await using log = new Queue<unknown>();
    const parent = await spawn(Parent, { args: [log], isolation });
    const child = (await parent.ask.child()) as Loose;
    assertEquals(await child.ask.add(1), 1);
    await parent.stop();
    await awake(child.exited, "the end of the child");
  });

  troupeTest(`${isolation} actor: a signal that fires during the start calls it off`, async () => {
    await using log = new Queue<unknown>();
    const off = new AbortController();
    const spawning = spawn(Many, { args: [log], isolation, signal: off.signal });
    const reason = new Error("no more");
    off.abort(reason);
    assertStrictEquals(await rejection(spawning), reason);
  });

  troupeTest(`${isolation} actor: children end with their killed parent`, async () => {
    await using log = new Queue<unknown>();
    const parent = await spawn(Parent, { args: [log], isolation });
    const child = (await parent.ask.child()) as Loose;
    parent.kill();
    await awake(child.exited, "the end of the child");
  });

  troupeTest(`${isolation} actor: a signal kills it`, async () => {
    await using log = new Queue<unknown>();
    const off = new AbortController();
    const ref = await spawn(Many, { args: [log], isolation, signal: off.signal });
    off.abort();
    assertEquals((await awake(ref.exited)).reason, "killed");
    const again = spawn(Many, { args: [log], isolation, signal: off.signal });
    assertStrictEquals(await rejection(again), off.signal.reason);
  });
}

troupeTest("worker actor: a killed parent's child ends", async () => {
  await using log = new Queue<unknown>();
  const parent = await spawn(Parent, { args: [log] });
  const child = (await parent.ask.child()) as Loose;
  await parent.tell.loop();
  await log.get();
  parent.kill();
  assertEquals((await awake(child.exited)).exitCode, -15);
  assertEquals((await awake(parent.exited)).exitCode, -9);
});

troupeTest("worker actor: kill ends an endless loop and tells who was in hand", async () => {
  await using log = new Queue<unknown>();
  const ref = await spawn(Many, { args: [log] });
  const inHand = rejectsWith(ref.ask.loop(), ExitError);
  assertEquals(await log.get(), "looping");
  const queued = rejectsWith(ref.ask.get(), ExitError);
  ref.kill();
  assertEquals([(await inHand).maybeExecuted, (await queued).maybeExecuted], [true, false]);
  assertEquals([(await inHand).reason, (await queued).reason], ["killed", "killed"]);
});

for (const exitCode of [0, 3]) {
  troupeTest(`worker actor: exit(${exitCode}) in a handler ends it with that code`, async () => {
    await using log = new Queue<unknown>();
    const ref = await spawn(Many, { args: [log] });
    const asks = [ref.ask.exit(exitCode), ref.ask.get()];
    const [inHand, queued] = await Promise.all(asks.map((one) => rejectsWith(one, ExitError)));
    assertEquals([inHand.reason, inHand.exitCode, inHand.maybeExecuted], ["exit", exitCode, true]);
    assertEquals([queued.reason, queued.maybeExecuted], ["exit", false]);
    assertEquals((await awake(ref.exited)).exitCode, exitCode);
  });
}

troupeTest("worker actor: an error that nobody caught ends it, and exited tells it", async () => {
  await using log = new Queue<unknown>();
  const ref = await spawn(Many, { args: [log] });
  await ref.tell.uncaught();
  const { reason, exitCode, error } = await awake(ref.exited);
  assertEquals([reason, exitCode], ["error", 1]);
  assertEquals(((error as TroupeError).cause as Error).message, "uncaught in an actor");
});

troupeTest("worker actor: an exit during init is a StartError", async () => {
  const error = await rejectsWith(spawn(NeverReady), StartError);
  assertEquals(error.phase, "init");
});

troupeTest("worker actor: an actor of an actor works and is stopped by its reference", async () => {
  await using log = new Queue<unknown>();
  await using ref = await spawn(Many, { args: [log] });
  const child = await ref.ask.spawnChild("the child");
  assertEquals([child.id, await child.ask.add(1)], ["the child", 6]);
  await child.stop({ reason: "done" });
  assertEquals(noted(log), [{ stopped: "done" }]);
});

troupeTest(
  "worker actor: asks in the mailbox when the worker dies are told the truth",
  async () => {
    await using log = new Queue<unknown>();
    const ref = await spawn(Many, { args: [log] });
    const asks = Array.from(
      { length: 200 },
      (_, n) => n === 100 ? ref.ask.exit(4) : ref.ask.add(1),
    );
    const ends = await Promise.all(
      asks.map((one) => one.then((n: unknown) => n, (error: unknown) => error)),
    );
    for (const [n, end] of ends.entries()) {
      if (n < 100) assert(end === n + 1 || (end as ExitError).maybeExecuted, `${n}: ${end}`);
      else if (n === 100) assertEquals((end as ExitError).maybeExecuted, true);
      else assertEquals((end as ExitError).maybeExecuted, false, `ask ${n}`);
    }
  },
);

troupeTest(
  "isolations that are unknown, and options that are not supported, are refused",
  async () => {
    await using log = new Queue<unknown>();
    const wrong = (options: object) => spawn(Many, { args: [log], ...options } as never);
    await rejectsWith(wrong({ isolation: "moon" }), TypeError);
    await rejectsWith(wrong({ permissions: "none" }), NotSupportedError);
    await rejectsWith(wrong({ memoryLimitMb: 50 }), NotSupportedError);
    await rejectsWith(wrong({ id: "" }), TypeError);
    await rejectsWith(wrong({ id: 5 }), TypeError);
    await rejectsWith(wrong({ args: 5 }), TypeError);
    for (const capacity of [0, -1, 1.5, NaN, 262_145]) {
      await rejectsWith(wrong({ mailbox: { capacity } }), RangeError);
    }
    await rejectsWith(wrong({ mailbox: { overflow: "explode" } }), TypeError);
  },
);

troupeTest("await using stops the actor", async () => {
  await using log = new Queue<unknown>();
  {
    await using ref = await spawn(Many, { args: [log] });
    await ref.tell.add(1);
    assertEquals(await ref.ask.get(), 1);
  }
  assertEquals(noted(log), [{ stopped: undefined }]);
});

troupeTest("twenty actors at once", async () => {
  await using log = new Queue<unknown>();
  const refs = await Promise.all(
    Array.from({ length: 20 }, (_, n) => spawn(Many, { args: [log, n] })),
  );
  assertEquals(await Promise.all(refs.map((ref) => ref.ask.add(1))), refs.map((_, n) => n + 1));
  await Promise.all(refs.map((ref) => ref.stop()));
  await until(() => log.qsize() === 20, "the hooks");
});
