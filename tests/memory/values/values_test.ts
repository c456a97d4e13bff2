import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Process } from "../../../actors/process.ts";
import { Queue } from "../../../channels/queue.ts";
import { RawArray } from "../../../memory/values/array.ts";
import { SCALARS } from "../../../memory/values/scalars.ts";
import { struct } from "../../../memory/values/struct.ts";
import { StructArray } from "../../../memory/values/struct_array.ts";
import { RawValue } from "../../../memory/values/value.ts";
import {
  addAtomically,
  addForEver,
  doubleFields,
  giveBack,
  increment,
  prefixSums,
  setAll,
} from "../../fixtures/values.ts";
import { traces, troupeTest, until } from "../../support.ts";

const run = async (...[target, ...args]: [target: unknown, ...args: unknown[]]) => {
  const process = new Process({ target: target as never, args: args as never }).start();
  const result = await process.result;
  await process.join();
  return result as unknown;
};

troupeTest("SHM-01 typed values that a worker writes are seen after join", async () => {
  const pairs = [
    [new RawValue("i32", 4343), 24234],
    [new RawValue("f64", 3.625), -4.25],
    [new RawValue("i16", -232), 234],
    [new RawValue("i64", 2n ** 33n), 2n ** 34n],
    [new RawValue("char", "x"), "y"],
    [new RawValue("bool", false), true],
  ] as const;
  const before = pairs.map(([value]) => value.value);
  assertEquals(await run(setAll, pairs), before);
  assertEquals(pairs.map(([value]) => value.value), pairs.map(([, next]) => next));
});

troupeTest("SHM-02 defaults are zero, types are checked, integers wrap", () => {
  assertEquals(
    SCALARS.map(({ code }) => new RawValue(code).value),
    [0, 0, 0, 0, 0, 0, 0, 0, 0n, 0n, false, "\0"],
  );
  assertThrows(() => new RawValue("int" as never), TypeError, '"int"');
  const i32 = new RawValue("i32");
  for (const wrong of [1.5, NaN, Infinity, "1", 1n, true, null, {}]) {
    assertThrows(() => i32.value = wrong as never, TypeError, "i32");
    assertThrows(() => i32.add(wrong as never), TypeError, "i32");
    assertThrows(() => new RawValue("i32", wrong as never), TypeError);
  }
  assertThrows(() => new RawValue("i64", 1 as never), TypeError, "a bigint");
  assertThrows(() => new RawValue("bool", 2 as never), TypeError, "true or false");
  for (const wrong of ["", "xy", "\u0100"]) {
    assertThrows(() => new RawValue("char", wrong), TypeError);
  }
  assertEquals(new RawValue("u32", -1).value, 4294967295);
  assertEquals(new RawValue("i32", 2 ** 31).value, -2147483648);
  assertEquals(new RawValue("i8", 300).value, 44);
  assertEquals(new RawValue("u64", -1n).value, 2n ** 64n - 1n);
  assertEquals(new RawValue("f32", 0.1).value, Math.fround(0.1));
});

troupeTest("SHM-04 additions without a lock are lost, atomic ones are not", async () => {
  const [plain, atomic] = [new RawValue("i32"), new RawValue("i32")];
  const float = new RawValue("f64");
  const big = new RawValue("u64");
  await Promise.all(
    Array.from({ length: 4 }, () => run(addAtomically, [atomic, float, big], 20_000)),
  );
  assertEquals([atomic.value, float.value, big.value], [80_000, 40_000, 80_000n]);
  await Promise.all(Array.from({ length: 4 }, () => run(increment, plain, 20_000)));
  assert(plain.value <= 80_000);
});

troupeTest("atomic operations give what was there, for each type", () => {
  for (const { code } of SCALARS) {
    const [one, two] = code === "bool"
      ? [true, false]
      : code === "char"
      ? ["a", "\xff"]
      : code.endsWith("64") && code !== "f64"
      ? [1n, 2n]
      : [1, 2];
    const value = new RawValue(code, one);
    assertEquals(value.exchange(two), one);
    assertEquals(value.compareExchange(one, one), two, code);
    assertEquals(value.compareExchange(two, one), two);
    assertEquals(value.value, one);
    if (code === "bool" || code === "char") assertThrows(() => value.add(one), TypeError);
    else assertEquals([value.add(two), value.value], [one, typeof one === "bigint" ? 3n : 3]);
  }
});

