import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  CancelledError,
  ExitError,
  FullError,
  StageError,
  TimeoutError,
  ValidationError,
} from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { spawn } from "../../actors/spawn.ts";
import { lines } from "../../pool/pipeline/lines.ts";
import { merge } from "../../pool/pipeline/merge.ts";
import { pipeline } from "../../pool/pipeline/pipeline.ts";
import type { StageFailure, StageStats } from "../../pool/pipeline/stage.ts";
import { Pool } from "../../pool/pool.ts";
import {
  dieOnce,
  double,
  failOn,
  Judge,
  negate,
  stay,
  stayUnlessFirst,
  upTo,
} from "../fixtures/pipeline_stages.ts";
import { isPending, rejection, rejectsWith, troupeTest, turn, until } from "../support.ts";

/** 0, 1, 2 …, and how often it was read and closed. */
function counting(end = Infinity) {
  const counter: Iterable<number> & Iterator<number> & { read: number; closed: number } = {
    read: 0,
    closed: 0,
    next() {
      return counter.read < end
        ? { done: false, value: counter.read++ }
        : { done: true, value: undefined };
    },
    return() {
      counter.closed++;
      return { done: true, value: undefined };
    },
    [Symbol.iterator]: () => counter,
  };
  return counter;
}

/** Doors that a stage waits at until they are opened. */
function doors<K>() {
  const open = new Map<K, PromiseWithResolvers<void>>();
  const door = (key: K) => {
    if (!open.has(key)) open.set(key, Promise.withResolvers<void>());
    return open.get(key)!;
  };
  return {
    pass: (key: K) => door(key).promise,
    open: (...keys: K[]) => keys.forEach((key) => door(key).resolve()),
  };
}

const range = (count: number, from = 0) => Array.from({ length: count }, (_, n) => n + from);
const boom = () => {
  throw new Error("boom");
};

for (
  const [name, options] of Object.entries({
    "one worker, no buffer": { workers: 1, buffer: 0 },
    "four workers, a buffer of three": { workers: 4, buffer: 3 },
    "one worker, a buffer of two": { workers: 1, buffer: 2 },
  })
) {
  troupeTest(`J01 an endless source is read no further than ${name} allow`, async () => {
    const source = counting();
    const run = pipeline<number>().map((n) => n, options).run(source);
    for (let taken = 1; taken <= 5; taken++) {
      assertEquals((await run.next()).value, taken - 1);
      await turn();
      const ahead = source.read - taken;
      assert(ahead <= options.workers + options.buffer, `${ahead} ahead`);
    }
    await run.return();
    assertEquals(source.closed, 1);
  });
}

troupeTest("J01 a pipeline of many stages is ahead by no more than all its buffers", async () => {
  const source = counting();
  const run = pipeline<number>().map((n) => n, { workers: 2, buffer: 1 }).buffer(4)
    .filter((n) => n >= 0, { workers: 3, buffer: 0 }).map(double, { workers: 1, buffer: 2 }).run(
      source,
    );
  for (let taken = 1; taken <= 20; taken++) {
    assertEquals((await run.next()).value, 2 * (taken - 1));
    await turn(1);
    assert(source.read - taken <= 3 + 4 + 3 + 3, `${source.read - taken} ahead`);
  }
  await run.return();
});

troupeTest("J02 what is read ahead is read again as the consumer takes it", async () => {
  const source = counting();
  const run = pipeline<number>().buffer(100).run(source);
  for (let taken = 1; taken <= 300; taken++) {
    assertEquals((await run.next()).value, taken - 1);
    if (taken % 20 === 0) await turn();
    assert(source.read - taken <= 100, `${source.read - taken} ahead`);
  }
  await run.return();
});

troupeTest("J03 K01 four workers: results in the order of the items, four at a time", async () => {
  const gates = doors<number>();
  let running = 0;
  let most = 0;
  const all = pipeline<number>().map(async (n) => {
    most = Math.max(most, ++running);
    await gates.pass(n);
    running--;
    return n;
  }, { workers: 4 }).collect([1, 2, 3, 4, 5, 6]);
  await until(() => running === 4);
  for (const n of [4, 2, 3, 6, 5, 1]) {
    gates.open(n);
    await turn();
  }
  assertEquals([await all, most], [[1, 2, 3, 4, 5, 6], 4]);
});

troupeTest("J04 K01 unordered: results as they are done", async () => {
  const gates = doors<number>();
  const run = pipeline<number>().map(async (n) => {
    await gates.pass(n);
    return n;
  }, { workers: 4, ordered: false }).run([1, 2, 3, 4]);
  const order = [];
  for (const n of [2, 4, 3, 1]) {
    const next = run.next();
    gates.open(n);
    order.push((await next).value);
  }
  assertEquals(order, [2, 4, 3, 1]);
  assertEquals((await run.next()).done, true);
});

