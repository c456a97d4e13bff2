import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import {
  CancelledError,
  ClosedError,
  ExitError,
  NotSendableError,
  RemoteError,
  StartError,
  StillRunningError,
} from "../../errors.ts";
import type { Task } from "../../actors/code.ts";
import { cpuCount } from "../../actors/family.ts";
import { Queue } from "../../channels/queue.ts";
import { Pool, type PoolOptions } from "../../pool/pool.ts";
import {
  add,
  beginAndStay,
  countCalls,
  failAt,
  failIf,
  failToInitialise,
  giveFunction,
  greet,
  howInitialised,
  identity,
  initialise,
  nameLength,
  square,
  stay,
  waitFor,
  whoRuns,
} from "../fixtures/pool_tasks.ts";
import { isPending, rejection, rejectsWith, troupeTest, until } from "../support.ts";

const squares = (count: number) => Array.from({ length: count }, (_, n) => n * n);
const range = (count: number) => Array.from({ length: count }, (_, n) => n);

troupeTest("POOL-01 apply() runs a function with its arguments", async () => {
  await using pool = new Pool({ size: 1 });
  assertEquals(await pool.apply(square, 5), 25);
  assertEquals(await pool.apply(greet, { hello: 23, bye: 2.54 }), "23 2.54");
});

troupeTest("POOL-01 apply() rejects with the error of the task, its stack and cause", async () => {
  await using pool = new Pool({ size: 1 });
  const error = await rejectsWith(pool.apply(failIf, true), RemoteError);
  const cause = error.cause as Error;
  assertInstanceOf(cause, RangeError);
  assertInstanceOf(cause.cause, TypeError);
  assertEquals([cause.message, error.remoteName], ["out of it", "RangeError"]);
  assertMatch(error.remoteStack, /pool_tasks\.ts/);
});

troupeTest("POOL-01 apply() rejects with TypeError when an argument is missing", async () => {
  await using pool = new Pool({ size: 1 });
  const loose = nameLength as unknown as Task<[], number>;
  assertInstanceOf((await rejectsWith(pool.apply(loose), RemoteError)).cause, TypeError);
});

troupeTest(
  "POOL-02 map() gives results in the order of the items, however they are cut",
  async () => {
    await using pool = new Pool({ size: 2 });
    assertEquals(await pool.map(square, range(10)), squares(10));
    assertEquals(await pool.map(square, range(100), { chunksize: 20 }), squares(100));
    assertEquals(await pool.map(square, range(3), { chunksize: 50 }), squares(3));
    const lazily = function* () {
      yield* range(10);
    };
    assertEquals(await pool.map(square, lazily()), squares(10));
  },
);

troupeTest("POOL-02 map() of nothing is an empty list", async () => {
  await using pool = new Pool({ size: 1 });
  assertEquals(await pool.map(square, []), []);
  assertEquals(await pool.map(square, [], { chunksize: 20 }), []);
});

for (const [items, chunk] of [[8, 1], [9, 2], [16, 2], [17, 3], [100, 13]]) {
  troupeTest(`POOL-03 map() of ${items} items on 2 workers cuts chunks of ${chunk}`, async () => {
    await using pool = new Pool({ size: 2 });
    const done: number[] = [];
    const squared = await pool.map(square, range(items), {
      onProgress: (so_far) => void done.push(so_far),
    });
    assertEquals(squared, squares(items));
    const sizes = done.map((so_far, n) => so_far - (done[n - 1] ?? 0));
    // On a busy machine items seem slow, and later chunks are smaller.
    assertEquals(Math.max(...sizes), chunk);
    assert(sizes.length >= Math.ceil(items / chunk));
    assertEquals(done.at(-1), items);
  });
}

troupeTest("POOL-04 map() refuses a chunk of less than one item", async () => {
  await using pool = new Pool({ size: 1 });
  for (const chunksize of [0, -1, 0.5]) {
    await rejectsWith(pool.map(square, [1, 2, 3], { chunksize }), RangeError);
  }
});

