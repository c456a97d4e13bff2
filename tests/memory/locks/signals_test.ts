import { assert, assertEquals, assertThrows } from "@std/assert";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import { BrokenBarrierError, TimeoutError } from "../../../errors.ts";
import { Barrier } from "../../../memory/locks/barrier.ts";
import { Event } from "../../../memory/locks/event.ts";
import { heeding, marching, meeting } from "../../fixtures/locks.ts";
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

troupeTest("SYNC-18 Event as in Python", async () => {
  const event = new Event({ name: "start" });
  assertEquals(event.isSet(), false);
  for (const timeout of [0, -1, 20]) {
    const error = await rejectsWith(event.wait({ timeout }), TimeoutError);
    assertEquals(error.operation, 'wait for event "start"');
    assertEquals(event.waitSync({ timeout }), false);
  }
  event.set();
  event.set();
  assertEquals([event.isSet(), event.waitSync()], [true, true]);
  await event.wait();
  event.clear();
  event.clear();
  assertEquals(event.isSet(), false);
});

for (const sync of [false, true]) {
  troupeTest(`SYNC-18 Event.set() wakes all, also when cleared at once, sync ${sync}`, async () => {
    await using said = new Queue<unknown>();
    const event = new Event();
    const crowd = Array.from(
      { length: 4 },
      () => new Process({ target: heeding, args: [event, said, sync] }).start(),
    );
    for (const _ of crowd) assertEquals(await said.get(), "waits");
    const mine = [event.wait(), event.wait()];
    await turn(20);
    assertEquals(said.empty(), true);
    event.set();
    event.clear();
    for (const _ of crowd) assertEquals(await said.get(), true);
    await Promise.all(mine);
    assert(await isPending(event.wait({ timeout: 20 }).catch(() => {}), 5));
    for (const one of crowd) await one.join();
  });
  troupeTest(`SYNC-20 Event.set() returns when a waiter was killed, sync ${sync}`, async () => {
    await using said = new Queue<unknown>();
    const event = new Event();
    const [victim, other] = [1, 2].map(() =>
      new Process({ target: heeding, args: [event, said, sync] }).start()
    );
    for (let n = 0; n < 2; n++) await said.get();
    victim.kill();
    await victim.join();
    event.set();
    assertEquals(await said.get(), true);
    await other.join();
  });
}

troupeTest("Event.wait() that is aborted leaves nothing", async () => {
  const event = new Event();
  const abort = new AbortController();
  const waiting = rejection(event.wait({ signal: abort.signal }));
  abort.abort("no");
  assertEquals(await waiting, "no");
});

for (const sync of [false, true]) {
  troupeTest(`SYNC-21 Barrier in lockstep over three isolates, sync ${sync}`, async () => {
    const barrier = new Barrier(3);
    using words = plainWords(3);
    const rounds = 300;
    const crowd = [0, 1, 2].map((me) =>
      new Process({ target: marching, args: [barrier, words.at, { me, rounds, sync }] }).start()
    );
    const results = await Promise.all(crowd.map(({ result }) => result)) as [number, number][];
    assertEquals(results.reduce((sum, [places]) => sum + places, 0), 3 * rounds);
    assertEquals(results.map(([, wrong]) => wrong), [0, 0, 0]);
    assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
    await Promise.all(crowd.map((one) => one.join()));
  });
}

troupeTest("SYNC-21 Barrier.wait() gives the order of coming, nWaiting counts", async () => {
  const barrier = new Barrier(3);
  for (let round = 0; round < 10; round++) {
    const first = [barrier.wait(), barrier.wait()];
    assertEquals(barrier.nWaiting, 2);
    const all = await Promise.all([...first, barrier.wait()]);
    assertEquals([all, barrier.nWaiting], [[0, 1, 2], 0]);
  }
});

troupeTest("SYNC-22 Barrier of one never waits; of none is refused", async () => {
  const barrier = new Barrier(1);
  for (let n = 0; n < 3; n++) assertEquals([await barrier.wait(), barrier.waitSync()], [0, 0]);
  for (const parties of [0, -1, 1.5]) assertThrows(() => new Barrier(parties), RangeError);
  assertThrows(() => new Barrier(NaN), TypeError);
  assertEquals(barrier.parties, 1);
});

troupeTest("SYNC-23 Barrier's action runs once in each round, before anybody goes on", async () => {
  const done: string[] = [];
  const barrier = new Barrier(3, { action: () => void done.push("action") });
  for (let round = 0; round < 3; round++) {
    await Promise.all([1, 2, 3].map(() => barrier.wait().then((place) => done.push(`${place}`))));
  }
  const each = ["action", "0", "1", "2"];
  assertEquals(done.filter((one) => one === "action").length, 3);
  assertEquals([done[0], done.slice(0, 4).toSorted()], ["action", each.toSorted()]);
});

