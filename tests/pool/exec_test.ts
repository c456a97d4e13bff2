import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  CancelledError,
  ClosedError,
  ExitError,
  NotSendableError,
  RemoteError,
  StartError,
  TroupeError,
} from "../../errors.ts";
import { here } from "../../memory/isolate.ts";
import type { Isolation } from "../../actors/actor.ts";
import { load } from "../../actors/load.ts";
import { Queue } from "../../channels/queue.ts";
import { Pool } from "../../pool/pool.ts";
import {
  beginAndLoop,
  beginAndStay,
  countCalls,
  die,
  failIf,
  giveBad,
  giveFunction,
  greet,
  initialise,
  nameLength,
  square,
  tally,
  Teller,
  waitFor,
  WAYS_TO_DIE,
  whoRuns,
} from "../fixtures/pool_tasks.ts";
import {
  listeningTest,
  rejection,
  rejectsWith,
  socketTest,
  troupeTest,
  until,
} from "../support.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);
/** Processes of their own can be had on memory that is mapped: on Linux, with `--allow-ffi`. */
const ISOLATIONS: readonly Isolation[] = here().arena.mapped !== undefined
  ? ["worker", "process"]
  : ["worker"];
/** The matrix listens to processes where there are any. */
const matrixTest = ISOLATIONS.includes("process") ? listeningTest : troupeTest;
/** The same, and how it is tested; processes over sockets can be had anywhere. */
const EVERYWHERE: readonly (readonly [Isolation, typeof socketTest])[] = [
  ...ISOLATIONS.map((isolation) => [isolation, matrixTest] as const),
  ["process", socketTest],
];
const SOAK = Deno.env.get("TROUPE_SOAK") === "1";

/** What must be true of a pool after each row of the matrix. */
async function isWell(pool: Pool): Promise<void> {
  assertEquals(await pool.apply(square, 7), 49);
  await until(() => pool.stats().size === 2, "full size");
}

matrixTest(
  "EXEC-01 arguments may be called anything; a missing function is a TypeError",
  async () => {
    await using pool = new Pool({ size: 1 });
    const self = { hello: 1, bye: 2, self: 3, fn: 4 } as { hello: number; bye: number };
    assertEquals(await pool.apply(greet, self), "1 2");
    const error = await rejection(pool.apply(undefined as never));
    assertInstanceOf(error, TypeError);
  },
);

matrixTest("EXEC-02 chunks of 6, 40 and 50 of 40 items give the same", async () => {
  await using pool = new Pool({ size: 2 });
  for (const chunksize of [6, 40, 50]) {
    assertEquals(await pool.map(square, range(40), { chunksize }), range(40).map((n) => n * n));
  }
});

matrixTest(
  "EXEC-05 what is cancelled never runs, the rest is done, the end is idempotent",
  async () => {
    await using gate = new Queue<string>();
    const pool = new Pool({ size: 1 });
    const results = range(50).map((n) => pool.applyAsync(waitFor, [{ name: `${n}`, gate }]));
    await until(() => results[0].running(), "the first");
    for (const result of results.slice(20)) result.cancel();
    pool.close();
    pool.close();
    for (const _ of range(20)) await gate.put("go");
    const ended = await Promise.allSettled(results);
    assertEquals(ended.filter(({ status }) => status === "fulfilled").length, 20);
    await Promise.all([pool.join(), pool.join()]);
    await rejectsWith((async () => await pool.apply(square, 1))(), ClosedError);
    const quick = new Pool({ size: 1 });
    const cancelled = quick.applyAsync(square, [1]);
    cancelled.cancel();
    quick.close();
    await rejectsWith(cancelled, CancelledError);
    await quick.join();
  },
);

matrixTest("EXEC-06 a scope left by an error still waits for submitted work", async () => {
  let result: Promise<number> | undefined;
  const scope = async () => {
    await using pool = new Pool({ size: 1 });
    result = pool.apply(square, 3);
    throw new RangeError("out of the scope");
  };
  await rejectsWith(scope(), RangeError);
  assertEquals(await result, 9);
});

