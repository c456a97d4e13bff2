import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import { encode } from "../../../channels/codec/encoder.ts";
import { AlreadyExistsError, ClosedError, FullError, NotFoundError } from "../../../errors.ts";
import { here } from "../../../memory/isolate.ts";
import { countNames, LONGEST_NAME, MOST_NAMES } from "../../../memory/names/directory.ts";
import { RawArray } from "../../../memory/values/array.ts";
import { SharedMemory } from "../../../memory/values/shared_memory.ts";
import { RawValue } from "../../../memory/values/value.ts";
import {
  attachAndWait,
  attachAndWrite,
  churnNames,
  makeAndWait,
  writeInto,
} from "../../fixtures/values.ts";
import { collectGarbage, traces, troupeTest, turn, until } from "../../support.ts";

const start = (target: unknown, ...args: unknown[]) => {
  const process = new Process({ target: target as never, args: args as never }).start();
  process.result.catch(() => {});
  return process;
};

troupeTest("SharedMemory is zero, of its size, and seen by who attaches", async () => {
  using memory = new SharedMemory({ name: "test", size: 1001 });
  assertEquals([memory.name, memory.size, memory.buf.length], ["test", 1001, 1001]);
  assert(memory.buf.every((byte) => byte === 0));
  memory.buf[5] = 55;
  const worker = start(attachAndWrite, "test", 5, 66);
  assertEquals(await worker.result, 55);
  await worker.join();
  assertEquals(memory.buf[5], 66);
  using same = SharedMemory.attach("test");
  same.buf[6] = 77;
  assertEquals([memory.buf[6], same.size], [77, 1001]);
  memory.view("f64")[0] = 1.5;
  const { buffer, byteOffset } = memory;
  assertEquals(new DataView(buffer, byteOffset, 8).getFloat64(0, true), 1.5);
  assertEquals(memory.view("i32").length, 250);
});

troupeTest("SharedMemory refuses sizes and names that are none, and names that are taken", () => {
  for (const size of [0, -1, 1.5, NaN, undefined as never, "8" as never]) {
    assertThrows(() => new SharedMemory({ size }), RangeError);
  }
  assertThrows(() => new SharedMemory({ name: 5 as never, size: 1 }), TypeError);
  assertThrows(() => new SharedMemory({ name: "", size: 1 }), RangeError);
  const longest = "x".repeat(LONGEST_NAME);
  assertThrows(() => new SharedMemory({ name: longest + "x", size: 1 }), RangeError);
  using memory = new SharedMemory({ name: longest, size: 1 });
  assertThrows(() => new SharedMemory({ name: longest, size: 1 }), AlreadyExistsError, longest);
  assertThrows(() => SharedMemory.attach("none"), NotFoundError, '"none"');
  using one = new SharedMemory({ size: 1 });
  using two = new SharedMemory({ size: 1 });
  assertNotEquals(one.name, two.name);
  assertThrows(() => new SharedMemory({ size: 2 ** 31 }), FullError);
  assertEquals(memory.size, 1);
});

troupeTest("SHM-12 close is local, unlink ends the name at once and once", () => {
  const memory = new SharedMemory({ name: "test", size: 8 });
  const same = SharedMemory.attach("test");
  memory.buf[0] = 9;
  const view = memory.buf;
  memory.close();
  memory.close();
  assertThrows(() => memory.buf, ClosedError);
  assertThrows(() => memory.buffer, ClosedError);
  assertThrows(() => encode(memory), Error, "closed");
  assertEquals([same.buf[0], view[0]], [9, 9]);
  memory.unlink();
  assertEquals(same.buf[0], 9, "who is attached goes on");
  assertThrows(() => SharedMemory.attach("test"), NotFoundError);
  assertThrows(() => memory.unlink(), NotFoundError);
  assertThrows(() => same.unlink(), NotFoundError);
  using next = new SharedMemory({ name: "test", size: 8 });
  assertThrows(() => same.unlink(), NotFoundError, undefined, "the name is another block's");
  assertEquals([next.buf[0], same.buf[0]], [0, 9]);
  same.close();
});

troupeTest(
  "SharedMemory that was never looked into is given back by close and unlink at once",
  () => {
    const before = traces().regions;
    const memory = new SharedMemory({ name: "test", size: 1e6 });
    const same = SharedMemory.attach("test");
    memory.close();
    same.close();
    assertEquals(traces().regions, before + 1, "the name keeps it");
    SharedMemory.attach("test").close();
    same.unlink();
    assertEquals(traces().regions, before);
  },
);

troupeTest("SHM-12 a view keeps the memory of a block that was closed", async () => {
  const before = traces().regions;
  let view: Uint8Array | undefined;
  {
    using memory = new SharedMemory({ size: 64 });
    view = memory.buf;
    view.fill(3);
  }
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await turn();
    new RawArray("u8", 100);
  }
  assertEquals([...new Set(view)], [3]);
  view = undefined;
  await until(() => (collectGarbage(), traces().regions === before), "the region");
});