for (
  const action of [
    () => {
      throw new RangeError("action");
    },
    () => Promise.reject(new RangeError("action")),
  ]
) {
  troupeTest("SYNC-23 a Barrier whose action throws is broken", async () => {
    const barrier = new Barrier(3);
    const waiting = [rejection(barrier.wait()), rejection(barrier.wait())];
    await rejectsWith(barrier.wait({ action }), RangeError);
    for (const one of waiting) assert(await one instanceof BrokenBarrierError);
    assertEquals(barrier.broken, true);
  });
}

for (const sync of [false, true]) {
  troupeTest(`SYNC-24 Barrier: one who is late breaks it for all, sync ${sync}`, async () => {
    await using said = new Queue<unknown>();
    const barrier = new Barrier(5, { timeout: 60_000 });
    const crowd = Array.from({ length: 4 }, (_, index) => {
      const timeout = index === 0 ? 300 : undefined;
      return new Process({ target: meeting, args: [barrier, said, { sync, timeout }] }).start();
    });
    const heard = new Map<unknown, number>();
    for (let n = 0; n < 8; n++) {
      const what = await said.get();
      heard.set(what, (heard.get(what) ?? 0) + 1);
    }
    assertEquals(Object.fromEntries(heard), { comes: 4, BROKEN_BARRIER: 4 });
    assertEquals([barrier.broken, barrier.nWaiting], [true, 0]);
    await rejectsWith(barrier.wait({ timeout: 5000 }), BrokenBarrierError);
    assertThrows(() => barrier.waitSync(), BrokenBarrierError);
    for (const one of crowd) await one.join();
  });
}

troupeTest(
  "SYNC-24 Barrier with a timeout of 0 breaks at once; its own default counts",
  async () => {
    const barrier = new Barrier(2);
    await rejectsWith(barrier.wait({ timeout: 0 }), BrokenBarrierError);
    assertEquals(barrier.broken, true);
    barrier.reset();
    assertThrows(() => barrier.waitSync({ timeout: 0 }), BrokenBarrierError);
    await rejectsWith(new Barrier(2, { timeout: 20 }).wait(), BrokenBarrierError);
  },
);

troupeTest("Barrier.reset() breaks the round, the next one can begin", async () => {
  const barrier = new Barrier(2);
  const waiting = rejection(barrier.wait());
  barrier.reset();
  const next = barrier.wait();
  assert(await waiting instanceof BrokenBarrierError);
  assertEquals(barrier.broken, false);
  assertEquals(await Promise.all([next, barrier.wait()]), [0, 1]);
  barrier.reset();
  assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
});

troupeTest("SYNC-26 Barrier.abort() breaks it until it is reset", async () => {
  const barrier = new Barrier(2);
  const waiting = rejection(barrier.wait());
  barrier.abort();
  barrier.abort();
  assert(await waiting instanceof BrokenBarrierError);
  await rejectsWith(barrier.wait({ timeout: 5000 }), BrokenBarrierError);
  barrier.reset();
  assertEquals(await Promise.all([barrier.wait(), barrier.wait()]), [0, 1]);
});

troupeTest(
  "Barrier.wait() that is aborted rejects with the reason and breaks the round",
  async () => {
    const barrier = new Barrier(3);
    const abort = new AbortController();
    const waiting = rejection(barrier.wait());
    const aborted = rejection(barrier.wait({ signal: abort.signal }));
    abort.abort("enough");
    assertEquals(await aborted, "enough");
    assert(await waiting instanceof BrokenBarrierError);
  },
);

for (const sync of [false, true]) {
  troupeTest(
    `SYNC-28 Barrier: a party that is killed breaks it for those who wait, sync ${sync}`,
    async () => {
      await using said = new Queue<unknown>();
      const barrier = new Barrier(3);
      const crowd = [1, 2].map(() =>
        new Process({ target: meeting, args: [barrier, said, { sync }] }).start()
      );
      for (const _ of crowd) assertEquals(await said.get(), "comes");
      await until(() => barrier.nWaiting === 2, "both");
      crowd[0].kill();
      assertEquals(await said.get(), "BROKEN_BARRIER");
      await rejectsWith(barrier.wait({ timeout: 1000 }), BrokenBarrierError);
      barrier.reset();
      assertEquals([barrier.nWaiting, barrier.broken], [0, false]);
      for (const one of crowd) await one.join();
      await until(() => traces().threads === 0, "the burial");
      assertEquals(await Promise.all([1, 2, 3].map(() => barrier.wait())), [0, 1, 2]);
    },
  );
}
