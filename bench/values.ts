// Runs in: owner
/**
 * What an access to shared memory costs, beside the same access to memory of one's own.
 *
 * Run: `deno run -A bench/values.ts`
 *
 * @module
 */
import { RawArray, SharedMemory, struct, Value } from "../mod.ts";
import { type Contender, contest, report, type Result } from "./measure.ts";

const COUNT = 1_000_000;
const LENGTH = 1024;

/** Nanoseconds for each of {@linkcode COUNT} steps. */
function perAccess(name: string, steps: (count: number) => unknown, count = COUNT): Contender {
  return {
    name,
    round() {
      const start = performance.now();
      steps(count);
      return (performance.now() - start) * 1e6 / count;
    },
  };
}

/** Reads and writes an element; code of its own for each array, as in a program that has one. */
function elements(name: string, array: ArrayLike<number>): Contender {
  const text =
    `/* ${name} */ for (let i = 0; i < count; i++) array[i & 1023] += i; return array[0];`;
  const walk = new Function("array", "count", text);
  return perAccess(name, (count) => walk(array, count));
}

const value = new Value("i32");
const float = new Value("f64");
const plain = { value: 0 };
const point = struct({ x: "f64", n: "i32" });
const plainPoint = { x: 0, n: 0 };
const array = new RawArray("i32", LENGTH);
const memory = new SharedMemory({ size: 4 * LENGTH });
const proxied = new Proxy(new Int32Array(LENGTH), {
  get: (target, key) => target[Number(key)],
  set: (target, key, next) => (target[Number(key)] = next, true),
});

const results: Result[] = [
  await contest({
    title: "read and write one value",
    unit: "ns",
    contenders: [
      perAccess("Value i32", (n) => {
        for (let i = 0; i < n; i++) value.value = (value.value + i) | 0;
      }),
      perAccess("Value f64", (n) => {
        for (let i = 0; i < n; i++) float.value += i;
      }),
      perAccess("Value i32, add (atomic)", (n) => {
        for (let i = 0; i < n; i++) value.add(1);
      }),
      perAccess("Value f64, add (atomic)", (n) => {
        for (let i = 0; i < n; i++) float.add(1);
      }),
      perAccess("a field of a struct", (n) => {
        for (let i = 0; i < n; i++) point.x += i;
      }),
      perAccess("Value i32, under its lock", (n) => {
        for (let i = 0; i < n; i++) value.updateSync((was) => (was + 1) | 0);
      }, COUNT / 20),
      perAccess("a field of an object", (n) => {
        for (let i = 0; i < n; i++) plainPoint.x += i, plain.value = i;
      }),
    ],
  }),
  await contest({
    title: "read and write an element",
    unit: "ns",
    contenders: [
      elements("SharedArray, a[i]", array),
      elements("SharedArray, view", array.view),
      elements("SharedMemory, view", memory.view("i32")),
      perAccess("SharedArray, at and setAt", (n) => {
        for (let i = 0; i < n; i++) array.setAt(i & 1023, (array.at(i & 1023) + i) | 0);
      }),
      elements("a Proxy of a typed array", proxied),
      elements("Int32Array", new Int32Array(LENGTH)),
    ],
  }),
  await contest({
    title: "make and find a name",
    unit: "us",
    contenders: [
      perName("SharedMemory: make, attach, close, unlink", (name) => {
        const made = new SharedMemory({ name, size: 64 });
        SharedMemory.attach(name).close();
        made.unlink();
        made.close();
      }),
      perName("SharedArrayBuffer: make", () => new SharedArrayBuffer(64)),
    ],
  }),
];
memory[Symbol.dispose]();
report(results);

/** Microseconds for each of some names. */
function perName(title: string, step: (name: string) => void): Contender {
  return {
    name: title,
    round() {
      const start = performance.now();
      for (let i = 0; i < 500; i++) step(`n${i}`);
      return (performance.now() - start) * 1000 / 500;
    },
  };
}
