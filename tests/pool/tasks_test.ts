import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  CancelledError,
  ExitError,
  FullError,
  NotSendableError,
  RemoteError,
  RestartLimitError,
  TimeoutError,
} from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { currentTask } from "../../pool/current.ts";
import { Pool } from "../../pool/pool.ts";
import {
  beginAndLoop,
  blockIf,
  countAndDie,
  countForEver,
  countTo,
  die,
  failAt,
  failUntil,
  hasChild,
  hasTask,
  keep,
  logName,
  pauseAndLog,
  progressing,
  spin,
  square,
  stay,
  stepping,
  untilAborted,
  waitFor,
  whoRuns,
  workerName,
} from "../fixtures/pool_tasks.ts";
import { isPending, rejection, rejectsWith, troupeTest, turn, until } from "../support.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

troupeTest(
  "POOL-46 a running task is called off by its signal, and its worker goes on",
  async () => {
    await using begun = new Queue<string>();
    await using aborted = new Queue<string>();
    await using pool = new Pool({ size: 1 });
    const controller = new AbortController();
    const result = pool.applyAsync(untilAborted, [{ begun, aborted }], {
      signal: controller.signal,
    });
    await begun.get();
    assert(result.running());
    controller.abort(new RangeError("enough"));
    assertEquals((await rejectsWith(result, RangeError)).message, "enough");
    assertEquals(await aborted.get(), "RangeError");
    assertEquals(await pool.apply(square, 3), 9);
    assertEquals(pool.stats().restarts, 0);
  },
);

troupeTest("POOL-46 a task that ignores its signal loses its worker after its grace", async () => {
  await using begun = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  const result = pool.applyAsync(beginAndLoop, [begun], { grace: 20 });
  await begun.get();
  result.cancel();
  await rejectsWith(result, CancelledError);
  assertEquals(await pool.apply(square, 3), 9);
  assertEquals(pool.stats().restarts, 1);
});

troupeTest("POOL-46 K02 a task over its timeout is called off, the others are not", async () => {
  await using begun = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  const late = pool.applyAsync(beginAndLoop, [begun], { timeout: 50, grace: 0 });
  const fine = pool.map(square, range(100));
  await rejectsWith(late, TimeoutError);
  assertEquals(await fine, range(100).map((n) => n * n));
  await until(() => pool.stats().size === 2, "the replacement");
});

troupeTest("POOL-46 a queued task that is cancelled never runs", async () => {
  await using log = new Queue<string>();
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  const first = pool.apply(waitFor, { name: "first", gate });
  const results = ["a", "b", "c"].map((name) => pool.applyAsync(logName, [name, log]));
  results[1].cancel();
  await rejectsWith(results[1], CancelledError);
  await gate.put("go");
  await first;
  await Promise.allSettled(results);
  assertEquals([await log.get(), await log.get(), log.empty()], ["a", "c", true]);
});

troupeTest(
  "EXEC-04 running means running: of 6 tasks on 1 worker one runs, 5 are cancellable",
  async () => {
    await using begun = new Queue<string>();
    await using gate = new Queue<string>();
    await using pool = new Pool({ size: 1 });
    const free = { gate: null, begun: null };
    for (const _ of range(50)) await pool.apply(blockIf, free);
    const results = range(6).map(() => pool.applyAsync(blockIf, [{ gate, begun }]));
    await begun.get();
    assertEquals(results.map((result) => result.running()), [true, ...range(5).map(() => false)]);
    const others = Promise.allSettled(results.slice(1));
    for (const result of results.slice(1)) result.cancel();
    await gate.put("go");
    await results[0];
    assertEquals((await others).every(({ status }) => status === "rejected"), true);
    assert(begun.empty(), "none of them was begun");
  },
);

