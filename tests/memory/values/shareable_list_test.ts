import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import {
  AlreadyExistsError,
  AlreadyStartedError,
  ClosedError,
  NotFoundError,
  NotStartedError,
} from "../../../errors.ts";
import { SharedMemoryManager } from "../../../memory/values/memory_manager.ts";
import { type Shareable, ShareableList } from "../../../memory/values/shareable_list.ts";
import { SharedMemory } from "../../../memory/values/shared_memory.ts";
import { setListed } from "../../fixtures/values.ts";
import { troupeTest } from "../../support.ts";

const ALL: Shareable[] = [
  "howdy",
  new Uint8Array([0, 1, 0]),
  -273.154,
  100n,
  null,
  true,
  false,
  42,
  "",
];

troupeTest("ShareableList holds what it was made of, indexed from both ends", () => {
  using list = new ShareableList(ALL);
  assertEquals([...list], ALL);
  assertEquals([list.length, list.at(0), list.at(-2), list.at(-9)], [9, "howdy", 42, "howdy"]);
  for (const wrong of [9, -10, 0.5, NaN]) {
    assertThrows(() => list.at(wrong), RangeError);
    assertThrows(() => list.setAt(wrong, 1), RangeError);
  }
  using none = new ShareableList([]);
  assertEquals([none.length, [...none]], [0, []]);
});

troupeTest("ShareableList replaces a value by any that fits its slot, of any type", () => {
  using list = new ShareableList(["12345678", "123456789", null]);
  list.setAt(0, 1.5);
  list.setAt(0, "abcdefgh");
  list.setAt(2, 5n);
  list.setAt(1, "0123456789abcdef");
  assertThrows(() => list.setAt(0, "abcdefghi"), RangeError, "9 bytes");
  assertThrows(() => list.setAt(0, "€€€"), RangeError, "9 bytes");
  assertThrows(() => list.setAt(1, "0123456789abcdefg"), RangeError);
  assertThrows(() => list.setAt(0, 2n ** 63n), RangeError, "64 bits");
  for (const wrong of [undefined, {}, Symbol(), () => {}]) {
    assertThrows(() => list.setAt(0, wrong as never), TypeError);
    assertThrows(() => new ShareableList([wrong as never]), TypeError);
  }
  assertEquals([...list], ["abcdefgh", "0123456789abcdef", 5n]);
  list.setAt(0, "tail\0\0");
  assertEquals(list.at(0), "tail\0\0", "Python loses zeros at the end");
});

troupeTest("ShareableList counts and finds", () => {
  using list = new ShareableList([1, "1", 1n, true, 1, new Uint8Array([1]), NaN, null]);
  assertEquals([list.count(1), list.count(new Uint8Array([1])), list.count(2)], [2, 1, 0]);
  assertEquals([list.index("1"), list.index(1n), list.index(NaN), list.index(null)], [1, 2, 6, 7]);
  assertThrows(() => list.index(7), RangeError);
});

troupeTest("ShareableList attaches by name, and crosses in messages", async () => {
  using list = new ShareableList([1, "two"], { name: "list" });
  assertThrows(() => new ShareableList([], { name: "list" }), AlreadyExistsError);
  using same = ShareableList.attach("list");
  const worker = new Process({ target: setListed, args: [list, 1, "zwei"] }).start();
  assertEquals(await worker.result, "two");
  await worker.join();
  assertEquals([...same], [1, "zwei"]);
  const queue = new Queue<ShareableList>();
  queue.putNowait(list);
  queue.close();
  list.shm.unlink();
  assertThrows(() => ShareableList.attach("list"), NotFoundError);
});

troupeTest("ShareableList gives back any values", () => {
  const value = fc.oneof(
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.string({ unit: "binary" }),
    fc.uint8Array(),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(value), fc.array(value), (values, others) => {
      using list = new ShareableList(values);
      assertEquals([...list], values);
      const model: Shareable[] = [...values];
      for (const [index, other] of others.slice(0, values.length).entries()) {
        try {
          list.setAt(index, other);
          model[index] = other;
        } catch (error) {
          assertEquals(error instanceof RangeError, true);
        }
        assertEquals([...list], model);
      }
    }),
    { seed: 20250101, numRuns: 60 },
  );
});

troupeTest("SHM-16 blocks of a manager end with its scope", () => {
  const early = new SharedMemoryManager();
  assertThrows(() => early.sharedMemory(1), NotStartedError);
  assertThrows(() => early.shareableList([]), NotStartedError);
  const names: string[] = [];
  {
    using manager = early.start();
    assertThrows(() => manager.start(), AlreadyStartedError);
    names.push(manager.sharedMemory(10).name, manager.shareableList([1]).shm.name);
    for (const name of names) SharedMemory.attach(name).close();
    manager.sharedMemory(5).unlink();
  }
  for (const name of names) assertThrows(() => SharedMemory.attach(name), NotFoundError);
  early.shutdown();
  assertThrows(() => early.sharedMemory(1), ClosedError);
});
