// Runs in: any isolate
/**
 * A queue that any number of isolates put into and get from.
 *
 * @module
 */
import { ClosedError, EmptyError, FullError, StillRunningError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { type Handle, handle, isUnsure, registerHandle } from "../memory/handle.ts";
import { here, type Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import { named } from "../memory/names.ts";
import { checkRegion, QUEUE_REGION, receiveRegion, sendRegion } from "../memory/region.ts";
import { Receiver, Sender } from "./port.ts";
import {
  forgetQueue,
  letGoOfQueue,
  makeQueueRegion,
  MOST_ITEMS,
  openQueueRing,
  type QueueRing,
} from "./queue_region.ts";
import { checkSchema, type StandardSchemaV1, validate } from "./schema.ts";
import type { SendOptions } from "./sendable.ts";

/** Options of a {@linkcode Queue}. */
export interface QueueOptions<T> {
  /** Most items inside; `0` or less: as many as the arena holds. Default 0; at most 262,144. */
  maxsize?: number;
  /** Checks each item where it is got; `T` is what the schema gives. */
  schema?: StandardSchemaV1<unknown, T>;
  /** For error texts. */
  name?: string;
}

/** Options of the methods that block: milliseconds; 0 does not wait, absent waits for ever. */
export interface SyncOptions {
  /** Milliseconds. */
  timeout?: number;
}

const REGION: unique symbol = Symbol("region");

/**
 * A first-in-first-out queue for many producers and many consumers, in shared memory: Python's
 * `multiprocessing.Queue` without its feeder thread.
 *
 * `put` resolves once the item is in the queue, and it survives the death of its producer from then
 * on. Each item goes to exactly one consumer; items of one producer keep their order. A consumer that
 * is killed loses at most the item in its hand. A queue can be sent in any message; both sides then
 * have the same queue. Items are copies, made when `put` is called.
 *
 * @typeParam T What it carries.
 *
 * @example Put and get
 * ```ts
 * import { Queue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using queue = new Queue<number>({ maxsize: 10 });
 * await queue.put(1);
 * await queue.put(2);
 * assertEquals([await queue.get(), await queue.get()], [1, 2]);
 * ```
 */
export class Queue<T> implements Handle, AsyncIterable<T>, AsyncDisposable {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "queue";
  readonly #isolate: Isolate;
  readonly #region: BlockHandle;
  readonly #ring: QueueRing;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #schema: StandardSchemaV1<unknown, T> | undefined;
  readonly #name: string;
  #state: "open" | "closed" = "open";

  /**
   * Makes a queue.
   *
   * @throws TypeError when an option is of a wrong type
   * @throws RangeError when `maxsize` is over 262,144
   * @throws FullError when the arena has no room for it
   */
  constructor(options: QueueOptions<T> = {}) {
    const isolate = here();
    const { name, schema } = options;
    if (schema !== undefined) checkSchema(schema, "Cannot make a queue: schema");
    this.#isolate = isolate;
    this.#name = name === undefined ? "queue" : `queue "${name}"`;
    this.#schema = schema;
    this.#region = (options as { [REGION]?: BlockHandle })[REGION] ??
      makeQueueRegion(isolate, sizeOf(options.maxsize ?? 0));
    this.#ring = openQueueRing(isolate, this.#region);
    this.#sender = new Sender(isolate, this.#ring, {
      operation: `put into ${this.#name}`,
      check: (value) => this.#check("put into", value),
      full: (value) => new FullError(`Cannot put into ${this.#name}: it is full`, { value }),
    });
    this.#receiver = new Receiver(isolate, this.#ring, {
      operation: `get from ${this.#name}`,
      check: () => this.#check("get from"),
      ended: () => {},
      timedOut: () => new EmptyError(`Cannot get from ${this.#name}: it is empty`),
    });
    known(isolate).set(this.#region, new WeakRef(this as Queue<unknown>));
    collected.register(this, { isolate, region: this.#region }, this);
  }

  /**
   * The queue of a name, in all isolates of all programs that joined the same arena; it is made if there
   * is none. It lasts, with what is inside, until the last program has ended; closing it ends only this
   * isolate's use of it. Options of the one who makes it count, but for `schema`.
   *
   * @throws NotSupportedError when the arena is none that other programs can join; see `joinArena`
   * @throws TypeError, RangeError, FullError as for the constructor
   */
  static async open<T>(
    name: string,
    options: Omit<QueueOptions<T>, "name"> = {},
  ): Promise<Queue<T>> {
    if (typeof name !== "string" || name === "") {
      throw new TypeError("Cannot open a queue: its name is no text, or empty");
    }
    const isolate = here();
    const size = sizeOf(options.maxsize ?? 0);
    const region = await named(isolate, `queue:${name}`, () => makeQueueRegion(isolate, size));
    sendRegion(isolate.arena, region);
    return adopt(region, { ...options, name });
  }

  /**
   * Puts an item at the end; waits while the queue is full. Python: `put`.
   *
   * @param item What to put; it is copied now.
   * @throws FullError when there was no room within `timeout` (at once if it is 0), or none in the
   * arena; it carries the item
   * @throws NotSendableError when the item cannot be sent; the queue is unchanged
   * @throws ClosedError when the queue was closed here; it carries the item
   */
  put(item: T, options?: SendOptions): Promise<void> {
    return this.#sender.send({ value: item }, options);
  }

  /**
   * Takes the oldest item; waits while there is none. Python: `get`.
   *
   * @throws EmptyError when none came within `timeout` (at once if it is 0)
   * @throws ValidationError when the schema refuses the item, which is then gone
   * @throws ClosedError when the queue is, or gets, closed here
   */
  get(options?: WaitOptions): Promise<T> {
    const item = this.#receiver.receive(options);
    return (this.#schema === undefined ? item : item.then((one) => this.#validate(one))) as Promise<
      T
    >;
  }

  /**
   * Puts without waiting. Python: `put_nowait`.
   *
   * @throws FullError when there is no room now
   */
  putNowait(item: T): void {
    if (this.#sender.trySend({ value: item })) return;
    throw new FullError(`Cannot put into ${this.#name}: it is full`, { value: item });
  }

  /**
   * Takes the oldest item without waiting. Python: `get_nowait`.
   *
   * @throws EmptyError when there is none now
   */
  getNowait(): T {
    return this.#validateNow(this.#receiver.tryReceive());
  }

  /** As {@linkcode put}, but blocks this isolate: for workers. @throws FullError */
  putSync(item: T, { timeout }: SyncOptions = {}): void {
    if (this.#sender.sendSync({ value: item }, timeout)) return;
    throw new FullError(`Cannot put into ${this.#name}: it is full`, { value: item });
  }

  /** As {@linkcode get}, but blocks this isolate: for workers. @throws EmptyError */
  getSync({ timeout }: SyncOptions = {}): T {
    return this.#validateNow(this.#receiver.receiveSync(timeout));
  }

  /** Items inside; exact when nobody puts or gets at this moment. Python: `qsize`. */
  qsize(): number {
    return this.#ring.size;
  }

  /** Whether there is nothing to get now. Python: `empty`. @throws ClosedError after `close` */
  empty(): boolean {
    this.#check("look into");
    return this.#ring.size === 0;
  }

  /** Whether there is no room now. Python: `full`. @throws ClosedError after `close` */
  full(): boolean {
    this.#check("look into");
    return this.#ring.size >= this.#ring.limit;
  }

  /**
   * Closes the queue in this isolate; others go on. Waits here reject with `ClosedError`. Items inside
   * stay for the others; when nobody has the queue any more, it is freed. A second call does nothing.
   */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    collected.unregister(this);
    known(this.#isolate).delete(this.#region);
    this.#ring.readers.stir();
    this.#ring.writers.stir();
    letGoOfQueue(this.#isolate, this.#region);
  }

  /**
   * Resolves at once: what `put` accepted is in the queue, there is no feeder thread to wait for.
   * Python: `join_thread`.
   *
   * @throws StillRunningError before `close`
   */
  joinThread(): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    const text = `Cannot join the thread of ${this.#name}: it is not closed`;
    return Promise.reject(new StillRunningError(text));
  }

  /** Does nothing: leaving is never held up by items that nobody has read. Python: `cancel_join_thread`. */
  cancelJoinThread(): void {}

  /** Gets items until the queue is closed here. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    while (this.#state === "open") {
      try {
        yield await this.get();
      } catch (error) {
        if (error instanceof ClosedError) return;
        throw error;
      }
    }
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  static {
    registerHandle<Queue<unknown>>("queue", {
      pack(queue) {
        queue.#check("send");
        return queue.#region;
      },
      depart: (queue) => sendRegion(queue.#isolate.arena, queue.#region),
      unpack: (region) => adopt(region as BlockHandle),
      discard(region) {
        if (!isUnsure()) forgetQueue(here(), region as BlockHandle);
      },
    });
  }

  #check(operation: string, value?: unknown): void {
    if (this.#state === "open") return;
    throw new ClosedError(`Cannot ${operation} ${this.#name}: it is closed`, { value });
  }

  #validate(item: unknown): unknown {
    return validate(this.#schema!, item, `get from ${this.#name}`);
  }

  #validateNow(item: unknown): T {
    if (item === PENDING) throw new EmptyError(`Cannot get from ${this.#name}: it is empty`);
    if (this.#schema === undefined) return item as T;
    const valid = this.#validate(item);
    if (!(valid instanceof Promise)) return valid as T;
    valid.catch(() => {});
    throw new TypeError(`Cannot get from ${this.#name} at once: its schema is asynchronous`);
  }
}

const queues = new WeakMap<Isolate, Map<BlockHandle, WeakRef<Queue<unknown>>>>();

/** The queues that this isolate has, so that one that arrives twice is one object. */
function known(isolate: Isolate): Map<BlockHandle, WeakRef<Queue<unknown>>> {
  let map = queues.get(isolate);
  if (map === undefined) queues.set(isolate, map = new Map());
  return map;
}

const collected = new FinalizationRegistry<{ isolate: Isolate; region: BlockHandle }>(
  ({ isolate, region }) => {
    if (known(isolate).get(region)?.deref() !== undefined) return;
    known(isolate).delete(region);
    letGoOfQueue(isolate, region);
  },
);

function adopt<T>(region: BlockHandle, options: QueueOptions<T> = {}): Queue<T> {
  const isolate = here();
  checkRegion(isolate.arena, region, QUEUE_REGION);
  receiveRegion(isolate.arena, region, isolate.slot);
  return known(isolate).get(region)?.deref() as Queue<T> | undefined ??
    new Queue<T>({ ...options, [REGION]: region } as QueueOptions<T>);
}

function sizeOf(maxsize: number): number {
  if (typeof maxsize !== "number" || Number.isNaN(maxsize)) {
    throw new TypeError("Cannot make a queue: maxsize is not a number");
  }
  const size = Math.floor(maxsize);
  if (size <= 0 || size === Infinity) return 0;
  if (size > MOST_ITEMS) {
    throw new RangeError(
      `Cannot make a queue of ${size} items: at most ${MOST_ITEMS}, or 0 for no bound`,
    );
  }
  return size;
}