troupeTest("J05 K10 by key: one at a time for each key, in order; keys side by side", async () => {
  const gates = doors<string>();
  const running = new Set<string>();
  const begun: string[] = [];
  const all = pipeline<string>().map(async (item) => {
    const key = item[0];
    assert(!running.has(key), `two of ${key} at once`);
    running.add(key);
    begun.push(item);
    await gates.pass(item);
    running.delete(key);
    return item;
  }, { workers: 3, buffer: 6, key: (item) => item[0], ordered: false }).collect([
    "a1",
    "b1",
    "a2",
    "b2",
    "a3",
  ]);
  await until(() => running.size === 2);
  gates.open("b1");
  await until(() => begun.includes("b2"));
  gates.open("b2", "a1", "a2", "a3");
  const result = await all;
  assertEquals(result.filter((item) => item[0] === "a"), ["a1", "a2", "a3"]);
  assertEquals(result.filter((item) => item[0] === "b"), ["b1", "b2"]);
  assertEquals(result[0], "b1");
});

troupeTest(
  "J06 a failure ends the run: stage and item are named, the source closed, the signal fired",
  async () => {
    const source = counting();
    const signals: AbortSignal[] = [];
    const seen: number[] = [];
    const error = await rejectsWith(
      pipeline<number>().map((n, { signal }) => {
        signals.push(signal);
        return n === 3 ? boom() : n;
      }, { name: "third" }).tap((n) => seen.push(n)).collect(source),
      StageError,
    );
    assertEquals([error.stage, error.index, error.attempts], ["third", 3, 1]);
    assertEquals((error.cause as Error).message, "boom");
    assertEquals(error.message, 'Stage "third" failed on item 3: Error: boom');
    assertEquals([seen, source.read, source.closed], [[0, 1, 2], 4, 1]);
    assert(signals.every(({ aborted }) => aborted));
  },
);

troupeTest("J06 a failure is told before slower items that came before it", async () => {
  const all = pipeline<number>().map(
    (n) => n === 2 ? boom() : new Promise<number>(() => {}),
    { workers: 3 },
  ).collect([0, 1, 2]);
  assertEquals((await rejectsWith(all, StageError)).index, 2);
});

troupeTest("J06 in a pool, too", async () => {
  const source = counting();
  const all = pipeline<number>().map((item) => ({ item, bad: 3 })).map(failOn).collect(source);
  const error = await rejectsWith(all, StageError);
  assertEquals([error.stage, error.index, source.closed], ["failOn", 3, 1]);
  assertEquals((error.cause as Error).message, 'Task "failOn" threw RangeError: 3 is bad');
});

for (const workers of [1, 3]) {
  troupeTest(`J07 skip, with ${workers} workers: the run goes on without the item`, async () => {
    const run = pipeline<number>().map((n) => n === 3 ? boom() : n, { onError: "skip", workers })
      .collect([1, 2, 3, 4, 5]);
    assertEquals(await run, [1, 2, 4, 5]);
    const [{ failed, in: taken, out }] = run.stats();
    assertEquals([failed, taken, out], [1, 5, 4]);
  });

  troupeTest(
    `J08 retry, with ${workers} workers: the third attempt succeeds, the order is kept`,
    async () => {
      const attempts: number[] = [];
      const begun = performance.now();
      const run = pipeline<number>().map((n, { attempt }) => {
        if (n !== 2) return n;
        attempts.push(attempt);
        return attempt < 3 ? boom() : n;
      }, { workers, retry: { attempts: 3, delay: (attempt) => 10 * 2 ** (attempt - 1) } }).collect([
        1,
        2,
        3,
      ]);
      assertEquals([await run, attempts], [[1, 2, 3], [1, 2, 3]]);
      assert(performance.now() - begun >= 29);
      assertEquals([run.stats()[0].retried, run.stats()[0].failed], [2, 0]);
    },
  );

  troupeTest(
    `J09 dead letters, with ${workers} workers: what failed for good, and the run goes on`,
    async () => {
      const dead: StageFailure<number>[] = [];
      const run = pipeline<number>().map((n) => n === 2 ? boom() : n, {
        name: "risky",
        workers,
        retry: { attempts: 3 },
        onError: { deadLetter: (failure) => void dead.push(failure) },
      }).collect([1, 2, 3]);
      assertEquals(await run, [1, 3]);
      assertEquals(dead.length, 1);
      const [{ stage, item, index, attempts, error }] = dead;
      assertEquals([stage, item, index, attempts, (error as Error).message], [
        "risky",
        2,
        1,
        3,
        "boom",
      ]);
    },
  );
}

