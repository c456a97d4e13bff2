import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ClosedError, EndOfChannelError, NotSupportedError } from "../../troupe.ts";
import { Process } from "../../actors/process.ts";
import type { Connection } from "../../channels/connection.ts";
import { after } from "../../channels/moments.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { wait, waitSync } from "../../channels/wait.ts";
import { openQueue } from "../../channels/queue_region.ts";
import type { BlockHandle } from "../../memory/arena.ts";
import { handleKind } from "../../memory/handle.ts";
import { here } from "../../memory/isolate.ts";
import type { Ring } from "../../memory/ring.ts";
import { blockOnMany, endWhenTold, sendTen } from "../fixtures/selecting.ts";
import { isPending, rejection, rejectsWith, troupeTest, turn, until } from "../support.ts";

type End = Connection<unknown, unknown>;

function closeAll(...ends: { close(): void }[]): void {
  for (const end of ends) end.close();
}

for (const delays of ["none", "random"]) {
  troupeTest(`WAIT-01 fan-in of four workers, delays: ${delays}`, async () => {
    const ends: End[] = [];
    const workers = [0, 1, 2, 3].map((who) => {
      const [near, far] = pipe<unknown>();
      ends.push(near);
      const pauses = delays === "none" ? [] : Array.from({ length: 10 }, () => Math.random() * 30);
      return new Process({ target: sendTen, args: [far, who, pauses] }).start();
    });
    const open = new Set(ends);
    const got: string[] = [];
    while (open.size > 0) {
      for (const end of await wait(open)) {
        try {
          got.push(String(await end.recv()));
        } catch (error) {
          assertInstanceOf(error, EndOfChannelError);
          open.delete(end);
        }
      }
    }
    const all = [0, 1, 2, 3].flatMap((who) => Array.from({ length: 10 }, (_, n) => `${n},${who}`));
    assertEquals(got.toSorted(), all.toSorted());
    closeAll(...ends);
    await Promise.all(workers.map((one) => one.join()));
  });
}

troupeTest("WAIT-02 with nothing ready it gives nothing when the time is up", async () => {
  const [a, b] = pipe<number>();
  await using queue = new Queue<number>();
  for (const timeout of [0, -1]) {
    const begin = performance.now();
    assertEquals(await wait([a, queue], { timeout }), []);
    assert(performance.now() - begin < 5000);
  }
  const begin = performance.now();
  assertEquals(await wait([a, queue], { timeout: 100 }), []);
  assert(performance.now() - begin >= 95);
  await b.send(1);
  assertEquals(await wait([a, queue], { timeout: 0 }), [a]);
  assertEquals(await wait([a, queue], { timeout: 60_000 }), [a]);
  closeAll(a, b);
});

troupeTest("WAIT-02 a message or an item ends a wait; nothing is taken", async () => {
  const [a, b] = pipe<number>();
  await using queue = new Queue<number>();
  for (let round = 0; round < 3; round++) {
    const first = wait([a, queue]);
    assertEquals(await isPending(first, 20), true);
    await b.send(1);
    assertEquals(await first, [a]);
    assertEquals(await a.recv(), 1);
    const second = wait([a, queue]);
    assertEquals(await isPending(second, 20), true);
    await queue.put(2);
    assertEquals(await second, [queue]);
    assertEquals(queue.getNowait(), 2);
  }
  closeAll(a, b);
});

troupeTest("WAIT-03 no things at all, and things that end", async () => {
  assertEquals(await wait([]), []);
  assertEquals(waitSync([]), []);
  const [a, b] = pipe<number>();
  const waiting = wait([a]);
  assertEquals(await isPending(waiting, 20), true);
  b.close();
  assertEquals(await waiting, [a]);
  assertEquals(await wait([a]), [a]);
  a.close();
});

troupeTest("WAIT-04 pipes together with the sentinel of a process", async () => {
  const [a, farA] = pipe<string>();
  const [b, farB] = pipe<string>();
  const [control, there] = pipe<string>();
  const worker = new Process({ target: endWhenTold, args: [there as End] }).start();
  const { sentinel } = worker;
  const things = [a, sentinel, b];
  assertEquals(await wait(things, { timeout: 0 }), []);
  const waiting = wait(things);
  await control.send("end");
  assertEquals(await waiting, [sentinel]);
  await farB.send("b");
  assertEquals(await wait(things), [sentinel, b]);
  await farA.send("a");
  assertEquals(await wait(things), [a, sentinel, b]);
  await worker.join();
  closeAll(a, b, farA, farB, control);
});