troupeTest("what was handed ahead is taken back from a worker that is slow for once", async () => {
  await using begun = new Queue<string>();
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  const free = { gate: null, begun: null };
  // Known to be fast: up to 16 are handed ahead.
  await pool.map(blockIf, Array.from({ length: 400 }, () => free), { chunksize: 1 });
  const slow = pool.apply(blockIf, { gate, begun });
  const rest = range(64).map(() => pool.apply(blockIf, free));
  const workers = new Set(await Promise.all(rest));
  assert(workers.size <= 2);
  assert(await isPending(slow, 0), "the slow one is still there");
  await gate.put("go");
  await slow;
});

troupeTest(
  "K05 a retry runs the task again, by kind of failure, and tells its attempt",
  async () => {
    await using pool = new Pool({ size: 1 });
    const retry = { attempts: 3, delay: 1 };
    assertEquals(await pool.applyAsync(failUntil, [3, "exit"], { retry }), 3);
    await rejectsWith(pool.applyAsync(failUntil, [2, "throw"], { retry }), RemoteError);
    const any = { ...retry, on: "any" as const };
    assertEquals(await pool.applyAsync(failUntil, [2, "throw"], { retry: any }), 2);
    const error = { attempts: 2, on: "error" as const };
    await rejectsWith(pool.applyAsync(failUntil, [2, "exit"], { retry: error }), ExitError);
    await rejectsWith(pool.applyAsync(failUntil, [9, "throw"], { retry: any }), RemoteError);
  },
);

troupeTest("a task tells its progress to whoever submitted it", async () => {
  await using pool = new Pool({ size: 1 });
  const heard: unknown[] = [];
  const onProgress = (done: number, total: number | undefined) => heard.push([done, total]);
  assertEquals(await pool.applyAsync(progressing, [3], { onProgress }), "done");
  assertEquals(heard, [[1, 3], [2, 3], [3, 3]]);
});

troupeTest(
  "currentTask() is the task that runs, after a wait too, and nothing outside",
  async () => {
    assertEquals(currentTask(), undefined);
    for (const isolation of ["worker", "inline"] as const) {
      await using pool = new Pool({ size: 2, isolation });
      assertEquals(await pool.map(hasTask as never, range(8) as never), range(8).map(() => true));
      assertEquals(currentTask(), undefined);
    }
  },
);

troupeTest("stream() gives what a generator task yields, in order", async () => {
  await using pool = new Pool({ size: 1 });
  assertEquals(await Array.fromAsync(pool.stream(countTo, [300])), range(300));
  assertEquals(await pool.apply(countTo, 3), "counted");
  assertEquals(await Array.fromAsync(pool.stream(countTo, [0])), []);
  await rejectsWith(Array.fromAsync(pool.stream(square as never, [1] as never)), RemoteError);
});

troupeTest("K03 leaving a streamed task calls it off", async () => {
  await using left = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  for await (const n of pool.stream(countForEver, [left])) if (n === 100) break;
  assertEquals(await left.get(), "left");
  assertEquals(await pool.apply(square, 3), 9);
  assertEquals(pool.stats().restarts, 0);
});

troupeTest("a streamed task whose worker dies gives what it had, then the error", async () => {
  await using pool = new Pool({ size: 1 });
  const got: number[] = [];
  const read = async () => {
    for await (const n of pool.stream(countAndDie, [5])) got.push(n);
  };
  await rejectsWith(read(), ExitError);
  assertEquals(got, range(5));
});

troupeTest("POOL-06 map() fails fast if asked to", async () => {
  await using pool = new Pool({ size: 1 });
  const result = pool.mapAsync(failAt as never, [0, 1, 2] as never, { chunksize: 1 });
  assertInstanceOf(result, Promise);
  await result;
  await using gate = new Queue<string>();
  await using two = new Pool({ size: 2 });
  const items = [{ name: "a", gate }, null as never];
  await rejectsWith(two.map(waitFor, items, { chunksize: 1, failFast: true }), RemoteError);
  await gate.put("go");
});