troupeTest(
  "SHM-13 a block crosses by reference, whatever its size, also without its name",
  async () => {
    using small = new SharedMemory({ name: "a", size: 1 });
    using large = new SharedMemory({ name: "b", size: 1e6 });
    const queue = new Queue<SharedMemory>();
    const bytes = (memory: SharedMemory) => encode(memory).byteLength;
    assert(Math.abs(bytes(small) - bytes(large)) <= 8);
    const worker = start(writeInto, large, 999_999, 5);
    assertEquals(await worker.result, "b");
    await worker.join();
    assertEquals(large.buf[999_999], 5);
    queue.putNowait(small);
    small.unlink();
    assertEquals(queue.getNowait().buf.length, 1, "a message on its way keeps what it names");
    queue.close();
  },
);

troupeTest("SHM-14 a block whose maker is killed is freed, unless somebody has it", async () => {
  const before = traces().regions;
  const made = new Queue<string>();
  for (let round = 0; round < 3; round++) {
    const maker = start(makeAndWait, "test", made);
    assertEquals(await made.get(), "test");
    const memory = round === 1 ? SharedMemory.attach("test") : undefined;
    maker.kill();
    await maker.join();
    if (memory === undefined) {
      await until(() => countNames(here()) === 0, "the name");
      assertThrows(() => SharedMemory.attach("test"), NotFoundError);
      await until(() => traces().regions === before + 1, "the region");
    } else {
      assertEquals(memory.buf[0], 1);
      SharedMemory.attach("test").close();
      memory.unlink();
      memory.close();
      await until(() => (collectGarbage(), traces().regions === before + 1), "the region");
    }
  }
  made.close();
});

troupeTest("SHM-14 one who attaches and is killed destroys nothing", async () => {
  using memory = new SharedMemory({ name: "test", size: 10 });
  const attached = new Queue<string>();
  const other = start(attachAndWait, "test", attached);
  await attached.get();
  memory.buf[3] = 4;
  other.kill();
  await other.join();
  using again = SharedMemory.attach("test");
  assertEquals(again.buf[3], 4);
  attached.close();
});

troupeTest("SHM-18 5,000 random allocations never overlap and are all given back", () => {
  const before = traces().regions;
  const step = fc.record({ size: fc.integer({ min: 1, max: 5000 }), at: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 250, maxLength: 250 }), (steps) => {
      const alive: { memory: SharedMemory; mark: number }[] = [];
      for (const [index, { size, at }] of steps.entries()) {
        const mark = index % 255 + 1;
        const memory = new SharedMemory({ size });
        memory.buf.fill(mark);
        alive.push({ memory, mark });
        if (alive.length <= 20) continue;
        const [gone] = alive.splice(at % alive.length, 1);
        assert(gone.memory.buf.every((byte) => byte === gone.mark));
        gone.memory[Symbol.dispose]();
      }
      for (const { memory, mark } of alive) {
        assert(memory.buf.every((byte) => byte === mark));
        memory[Symbol.dispose]();
      }
    }),
    { seed: 20250101, numRuns: 20 },
  );
  assertEquals(countNames(here()), 0);
  assert(traces().regions >= before);
});

troupeTest("there are as many names as the directory has room for", () => {
  const all = Array.from(
    { length: MOST_NAMES },
    (_, i) => new SharedMemory({ name: `n${i}`, size: 1 }),
  );
  assertThrows(() => new SharedMemory({ name: "one more", size: 1 }), FullError, "names");
  for (const [i, memory] of all.entries()) {
    using same = SharedMemory.attach(`n${i}`);
    assertEquals(same.size, 1);
    memory[Symbol.dispose]();
  }
  assertEquals(countNames(here()), 0);
});

troupeTest("workers killed while they make and end names leave none, and no memory", async () => {
  for (let round = 0; round < 3; round++) {
    const progress = [1, 2, 3].map(() => new RawValue("u32"));
    const workers = progress.map((counter) => start(churnNames, counter));
    await until(() => progress.every(({ value }) => value > 20), "some names");
    for (const worker of workers) worker.kill();
    for (const worker of workers) await worker.join();
    await until(() => traces().threads === 0, "the threads");
    assertEquals(countNames(here()), 0);
  }
});

troupeTest("SharedMemory is given back at once by who says that its views are gone", () => {
  for (let round = 0; round < 40; round++) {
    const memory = new SharedMemory({ size: 20e6 });
    memory.buf[round] = 1;
    const same = SharedMemory.attach(memory.name);
    same.close({ viewsGone: true });
    assertEquals(memory.buf[round], 1, "another object of this isolate has it");
    memory.unlink();
    memory.close({ viewsGone: true });
  }
});
