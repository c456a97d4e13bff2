import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import {
  ClosedError,
  EmptyError,
  NotSendableError,
  TimeoutError,
  ValidationError,
} from "../../errors.ts";
import { here } from "../../memory/isolate.ts";
import { Process } from "../../actors/process.ts";
import { JoinableQueue } from "../../channels/joinable_queue.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { select, sending } from "../../channels/select.ts";
import { SimpleQueue } from "../../channels/simple_queue.ts";
import { wait } from "../../channels/wait.ts";
import { Grenade } from "../fixtures/channels.ts";
import {
  doForEver,
  doItems,
  putJobsForEver,
  takeAndEnd,
  throughGrandchild,
} from "../fixtures/selecting.ts";
import {
  isPending,
  rejection,
  rejectsWith,
  sleepers,
  traces,
  troupeTest,
  turn,
  until,
} from "../support.ts";

troupeTest("QUEUE-24 join waits until taskDone was said of each item", async () => {
  await using queue = new JoinableQueue<number>();
  await queue.join();
  await queue.put(1);
  await queue.put(2);
  const joined = queue.join();
  assertEquals([await queue.get(), await queue.get()], [1, 2]);
  assertEquals(await isPending(joined, 20), true);
  queue.taskDone();
  assertEquals([queue.unfinished, await isPending(joined, 20)], [1, true]);
  queue.taskDone();
  await joined;
  assertThrows(() => queue.taskDone(), RangeError, "too many times");
  await queue.join();
  await queue.put(3);
  assertEquals(queue.unfinished, 1);
  await rejectsWith(queue.join({ timeout: 0 }), TimeoutError);
  await rejectsWith(queue.join({ timeout: 20 }), TimeoutError);
  assertEquals(queue.joinSync({ timeout: 0 }), false);
  queue.taskDone();
  assertEquals([queue.joinSync(), await queue.get()], [true, 3]);
});

troupeTest("QUEUE-24 everything that a queue can, a joinable queue can", async () => {
  const queue = new JoinableQueue<unknown>({ maxsize: 2, name: "jobs" });
  queue.putNowait(1);
  queue.putSync(2);
  assertEquals([queue.full(), queue.qsize(), queue.empty()], [true, 2, false]);
  assertEquals(queue.getNowait(), 1);
  assertEquals(queue.getSync(), 2);
  assertThrows(() => queue.getNowait(), EmptyError);
  await rejectsWith(queue.get({ timeout: 5 }), EmptyError);
  const reason = new Error("off");
  assertStrictEquals(await rejection(queue.get({ signal: AbortSignal.abort(reason) })), reason);
  queue.taskDone();
  queue.taskDone();
  assertEquals((await select({ put: sending(queue, 3) })).arm, "put");
  assertEquals(await wait([queue]), [queue]);
  assertEquals((await select({ queue })).value, 3);
  assertEquals(queue.unfinished, 1);
  queue.taskDone();
  await queue.join();
  const long = new Uint8Array(50_000).fill(3);
  await queue.put(long);
  assertEquals(await queue.get(), long);
  queue.taskDone();
  await queue.put({ queue });
  assertStrictEquals((await queue.get() as { queue: unknown }).queue, queue);
  queue.close();
  queue.close();
  await rejectsWith(queue.join(), ClosedError);
  assertThrows(() => queue.taskDone(), ClosedError, 'of queue "jobs": it is closed');
  assertThrows(() => queue.joinSync(), ClosedError);
  for (const maxDeliveries of [0, 16, 1.5]) {
    assertThrows(() => new JoinableQueue({ maxDeliveries }), RangeError);
  }
});

troupeTest("QUEUE-24 closing ends a join that waits", async () => {
  const queue = new JoinableQueue<number>();
  await queue.put(1);
  const joined = rejection(queue.join());
  queue.close();
  assert(await joined instanceof ClosedError);
});

troupeTest("QUEUE-25 an item put while another is processed is joined too", async () => {
  await using queue = new JoinableQueue<number>({ maxsize: 1 });
  await queue.put(1);
  const joined = queue.join();
  assertEquals(await queue.get(), 1);
  await queue.put(2);
  queue.taskDone();
  assertEquals(await isPending(joined, 20), true);
  assertEquals(await queue.get(), 2);
  queue.taskDone();
  await joined;
});

troupeTest("QUEUE-26 four workers do ten items, then end by sentinels", async () => {
  await using queue = new JoinableQueue<number | null>();
  const workers = [0, 1, 2, 3].map(() =>
    new Process({ target: doItems, args: [queue, 5] }).start()
  );
  for (let n = 0; n < 10; n++) await queue.put(n);
  await queue.join();
  await until(() => sleepers() === 4, "all four to wait");
  for (const _ of workers) await queue.put(null);
  assertEquals(queue.unfinished, 4);
  const counts = await Promise.all(workers.map((one) => one.result));
  assertEquals(counts.reduce((a, b) => a + b), 10);
  await Promise.all(workers.map((one) => one.join()));
});