troupeTest("J09 the policy may depend on the failure, and is asked once for each", async () => {
  const asked: number[] = [];
  const onError = ({ item }: StageFailure<number>) => {
    asked.push(item);
    return item === 4 ? "fail" as const : "skip" as const;
  };
  const all = pipeline<number>().map((n) => n % 2 === 0 ? boom() : n, { onError }).collect(
    range(9),
  );
  assertEquals((await rejectsWith(all, StageError)).index, 4);
  assertEquals(asked, [0, 2, 4]);
});

troupeTest(
  "J09 dead letters of several stages and workers into one stream, which stays open",
  async () => {
    const dead: number[] = [];
    const stream = new WritableStream<StageFailure<number>>({
      write: async ({ item }) => (await turn(), void dead.push(item)),
    });
    const onError = { deadLetter: stream };
    const all = await pipeline<number>().map((n) => n % 3 === 0 ? boom() : n, {
      workers: 3,
      onError,
    })
      .map((n) => n % 3 === 1 ? boom() : n, { workers: 3, onError }).collect(range(9));
    assertEquals([all, dead.toSorted()], [[2, 5, 8], [0, 1, 3, 4, 6, 7]]);
    await stream.close();
  },
);

troupeTest("J10 a dead letter that nobody takes ends the run", async () => {
  const deadLetter = () => {
    throw new Error("no more room");
  };
  const all = pipeline<number>().map(boom, { onError: { deadLetter } }).collect([1]);
  assertEquals(((await rejectsWith(all, StageError)).cause as Error).message, "no more room");
});

troupeTest("J11 batches: full ones at once, a partial one when its time is over", async () => {
  await using queue = new Queue<number>();
  const run = pipeline<number>().batch(3, { within: 50 }).run(queue);
  for (const n of range(7)) await queue.put(n);
  assertEquals([(await run.next()).value, (await run.next()).value], [[0, 1, 2], [3, 4, 5]]);
  assertEquals((await run.next()).value, [6]);
  await queue.put(7);
  assertEquals((await run.next()).value, [7]);
  await run.return();
});

troupeTest("J12 the last batch is given although it is not full", async () => {
  assertEquals(await pipeline<number>().batch(3).collect(range(5)), [[0, 1, 2], [3, 4]]);
  assertEquals(await pipeline<number>().batch(3).collect([]), []);
});

troupeTest("J13 batches by weight: what is heavier than a batch comes alone", async () => {
  const batches = pipeline<number>().batch(10, { weight: (n) => n });
  assertEquals(await batches.collect([3, 4, 5, 50, 6, 4, 1]), [[3, 4], [5], [50], [6, 4], [1]]);
});

for (const buffer of [0, 10]) {
  troupeTest(`J14 a slow branch with a buffer of ${buffer} holds the other one back`, async () => {
    const gate = Promise.withResolvers<void>();
    let fast = 0;
    const run = pipeline<number>().broadcast({
      fast: (branch) => branch.tap(() => void fast++),
      slow: (branch) => branch.tap(() => gate.promise),
    }, { buffer }).to(() => {}).run(range(100));
    await until(() => fast >= buffer + 1);
    await turn(5);
    assert(fast <= buffer + 2, `the fast branch has taken ${fast}`);
    gate.resolve();
    await run;
    assertEquals(fast, 100);
  });
}

troupeTest(
  "J15 a branch that ends does not hold the others; when all have, the source is closed",
  async () => {
    const source = counting();
    const all = await pipeline<number>().broadcast({
      few: (branch) => branch.take(2),
      more: (branch) => branch.take(5),
    }).collect(source);
    const of = (name: string) =>
      all.filter(({ branch }) => branch === name).map(({ value }) => value);
    assertEquals([of("few"), of("more"), source.closed], [[0, 1], [0, 1, 2, 3, 4], 1]);
  },
);

troupeTest("J16 an item for a branch that is not there fails, or is let go", async () => {
  const choose = (n: number) => (n === 2 ? "none" : n % 2 ? "odd" : "even") as "odd" | "even";
  const branches = {
    odd: (branch: ReturnType<typeof pipeline<number>>) => branch.map((n) => -n),
    even: (branch: ReturnType<typeof pipeline<number>>) => branch.batch(2),
  };
  const error = await rejectsWith(
    pipeline<number>().route(choose, branches).collect(range(5)),
    StageError,
  );
  assertEquals([error.stage, error.index], ["route", 2]);
  const all = await pipeline<number>().route(choose, branches, { onError: "skip" }).collect(
    range(5),
  );
  assertEquals(all.filter(({ branch }) => branch === "odd").map(({ value }) => value), [-1, -3]);
  assertEquals(all.filter(({ branch }) => branch === "even").map(({ value }) => value), [[0, 4]]);
});