troupeTest(
  "POOL-08 imap() keeps the order of the items, imapUnordered() that of the results",
  async () => {
    await using gate = new Queue<string>();
    await using pool = new Pool({ size: 2 });
    const items = [{ name: "a", gate }, { name: "b", gate: null }];

    const unordered = pool.imapUnordered(waitFor, items);
    assertEquals((await unordered.next()).value, "b");
    await gate.put("go");
    assertEquals((await unordered.next()).value, "a");
    assertEquals((await unordered.next()).done, true);

    const completed = pool.stats().completed;
    const ordered = pool.imap(waitFor, items);
    const first = ordered.next();
    await until(() => pool.stats().completed === completed + 1, "b to be done");
    assert(await isPending(first, 1));
    await gate.put("go");
    assertEquals([(await first).value, (await ordered.next()).value], ["a", "b"]);
    assertEquals((await ordered.next()).done, true);
  },
);

troupeTest("POOL-08 imap() goes on after an error", async () => {
  await using pool = new Pool({ size: 1 });
  const results = pool.imap(failIf, [false, true, false]);
  assertEquals((await results.next()).value, "fine");
  await rejectsWith(results.next(), RemoteError);
  assertEquals((await results.next()).value, "fine");
  assertEquals((await results.next()).done, true);
  assertEquals((await results.next()).done, true);
});

troupeTest("POOL-11 imap() refuses a chunk of less than one item", async () => {
  await using pool = new Pool({ size: 1 });
  for (const chunksize of [0, -1]) {
    assertThrows(() => pool.imap(square, [1], { chunksize }), RangeError);
    assertThrows(() => pool.imapUnordered(square, [1], { chunksize }), RangeError);
  }
});

troupeTest(
  "POOL-08 imap() gives each result once to consumers that do not wait for each other",
  async () => {
    await using pool = new Pool({ size: 2 });
    for (const results of [pool.imap(square, range(9)), pool.imapUnordered(square, range(9))]) {
      const taken = await Promise.all(range(10).map(() => results.next()));
      assertEquals(taken.map(({ done }) => done ?? false), [...range(9).map(() => false), true]);
      const values = taken.slice(0, 9).map(({ value }) => value as number);
      assertEquals(values.sort((a, b) => a - b), range(9).map((n) => n * n));
    }
  },
);

troupeTest("POOL-12 imap() reads only so far ahead of its consumer", async () => {
  await using pool = new Pool({ size: 1 });
  let pulled = 0;
  const endless = function* () {
    for (;;) yield pulled++;
  };
  const results = pool.imap(square, endless(), { concurrency: 6 });
  await until(() => pool.stats().completed === 6, "all that was pulled to be done");
  assertEquals(pulled, 6);
  for (const expected of squares(3)) assertEquals((await results.next()).value, expected);
  await until(() => pool.stats().completed >= 8, "more to be done");
  assert(pulled <= 9, `pulled ${pulled}`);
  await results.return!();
});

troupeTest("POOL-14 callbacks get the value or the error before the result settles", async () => {
  await using pool = new Pool({ size: 1 });
  const seen: unknown[] = [];
  const value = await pool.applyAsync(square, [3], {
    callback: (result) => void seen.push(result),
  });
  assertEquals([value, seen], [9, [9]]);
  const failed = pool.applyAsync(failIf, [true], {
    callback: () => void seen.push("wrong"),
    errorCallback: (error) => void seen.push(error.code),
  });
  await rejectsWith(failed, RemoteError);
  assertEquals(seen, [9, "REMOTE"]);
});

troupeTest("POOL-14 applyAsync() gives a result with get, wait, ready and successful", async () => {
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  const result = pool.applyAsync(waitFor, [{ name: "a", gate }]);
  assertEquals(result.ready(), false);
  assertThrows(() => result.successful(), StillRunningError);
  assertEquals((await rejection(result.get({ timeout: 0 })) as { code: string }).code, "TIMEOUT");
  await gate.put("go");
  assertEquals(await result.get(), "a");
  assertEquals([result.ready(), result.successful()], [true, true]);
  const failed = pool.applyAsync(failIf, [true], { errorCallback() {} });
  await failed.wait();
  assertEquals([failed.ready(), failed.successful()], [true, false]);
});

troupeTest("POOL-20 the constructor refuses wrong options", () => {
  const refuse = (options: unknown, kind: ErrorConstructor) =>
    assertThrows(() => new Pool(options as PoolOptions), kind);
  for (const size of [0, -1, 1.5, 256]) refuse({ size }, RangeError);
  refuse({ size: "2" }, TypeError);
  for (const maxTasksPerChild of [0, -1, 0.5, "12"]) refuse({ maxTasksPerChild }, RangeError);
  refuse({ initializer: 5 }, TypeError);
  refuse({ initializer: () => {} }, TypeError);
});

