import "../loaded.ts";
import { assertEquals } from "@std/assert";
import { Arena } from "../../memory/arena.ts";
import { Isolate } from "../../memory/isolate.ts";
import { formatRing, ringBytes, type RingUse } from "../../memory/ring.ts";
import type { Task } from "./ring_worker.ts";

interface Scene {
  readonly use: RingUse;
  readonly cells: number;
  readonly limit?: number;
  readonly frames: number;
  readonly blocks?: boolean;
}

const SOAK = Deno.env.get("TROUPE_SOAK") === "1";
const FRAMES = SOAK ? 5_000_000 : 200_000;
const SCENES: readonly Scene[] = [
  { use: { writers: "many", readers: "many" }, cells: 64, frames: FRAMES },
  { use: { writers: "many", readers: "many" }, cells: 2, frames: FRAMES },
  { use: { writers: "many", readers: "many" }, cells: 4, limit: 3, frames: FRAMES },
  { use: { writers: "many", readers: "many" }, cells: 64, frames: FRAMES, blocks: true },
  { use: { writers: "many", readers: "one" }, cells: 64, frames: FRAMES },
  { use: { writers: "one", readers: "many" }, cells: 64, frames: FRAMES },
  { use: { writers: "one", readers: "one" }, cells: 64, frames: FRAMES },
  { use: { writers: "one", readers: "one" }, cells: 4, limit: 3, frames: FRAMES },
];

for (const scene of SCENES) {
  const { use, cells, limit = cells, frames, blocks = false } = scene;
  const title = `${use.writers} to ${use.readers}, ${cells} cells, limit ${limit}` +
    (blocks ? ", blocking" : "");
  Deno.test(`M4 Ring loses, repeats and reorders nothing when threads use it: ${title}`, async () => {
    const logs = await runThreads(scene);
    const producers = use.writers === "one" ? 1 : 2;
    const each = frames / producers;
    const seen = new Uint8Array(frames);
    for (const log of logs) {
      const last = new Int32Array(producers).fill(-1);
      for (const value of log.subarray(1, log[0] + 1)) {
        const producer = Math.floor(value / each);
        assertEquals(value > last[producer], true, `reordered: ${value} after ${last[producer]}`);
        last[producer] = value;
        seen[value]++;
      }
    }
    assertEquals(seen.filter((times) => times === 0).length, 0, "lost");
    assertEquals(seen.filter((times) => times > 1).length, 0, "repeated");
  });
}

async function runThreads(scene: Scene): Promise<Int32Array[]> {
  const { use, cells, limit, frames, blocks = false } = scene;
  const arena = Arena.create({ bytes: 2 << 20 });
  const { heap } = Isolate.join(arena);
  const size = { cells, cellBytes: 16, limit };
  const at = arena.wordOf(heap.require(ringBytes(size)));
  formatRing(arena, at, size);
  const producers = use.writers === "one" ? 1 : 2;
  const consumers = use.readers === "one" ? 1 : 2;
  const done = new SharedArrayBuffer(4);
  const logs = Array.from({ length: consumers }, () => new SharedArrayBuffer(4 * (frames + 1)));
  const { memory } = arena;
  const task = { memory, at, use, producers, consumers, count: frames / producers, done, blocks };
  await Promise.all([
    ...logs.map((log) => runThread({ ...task, log })),
    ...Array.from(
      { length: producers },
      (_, index) => runThread({ ...task, log: logs[0], from: index * task.count }),
    ),
  ]);
  return logs.map((log) => new Int32Array(log));
}

async function runThread(task: Task): Promise<void> {
  const worker = new Worker(import.meta.resolve("./ring_worker.ts"), { type: "module" });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}
