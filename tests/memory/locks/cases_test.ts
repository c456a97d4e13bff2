import { assert, assertEquals, assertThrows } from "@std/assert";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import { ClosedError, NotOwnerError, TimeoutError } from "../../../errors.ts";
import { handleKind } from "../../../memory/handle.ts";
import { Lock } from "../../../memory/locks/lock.ts";
import { RLock } from "../../../memory/locks/rlock.ts";
import { BoundedSemaphore, Semaphore } from "../../../memory/locks/semaphore.ts";
import { counting, holding, inside, releasing, taking, wanting } from "../../fixtures/locks.ts";
import { isPending, rejection, rejectsWith, traces, troupeTest, until } from "../../support.ts";
import { plainWords } from "./support.ts";

troupeTest("SYNC-01 Lock.acquire() and release() as in Python", async () => {
  const lock = new Lock({ name: "door" });
  await lock.acquire();
  assertEquals([lock.locked, lock.tryAcquire()], [true, null]);
  const begin = performance.now();
  const error = await rejectsWith(lock.acquire({ timeout: 50 }), TimeoutError);
  assert(performance.now() - begin >= 49);
  assertEquals(error.message, 'Cannot acquire lock "door": nothing happened within 50 ms');
  for (const timeout of [0, -1]) {
    await rejectsWith(lock.acquire({ timeout }), TimeoutError);
    assertThrows(() => lock.acquireSync({ timeout }), TimeoutError);
  }
  assertThrows(() => lock.acquireSync({ timeout: 20 }), TimeoutError);
  lock.release();
  assertEquals(lock.locked, false);
  assertThrows(() => lock.release(), NotOwnerError, 'Cannot release lock "door": nobody holds it');
});

troupeTest("SYNC-02 Lock.release() by another isolate works", async () => {
  const lock = new Lock();
  await lock.acquire();
  const other = new Process({ target: releasing, args: [lock] }).start();
  assertEquals(await other.result, "released");
  await other.join();
  assertEquals(lock.locked, false);
  const held = lock.tryAcquire()!;
  assertEquals(held.abandoned, false);
});

troupeTest("SYNC-02 a hold that another isolate ended is not ended again", async () => {
  const lock = new Lock();
  const first = await lock.acquire();
  const other = new Process({ target: releasing, args: [lock] }).start();
  await other.join();
  const second = await lock.acquire();
  first[Symbol.dispose]();
  assertEquals(lock.locked, true);
  second[Symbol.dispose]();
  second[Symbol.dispose]();
  assertEquals(lock.locked, false);
});

troupeTest("SYNC-03 a scope releases, also when an error leaves it", async () => {
  const lock = new Lock();
  const failed = async () => {
    using held = await lock.acquire();
    assertEquals([held.abandoned, lock.locked], [false, true]);
    throw new RangeError("inside");
  };
  await rejectsWith(failed(), RangeError);
  assertEquals(lock.locked, false);
});

const KINDS = {
  Lock: () => new Lock(),
  RLock: () => new RLock(),
  Semaphore: () => new Semaphore(1),
};

for (const [name, make] of Object.entries(KINDS)) {
  for (const how of ["stay", "exit", "return", "throw"] as const) {
    troupeTest(
      `SYNC-04 a ${name} whose holder ends (${how}) goes to the next, who is told`,
      async () => {
        await using said = new Queue<unknown>();
        const lock = make();
        const holder = new Process({ target: holding, args: [lock, said, how] }).start();
        holder.result.catch(() => {});
        assertEquals(await said.get(), false);
        const waiting = lock.acquire();
        if (how === "stay") {
          assert(await isPending(waiting, 20));
          holder.kill();
        }
        {
          using held = await waiting;
          assertEquals(held.abandoned, true);
        }
        using again = await lock.acquire();
        assertEquals(again.abandoned, false);
        await holder.join();
      },
    );
  }
}

troupeTest("SYNC-04 one who waits and is killed leaves its turn to the next", async () => {
  await using said = new Queue<unknown>();
  const lock = new Lock();
  const held = await lock.acquire();
  const first = new Process({ target: wanting, args: [lock, said] }).start();
  assertEquals(await said.get(), "waits");
  const mine = lock.acquire();
  first.kill();
  held[Symbol.dispose]();
  using _next = await mine;
  assertEquals(lock.locked, true);
  await first.join();
});

troupeTest("SYNC-06 Semaphore counts, also beyond its start", async () => {
  const permits = new Semaphore(2);
  await permits.acquire();
  assertEquals(permits.value, 1);
  permits.acquireSync();
  assertEquals([permits.value, permits.locked, permits.tryAcquire()], [0, true, null]);
  await rejectsWith(permits.acquire({ timeout: 20 }), TimeoutError);
  for (const value of [1, 2, 3, 4]) {
    permits.release();
    assertEquals(permits.value, value);
  }
  assertThrows(() => new Semaphore(-1), RangeError);
  assertThrows(() => new Semaphore(1.5), RangeError);
  assertThrows(() => new Semaphore(NaN), TypeError);
  assertEquals(new Semaphore().value, 1);
});

troupeTest("SYNC-07 BoundedSemaphore.release() beyond its start is refused", () => {
  const permits = new BoundedSemaphore(2, { name: "doors" });
  assertThrows(
    () => permits.release(),
    RangeError,
    'Cannot release bounded semaphore "doors": it was released too many times',
  );
  permits.acquireSync();
  permits.release();
  assertThrows(() => permits.release(), RangeError);
  assertThrows(() => new BoundedSemaphore(0).release(), RangeError);
});