troupeTest(
  "J17 one key more than allowed fails, or gives the key that rested longest",
  async () => {
    const count = { key: (n: number) => n % 3, initial: () => 0, step: (sum: number) => sum + 1 };
    const counts = (maxKeys: number, overflow?: "give") =>
      pipeline<number>().foldBy({ ...count, maxKeys, overflow });
    assertEquals(await counts(3).collect(range(7)), [[0, 3], [1, 2], [2, 2]]);
    const error = await rejectsWith(counts(2).collect(range(7)), StageError);
    assert(error.cause instanceof FullError && error.index === 2);
    assertEquals(await counts(2, "give").collect([0, 1, 0, 2, 1]), [[1, 1], [0, 2], [2, 1], [
      1,
      1,
    ]]);
  },
);

troupeTest("J18 a throttle lets no more through in its time, and all in the end", async () => {
  const times: number[] = [];
  const throttled = pipeline<number>().throttle(10, { within: 50 }).tap(() =>
    times.push(performance.now())
  );
  // Not from one time to another: on a busy machine, what was let through may be seen late.
  const begun = performance.now();
  assertEquals(await throttled.collect(range(30)), range(30));
  for (const [n, time] of times.entries()) {
    assert(time - begun >= 50 * Math.floor(n / 10) - 1, `${n} after ${time - begun} ms`);
  }
});

for (const how of ["signal", "cancel", "timeout"] as const) {
  troupeTest(
    `J19 K03 ${how}: those in work hear it, the source is closed once, and the reason is told`,
    async () => {
      const source = counting();
      const controller = new AbortController();
      const signals: AbortSignal[] = [];
      const run = pipeline<number>().map((_n, { signal }) => {
        signals.push(signal);
        return new Promise<never>(() => {});
      }, { workers: 8 }).collect(source, {
        signal: controller.signal,
        timeout: how === "timeout" ? 20 : undefined,
      });
      const end = rejection(run);
      await until(() => signals.length === 8);
      const reason = new Error("enough");
      if (how === "signal") controller.abort(reason);
      if (how === "cancel") await run.cancel();
      const error = await end;
      if (how === "signal") assertEquals(error, reason);
      if (how === "cancel") assert(error instanceof CancelledError);
      if (how === "timeout") assert(error instanceof TimeoutError);
      assert(signals.every(({ aborted }) => aborted));
      assertEquals(source.closed, 1);
    },
  );
}

troupeTest("J19 a signal that has fired: nothing is read", async () => {
  const source = counting();
  const signal = AbortSignal.abort("no");
  assertEquals(await rejection(pipeline<number>().collect(source, { signal })), "no");
  assertEquals(source.read, 0);
});

troupeTest("J19 an endless source that never waits hears the signal", async () => {
  const run = pipeline<number>().filter(() => false).collect(counting(), {
    signal: AbortSignal.timeout(30),
  });
  assertEquals((await rejection(run) as Error).name, "TimeoutError");
});

troupeTest("J19 tasks in the pool are given up, and its workers go", async () => {
  await using begun = new Queue<string>();
  const run = pipeline<Queue<string>>().map(stay).collect([begun, begun, begun]);
  const end = rejection(run);
  await begun.get();
  await run.cancel();
  assert(await end instanceof CancelledError);
});

troupeTest(
  "J20 drain: the source is left, what was read arrives, batches are flushed, the sink is closed",
  async () => {
    const source = counting();
    const written: number[][] = [];
    let closed = 0;
    const gate = Promise.withResolvers<void>();
    const sink = new WritableStream<number[]>({
      write: (batch) => void written.push(batch),
      close: () => void closed++,
    });
    const run = pipeline<number>().map(async (n) => (await gate.promise, n), {
      workers: 4,
      buffer: 0,
    })
      .batch(3).to(sink).run(source);
    await until(() => source.read === 4);
    await run.drain();
    gate.resolve();
    await run;
    assertEquals([written, closed, source.closed], [[[0, 1, 2], [3]], 1, 1]);
  },
);

troupeTest("J20 a queue that is left keeps what was not read", async () => {
  await using queue = new Queue<number>();
  await queue.put(1);
  const run = pipeline<number>().collect(queue);
  await until(() => queue.empty());
  await run.drain();
  await queue.put(2);
  assertEquals([await run, await queue.get()], [[1], 2]);
});