troupeTest("POOL-06 the error of a map() is the first to happen, after all has run", async () => {
  await using gate = new Queue<string>();
  await using log = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  const result = pool.mapAsync(waitFor, [{ name: "slow", gate }, null as never], { chunksize: 1 });
  await until(() => pool.stats().failed === 1, "the failure");
  assertEquals(result.ready(), false);
  await gate.put("go");
  const error = await rejectsWith(result, RemoteError);
  assertInstanceOf(error.cause, TypeError);
  assertEquals([result.ready(), result.successful(), log.empty()], [true, false, true]);
});

troupeTest("POOL-14 mapAsync() calls back once, with the whole list", async () => {
  await using pool = new Pool({ size: 2 });
  const heard: unknown[] = [];
  const result = pool.mapAsync(square, range(10), { callback: (list) => void heard.push(list) });
  assertEquals(await result.get(), heard[0]);
  assertEquals(heard.length, 1);
  const errors: unknown[] = [];
  const bad = pool.starmapAsync(failAt, [[1, 1]], { errorCallback: (e) => void errors.push(e) });
  await rejectsWith(bad, RemoteError);
  assertEquals(errors.length, 1);
});

troupeTest("POOL-14 a callback that throws harms nothing", async () => {
  await using pool = new Pool({ size: 1 });
  const { error } = console;
  let printed = 0;
  console.error = () => printed++;
  try {
    const callback = () => {
      throw new RangeError("in the callback");
    };
    assertEquals(await pool.applyAsync(square, [2], { callback }), 4);
    assertEquals(await pool.mapAsync(square, [2], { callback, onProgress: callback }), [4]);
  } finally {
    console.error = error;
  }
  assertEquals(printed, 3);
});

troupeTest("POOL-09 next() of imap() can time out, and goes on after", async () => {
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  const results = pool.imap(waitFor, [{ name: "a", gate }, { name: "b", gate: null }]);
  await rejectsWith(results.next({ timeout: 5 }), TimeoutError);
  await gate.put("go");
  assertEquals(await results.next(), { done: false, value: "a" });
  assertEquals(await results.next({ timeout: 60_000 }), { done: false, value: "b" });
  assertEquals(await results.next(), { done: true, value: undefined });
  assertEquals(await results.next(), { done: true, value: undefined });
});

troupeTest("POOL-17 work can be submitted in a callback", async () => {
  await using pool = new Pool({ size: 1 });
  const second = Promise.withResolvers<number>();
  await pool.applyAsync(square, [2], {
    callback: (value) => pool.apply(square, value).then(second.resolve, second.reject),
  });
  assertEquals(await second.promise, 16);
});

troupeTest("K06 too many deaths fail all work with the reason", async () => {
  await using pool = new Pool({ size: 1, restart: { maxRestarts: 2, within: 60_000 } });
  const results = range(5).map(() => pool.apply(die, "exit"));
  const errors = await Promise.all(results.map(rejection));
  assertEquals(errors.filter((error) => error instanceof ExitError).length, 3);
  assertEquals(errors.filter((error) => error instanceof RestartLimitError).length, 2);
  await rejectsWith(pool.apply(square, 1), RestartLimitError);
});

troupeTest(
  "EXEC-11 an elastic pool starts workers as they are needed, and lets them go",
  async () => {
    await using gate = new Queue<string>();
    await using pool = new Pool({ size: { min: 0, max: 3, idle: 20 } });
    assertEquals(pool.stats().size, 0);
    for (const n of range(3)) assertEquals(await pool.apply(square, n), n * n);
    assertEquals(pool.stats().size, 1);
    const names = range(45).map((n) => pool.apply(waitFor, { name: `${n}`, gate }));
    await until(() => pool.stats().size === 3, "three workers");
    for (const _ of range(45)) await gate.put("go");
    await Promise.all(names);
    await until(() => pool.stats().size === 0, "nobody");
    assertEquals(pool.stats().restarts, 0);
  },
);