troupeTest("numbers are compared as by Object.is when they are exchanged", () => {
  for (const code of ["f32", "f64"] as const) {
    const value = new RawValue(code, NaN);
    assertEquals(value.compareExchange(NaN, -0), NaN);
    assertEquals(value.compareExchange(0, 1), -0);
    assertEquals(value.compareExchange(-0, 0.1), -0);
    value.compareExchange(0.1, 7);
    assertEquals(value.value, 7, "the expected number is rounded as the stored one was");
  }
});

troupeTest("values of every type keep what they are given, as typed arrays do", () => {
  const numbers = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(-0, NaN, 2 ** 53, -(2 ** 31)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...SCALARS), numbers, fc.bigInt(), (type, number, big) => {
      const isBig = type.code === "i64" || type.code === "u64";
      if (type.given !== undefined) return;
      const given = isBig ? big : type.code.startsWith("f") ? number : Math.trunc(number);
      if (typeof given === "number" && !type.code.startsWith("f") && !Number.isFinite(given)) {
        return;
      }
      const model = new type.View(new ArrayBuffer(8), 0, 1);
      model[0] = given;
      const value = new RawValue(type.code, given as never);
      assert(Object.is(value.value, model[0]));
      assert(Object.is(new RawArray(type.code, [given as never])[0], model[0]));
    }),
    { seed: 20250101, numRuns: 300 },
  );
});

troupeTest("SHM-05 an array of a size is zero each time; any iterable fills one", () => {
  for (let round = 0; round < 3; round++) {
    const array = new RawArray("i32", 1000);
    assertEquals(array.length, 1000);
    assert(array.every((element) => element === 0));
    array.fill(-1);
  }
  assertEquals([...new RawArray("f64", [1, 2.5])], [1, 2.5]);
  const generated = function* () {
    yield* [1, 2, 3];
  };
  assertEquals([...new RawArray("u8", generated())], [1, 2, 3], "Python refuses generators");
  for (const wrong of [-1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => new RawArray("i32", wrong), RangeError);
  }
  for (const wrong of [undefined, null, {}, true]) {
    assertThrows(() => new RawArray("i32", wrong as never), TypeError);
  }
  assertThrows(() => new RawArray("i32", [1, 1.5]), TypeError);
  const none = new RawArray("i64", 0);
  assertEquals([none.length, [...none]], [0, []]);
});

troupeTest("an array is a typed array: elements, slices, views, negative indexes", () => {
  const array = new RawArray("i32", [10, 20, 30, 40]);
  assert(array instanceof RawArray && ArrayBuffer.isView(array));
  array[1] = 21;
  assertEquals([array[1], array.at(-1), array.length], [21, 40, 4]);
  array.setAt(-1, 44);
  assertEquals(array.view.constructor, Int32Array);
  array.view[0] = 11;
  assertEquals([...array], [11, 21, 30, 44]);
  const copy = array.slice(1, 3);
  assertEquals(copy, new Int32Array([21, 30]));
  copy[0] = 0;
  assertEquals(array.map((element) => element + 1), new Int32Array([12, 22, 31, 45]));
  array.subarray(2)[0] = 31;
  assertEquals(array.reduce((sum, element) => sum + element), 11 + 21 + 31 + 44);
  for (const wrong of [4, -5, 1.5, NaN]) {
    assertThrows(() => array.at(wrong), RangeError);
    assertThrows(() => array.setAt(wrong, 1), RangeError);
    assertThrows(() => array.add(wrong, 1), RangeError);
  }
  assertEquals([array.add(0, 5), array.exchange(1, 7), array.compareExchange(-1, 44, 8)], [
    11,
    21,
    44,
  ]);
  assertEquals([...array], [16, 7, 31, 8]);
  assertThrows(() => array.fill(0.5), TypeError);
  assertEquals([...array.fill(3, 2)], [16, 7, 3, 3]);
  const floats = new RawArray("f64", [1, 2, 3]);
  assertEquals([floats.add(1, 0.5), floats.compareExchange(-1, 3, 4), floats.BYTES_PER_ELEMENT], [
    2,
    3,
    8,
  ]);
  assertEquals([...floats], [1, 2.5, 4]);
  const flags = new RawArray("bool", [true, false]);
  flags.set([false, true]);
  assertEquals([...flags], [0, 1]);
});

