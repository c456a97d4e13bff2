import { assertEquals, assertNotEquals } from "@std/assert";
import { store } from "../../memory/atomics.ts";
import { libc, whatIsMissing } from "../../memory/libc.ts";
import { leaveToRinger, noteRinger, RUNG_FROM } from "../../memory/processor.ts";
import { troupeTest } from "../support.ts";

const AT = 1;
const TRIES = 50;

/** Where this thread may run. */
function allowed(): Uint8Array {
  const set = new Uint8Array(128);
  libc().sched_getaffinity(0, set.length, set);
  return set;
}

const hasSeveral = () => navigator.hardwareConcurrency > 1;
const processorTest = (name: string, fn: () => void) =>
  troupeTest(name, fn, { ignore: whatIsMissing() !== undefined || !hasSeveral() });

processorTest("processor: who was rung from its own processor runs on another one", () => {
  const words = new Int32Array(new SharedArrayBuffer(128));
  // The scheduler may move a thread at any moment: between the look and the comparison too.
  const moved = Array.from({ length: TRIES }, () => {
    noteRinger(words, AT);
    const before = libc().sched_getcpu();
    leaveToRinger(words, AT);
    return libc().sched_getcpu() !== before;
  });
  assertNotEquals(moved.filter((one) => one).length, 0);
});

processorTest("processor I1: afterwards a thread may run wherever it might before", () => {
  const words = new Int32Array(new SharedArrayBuffer(128));
  const before = allowed();
  for (let i = 0; i < TRIES; i++) {
    noteRinger(words, AT);
    leaveToRinger(words, AT);
  }
  assertEquals(allowed(), before);
});

processorTest("processor: who was never rung, or from elsewhere, stays as it is", () => {
  const words = new Int32Array(new SharedArrayBuffer(128));
  const before = allowed();
  leaveToRinger(words, AT);
  store(words, AT + RUNG_FROM, 1024);
  leaveToRinger(words, AT);
  assertEquals(allowed(), before);
});
