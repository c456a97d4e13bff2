// Runs in: owner
/**
 * Locks: an uncontended acquire and release, and how fast a lock goes to and fro between two workers.
 *
 * Run: `deno run -A --no-lock bench/locks.ts`
 *
 * @module
 */
import { Event, Lock, Process, RLock, Semaphore } from "../mod.ts";
import { contesting } from "./actors.ts";
import { contest, perStep, report } from "./measure.ts";

const COUNT = 200_000;
const TURNS = 5_000;

/** Nanoseconds of a step, as thousandths of a microsecond. */
async function each(step: () => void): Promise<number> {
  return await perStep(COUNT, () => {
    for (let i = 0; i < COUNT; i++) step();
    return Promise.resolve();
  });
}

const word = new Int32Array(new SharedArrayBuffer(4));
const bare = () => {
  if (Atomics.compareExchange(word, 0, 0, 1) === 0) Atomics.store(word, 0, 0);
};
const lock = new Lock();
const rlock = new RLock();
const permits = new Semaphore(1);
const free = await contest({
  title: "lock: acquire and release, uncontended",
  unit: "us",
  contenders: [
    { name: "Lock.tryAcquire", round: () => each(() => lock.tryAcquire()![Symbol.dispose]()) },
    { name: "Lock.acquireSync", round: () => each(() => lock.acquireSync()[Symbol.dispose]()) },
    { name: "RLock.acquireSync", round: () => each(() => rlock.acquireSync()[Symbol.dispose]()) },
    {
      name: "Semaphore.acquireSync",
      round: () => each(() => permits.acquireSync()[Symbol.dispose]()),
    },
    {
      name: "Lock.acquire",
      round: () =>
        perStep(COUNT, async () => {
          for (let i = 0; i < COUNT; i++) (await lock.acquire())[Symbol.dispose]();
        }),
    },
    { name: "a bare word, compareExchange and store", round: () => each(bare) },
  ],
});

/** Two workers that acquire and release as often as they can. */
async function handOver(sync: boolean): Promise<number> {
  const start = new Event();
  const ready = new Semaphore(0);
  const both = [1, 2].map(() =>
    new Process({ target: contesting, args: [lock, start, [ready, TURNS, sync]] }).start()
  );
  for (const _ of both) await ready.acquire();
  return await perStep(2 * TURNS, async () => {
    start.set();
    await Promise.all(both.map((one) => one.join()));
  });
}

const contended = await contest({
  title: "lock: acquire and release, two workers at once",
  unit: "us",
  rounds: 5,
  warmup: 1,
  contenders: [
    { name: "Lock.acquireSync", round: () => handOver(true) },
    { name: "Lock.acquire", round: () => handOver(false) },
  ],
});
report([free, contended]);