troupeTest("POOL-30 workers have names that count on", async () => {
  await using pool = new Pool({ size: 1, maxTasksPerChild: 1 });
  const names = await Promise.all(range(3).map(() => pool.apply(workerName)));
  const numbers = names.map((name) => Number(/^PoolWorker-(\d+)$/.exec(name)?.[1]));
  assertEquals(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
});

troupeTest("workers are recycled by age and by memory", async () => {
  await using old = new Pool({ size: 1, maxAge: 1 });
  const first = await old.apply(whoRuns);
  await until(() => old.stats().size === 0 || old.stats().size === 1);
  const second = await old.apply(whoRuns);
  assert(first !== second);
  await using fat = new Pool({ size: 1, maxMemory: 60 });
  const before = await fat.apply(keep, 80);
  let after = before;
  while (after === before) {
    after = await fat.apply(whoRuns);
    await turn(20);
  }
  assertEquals([old.stats().restarts, fat.stats().restarts], [0, 0]);
});

troupeTest("broadcast() runs once in each worker", async () => {
  await using pool = new Pool({ size: 3 });
  const workers = await pool.broadcast(whoRuns, undefined);
  assertEquals(new Set(workers).size, 3);
});

troupeTest("K10 tasks of one key run in one worker, in order", async () => {
  await using log = new Queue<string>();
  await using pool = new Pool({ size: 3 });
  const workers = new Map<string, Set<string>>();
  await Promise.all(
    range(100).map(async (n) => {
      const key = `key ${n % 5}`;
      const worker = await pool.applyAsync(whoRuns, [undefined], { key });
      workers.set(key, (workers.get(key) ?? new Set()).add(worker));
      await pool.applyAsync(logName, [`${n}`, log], { key: "one" });
    }),
  );
  assertEquals([...workers.values()].map(({ size }) => size), range(5).map(() => 1));
  const order = await Promise.all(range(100).map(() => log.get()));
  assertEquals(new Set(order).size, 100);
});

troupeTest("a full queue refuses, or makes wait", async () => {
  await using gate = new Queue<string>();
  await using refusing = new Pool({ size: 1, queue: { capacity: 2, overflow: "reject" } });
  await refusing.apply(square, 1);
  const submit = (pool: Pool) => pool.apply(waitFor, { name: "x", gate });
  const fine = range(3).map(() => submit(refusing));
  await rejectsWith(submit(refusing), FullError);
  await using waiting = new Pool({ size: 1, queue: { capacity: 2 } });
  await waiting.apply(square, 1);
  const all = range(20).map(() => submit(waiting));
  const mapped = waiting.map(square, range(100), { chunksize: 1 });
  for (const _ of range(23)) await gate.put("go");
  assertEquals((await Promise.all([...fine, ...all])).length, 23);
  assertEquals(await mapped, range(100).map((n) => n * n));
  assertThrows(() => new Pool({ queue: { capacity: 0 } }), RangeError);
});

troupeTest("drain() waits for all work and leaves the pool open", async () => {
  await using pool = new Pool({ size: 2 });
  const results = range(20).map((n) => pool.applyAsync(square, [n]));
  await pool.drain();
  assert(results.every((result) => result.ready()));
  await rejectsWith(
    (async () => {
      const staying = pool.applyAsync(stay, [1], { grace: 0 });
      staying.catch(() => {});
      try {
        await pool.drain({ timeout: 5 });
      } finally {
        staying.cancel();
      }
    })(),
    TimeoutError,
  );
  assertEquals(await pool.apply(square, 3), 9);
});

troupeTest("stats() and events() tell what happens", async () => {
  const pool = new Pool({ size: 1 });
  const events = pool.events();
  await pool.apply(spin, 5);
  await rejection(pool.apply(die, "exit"));
  await pool.map(square, range(64), { chunksize: 1 });
  const { size, busy, queued, completed, failed, restarts, utilisation, running } = pool.stats();
  assertEquals([size, busy, queued, completed, failed, restarts], [1, 0, 0, 65, 1, 1]);
  assert(utilisation > 0 && utilisation <= 1 && running.p99 >= running.p50 && running.p50 > 0);
  pool.close();
  await pool.join();
  const types = (await Array.fromAsync(events)).map(({ type }) => type);
  assertEquals(types[0], "worker-started");
  assertEquals(types.at(-1), "closed");
  for (const type of ["drained", "task-failed", "worker-died", "worker-ended"]) {
    assert(types.includes(type as never), type);
  }
});

troupeTest("round_robin: owners take turns, and generators give way at each yield", async () => {
  await using log = new Queue<string>();
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1, policy: "round_robin" });
  const first = pool.apply(waitFor, { name: "first", gate });
  await until(() => pool.stats().busy === 1, "the first");
  const of = (owner: string, name: string) => pool.applyAsync(logName, [name, log], { owner });
  const all = [of("a", "a1"), of("a", "a2"), of("a", "a3"), of("b", "b1"), of("b", "b2")];
  await gate.put("go");
  await Promise.all([first, ...all]);
  const order = await Promise.all(range(5).map(() => log.get()));
  assertEquals(order, ["a1", "b1", "a2", "b2", "a3"]);
  const steps = [
    pool.applyAsync(stepping, ["x", 3, log], { owner: "x" }),
    pool.applyAsync(stepping, ["y", 3, log], { owner: "y" }),
  ];
  assertEquals(await Promise.all(steps), ["x", "y"]);
  const stepped = await Promise.all(range(6).map(() => log.get()));
  assertEquals(stepped.slice(-4).filter((name) => name === "x").length, 2);
  const items = pool.stream(stepping, ["z", 200, log]);
  assertEquals(await Array.fromAsync(items), range(200));
});

