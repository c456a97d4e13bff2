import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Process } from "../../../actors/process.ts";
import { RLock } from "../../../memory/locks/rlock.ts";
import { SharedArray } from "../../../memory/values/array.ts";
import { struct } from "../../../memory/values/struct.ts";
import { StructArray } from "../../../memory/values/struct_array.ts";
import { RawValue, Value } from "../../../memory/values/value.ts";
import {
  addLocked,
  giveBack,
  increaseAll,
  leaveLocked,
  setAll,
  transferForEver,
} from "../../fixtures/values.ts";
import { rejection, rejectsWith, traces, troupeTest, until } from "../../support.ts";

const start = (target: unknown, ...args: unknown[]) => {
  const process = new Process({ target: target as never, args: args as never }).start();
  process.result.catch(() => {});
  return process;
};
const run = async (target: unknown, ...args: unknown[]) => {
  const process = start(target, ...args);
  const result = await process.result as unknown;
  await process.join();
  return result;
};

troupeTest("SHM-01 values with a lock are written by a worker, too", async () => {
  const value = new Value("i32", 4343);
  assertEquals(await run(setAll, [[value, 24234]]), [4343]);
  assertEquals(value.value, 24234);
  const back = await run(giveBack, value);
  assertStrictEquals(back, value);
});

troupeTest("SHM-04 no update under the lock is lost", async () => {
  const value = new Value("i32");
  await Promise.all([1, 2, 3, 4].map(() => run(addLocked, value, 5000)));
  assertEquals(value.value, 20_000);
});

troupeTest("the lock of a value is the same in every isolate, whoever asks first", async () => {
  const values = [
    new Value("i32", 1),
    new SharedArray("u8", 3),
    struct({ x: "i8" }),
    new StructArray({ x: "i8" }, 2),
  ];
  for (const value of values) {
    assert(value.lock instanceof RLock);
    assertStrictEquals(value.lock, value.lock);
  }
  const held = values.map((value) => value.lock.acquireSync());
  const worker = start(increaseAll, values, 5);
  await until(() => worker.isAlive());
  assertEquals((values[0] as Value<"i32">).value, 1);
  for (const one of held) one[Symbol.dispose]();
  await worker.join();
  assertEquals((values[0] as Value<"i32">).value, 6);
});

troupeTest(
  "an update waits for the lock, leaves the value alone when it throws, and gives it back",
  async () => {
    const value = new Value("u8", 1);
    assertEquals(await value.update((n) => n + 1), 2);
    assertEquals(value.updateSync((n) => n * 2, { timeout: 0 }), 4);
    await rejectsWith(value.update(() => 0.5), TypeError);
    assertThrows(() =>
      value.updateSync(() => {
        throw new RangeError("no");
      }), RangeError);
    assertEquals([value.value, value.lock.locked], [4, false]);
    const array = new SharedArray("i32", 1);
    const other = start(leaveLocked, array);
    await other.join();
    using held = await array.lock.acquire();
    assertEquals([held.abandoned, array[0]], [true, 1]);
  },
);

troupeTest(
  "SHM-17 a dead owner of an array's lock blocks no reader, and the next owner is told",
  async () => {
    const pair = new SharedArray("i32", 2);
    for (let round = 0; round < 10; round++) {
      const rounds = new RawValue("u32");
      const worker = start(transferForEver, pair, rounds);
      await until(() => rounds.value > 10 * round);
      worker.kill();
      assert(Number.isInteger(pair[0]), "read without the lock");
      await worker.join();
      using held = await pair.lock.acquire();
      if (held.abandoned) pair[1] = -pair[0];
      assertEquals(pair[0] + pair[1], 0);
    }
  },
);

troupeTest("workers killed while they update in turns lose no memory and no lock", async () => {
  const pair = new SharedArray("i32", 2);
  for (let round = 0; round < 4; round++) {
    const counters = [1, 2, 3].map(() => new RawValue("u32"));
    const workers = counters.map((rounds) => start(transferForEver, pair, rounds));
    await until(() => counters.every(({ value }) => value > 5));
    for (const worker of workers) {
      worker.kill();
      await worker.join();
    }
    using held = await pair.lock.acquire();
    if (held.abandoned) pair[1] = -pair[0];
    assertEquals(pair[0] + pair[1], 0);
  }
});

troupeTest("a lock that is asked for no longer than its value's life is freed with it", () => {
  for (let round = 0; round < 100; round++) assertEquals(new Value("i8").lock.locked, false);
});

troupeTest("an update waits no longer than it may, and changes nothing then", async () => {
  const value = new Value("i32");
  const held = value.lock.acquireSync();
  const late = run(addLocked, value, 1);
  await until(() => traces().threads === 1);
  assertEquals(value.value, 0);
  held[Symbol.dispose]();
  await late;
  assertEquals(value.value, 1);
  const reason = new Error("called off");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await rejection(value.update((n) => n + 1, { signal })), reason);
  assertEquals(value.value, 1);
});