troupeTest("POOL-20 there is one worker for each processor unless told otherwise", async () => {
  await using pool = new Pool();
  await until(() => pool.stats().size === cpuCount(), "all workers");
});

troupeTest("POOL-22 the initializer runs once in each worker, with its arguments", async () => {
  await using pool = new Pool({
    size: 1,
    maxTasksPerChild: 1,
    initializer: initialise,
    initargs: [1, "two"],
  });
  const seen = [];
  for (let n = 0; n < 3; n++) seen.push(await pool.apply(howInitialised));
  assertEquals(new Set(seen.map(({ worker }) => worker)).size, 3);
  for (const { calls } of seen) assertEquals(calls, [[1, "two"]]);
});

troupeTest(
  "POOL-23 an initializer that always fails rejects all work, after few attempts",
  async () => {
    await using called = new Queue<string>();
    await using pool = new Pool({ size: 2, initializer: failToInitialise, initargs: [called] });
    const pending = [pool.apply(square, 1), pool.apply(square, 2)];
    for (const result of pending) {
      const error = await rejectsWith(result, StartError);
      assertMatch(error.message, /cannot initialise/);
    }
    await rejectsWith(pool.apply(square, 3), StartError);
    assert(called.qsize() <= 6, `${called.qsize()} workers were started`);
  },
);

troupeTest("POOL-24 join() before close() is an error", async () => {
  await using pool = new Pool({ size: 1 });
  await rejectsWith(pool.join(), StillRunningError);
});

troupeTest("POOL-24 a closed pool takes no more work, of any kind", async () => {
  const pool = new Pool({ size: 1 });
  pool.close();
  pool.close();
  await rejectsWith(pool.apply(square, 1), ClosedError);
  assertThrows(() => pool.applyAsync(square, [1]), ClosedError);
  await rejectsWith(pool.map(square, [1]), ClosedError);
  await rejectsWith(pool.starmap(add, [[1, 2]]), ClosedError);
  assertThrows(() => pool.imap(square, [1]), ClosedError);
  assertThrows(() => pool.imapUnordered(square, [1]), ClosedError);
  await pool.join();
  await pool.join();
  pool.terminate();
  await pool.join();
});

troupeTest("POOL-24 close() after terminate() leaves it terminated", async () => {
  const pool = new Pool({ size: 1 });
  pool.terminate();
  pool.close();
  assertMatch((await rejectsWith(pool.apply(square, 1), ClosedError)).message, /terminated/);
  await pool.join();
});

troupeTest("POOL-25 join() waits for all work submitted before close()", async () => {
  await using gate = new Queue<string>();
  const pool = new Pool({ size: 1 });
  const result = pool.apply(waitFor, { name: "a", gate });
  const results = pool.imap(square, range(20), { concurrency: 2 });
  pool.close();
  const joined = pool.join();
  assert(await isPending(joined, 1));
  await gate.put("go");
  await joined;
  assertEquals(await result, "a");
  assertEquals(await Array.fromAsync(results), squares(20));
});

troupeTest("POOL-26 terminate() rejects all that has not ended", async () => {
  const pool = new Pool({ size: 2 });
  const results = range(1000).map((n) => rejectsWith(pool.apply(stay, n), CancelledError));
  await until(() => pool.stats().busy === 2, "workers to be busy");
  pool.terminate();
  await pool.join();
  await Promise.all(results);
  assertEquals(pool.stats().size, 0);
});

troupeTest("POOL-28 leaving the scope waits for pending work", async () => {
  await using gate = new Queue<string>();
  let result: Promise<string>;
  {
    await using pool = new Pool({ size: 1 });
    result = pool.apply(waitFor, { name: "a", gate });
    await gate.put("go");
  }
  assertEquals(await result, "a");
});

troupeTest("POOL-28 an error that leaves the scope goes on, after the pending work", async () => {
  let result: Promise<number> | undefined;
  const scope = async () => {
    await using pool = new Pool({ size: 1 });
    result = pool.apply(square, 4);
    throw new RangeError("of the body");
  };
  await rejectsWith(scope(), RangeError);
  assertEquals(await result, 16);
});

