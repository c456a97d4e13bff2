import "../loaded.ts";
import { assertEquals } from "@std/assert";
import { Arena } from "../../memory/arena.ts";
import { Isolate } from "../../memory/isolate.ts";
import { blocksOf } from "../../memory/sweep.ts";
import type { Task } from "./heap_worker.ts";

Deno.test("heap I1, I2: two threads allocate and free each other's blocks, none is given twice", async () => {
  const arena = Arena.create({ bytes: 8 << 20 });
  const { heap } = Isolate.join(arena);
  const { memory } = arena;
  const places = new SharedArrayBuffer(4 * 64);
  const wrong = await Promise.all(
    [1, 2].map((seed) => runThread({ memory, places, rounds: 20_000, seed })),
  );
  assertEquals(wrong, [0, 0]);
  for (const unit of new Int32Array(places)) {
    if (unit !== 0) assertEquals(heap.free(arena.handleOf(unit - 1)), true);
  }
  assertEquals([...blocksOf(arena)].length, 0);
});

async function runThread(task: Task): Promise<number> {
  const worker = new Worker(import.meta.resolve("./heap_worker.ts"), { type: "module" });
  try {
    return await new Promise<number>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
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