troupeTest("WAIT-04 promises and points in time", async () => {
  const never = new Promise<never>(() => {});
  const failed = Promise.reject(new RangeError("it failed"));
  assertEquals((await wait([never, failed], { timeout: 0 })).length, 1);
  assertEquals(
    await wait([never, Promise.resolve(1)], { timeout: 0 }).then((all) => all.length),
    1,
  );
  const { promise, resolve } = Promise.withResolvers<number>();
  const soon = after(30);
  assertEquals(await wait([never, promise, soon]), [soon] as unknown[]);
  assertEquals(await wait([promise, soon], { timeout: 0 }), [soon] as unknown[]);
  const waiting = wait([never, promise]);
  resolve(5);
  assertEquals(await waiting, [promise]);
  assertEquals((await wait([after(0), after(-5), after(Infinity)], { timeout: 0 })).length, 2);
  assertThrows(() => after(NaN), TypeError);
});

troupeTest("WAIT-05 generators, sets and duplicates are taken, and an array is given", async () => {
  const [a, b] = pipe<number>();
  await b.send(1);
  function* both() {
    yield a;
    yield b;
    yield a;
  }
  assertEquals(await wait(both()), [a]);
  assertEquals(await wait(new Set([b, a])), [a]);
  assertEquals(await wait([a, a, a]), [a]);
  closeAll(a, b);
});

troupeTest("WAIT-05 what is closed, write-only or no such thing is refused", async () => {
  const [reader, writer] = pipe<number>({ duplex: false });
  await rejectsWith(wait([writer as never]), NotSupportedError);
  for (const nonsense of [5, "text", null, undefined, {}, [], () => {}, Symbol()]) {
    await assertRejects(() => wait([reader, nonsense as never]), TypeError, "Cannot wait for");
  }
  const queue = new Queue<number>();
  const waiting = rejection(wait([reader, queue]));
  await turn(10);
  queue.close();
  assertInstanceOf(await waiting, ClosedError);
  await rejectsWith(wait([reader, queue]), ClosedError);
  closeAll(reader, writer);
  await rejectsWith(wait([reader]), ClosedError);
});

troupeTest(
  "WAIT-08 calling one wait off leaves the others, and all things as they were",
  async () => {
    const [a, b] = pipe<number>();
    await using queue = new Queue<number>();
    const controller = new AbortController();
    const off = rejection(wait([a, queue], { signal: controller.signal }));
    const on = wait([a, queue]);
    await turn(10);
    const reason = new Error("changed my mind");
    controller.abort(reason);
    assertStrictEquals(await off, reason);
    assertStrictEquals(await rejection(wait([a], { signal: controller.signal })), reason);
    assertEquals(await isPending(on, 20), true);
    await b.send(1);
    assertEquals(await on, [a]);
    assertEquals(await a.recv(), 1);
    closeAll(a, b);
  },
);

troupeTest("wait() leaves nobody waiting, however it ends, a thousand times", async () => {
  const [a, b] = pipe<number>();
  await using queue = new Queue<number>();
  const promise = new Promise(() => {});
  for (let n = 0; n < 1000; n++) {
    if (n % 2 === 0) await wait([a, queue, promise], { timeout: n % 100 === 0 ? 1 : 0 });
    else {
      const waiting = wait([a, queue, promise]);
      await queue.put(n);
      assertEquals(await waiting, [queue] as unknown[]);
      await queue.get();
    }
  }
  assertEquals(here().park.keepAlive.count, 0);
  closeAll(a, b);
});

troupeTest("wait() is not fooled by a place that was claimed and never filled", async () => {
  for (const maxsize of [4, 0]) {
    await using queue = new Queue<number>({ maxsize });
    const region = handleKind("queue")!.pack(queue) as BlockHandle;
    const ring = openQueue(here(), region).ring as Ring;
    const cell = ring.claim();
    assertEquals(queue.qsize(), 1);
    assertEquals(await wait([queue], { timeout: 0 }), []);
    ring.abandon(cell);
    assertEquals(await wait([queue], { timeout: 0 }), []);
    await queue.put(1);
    assertEquals(await wait([queue]), [queue]);
    assertEquals(await queue.get(), 1);
  }
});

troupeTest("waitSync() and selectSync() block a worker on many things", async () => {
  const [near, far] = pipe<unknown>();
  await using jobs = new Queue<number>();
  await using results = new Queue<unknown>();
  const worker = new Process({ target: blockOnMany, args: [far, jobs, results] }).start();
  assertEquals(await results.get(), "ready");
  await turn(20);
  await jobs.put(7);
  await turn(20);
  await near.send("message");
  await turn(20);
  near.close();
  const seen = await worker.result;
  assertEquals(seen, [
    0,
    0,
    true,
    "late",
    "jobs",
    7,
    true,
    "message",
    "end",
    true,
    "TIMEOUT",
    "NOT_SUPPORTED",
    "put",
  ]);
  assertEquals(await results.get(), "done");
  await worker.join();
});

troupeTest("wait() takes nothing from a get that waits", async () => {
  await using queue = new Queue<number>();
  const got = queue.get();
  const waiting = wait([queue]);
  await queue.put(1);
  assertEquals(await got, 1);
  assertEquals(await isPending(waiting, 20), true);
  await queue.put(2);
  assertEquals(await waiting, [queue]);
  assertEquals(await queue.get(), 2);
  await until(() => here().park.keepAlive.count === 0);
});