for (const chunksize of [1, 4]) {
  troupeTest(
    `J21 a worker dies with ${chunksize} items: they are run again, in order, none twice`,
    async () => {
      await using calls = new Queue<number>();
      await using deaths = new Queue<number>();
      await deaths.put(1);
      const run = pipeline<number>().map((item) => ({ item, calls, deaths }))
        .map(dieOnce, { workers: 2, chunksize, retry: { attempts: 2 } }).collect(range(12));
      assertEquals(await run, range(12));
      assertEquals(run.stats()[1].retried, chunksize);
      const called = [];
      while (!calls.empty()) called.push(await calls.get());
      assertEquals(called.filter((item) => item === 3).length, 2);
    },
  );
}

troupeTest(
  "J22 K05 without retry the item of a dead worker is a dead letter, the rest arrives",
  async () => {
    await using calls = new Queue<number>();
    await using deaths = new Queue<number>();
    await deaths.put(1);
    const dead: StageFailure[] = [];
    const onError = { deadLetter: (failure: StageFailure) => void dead.push(failure) };
    const run = pipeline<number>().map((item) => ({ item, calls, deaths }))
      .map(dieOnce, { workers: 2, onError }).collect(range(12));
    assertEquals(await run, range(12).filter((n) => n !== 3));
    assertEquals([dead.length, dead[0].index], [1, 3]);
    assert(dead[0].error instanceof ExitError && dead[0].error.maybeExecuted);
    const called = [];
    while (!calls.empty()) called.push(await calls.get());
    assertEquals(called.toSorted((a, b) => a - b), range(12));
  },
);

troupeTest(
  "J23 a run goes on where the one before had come to; what arrived does not come again",
  async () => {
    let mark = 0;
    const checkpoint = { load: () => mark, save: (count: number) => void (mark = count) };
    const gates = doors<number>();
    gates.open(0, 1, 3);
    const first: number[] = [];
    const stages = pipeline<number>().map(async (n) => (await gates.pass(n), n), {
      workers: 4,
      ordered: false,
    });
    const run = stages.to((n) => void first.push(n)).run(counting(), { checkpoint });
    const end = rejection(run);
    await until(() => first.length === 3 && mark === 2);
    await run.cancel();
    await end;
    assertEquals([first, mark], [[0, 1, 3], 2]);
    gates.open(2, 4, 5);
    const again = counting(6);
    assertEquals((await stages.collect(again, { checkpoint })).toSorted(), [2, 3, 4, 5]);
    assertEquals(mark, 6);
    const from: number[] = [];
    assertEquals(await stages.collect((at) => (from.push(at), []), { checkpoint }), []);
    assertEquals(from, [6]);
  },
);

troupeTest(
  "J23 items that are filtered, let go, batched, split or folded count when nothing is left of them",
  async () => {
    let mark = 0;
    const marks: number[] = [];
    const checkpoint = { load: () => 0, save: (count: number) => void marks.push(mark = count) };
    const all = pipeline<number>()
      .filter((n) => n % 2 === 0)
      .map((n) => n === 4 ? boom() : n, { onError: "skip" })
      .flatMap((n) => [n, n])
      .window({ size: 4, every: 2 })
      .batch(2);
    const run = all.run(range(12), { checkpoint });
    assertEquals((await run.next()).value, [[0, 0, 2, 2], [2, 2, 6, 6]]);
    assertEquals(mark, 0);
    assertEquals((await run.next()).value, [[6, 6, 8, 8], [8, 8, 10, 10]]);
    await until(() => mark === 6);
    assertEquals((await run.next()).done, true);
    assertEquals(mark, 12);
    assertEquals(marks, marks.toSorted((a, b) => a - b));
  },
);

troupeTest(
  "J23 an item that a sink refuses has not arrived; one in two branches has when it has in both",
  async () => {
    let mark = 0;
    const checkpoint = { load: () => mark, save: (count: number) => void (mark = count) };
    const sink = async (n: number) => (await turn(), n === 2 ? boom() : n);
    await rejectsWith(pipeline<number>().to(sink).run(counting(), { checkpoint }), StageError);
    assertEquals(mark, 2);
    const gate = Promise.withResolvers<void>();
    const both = pipeline<number>().broadcast({
      kept: (branch) => branch.tap((n) => n === 3 ? gate.promise : undefined),
      dropped: (branch) => branch.filter(() => false),
      few: (branch) => branch.take(1),
    });
    const run = both.run(range(9), { checkpoint });
    const taken = [await run.next(), await run.next()].map(({ value }) => value.value);
    assertEquals(taken, [2, 2]);
    const third = run.next();
    await until(() => mark === 3);
    gate.resolve();
    await third;
    for await (const _ of run);
    assertEquals(mark, 9);
  },
);

