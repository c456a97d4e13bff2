// Runs in: any isolate
/**
 * The actors and tasks that the benchmarks run, and the messages that they send.
 *
 * @module
 */
import {
  type Connection,
  defineActor,
  type Event,
  type Lock,
  type Queue,
  type Semaphore,
  task,
} from "../mod.ts";

/** A small object. */
export interface Order {
  /** Kind. */
  readonly type: string;
  /** Number. */
  readonly id: number;
  /** Whose. */
  readonly user: string;
  /** Some numbers. */
  readonly values: readonly number[];
  /** An object inside. */
  readonly nested: { readonly ok: boolean; readonly at: number };
}

/** The small object that is sent. */
export const ORDER: Order = {
  type: "add",
  id: 12345,
  user: "alice",
  values: [1, 2, 3, 4.5],
  nested: { ok: true, at: 1_700_000_000_000 },
};

/** What is streamed, by name. */
export const SAMPLES: Readonly<Record<string, unknown>> = {
  "number": 42,
  "20-character string": "hello actor mailbox!",
  "small object": ORDER,
  "medium object": {
    user: { id: 99, name: "Alice Liddell", email: "alice@example.com", roles: ["admin", "dev"] },
    items: Array.from({ length: 10 }, (_, i) => ({ sku: `SKU-${i}`, qty: i, price: i * 1.5 })),
    ts: 1732170000000,
    note: null,
  },
  "1 KiB bytes": new Uint8Array(1024).fill(7),
};

/** Bytes of the large block. */
export const BLOCK_BYTES = 16 << 20;
let block: Uint8Array | undefined;

/** A sample by name; the large block is made only where it is sent. */
export function sampleOf(what: string): unknown {
  return what === "16 MiB bytes" ? block ??= new Uint8Array(BLOCK_BYTES).fill(7) : SAMPLES[what];
}

/** How a stream is sent. */
export interface Flood {
  /** Name of the sample. */
  readonly what: string;
  /** How many. */
  readonly count: number;
  /** Whether the sender blocks when there is no room. */
  readonly blocking: boolean;
}

/** Sends back what it gets. */
export const Echo = defineActor(import.meta, {
  init: () => 0,
  on: { echo: (_state, order: Order): Order => order },
});

/** One of many that put into or get from a queue. */
export const Crowd = defineActor(import.meta, {
  init: (queue: Queue<unknown>) => queue,
  on: {
    fill: async (queue, { what, count, blocking }: Flood): Promise<void> => {
      const value = sampleOf(what);
      if (blocking) { for (let i = 0; i < count; i++) queue.putSync(value); }
      else for (let i = 0; i < count; i++) await queue.put(value);
    },
    drain: async (queue, { count, blocking }: Flood): Promise<void> => {
      if (blocking) { for (let i = 0; i < count; i++) queue.getSync(); }
      else for (let i = 0; i < count; i++) await queue.get();
    },
  },
});

/** What is sent through several pipes in turn. */
export interface Turns {
  /** How many pipes. */
  readonly width: number;
  /** How many messages in all. */
  readonly count: number;
  /** The message. */
  readonly value: unknown;
}

/** Sends through many pipes in turn. */
export const Spread = defineActor(import.meta, {
  init: (ends: readonly Connection<unknown, unknown>[]) => ends,
  on: {
    send: async (ends, { width, count, value }: Turns): Promise<void> => {
      for (let i = 0; i < count; i++) await ends[i % width].send(value);
    },
  },
});

/** Floods a pipe or a queue. */
export const Source = defineActor(import.meta, {
  init: (end: Connection<unknown, unknown>, queue: Queue<unknown>) => ({ end, queue }),
  on: {
    intoPipe: async ({ end }, { what, count, blocking }: Flood): Promise<void> => {
      const value = sampleOf(what);
      if (blocking) { for (let i = 0; i < count; i++) end.sendSync(value); }
      else for (let i = 0; i < count; i++) await end.send(value);
    },
    intoQueue: async ({ queue }, { what, count, blocking }: Flood): Promise<void> => {
      const value = sampleOf(what);
      if (blocking) { for (let i = 0; i < count; i++) queue.putSync(value); }
      else for (let i = 0; i < count; i++) await queue.put(value);
    },
  },
});

/** Does nothing. */
export const noop = task(import.meta, "noop", (x: number): number => x);

/** Acquires and releases a lock so many times, once all are there. */
export const contesting = task(
  import.meta,
  "contesting",
  async (
    lock: Lock,
    start: Event,
    [ready, turns, sync]: [ready: Semaphore, turns: number, sync: boolean],
  ): Promise<void> => {
    ready.release();
    await start.wait();
    if (sync) { for (let i = 0; i < turns; i++) lock.acquireSync()[Symbol.dispose](); }
    else for (let i = 0; i < turns; i++) (await lock.acquire())[Symbol.dispose]();
  },
);

/** Answers each item of one queue in another. */
export const answerQueue = task(
  import.meta,
  "answerQueue",
  async (there: Queue<unknown>, back: Queue<unknown>, blocking: boolean): Promise<void> => {
    for (;;) {
      if (blocking) back.putSync(there.getSync());
      else await back.put(await there.get());
    }
  },
);
/** Keeps a processor busy. */
export const fibonacci = task(import.meta, function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
});