troupeTest("a generator that gave way can be called off, and is lost with its worker", async () => {
  await using left = new Queue<string>();
  await using pool = new Pool({ size: 1, policy: "mlfq" });
  const endless = pool.applyAsync(countForEver, [left]);
  assertEquals(await pool.apply(square, 3), 9);
  endless.cancel();
  await rejectsWith(endless, CancelledError);
  assertEquals(await left.get(), "left");
  const lost = pool.applyAsync(countForEver, [left]);
  await pool.apply(square, 3);
  pool.killWorkers(1);
  await rejectsWith(lost, ExitError);
  assertEquals(await pool.apply(square, 3), 9);
});

for (const policy of ["sjf", "priority"] as const) {
  troupeTest(`${policy}: the most urgent is next`, async () => {
    await using log = new Queue<string>();
    await using gate = new Queue<string>();
    await using pool = new Pool({ size: 1, policy });
    const first = pool.apply(waitFor, { name: "first", gate });
    await until(() => pool.stats().busy === 1, "the first");
    const of = (n: number) =>
      pool.applyAsync(logName, [`${n}`, log], { estimate: n, priority: 1000 - n });
    const all = [3, 1, 2, 1].map(of);
    await gate.put("go");
    await Promise.all([first, ...all]);
    assertEquals(await Promise.all(range(4).map(() => log.get())), ["1", "1", "2", "3"]);
  });
}

troupeTest("POOL-42 a task may have a pool of its own", async () => {
  await using pool = new Pool({ size: 1 });
  assertEquals(await pool.apply(hasChild), 16);
});

troupeTest("POOL-43 a pool cannot be sent", async () => {
  await using pool = new Pool({ size: 1 });
  await rejectsWith(pool.apply(whoRuns, pool), NotSendableError);
  assertEquals(await pool.apply(square, 3), 9);
});

troupeTest("leases that are taken back while they may be begun run once, wherever", async () => {
  await using log = new Queue<string>();
  await using pool = new Pool({ size: 3 });
  const count = 1500;
  for (const _ of range(30)) await pool.apply(pauseAndLog, "", { ms: 0, log: null });
  const all = range(count).map((n) =>
    pool.apply(pauseAndLog, `${n}`, { ms: n % 97 === 0 ? 15 + n % 11 : 0, log })
  );
  const seen = new Map<string, number>();
  const reading = (async () => {
    for (const _ of range(count)) {
      const name = await log.get();
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }
  })();
  assertEquals(await Promise.all(all), range(count).map(String));
  await reading;
  assertEquals([seen.size, Math.max(...seen.values()), log.empty()], [count, 1, true]);
});