for (const how of ["throw", "exit", "end", "close", "a kill"]) {
  troupeTest(`QUEUE-28 I19 an item of a consumer that ends by ${how} goes to another`, async () => {
    await using queue = new JoinableQueue<unknown>();
    await using took = new Queue<string>();
    for (const item of [{ small: 1 }, new Uint8Array(10_000).fill(7)]) {
      await queue.put(item);
      await queue.put("behind it");
      const joined = queue.join();
      const args: [JoinableQueue<unknown>, string, Queue<string>] = [
        queue,
        how === "a kill" ? "wait" : how,
        took,
      ];
      const worker = new Process({ target: takeAndEnd, args }).start();
      await took.get();
      if (how === "a kill") worker.kill();
      await worker.join();
      await until(() => queue.qsize() === 2, "the item to come back");
      assertEquals(await wait([queue]), [queue]);
      assertEquals(await queue.get(), item);
      assertEquals(await queue.get(), "behind it");
      assertEquals(await isPending(joined, 10), true);
      queue.taskDone();
      queue.taskDone();
      await joined;
    }
    assertEquals(queue.lost, 0);
  });
}

troupeTest("QUEUE-28 an item that comes back wakes a get that waits", async () => {
  await using queue = new JoinableQueue<unknown>({ maxsize: 4 });
  await using took = new Queue<string>();
  await queue.put("item");
  const worker = new Process({ target: takeAndEnd, args: [queue, "wait", took] }).start();
  await took.get();
  const got = queue.get();
  assertEquals(await isPending(got, 20), true);
  worker.kill();
  assertEquals(await got, "item");
  queue.taskDone();
  await queue.join();
  await worker.join();
});

troupeTest("QUEUE-28 an item that ends all its consumers is given up, and join ends", async () => {
  for (const maxDeliveries of [1, 2, 3]) {
    await using queue = new JoinableQueue<unknown>({ maxDeliveries });
    await using took = new Queue<string>();
    await queue.put(new Uint8Array(2000));
    const joined = queue.join();
    for (let n = 0; n < maxDeliveries; n++) {
      assertEquals([queue.lost, queue.unfinished], [0, 1]);
      await until(() => queue.qsize() === 1);
      const worker = new Process({ target: takeAndEnd, args: [queue, "exit", took] }).start();
      await took.get();
      await worker.join();
    }
    await joined;
    assertEquals([queue.lost, queue.unfinished, queue.qsize()], [1, 0, 0]);
  }
});

troupeTest("QUEUE-28 an item with handles is given up with its consumer", async () => {
  await using queue = new JoinableQueue<unknown>();
  await using took = new Queue<string>();
  const [a, b] = pipe<number>();
  await queue.put({ end: b });
  const worker = new Process({ target: takeAndEnd, args: [queue, "wait", took] }).start();
  await took.get();
  const joined = queue.join();
  worker.kill();
  await joined;
  assertEquals([queue.lost, queue.unfinished], [1, 0]);
  assertEquals(await a.poll(Infinity), true);
  a.close();
  await worker.join();
});

troupeTest("QUEUE-28 a close gives back what was got here, also to this isolate", async () => {
  await using keeper = new Queue<JoinableQueue<number>>();
  const queue = new JoinableQueue<number>();
  for (const n of [1, 2, 3]) await queue.put(n);
  assertEquals([await queue.get(), await queue.get()], [1, 2]);
  queue.taskDone();
  await keeper.put(queue);
  queue.close();
  const again = await keeper.get();
  assertEquals([again.unfinished, again.qsize()], [2, 2]);
  assertEquals([await again.get(), await again.get()], [2, 3]);
  again.taskDone();
  again.taskDone();
  await again.join();
  again.close();
});

troupeTest(
  "QUEUE-29 items that cannot be sent, or that were called off, do not count",
  async () => {
    await using queue = new JoinableQueue<unknown>({ maxsize: 1 });
    for (let n = 0; n < 5; n++) await rejectsWith(queue.put(() => {}), NotSendableError);
    assertThrows(() => queue.putNowait(Symbol()), NotSendableError);
    await queue.join();
    await queue.put(1);
    await rejection(queue.put(2, { timeout: 5 }));
    await rejection(queue.put(3, { signal: AbortSignal.timeout(5) }));
    assertEquals(queue.unfinished, 1);
    await queue.get();
    queue.taskDone();
    await queue.join();
  },
);

