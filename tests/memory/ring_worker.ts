/**
 * One end of a ring in a thread of its own, for `ring_threads_test.ts`.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Arena, type Memory } from "../../memory/arena.ts";
import { add } from "../../memory/atomics.ts";
import { Isolate } from "../../memory/isolate.ts";
import { PENDING } from "../../memory/line.ts";
import { Ring, type RingUse } from "../../memory/ring.ts";

/** What a thread is told. */
export interface Task {
  /** The arena. */
  readonly memory: Memory;
  /** Address of the ring. */
  readonly at: number;
  /** Who uses it. */
  readonly use: RingUse;
  /** How many threads there are of each kind. */
  readonly producers: number;
  /** How many threads there are of each kind. */
  readonly consumers: number;
  /** First value to send; a reader is given none. */
  readonly from?: number;
  /** How many values to send, or room for how many to keep. */
  readonly count: number;
  /** What was received: how many, then the values. */
  readonly log: SharedArrayBuffer;
  /** Producers that are done. */
  readonly done: SharedArrayBuffer;
  /** Wait by blocking the thread. */
  readonly blocks: boolean;
}

/** The frame that ends a reader. */
const STOP = -1;

async function wait(
  isolate: Isolate,
  line: Ring["readers"],
  blocks: boolean,
  attempt: () => boolean,
): Promise<void> {
  if (blocks) isolate.park.block(line, { attempt });
  else await line.until({ attempt: () => attempt() ? true : PENDING, operation: "go on" });
}

async function produce(isolate: Isolate, ring: Ring, task: Task): Promise<void> {
  const { words } = isolate.arena;
  const send = (value: number) => {
    const cell = ring.claim();
    if (cell < 0) return false;
    words[ring.frameAt(cell) >> 2] = value;
    ring.commit(cell, 4);
    return true;
  };
  for (let sent = 0; sent < task.count; sent++) {
    const value = task.from! + sent;
    if (!send(value)) await wait(isolate, ring.writers, task.blocks, () => send(value));
  }
  if (add(new Int32Array(task.done), 0, 1) !== task.producers - 1) return;
  for (let reader = 0; reader < task.consumers; reader++) {
    if (!send(STOP)) await wait(isolate, ring.writers, task.blocks, () => send(STOP));
  }
}

async function consume(isolate: Isolate, ring: Ring, task: Task): Promise<void> {
  const { words } = isolate.arena;
  const log = new Int32Array(task.log);
  let got = 0;
  const receive = () => {
    const cell = ring.take();
    if (cell < 0) return false;
    got = ring.metaOf(cell) === 4 ? words[ring.frameAt(cell) >> 2] : NaN;
    ring.release(cell);
    return true;
  };
  for (;;) {
    if (!receive()) await wait(isolate, ring.readers, task.blocks, receive);
    if (got === STOP) return;
    log[++log[0]] = got;
  }
}

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  const isolate = Isolate.join(Arena.attach(data.memory));
  const ring = new Ring(isolate, data.at, data.use);
  if (data.from === undefined) await consume(isolate, ring, data);
  else await produce(isolate, ring, data);
  self.postMessage("done");
};