for (const [isolation, anyTest] of EVERYWHERE) {
  anyTest(`EXEC-07 ${isolation}: error while decoding the task: only it fails`, async () => {
    await using pool = new Pool({ size: 2, isolation });
    const lost = load<{ gone(x: number): number }>(
      new URL("../fixtures/no_such.ts", import.meta.url),
    );
    const error = await rejectsWith(pool.apply(lost.gone as never, ...[1] as never), TroupeError);
    assert(error instanceof StartError || error instanceof RemoteError);
    await isWell(pool);
  });

  for (const way of WAYS_TO_DIE) {
    anyTest(
      `EXEC-07 ${isolation}: the worker ends (${way}) while a task runs: only it fails`,
      async () => {
        await using pool = new Pool({ size: 2, isolation });
        const others = pool.map(square, range(200), { chunksize: 1 });
        const error = await rejectsWith(pool.apply(die, way), ExitError);
        assertEquals(error.maybeExecuted, true);
        assertEquals(await others, range(200).map((n) => n * n));
        await isWell(pool);
      },
    );
  }

  anyTest(`EXEC-07 ${isolation}: error while the task runs: only it fails`, async () => {
    await using pool = new Pool({ size: 2, isolation });
    await rejectsWith(pool.apply(failIf, true), RemoteError);
    await isWell(pool);
  });

  anyTest(
    `EXEC-07 ${isolation}: error, or exit, while the result is encoded: only it fails`,
    async () => {
      await using pool = new Pool({ size: 2, isolation });
      await rejectsWith(pool.apply(giveBad, "error"), TroupeError);
      await rejectsWith(pool.apply(giveFunction), TroupeError);
      await rejectsWith(pool.apply(giveBad, "exit"), ExitError);
      await isWell(pool);
    },
  );

  anyTest(
    `EXEC-07 ${isolation}: error while the arguments are encoded: only it fails`,
    async () => {
      await using pool = new Pool({ size: 2, isolation });
      const bad = {
        get name(): string {
          throw new RangeError("cannot be read");
        },
      };
      assertInstanceOf(await rejection(pool.apply(nameLength, bad)), Error);
      await rejectsWith(pool.apply(nameLength, { name: () => {} } as never), NotSendableError);
      await isWell(pool);
    },
  );
}

for (const isolation of ISOLATIONS) {
  matrixTest(
    `EXEC-07 ${isolation}: a worker dies with large arguments queued: nothing hangs, nothing is lost`,
    async () => {
      await using begun = new Queue<string>();
      await using pool = new Pool({ size: 2, isolation });
      const large = { name: "x".repeat(700_000) };
      const looping = [pool.apply(beginAndLoop, begun), pool.apply(beginAndLoop, begun)];
      const queued = range(10).map(() => pool.apply(nameLength, large));
      await Promise.all([begun.get(), begun.get()]);
      assertEquals(pool.killWorkers(2), 2);
      for (const result of looping) await rejectsWith(result, ExitError);
      assertEquals(await Promise.all(queued), range(10).map(() => 700_000));
      await isWell(pool);
    },
  );

  matrixTest(
    `EXEC-07 ${isolation}: a worker dies after close(): the rest is done, join() ends`,
    async () => {
      await using begun = new Queue<string>();
      const pool = new Pool({ size: 1, isolation });
      const result = pool.apply(beginAndStay, begun);
      const rest = range(5).map((n) => pool.apply(square, n));
      pool.close();
      await begun.get();
      pool.killWorkers(1);
      await rejectsWith(result, ExitError);
      assertEquals(await Promise.all(rest), range(5).map((n) => n * n));
      await pool.join();
    },
  );
}

matrixTest("EXEC-10 a result settles once: cancelling it after changes nothing", async () => {
  await using pool = new Pool({ size: 1 });
  const result = pool.applyAsync(square, [3]);
  assertEquals(await result, 9);
  result.cancel();
  assertEquals([await result.get(), result.successful()], [9, true]);
});

matrixTest("EXEC-13 limits of tasks: A A A B, and an early end finishes all", async () => {
  const pool = new Pool({ size: 1, maxTasksPerChild: 3 });
  const workers = await Promise.all(range(4).map(() => pool.apply(whoRuns, undefined)));
  assertEquals([new Set(workers.slice(0, 3)).size, workers[3] === workers[0]], [1, false]);
  pool.close();
  await pool.join();
});

matrixTest(
  `C3 ${SOAK ? 10_000 : 600} tasks and ${
    SOAK ? 500 : 30
  } kills: each settles once, none lost or doubled`,
  async () => {
    const [tasks, kills] = SOAK ? [10_000, 500] : [600, 30];
    await using pool = new Pool({ size: 4 });
    const settled = new Map<number, number>();
    const results: number[] = [];
    let killed = 0;
    const settle = (id: number) => {
      settled.set(id, (settled.get(id) ?? 0) + 1);
      // One that finds nobody to kill is made up for.
      const due = Math.min(kills, Math.floor(settled.size / Math.floor(tasks / (kills + 1))));
      if (killed < due) killed += pool.killWorkers(1);
    };
    const retry = { attempts: 1000 };
    const all = range(tasks).map((id) =>
      pool.applyAsync(tally, [{ id, ms: id % 3 }], { retry }).then((result) => {
        assertEquals(result, id);
        results.push(result);
        settle(id);
      })
    );
    await Promise.all(all);
    assertEquals([settled.size, results.length, new Set(results).size], [tasks, tasks, tasks]);
    assertEquals(Math.max(...settled.values()), 1);
    assert(killed >= kills - 5, `${killed} kills`);
    await until(() => pool.stats().size === 4, "full size");
    const { completed, failed, queued, busy } = pool.stats();
    assertEquals([completed, failed, queued, busy], [tasks, 0, 0, 0]);
  },
);