troupeTest("SYNC-08 a Semaphore limits how many are inside, over isolates", async () => {
  const permits = new Semaphore(3);
  using words = plainWords(2);
  const crowd = Array.from(
    { length: 5 },
    () => new Process({ target: inside, args: [permits, words.at, 20] }).start(),
  );
  await Promise.all(crowd.map((one) => one.join()));
  const [now, most] = words.read(2);
  assertEquals(now, 0);
  assert(most >= 1 && most <= 3, `${most} were inside`);
  assertEquals(permits.value, 3);
});

for (const sync of [false, true]) {
  for (const [name, make] of Object.entries(KINDS)) {
    const how = `${name}, ${sync ? "blocking" : "asynchronous"}`;
    troupeTest(`SYNC-09 four isolates count 2,000 each under a ${how}`, async () => {
      const lock = make();
      using words = plainWords(1);
      const crowd = Array.from({ length: 4 }, () => {
        const args = [lock, words.at, { times: 2000, sync }] as const;
        return new Process({ target: counting, args: [...args] }).start();
      });
      await Promise.all(crowd.map((one) => one.join()));
      assertEquals(words.read(1), [8000]);
    });
  }
}

troupeTest("a Semaphore's permits return from the dead, unless they are signals", async () => {
  await using said = new Queue<unknown>();
  const permits = new Semaphore(5);
  const taker = new Process({ target: taking, args: [permits, said, 3] }).start();
  assertEquals(await said.get(), 2);
  taker.kill();
  await until(() => permits.value === 5, "the permits");
  assertEquals((await permits.acquire()).abandoned, true);
  assertEquals((await permits.acquire()).abandoned, false);
  await taker.join();

  const signals = new Semaphore(0);
  for (let n = 0; n < 3; n++) signals.release();
  const second = new Process({ target: taking, args: [signals, said, 2] }).start();
  assertEquals(await said.get(), 1);
  second.kill();
  await second.join();
  await until(() => traces().threads === 0, "its burial");
  assertEquals(signals.value, 1);
});

troupeTest("those who wait are served in the order of coming, over isolates", async () => {
  await using said = new Queue<unknown>();
  const lock = new Lock();
  const held = await lock.acquire();
  const order: string[] = [];
  const mine = (name: string) => lock.acquire().then((one) => (order.push(name), one));
  const first = mine("first");
  const other = new Process({ target: wanting, args: [lock, said] }).start();
  assertEquals(await said.get(), "waits");
  const third = mine("third");
  held[Symbol.dispose]();
  (await first)[Symbol.dispose]();
  assertEquals(await said.get(), "has it");
  assertEquals(order, ["first"]);
  lock.release();
  (await third)[Symbol.dispose]();
  assertEquals(order, ["first", "third"]);
  other.kill();
  await other.join();
});

troupeTest("nobody overtakes: tryAcquire() gives null while somebody waits", async () => {
  const permits = new Semaphore(0);
  const waiting = permits.acquire();
  permits.release();
  assertEquals(permits.tryAcquire(), null);
  await waiting;
  assertEquals(permits.value, 0);
});

troupeTest("an aborted wait rejects with the reason and takes nothing", async () => {
  const lock = new Lock();
  const held = await lock.acquire();
  const abort = new AbortController();
  const aborted = rejection(lock.acquire({ signal: abort.signal }));
  const next = lock.acquire();
  abort.abort("enough");
  assertEquals(await aborted, "enough");
  held[Symbol.dispose]();
  (await next)[Symbol.dispose]();
  assertEquals(await rejection(lock.acquire({ signal: abort.signal })), "enough");
  assertEquals(lock.locked, false);
});

troupeTest("many permits for many who wait: each gets one", async () => {
  const permits = new Semaphore(0);
  const waiting = Array.from({ length: 1000 }, () => permits.acquire());
  for (let n = 0; n < 1000; n++) permits.release();
  await Promise.all(waiting);
  assertEquals(permits.value, 0);
});

troupeTest("RLock is acquired again by its isolate, released level by level", async () => {
  const lock = new RLock();
  const outer = await lock.acquire();
  const inner = lock.tryAcquire()!;
  lock.acquireSync();
  lock.release();
  outer[Symbol.dispose]();
  outer[Symbol.dispose]();
  assertEquals(lock.locked, true);
  inner[Symbol.dispose]();
  assertEquals(lock.locked, false);
  assertThrows(() => lock.release(), NotOwnerError);
});

troupeTest("RLock.release() by another isolate is refused", async () => {
  const lock = new RLock();
  using _held = await lock.acquire();
  const other = new Process({ target: releasing, args: [lock] }).start();
  assertEquals(await other.result, "NOT_OWNER");
  assertEquals(lock.locked, true);
  await other.join();
});

troupeTest("RLock keeps tasks apart that ask in one turn", async () => {
  const lock = new RLock();
  const order: string[] = [];
  await Promise.all(["a", "b"].map(async (name) => {
    using _outer = await lock.acquire();
    order.push(name);
    using _inner = await lock.acquire();
    await Promise.resolve();
    order.push(name);
  }));
  assertEquals(order, ["a", "a", "b", "b"]);
});

troupeTest("acquireSync() goes before those here who wait asynchronously", async () => {
  const permits = new Semaphore(0);
  const waiting = permits.acquire();
  const other = new Process({ target: releasing, args: [permits] }).start();
  permits.acquireSync();
  assert(await isPending(waiting, 5));
  permits.release();
  await waiting;
  await other.join();
});

troupeTest("SYNC-29 a handle of something else is refused when it is opened", () => {
  const region = handleKind("semaphore")!.pack(new Semaphore());
  assertThrows(() => handleKind("lock")!.unpack(region), ClosedError);
  assertThrows(() => handleKind("lock")!.unpack(12345), ClosedError);
});