troupeTest("J23 what waits in buffers and branches when a run fails has not arrived", async () => {
  for (const stop of ["fail", "cancel", "take"]) {
    let mark = 0;
    const checkpoint = { load: () => 0, save: (count: number) => void (mark = count) };
    const run = pipeline<number>().buffer(3)
      .broadcast({ all: (branch) => branch.buffer(2).map((n) => n, { workers: 2 }) }, { buffer: 3 })
      .map(({ value }) => stop === "fail" && value === 5 ? boom() : value)
      .take(stop === "take" ? 5 : 100)
      .run(counting(), { checkpoint });
    const seen = [];
    const end = (async () => {
      for await (const n of run) if (seen.push(n) === 5 && stop === "cancel") await run.cancel();
    })();
    await end.catch(() => {});
    assertEquals([seen.length, mark], [5, stop === "cancel" ? 4 : 5], stop);
  }
});

troupeTest("J23 a checkpoint that cannot be kept ends the run", async () => {
  const checkpoint = { load: () => 0, save: boom };
  const error = await rejection(pipeline<number>().collect(counting(), { checkpoint }));
  assertEquals((error as Error).message, "boom");
});

troupeTest("J24 streams: what nobody reads is not read", async () => {
  const source = counting();
  const stream = ReadableStream.from(source);
  const reader = pipeline<number>().map((n) => 2 * n).readable(stream).getReader();
  assertEquals((await reader.read()).value, 0);
  assertEquals((await reader.read()).value, 2);
  await turn(5);
  assert(source.read <= 4, `${source.read} were read`);
  await reader.cancel("enough");
  await until(() => source.closed === 1);
});

troupeTest("J24 the pipeline as a stage of streams", async () => {
  const text = ReadableStream.from(["1", "2", "3"]).pipeThrough(
    pipeline<string>().map(Number).map(double).batch(2).transform(),
  );
  assertEquals(await Array.fromAsync(text), [[2, 4], [6]]);
});

troupeTest("J24 a stream that fails above or below, or a stage in between", async () => {
  const fail = pipeline<number>().map((n) => n === 1 ? boom() : n).transform();
  const out = Array.fromAsync(ReadableStream.from(counting()).pipeThrough(fail));
  await rejectsWith(out, StageError);
  const { readable, writable } = pipeline<number>().transform();
  const reading = rejection(readable.getReader().read());
  await writable.abort(new Error("above"));
  assertEquals(((await reading) as StageError).stage, "source");
  const left = pipeline<number>().transform();
  const source = counting();
  const pipe = rejection(ReadableStream.from(source).pipeTo(left.writable));
  const reader = left.readable.getReader();
  await reader.read();
  await reader.cancel();
  await pipe;
  assertEquals(source.closed, 1);
});

troupeTest("J25 K03 to leave the loop closes the source and ends the workers", async () => {
  const source = counting();
  const taken = [];
  for await (const n of pipeline<number>().map(double).run(source)) {
    if (taken.push(n) === 3) break;
  }
  assertEquals([taken, source.closed], [[0, 2, 4], 1]);
});

troupeTest(
  "J25 so does the end of an `await using` scope, also while an item is waited for",
  async () => {
    await using queue = new Queue<number>();
    {
      await using run = pipeline<number>().run(queue);
      assert(await isPending(run.next(), 5));
    }
    await queue.put(1);
    assertEquals(await queue.get(), 1);
  },
);

troupeTest("J25 a run that has enough does not wait for tasks that nobody wants", async () => {
  assertEquals(await pipeline<number>().map(stayUnlessFirst).take(1).collect(counting()), [0]);
});

troupeTest("J25 a run that nothing is asked of makes no pool", async () => {
  const source = counting();
  const run = pipeline<number>().map(double).run(source);
  assertEquals(run.stats().map(({ name, in: taken }) => [name, taken]), [["double", 0]]);
  await run.return();
  assertEquals([source.read, source.closed], [0, 1]);
});

troupeTest("J27 an empty source, one item, a source that throws", async () => {
  const stages = pipeline<number>().map((n) => -n, { workers: 2 });
  assertEquals(await stages.collect([]), []);
  assertEquals(await stages.collect([1]), [-1]);
  let aborted: unknown;
  const sink = new WritableStream<number>({ abort: (reason) => void (aborted = reason) });
  const throwing = (function* (): Generator<number> {
    yield* range(0);
    boom();
  })();
  const error = await rejectsWith(stages.to(sink).run(throwing), StageError);
  assertEquals([error.stage, error.index, (error.cause as Error).message], ["source", 0, "boom"]);
  assertEquals(aborted, error);
});