troupeTest("QUEUE-29 items that cannot be read, or are refused, are done", async () => {
  const held = traces().held;
  {
    await using queue = new JoinableQueue<unknown>();
    await queue.put("first");
    await queue.put(new Grenade(true));
    await queue.put([new Grenade(true), new Uint8Array(5000)]);
    await queue.put(new Grenade(true));
    await queue.put("last");
    assertEquals(await queue.get(), "first");
    await rejection(queue.get());
    await rejection(select({ queue }));
    assertThrows(() => queue.getNowait(), RangeError);
    assertEquals(await queue.get(), "last");
    queue.taskDone();
    assertEquals(queue.unfinished, 1);
    queue.taskDone();
    await queue.join();
    const checked = queue.withSchema(z.number().refine((n) => Promise.resolve(n > 0)));
    for (const item of [1, "wrong", -1, new Uint8Array(5000), 2]) await queue.put(item);
    assertEquals(await checked.get(), 1);
    for (let n = 0; n < 3; n++) await rejectsWith(checked.get(), ValidationError);
    assertEquals(await checked.get(), 2);
    queue.taskDone();
    queue.taskDone();
    await queue.join();
    assertEquals([queue.lost, queue.unfinished], [0, 0]);
    assertThrows(() => queue.taskDone(), RangeError);
  }
  await until(() => traces().held === held);
});

troupeTest(
  "chaos: consumers killed at random; each item done at least once, join ends",
  async () => {
    await using queue = new JoinableQueue<number>({ maxsize: 32, maxDeliveries: 15 });
    await using did = new Queue<number>();
    const seen = new Map<number, number>();
    const start = () => new Process({ target: doForEver, args: [queue, did] }).start();
    const workers = [start(), start()];
    let up = 0;
    const reading = (async () => {
      for await (const n of did) {
        if (n < 0) up++;
        else seen.set(n, (seen.get(n) ?? 0) + 1);
      }
    })();
    const items = 2000;
    let kills = 0;
    for (let n = 0; n < items; n++) {
      await queue.put(n);
      if (n % 250 !== 249) continue;
      await until(() => up === kills + 2, "the workers to be up");
      kills++;
      const which = kills % 2;
      workers[which].kill();
      await workers[which].join();
      workers[which] = start();
    }
    await queue.join();
    await until(() => up === kills + 2 && did.empty() && sleepers() === 2, "both to wait");
    await turn(5);
    did.close();
    await reading;
    assertEquals([seen.size, queue.lost, queue.unfinished], [items, 0, 0]);
    const twice = [...seen.values()].filter((times) => times > 1).length;
    assert(twice <= kills, `${twice} items twice in ${kills} kills`);
    for (const one of workers) one.kill();
    await Promise.all(workers.map((one) => one.join()));
  },
);

troupeTest("chaos: producers killed at random; what was accepted is done, join ends", async () => {
  await using queue = new JoinableQueue<number>();
  await using accepted = new Queue<number>();
  const got = new Set<number>();
  for (let round = 0; round < 6; round++) {
    const args: [JoinableQueue<number>, Queue<number>, number] = [queue, accepted, round * 1e6];
    const producer = new Process({ target: putJobsForEver, args }).start();
    for (let n = 0; n < 100 + 37 * round; n++) {
      const item = await queue.get();
      assert(!got.has(item), "twice");
      got.add(item);
      queue.taskDone();
    }
    producer.kill();
    await producer.join();
    await until(() => traces().threads === 0, "its burial");
    for await (const item of queue.drain()) {
      got.add(item);
      queue.taskDone();
    }
    for await (const item of accepted.drain()) assert(got.has(item), `${item} was lost`);
    await queue.join();
    assertEquals(queue.unfinished, 0);
  }
});

troupeTest("QUEUE-30 a simple queue", async () => {
  const queue = new SimpleQueue<unknown>();
  assertEquals(queue.empty(), true);
  await queue.put(queue.empty());
  await queue.put(queue.empty());
  assertEquals([await queue.get(), await queue.get(), queue.empty()], [true, false, true]);
  await rejectsWith(queue.put(() => {}), NotSendableError);
  await queue.put({ queue });
  assertStrictEquals((await queue.get() as { queue: unknown }).queue, queue);
  assertEquals((await select({ put: sending(queue, 1) })).arm, "put");
  assertEquals(await wait([queue]), [queue]);
  assertEquals((await select({ queue })).value, 1);
  queue.close();
  queue.close();
  for (const closed of [queue, new SimpleQueue<unknown>()]) {
    closed.close();
    assertThrows(() => closed.empty(), ClosedError);
    await rejectsWith(closed.get(), ClosedError);
    await rejectsWith(closed.put(1), ClosedError);
  }
});

troupeTest("QUEUE-31 queues in a worker of a worker", async () => {
  using queue = new SimpleQueue<string>();
  await using joinable = new JoinableQueue<string>();
  await joinable.put("hello");
  const worker = new Process({ target: throughGrandchild, args: [queue, joinable] }).start();
  assertEquals(await queue.get(), "hello from below");
  await joinable.join();
  await worker.join();
  assertEquals(here().park.keepAlive.count, 0);
});
