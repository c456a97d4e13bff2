// Runs in: any isolate
/**
 * A queue of put, get and empty, and nothing else.
 *
 * @module
 */
import { ClosedError } from "../errors.ts";
import { type Handle, handle, handleKind, registerHandle } from "../memory/handle.ts";
import type { WaitOptions } from "../memory/line.ts";
import { type Offer, type Waitable, waitable } from "../memory/waitable.ts";
import { type Accepting, accepting, type SendOffer } from "./offers.ts";
import { Queue } from "./queue.ts";
import type { SendOptions } from "./sendable.ts";

/** The object around each queue, so that one that arrives twice is one object. */
const around = new WeakMap<Queue<unknown>, WeakRef<SimpleQueue<unknown>>>();
/** What the next constructor call is put around, when it arrived in a message. */
let arrived: Queue<unknown> | undefined;

/**
 * A queue without a bound, with the least that a queue needs. Python: `multiprocessing.SimpleQueue`. It
 * promises what a {@linkcode Queue} promises.
 *
 * @typeParam T What it carries.
 *
 * @example Put and get
 * ```ts
 * import { SimpleQueue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * using queue = new SimpleQueue<string>();
 * await queue.put("a");
 * assertEquals([queue.empty(), await queue.get(), queue.empty()], [false, "a", true]);
 * ```
 */
export class SimpleQueue<T> implements Handle, Waitable<T>, Accepting<T>, Disposable {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "simple queue";
  readonly #queue: Queue<T>;
  #state: "open" | "closed" = "open";

  /** Makes a queue. @throws FullError when the arena has no room for it */
  constructor() {
    this.#queue = arrived as Queue<T> ?? new Queue<T>();
    around.set(this.#queue as Queue<unknown>, new WeakRef<SimpleQueue<unknown>>(this));
  }

  /** Puts an item at the end. Python: `put`. @throws FullError when the arena has no room; NotSendableError; ClosedError */
  put(item: T, options?: SendOptions): Promise<void> {
    return this.#queue.put(item, options);
  }

  /** Takes the oldest item; waits while there is none. Python: `get`. @throws EmptyError when none came within `timeout`; ClosedError */
  get(options?: WaitOptions): Promise<T> {
    return this.#queue.get(options);
  }

  /** Whether there is nothing to get now. Python: `empty`. @throws ClosedError after `close` */
  empty(): boolean {
    if (this.#state === "open") return this.#queue.empty();
    throw new ClosedError("Cannot look into the queue: it is closed");
  }

  /** Closes it in this isolate; others go on. A second call does nothing. Python: `close`. */
  close(): void {
    this.#state = "closed";
    this.#queue.close();
  }

  /** How `wait` and `select` get from it. */
  [waitable](): Offer<T> {
    return this.#queue[waitable]();
  }

  /** How `select` puts into it. */
  [accepting](value: T): SendOffer {
    return this.#queue[accepting](value);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  static {
    const inner = () => handleKind("queue")!;
    registerHandle<SimpleQueue<unknown>>("simple queue", {
      pack: (simple) => inner().pack(simple.#queue),
      depart: (simple) => inner().depart?.(simple.#queue),
      unpack(packed) {
        const queue = inner().unpack(packed) as Queue<unknown>;
        return around.get(queue)?.deref() ?? wrap(queue);
      },
      discard: (packed) => inner().discard?.(packed),
    });
  }
}

function wrap(queue: Queue<unknown>): SimpleQueue<unknown> {
  arrived = queue;
  try {
    return new SimpleQueue();
  } finally {
    arrived = undefined;
  }
}
