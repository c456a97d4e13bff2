// Runs in: any isolate
/**
 * The actors and tasks that the benchmarks run, and the messages that they send.
 *
 * @module
 */
import { type Connection, defineActor, type Queue, task } from "../mod.ts";

/** A small object. */
export interface Order {
  /** Number. */
  readonly id: number;
  /** Kind. */
  readonly type: string;
  /** Whether it is all right. */
  readonly ok: boolean;
  /** Price. */
  readonly price: number;
  /** Labels. */
  readonly tags: readonly string[];
}

/** The small object that is sent. */
export const ORDER: Order = { id: 123, type: "order", ok: true, price: 12.5, tags: ["a", "b"] };

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
  on: {
    echo: (_state, order: Order): Order => order,
  },
});

/** Floods a pipe or a queue. */
export const Source = defineActor(import.meta, {
  init: (end: Connection<unknown, unknown>, queue: Queue<unknown>) => ({ end, queue }),
  on: {
    intoPipe: async ({ end }, { what, count, blocking }: Flood): Promise<void> => {
      const value = SAMPLES[what];
      if (blocking) { for (let i = 0; i < count; i++) end.sendSync(value); }
      else for (let i = 0; i < count; i++) await end.send(value);
    },
    intoQueue: async ({ queue }, { what, count, blocking }: Flood): Promise<void> => {
      const value = SAMPLES[what];
      if (blocking) { for (let i = 0; i < count; i++) queue.putSync(value); }
      else for (let i = 0; i < count; i++) await queue.put(value);
    },
  },
});

/** Does nothing. */
export const noop = task(import.meta, "noop", (x: number): number => x);

/** Keeps a processor busy. */
export const fibonacci = task(import.meta, function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
});
