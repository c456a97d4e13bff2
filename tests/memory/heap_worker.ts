/**
 * Allocates blocks, leaves them where the other thread finds them, and frees what it finds there.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Arena, type Memory } from "../../memory/arena.ts";
import { exchange } from "../../memory/atomics.ts";
import { NO_ROOM } from "../../memory/heap.ts";
import { Isolate } from "../../memory/isolate.ts";

/** What a thread is told. */
export interface Task {
  /** The arena. */
  readonly memory: Memory;
  /** Where blocks are left: unit plus one. */
  readonly places: SharedArrayBuffer;
  /** How often. */
  readonly rounds: number;
  /** Start of the random numbers. */
  readonly seed: number;
}

self.onmessage = ({ data }: MessageEvent<Task>) => {
  const { arena, heap } = Isolate.join(Arena.attach(data.memory));
  const places = new Int32Array(data.places);
  let random = data.seed;
  const next = (below: number) => {
    random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
    return (random >>> 8) % below;
  };
  let wrong = 0;
  const finish = (unit: number) => {
    const block = arena.handleOf(unit - 1);
    const at = arena.wordOf(block);
    const length = arena.words[at];
    const isWhole = arena.words.subarray(at, at + length).every((word) => word === length);
    if (!isWhole || !heap.free(block) || heap.free(block)) wrong++;
  };
  for (let round = 0; round < data.rounds; round++) {
    const length = next(10) === 0 ? 8193 + next(40_000) : 1 + next(600);
    const block = heap.allocate(length * 4);
    if (block === NO_ROOM) continue;
    const at = arena.wordOf(block);
    arena.words.fill(length, at, at + length);
    const found = exchange(places, next(places.length), arena.unitOf(block) + 1);
    if (found !== 0) finish(found);
  }
  self.postMessage(wrong);
};