matrixTest("POOL-05 starmap() unpacks, and refuses what is no list", async () => {
  await using pool = new Pool({ size: 1 });
  const error = await rejectsWith(pool.starmap(square as never, [5] as never), RemoteError);
  assertInstanceOf(error.cause, TypeError);
});

matrixTest("POOL-37 nothing keeps arguments and results after the end", async () => {
  await using pool = new Pool({ size: 1 });
  const collected = Promise.withResolvers<void>();
  const registry = new FinalizationRegistry(() => collected.resolve());
  await (async () => {
    const argument = { name: "gone soon" };
    registry.register(argument, 0);
    await pool.apply(nameLength, argument);
  })();
  const { collectGarbage, turn } = await import("../support.ts");
  let isGone = false;
  collected.promise.then(() => isGone = true);
  for (let round = 0; !isGone && round < 1000; round++) {
    collectGarbage();
    await turn(1);
  }
  assert(isGone, "the argument is still held");
});

matrixTest("POOL-38 submitters at the same time get their own results", async () => {
  await using pool = new Pool({ size: 2 });
  const maps = range(4).map((n) => pool.map(square, range(50).map((m) => 100 * n + m)));
  for (const [n, squares] of (await Promise.all(maps)).entries()) {
    assertEquals(squares, range(50).map((m) => (100 * n + m) ** 2));
  }
});

matrixTest("POOL-39 a worker keeps its state between tasks", async () => {
  await using pool = new Pool({ size: 1 });
  const counts = [await pool.apply(countCalls), await pool.apply(countCalls)];
  assertEquals(counts, [1, 2]);
});

matrixTest(`POOL-41 a pool of ${SOAK ? 200 : 24} workers`, async () => {
  await using pool = new Pool({ size: SOAK ? 200 : 24 });
  const squares = await pool.map(square, range(1000), { chunksize: 1 });
  assertEquals(squares.reduce((sum, n) => sum + n), 332_833_500);
});

matrixTest("POOL-22 the initializer runs for replacements too", async () => {
  await using pool = new Pool({
    size: 1,
    initializer: initialise,
    initargs: [1],
    maxTasksPerChild: 1,
  });
  const workers = await Promise.all(range(3).map(() => pool.apply(whoRuns, undefined)));
  assertEquals(new Set(workers).size, 3);
});

matrixTest("route() sends in turn, by key, to the least busy, and to all", async () => {
  await using pool = new Pool({ size: 3 });
  const turns = await pool.route(Teller, { by: "round-robin" });
  const who = await Promise.all(range(6).map(() => turns.ask.who("")));
  assertEquals(new Set(who).size, 3);
  assertEquals(await Array.fromAsync(turns.stream.count(3)), [0, 1, 2]);
  await turns.stop();
  assertEquals((await turns.exited).reason, "normal");

  await using keyed = await pool.route(Teller, { by: (key) => String(key), copies: 4 });
  for (const n of range(40)) await keyed.tell.tell(`k${n % 4}`);
  for (const key of range(4).map((n) => `k${n}`)) {
    const told = (await keyed.ask.told(key)).filter((other) => other === key);
    assertEquals(told.length, 10);
  }

  await using gate = new Queue<string>();
  await using least = await pool.route(Teller, { by: "least-busy", copies: 2 });
  const waiting = least.ask.wait(gate);
  const free = new Set<string>();
  for (const _ of range(3)) free.add(await least.ask.who(""));
  await gate.put("");
  assertEquals(free.has(await waiting), false);

  await using all = await pool.route(Teller, { by: "broadcast", copies: 3 });
  await all.tell.tell("x");
  assertEquals(await all.ask.told(""), ["x"]);
  let handled = 0;
  while (handled < 6) handled = (await all.stats()).handled;
  assertEquals(handled, 6);
});

matrixTest("route() replaces a copy that ends", async () => {
  await using pool = new Pool({ size: 1 });
  await using router = await pool.route(Teller, { by: (key) => String(key), copies: 1 });
  const before = await router.ask.who("a");
  await rejectsWith(router.ask.leave("a"), ExitError);
  const after = await router.ask.who("a").catch(() => router.ask.who("a"));
  assert(before !== after);
});

Deno.test("progressBar() writes nothing where there is no terminal, and loads nothing", async () => {
  const script = `
    import { progressBar } from "${new URL("../../troupe.ts", import.meta.url).href}";
    const onProgress = progressBar("items");
    for (let n = 0; n <= 10; n++) onProgress(n, 10);
  `;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", script],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stdout), text.decode(stderr)], [0, "", ""]);
});