troupeTest(
  "J28 a stage that gives nothing while it has work is reported by name, once",
  async () => {
    const gate = Promise.withResolvers<void>();
    const told: StageStats[] = [];
    const report = (stage: StageStats) => void told.push(stage);
    const run = pipeline<number>().map((n) => n).map(() => gate.promise, { name: "stuck" })
      .collect([1], { stall: { after: 20, report } });
    await until(() => told.length > 0);
    await turn(50);
    assertEquals(told.map(({ name }) => name), ["stuck"]);
    assert(told[0].stalled >= 20 && run.stats()[1].running === 1);
    gate.resolve();
    await run;
  },
);

troupeTest("the sink that throws ends the run and is named; the source is closed", async () => {
  const source = counting();
  const error = await rejectsWith(
    pipeline<number>().to((n) => n === 2 && boom()).run(source),
    StageError,
  );
  assertEquals([error.stage, error.index, source.closed], ["sink", 2, 1]);
});

troupeTest("a queue as a sink holds the pipeline back", async () => {
  await using queue = new Queue<number>({ maxsize: 2 });
  const source = counting(6);
  const run = pipeline<number>().to(queue).run(source);
  await until(() => queue.full() && source.read >= 3);
  await turn(5);
  assertEquals(source.read, 3);
  const got = [];
  for (const _ of range(6)) got.push(await queue.get());
  await run;
  assertEquals(got, range(6));
});

troupeTest("tasks that follow one another run in the same worker, and are told apart", async () => {
  await using pool = new Pool({ size: 1 });
  const stages = pipeline<number>().map(double, { pool, chunksize: 3 }).map(negate).flatMap(upTo);
  assertEquals(await stages.collect([1, 2, 3]), []);
  assertEquals(pool.stats().completed, 1);
  const run = pipeline<number>().map(negate, { pool }).map(double).flatMap(upTo).collect([-1, -2]);
  assertEquals(await run, [0, 1, 0, 1, 2, 3]);
  const figures = run.stats().map(({ name, in: taken, out }) => [name, taken, out]);
  assertEquals(figures, [["negate", 2, 2], ["double", 2, 2], ["upTo", 2, 6]]);
});

troupeTest("a stage in an actor: its replies, its death, its retry", async () => {
  await using judge = await spawn(Judge, { args: [2] });
  assertEquals(await pipeline<number>().ask(judge, "judge", { workers: 2 }).collect([1, 2, 3]), [
    { n: 1, isGood: true },
    { n: 2, isGood: false },
    { n: 3, isGood: false },
  ]);
  const error = await rejectsWith(
    pipeline<number>().ask(judge, "crash").collect([1, 2, 3]),
    StageError,
  );
  assertEquals([error.stage, error.index], ["crash", 1]);
  assert(error.cause instanceof ExitError);
});

troupeTest("a schema makes items of what comes, and refuses the rest", async () => {
  const dead: unknown[] = [];
  const all = await pipeline<string>().map((line) => JSON.parse(line) as unknown)
    .parse(z.object({ n: z.number() }), {
      onError: { deadLetter: ({ error }) => void dead.push(error) },
    })
    .map(({ n }) => n).collect(['{"n":1}', '{"n":"x"}', '{"n":3}']);
  assertEquals(all, [1, 3]);
  assert(dead.length === 1 && dead[0] instanceof ValidationError);
});

troupeTest("windows by number and by time", async () => {
  const windows = (window: { size: number; every?: number }) =>
    pipeline<number>().window(window).collect(range(5));
  assertEquals(await windows({ size: 2 }), [[0, 1], [2, 3], [4]]);
  assertEquals(await windows({ size: 3, every: 1 }), [[0, 1, 2], [1, 2, 3], [2, 3, 4]]);
  assertEquals(await windows({ size: 1, every: 2 }), [[0], [2], [4]]);
  const at = (n: number) => n;
  const times = [0, 5, 9, 10, 31, 32];
  assertEquals(await pipeline<number>().window({ within: 10, at }).collect(times), [
    [0, 5, 9],
    [10],
    [31, 32],
  ]);
  assertEquals(await pipeline<number>().window({ within: 20, every: 10, at }).collect(times), [
    [0, 5, 9],
    [0, 5, 9, 10],
    [10],
    [31, 32],
    [31, 32],
  ]);
});