troupeTest("SHM-07 a slice takes as many values as it is long, all or none", () => {
  const array = new RawArray("i32", [0, 1, 2, 3, 4, 5]);
  array.set([-1, -2], 1, 3);
  assertEquals([...array], [0, -1, -2, 3, 4, 5]);
  const before = [...array];
  assertThrows(() => array.set([1, 2, 3], 1, 3), RangeError, "3 values");
  assertThrows(() => array.set([1], 1, 3), RangeError);
  assertThrows(() => array.set([1, 2], 5), RangeError);
  assertThrows(() => array.set([1], -7), RangeError);
  assertThrows(() => array.set([1, "x" as never], 0), TypeError);
  assertThrows(() => array.set([9, 1.5], 0, 2), TypeError);
  assertEquals([...array], before, "nothing changed");
  array.set(new Int32Array([7, 8]), -2);
  assertEquals([...array], [0, -1, -2, 3, 7, 8]);
});

troupeTest("SHM-08 prefix sums that a worker computes in place are seen", async () => {
  const array = new RawArray("f64", Array.from({ length: 100 }, (_, i) => i));
  await run(prefixSums, array);
  assertEquals([...array], Array.from({ length: 100 }, (_, i) => i * (i + 1) / 2));
});

troupeTest("SHM-09 an array of characters reads as a text", () => {
  const text = new RawArray("char", "hello");
  assertEquals([text.value, text.raw], ["hello", "hello"]);
  text.value = "hi";
  assertEquals([text.value, text.raw], ["hi", "hi\0lo"]);
  assertThrows(() => text.value = "too long", RangeError);
  assertThrows(() => text.value = "€", TypeError);
  assertEquals(text.raw, "hi\0lo");
  text.value = "world";
  assertEquals(text.value, "world");
  assertThrows(() => new RawArray("u8", 1).raw, TypeError);
});

const FOO = { x: "i32", y: "f64", z: "i64" } as const;

troupeTest("SHM-10 fields that a worker doubles are seen; a copy is independent", async () => {
  const one = struct(FOO, { x: 3, y: 2.5, z: 2n ** 33n });
  const many = new StructArray(FOO, [{ x: 1 }, { y: 0.25, z: -1n }]);
  const copy = struct(FOO, one);
  const plain = { ...one };
  await run(doubleFields, one, many);
  assertEquals({ ...one }, { x: 6, y: 5, z: 2n ** 34n });
  assertEquals([...many].map((foo) => ({ ...foo })), [
    { x: 2, y: 0, z: 0n },
    { x: 0, y: 0.5, z: -2n },
  ]);
  assertEquals([{ ...copy }, plain], [
    { x: 3, y: 2.5, z: 2n ** 33n },
    { x: 3, y: 2.5, z: 2n ** 33n },
  ]);
  assertEquals(Object.keys(one), ["x", "y", "z"]);
  assertThrows(() => one.x = 1.5, TypeError);
  assertThrows(() => struct({}), TypeError);
  assertThrows(() => struct({ lock: "i8" }), TypeError);
  assertThrows(() => struct({ x: "i8" }, { x: "1" as never }), TypeError);
  assertThrows(() => struct({ x: "i8" }, { y: 1 } as never), TypeError);
  assertThrows(() => many.at(2), RangeError);
  assertEquals(new StructArray(FOO, 0).length, 0);
});

troupeTest("a value that comes back is the same object, and nothing is left of it", async () => {
  const all = [
    new RawValue("i32", 1),
    new RawArray("u8", [1]),
    struct({ x: "i8" }),
    new StructArray({ x: "i8" }, 1),
  ];
  const back = await run(giveBack, all) as unknown[];
  all.forEach((value, index) => assertStrictEquals(back[index], value));
});

troupeTest(
  "a value on its way outlives its sender's object; one that is thrown away is freed",
  () => {
    const queue = new Queue<RawValue<"i32">>();
    queue.putNowait(new RawValue("i32", 5));
    assertEquals(queue.getNowait().value, 5);
    queue.putNowait(new RawValue("i32", 6));
    queue.close();
  },
);

troupeTest("what a killed worker held is given back, and its last addition is whole", async () => {
  for (let round = 0; round < 5; round++) {
    const value = new RawValue("i32");
    const process = new Process({ target: addForEver, args: [value] }).start();
    await until(() => value.value > 100);
    process.kill();
    process.result.catch(() => {});
    await process.join();
    await until(() => traces().threads === 0, "the end of the thread");
    const last = value.value;
    assertEquals([value.add(1), value.value], [last, last + 1]);
  }
});
