import { assert, assertEquals, assertThrows } from "@std/assert";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import { NotOwnerError, TimeoutError } from "../../../errors.ts";
import { Condition } from "../../../memory/locks/condition.ts";
import { Lock } from "../../../memory/locks/lock.ts";
import { RLock } from "../../../memory/locks/rlock.ts";
import { Semaphore } from "../../../memory/locks/semaphore.ts";
import { awaiting, awaitingDeep, awaitingSync, pingPong } from "../../fixtures/locks.ts";
import {
  isPending,
  rejection,
  rejectsWith,
  traces,
  troupeTest,
  turn,
  until,
} from "../../support.ts";
import { plainWords } from "./support.ts";

/** Notifies under the lock. */
async function notify(condition: Condition, count: number): Promise<void> {
  using _held = await condition.acquire();
  condition.notify(count);
}

type Started = { join(): Promise<unknown>; kill(): void };

/** Starts workers that wait, one after the other so that their order is known. */
async function waiters(
  condition: Condition,
  said: Queue<unknown>,
  { names, sync }: { names: string[]; sync: boolean },
): Promise<Started[]> {
  const started: Started[] = [];
  for (const name of names) {
    const target = sync ? awaitingSync : awaiting;
    started.push(
      new Process({ target, args: [condition, said, { name }] }).start(),
    );
    assertEquals(await said.get(), `${name} waits`);
    // It has given the lock up once it can be had.
    using _held = await condition.acquire();
  }
  return started;
}

troupeTest(
  "SYNC-10 Condition needs its lock; waitFor() with a true predicate does not",
  async () => {
    const condition = new Condition();
    await rejectsWith(condition.wait(), NotOwnerError);
    assertThrows(() => condition.waitSync(), NotOwnerError);
    assertThrows(() => condition.notify(), NotOwnerError);
    assertThrows(() => condition.notifyAll(), NotOwnerError);
    assertThrows(() => condition.release(), NotOwnerError);
    assertEquals(await condition.waitFor(() => "so"), "so");
    await rejectsWith(condition.waitFor(() => 0), NotOwnerError);
    assertThrows(() => new Condition(new Semaphore()), TypeError);
  },
);

for (const sync of [false, true]) {
  const how = sync ? "blocking" : "asynchronous";
  troupeTest(
    `SYNC-12 Condition.notifyAll() after time-outs reaches all others, ${how}`,
    async () => {
      await using said = new Queue<unknown>();
      const condition = new Condition();
      const target = sync ? awaitingSync : awaiting;
      const late = ["a", "b", "c"].map((name) =>
        new Process({ target, args: [condition, said, { name, timeout: 100 }] }).start()
      );
      const heard: unknown[] = [];
      while (heard.length < 6) heard.push(await said.get());
      const ends = heard.filter((what) => String(what).endsWith("TIMEOUT"));
      assertEquals(ends.toSorted(), ["a TIMEOUT", "b TIMEOUT", "c TIMEOUT"]);
      const live = await waiters(condition, said, { names: ["d", "e", "f"], sync });
      await notify(condition, 1);
      assertEquals(await said.get(), "d notified");
      await turn(20);
      assertEquals(said.empty(), true);
      await notify(condition, Infinity);
      assertEquals([await said.get(), await said.get()], ["e notified", "f notified"]);
      for (const one of [...late, ...live]) await one.join();
    },
  );
}

troupeTest(
  "SYNC-12 in one isolate: six time out, six others are woken, one by one or all",
  async () => {
    for (const lock of [new Lock(), new RLock()]) {
      const condition = new Condition(lock);
      const wait = async (timeout?: number) => {
        using _held = await condition.acquire();
        return await condition.wait({ timeout }).then(() => true, () => false);
      };
      const six = (timeout?: number) => Array.from({ length: 6 }, () => wait(timeout));
      assertEquals(await Promise.all(six(20)), Array(6).fill(false));
      const live = six();
      await notify(condition, 1);
      assertEquals(await live[0], true);
      assert(await isPending(live[1], 5));
      await notify(condition, Infinity);
      assertEquals(await Promise.all(live), Array(6).fill(true));
      assertEquals(condition.locked, false);
    }
  },
);

troupeTest("Condition.notify() is not remembered, and 0 or less does nothing", async () => {
  const condition = new Condition();
  await notify(condition, 3);
  const waiting = (async () => {
    using _held = await condition.acquire();
    await condition.wait({ timeout: 30 });
  })();
  await notify(condition, 0);
  await notify(condition, -1);
  await rejectsWith(waiting, TimeoutError);
});

troupeTest(
  "SYNC-14 Condition.wait() gives up all levels of an RLock, and has them again",
  async () => {
    await using said = new Queue<unknown>();
    const condition = new Condition();
    const one = new Process({ target: awaitingDeep, args: [condition, said] }).start();
    assertEquals(await said.get(), "waits");
    await notify(condition, 1);
    assertEquals(await said.get(), true);
    await one.join();
    assertEquals(condition.locked, false);
  },
);

troupeTest("SYNC-15 Condition.waitFor() plays ping-pong to 40", async () => {
  const condition = new Condition();
  using words = plainWords(1);
  const players = [0, 1].map((parity) =>
    new Process({ target: pingPong, args: [condition, words.at, { parity, until: 40 }] }).start()
  );
  assertEquals(await Promise.all(players.map(({ result }) => result)), [40, 40]);
  await Promise.all(players.map((one) => one.join()));
});

troupeTest(
  "SYNC-15 Condition.waitFor() runs out of time; blocking, it gives the last value",
  async () => {
    const condition = new Condition();
    using _held = await condition.acquire();
    const begin = performance.now();
    await rejectsWith(condition.waitFor(() => false, { timeout: 50 }), TimeoutError);
    assert(performance.now() - begin >= 49);
    const list: unknown[] = [];
    assertEquals(condition.waitForSync(() => list.length && list, { timeout: 20 }), 0);
    assertEquals(condition.waitForSync(() => "truthy"), "truthy");
    assertEquals(condition.locked, true);
  },
);

for (const sync of [false, true]) {
  troupeTest(
    `SYNC-17 notify() returns at once when a waiter was killed, sync ${sync}`,
    async () => {
      await using said = new Queue<unknown>();
      const condition = new Condition();
      const [victim, ...others] = await waiters(condition, said, { names: ["a", "b", "c"], sync });
      victim.kill();
      await notify(condition, 1);
      assertEquals(await said.get(), "b notified");
      await notify(condition, Infinity);
      assertEquals(await said.get(), "c notified");
      for (const one of [victim, ...others]) await one.join();
      await until(() => traces().threads === 0, "the burial");
    },
  );
}

troupeTest(
  "Condition.wait() that is aborted has the lock again and swallows no notify",
  async () => {
    const condition = new Condition(new Lock());
    const abort = new AbortController();
    const first = (async () => {
      using _held = await condition.acquire();
      const reason = await rejection(condition.wait({ signal: abort.signal }));
      assertEquals(condition.locked, true);
      return reason;
    })();
    const second = (async () => {
      using _held = await condition.acquire();
      await condition.wait();
      return "notified";
    })();
    (await condition.acquire())[Symbol.dispose]();
    abort.abort("enough");
    assertEquals(await first, "enough");
    await notify(condition, 1);
    assertEquals(await second, "notified");
    assertEquals(condition.locked, false);
  },
);