troupeTest(
  "a window of the clock is given when its time is over, though nothing comes",
  async () => {
    await using queue = new Queue<number>();
    await queue.put(1);
    const run = pipeline<number>().window({ within: 20 }).run(queue);
    assertEquals((await run.next()).value, [1]);
    await run.return();
  },
);

troupeTest("fold: one value, also of nothing", async () => {
  const sum = pipeline<number>().fold({ initial: () => 0, step: async (a, n) => (await 0, a + n) });
  assertEquals([await sum.collect(range(5)), await sum.collect([])], [[10], [0]]);
});

troupeTest("merge: all items of all sources, and all are closed when it is left", async () => {
  const sources = [counting(), counting()];
  const all = await pipeline<number>().take(10).collect(merge(...sources));
  assertEquals(all.filter((n) => n === 0).length, 2);
  assertEquals(sources.map(({ closed }) => closed), [1, 1]);
  await using queue = new Queue<number>();
  const run = pipeline<number>().run(merge(queue, [1]));
  assertEquals((await run.next()).value, 1);
  assert(await isPending(run.next(), 5));
  await run.return();
});

troupeTest("a pipeline is a value: stages that are added later change nothing", async () => {
  const first = pipeline<number>().map(double);
  const second = first.map(negate);
  const both = first.via(pipeline<number>().map((n) => n + 1));
  assertEquals(await first.collect([1, 2]), [2, 4]);
  assertEquals(await second.collect([1, 2]), [-2, -4]);
  assertEquals(await both.collect([1, 2]), [3, 5]);
});

troupeTest("flatMap reads what an item becomes as it is needed, and leaves it", async () => {
  const inner = counting();
  const all = await pipeline<number>().flatMap(() => inner).take(3).collect(counting());
  assertEquals([all, inner.read, inner.closed], [[0, 1, 2], 3, 1]);
  const error = await rejectsWith(
    pipeline<number>().flatMap(function* (n) {
      yield n;
      boom();
    }).collect([7]),
    StageError,
  );
  assertEquals([error.index, (error.cause as Error).message], [0, "boom"]);
});

troupeTest("flatMap is left while it is read ahead", async () => {
  const halves = pipeline<number>().window({ size: 1 }).flatMap((items) => items).buffer(1).take(1);
  assertEquals(await halves.collect([0, 0]), [0]);
  const waiting = pipeline<number>().flatMap(async function* (n) {
    yield n;
    await new Promise<never>(() => {});
  }).buffer(3).take(1);
  assertEquals(await waiting.collect([7, 8]), [7]);
});

troupeTest("a pool that cannot run a stage ends the run, whatever its policy", async () => {
  const pool = new Pool({ size: 1 });
  pool.terminate();
  await pool.join();
  const run = pipeline<number>().map(double, { pool, onError: "skip" }).collect([1]);
  assertEquals(((await rejectsWith(run, StageError)).cause as Error).name, "ClosedError");
});

troupeTest(
  "lines: of a file, whatever their ends, and the file is closed when it is left",
  async () => {
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, "ä\r\n\nb\n" + "c".repeat(300_000));
      assertEquals(await pipeline<string>().collect(lines(path)), [
        "ä",
        "",
        "b",
        "c".repeat(300_000),
      ]);
      assertEquals(await pipeline<string>().take(1).collect(lines(path)), ["ä"]);
      await Deno.writeTextFile(path, "");
      assertEquals(await pipeline<string>().collect(lines(path)), []);
    } finally {
      await Deno.remove(path);
    }
    const run = pipeline<string>().collect(lines("no/such/file"));
    assertEquals((await rejectsWith(run, StageError)).stage, "source");
  },
);

troupeTest("wrong options are refused at once", () => {
  const start = pipeline<number>();
  assertThrows(() => start.map(double, { workers: 0 }), RangeError);
  assertThrows(() => start.map(double, { buffer: -1 }), RangeError);
  assertThrows(() => start.map(double, { chunksize: 1.5 }), RangeError);
  assertThrows(() => start.map(double, { retry: { attempts: 0 } }), RangeError);
  assertThrows(() => start.map(double, { key: (n) => n, chunksize: 2 }), RangeError);
  assertThrows(() => start.map(5 as never), TypeError);
  assertThrows(() => start.batch(0), RangeError);
  assertThrows(() => start.window({ within: 10, every: 3 }), RangeError);
  assertThrows(() => start.broadcast({}), TypeError);
});

troupeTest("a source that is none", async () => {
  await assertRejects(() => pipeline<number>().collect(5 as never), TypeError);
});