troupeTest("POOL-29 a worker is replaced after maxTasksPerChild tasks", async () => {
  await using pool = new Pool({ size: 1, maxTasksPerChild: 2 });
  const workers = [];
  for (let n = 0; n < 6; n++) workers.push(await pool.apply(whoRuns));
  const [a, , b, , c] = workers;
  assertEquals(workers, [a, a, b, b, c, c]);
  assertEquals(new Set(workers).size, 3);
  assertEquals(pool.stats().restarts, 0);
});

troupeTest(
  "POOL-29 a chunk counts as one task, and all tasks run after an early close",
  async () => {
    const pool = new Pool({ size: 1, maxTasksPerChild: 1 });
    const workers = pool.map(whoRuns, range(6), { chunksize: 3 });
    const six = range(6).map(() => pool.apply(countCalls));
    pool.close();
    await pool.join();
    assertEquals(new Set(await workers).size, 2);
    assertEquals(await Promise.all(six), [1, 1, 1, 1, 1, 1]);
  },
);

troupeTest("POOL-31 the task of a killed worker rejects, other tasks do not notice", async () => {
  await using begun = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  const lost = pool.apply(beginAndStay, begun);
  await begun.get();
  await until(() => pool.stats().size === 2, "both workers");
  const others = range(50).map((n) => pool.apply(square, n));
  await Promise.race(others);
  assertEquals(pool.killWorkers(2), 2);
  const error = await rejectsWith(lost, ExitError);
  assertEquals([error.reason, error.maybeExecuted], ["killed", true]);
  const settled = await Promise.allSettled(others);
  const failed = settled.filter(({ status }) => status === "rejected");
  assert(failed.length <= 1, `${failed.length} tasks failed`);
  await until(() => pool.stats().size === 2, "both workers to be replaced");
  assertEquals(pool.stats().restarts, 2);
});

troupeTest("POOL-31 a task that does not end holds no other up", async () => {
  await using begun = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  assertEquals(await pool.map(square, range(500), { chunksize: 1 }), squares(500));
  const lost = pool.apply(beginAndStay, begun);
  const others = range(50).map((n) => pool.apply(square, n));
  const worker = await begun.get();
  assertEquals(await Promise.all(others), squares(50));
  assert(worker !== await pool.apply(whoRuns));
  pool.killWorkers(1);
  await rejectsWith(lost, ExitError);
});

troupeTest("POOL-31 the task of a killed worker is run again when its retry says so", async () => {
  await using begun = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  const result = pool.applyAsync(beginAndStay, [begun], { retry: { attempts: 2 } });
  const first = await begun.get();
  pool.killWorkers();
  const second = await begun.get();
  assert(first !== second, "another worker runs it");
  pool.killWorkers();
  await rejectsWith(result, ExitError);
});

troupeTest("POOL-32 idle workers that were killed are replaced", async () => {
  await using pool = new Pool({ size: 2 });
  await until(() => pool.stats().size === 2, "both workers");
  assertEquals(pool.killWorkers(2), 2);
  assertEquals(await pool.map(square, range(10)), squares(10));
});

troupeTest("POOL-34 a result that cannot be sent fails its task, not its worker", async () => {
  await using pool = new Pool({ size: 1 });
  const worker = await pool.apply(whoRuns);
  for (let n = 0; n < 20; n++) {
    const error = await rejectsWith(pool.apply(giveFunction), Error);
    assertMatch(`${error.message} ${error.cause ?? ""}`, /function/);
  }
  assertEquals(await pool.apply(whoRuns), worker);
});

troupeTest(
  "POOL-35 an argument that cannot be sent fails its task, also inside map()",
  async () => {
    await using pool = new Pool({ size: 1 });
    await rejectsWith(pool.apply(identity, () => {}), NotSendableError);
    await rejectsWith(pool.map(identity, [1, () => {}, 3]), NotSendableError);
    const settled = await Promise.allSettled(
      [1, () => {}, 3].map((value) => pool.apply(identity, value)),
    );
    assertEquals(settled.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assertEquals(await pool.apply(square, 5), 25);
  },
);

troupeTest("POOL-06b an error in a map() skips the rest of its chunk only", async () => {
  await using pool = new Pool({ size: 1 });
  const before = await pool.apply(countCalls);
  const items = range(8).map((n): [number, number] => [n, 0]);
  const error = await rejectsWith(pool.starmap(failAt, items, { chunksize: 2 }), RemoteError);
  assertMatch(error.message, /item 0 is bad/);
  assertEquals([before, pool.stats().completed, pool.stats().failed], [1, 4, 1]);
});
