// Runs in: any isolate
/**
 * A queue that any number of isolates put into and get from.
 *
 * @module
 */
import { ClosedError, EmptyError, FullError, StillRunningError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { firstOf, firstOfSync } from "../memory/first.ts";
import { type Handle, handle, isUnsure, registerHandle } from "../memory/handle.ts";
import { here, type Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import {
  QUEUE_REGION,
  receiveRegion,
  type RegionType,
  sendRegion,
  typeOfRegion,
} from "../memory/region.ts";
import { type Offer, type Waitable, waitable } from "../memory/waitable.ts";
import { drainBy, isEnd, iterate, readableFrom, writableTo } from "./flow.ts";
import { type Accepting, accepting, receiveOffer, type SendOffer, sendOffer } from "./offers.ts";
import { Receiver, Sender, type SenderRules } from "./port.ts";
import {
  forgetQueue,
  makeQueueRegion,
  openNamed,
  openQueue,
  PORT,
  type QueuePort,
  type QueueRing,
  sizeOf,
} from "./queue_region.ts";
import { checkSchema, type SchemaOutput, type StandardSchemaV1, validate } from "./schema.ts";
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

/** Whether anything was put or got here, and whether it is closed here. */
type State = "unused" | "used" | "closed" | "closed unused";

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
export class Queue<T>
  implements Handle, Waitable<T>, Accepting<T>, AsyncIterable<T>, AsyncDisposable {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "queue";
  readonly #isolate: Isolate;
  readonly #port: QueuePort;
  readonly #ring: QueueRing;
  readonly #rules: SenderRules;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #name: string;
  readonly #offer: Offer;
  #schema: StandardSchemaV1<unknown, T> | undefined;
  #state: State = "unused";

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
    this.#port = (options as { [PORT]?: QueuePort })[PORT] ??
      openQueue(isolate, makeQueueRegion(isolate, sizeOf(options.maxsize ?? 0)));
    this.#ring = this.#port.ring;
    this.#rules = {
      operation: `put into ${this.#name}`,
      check: (value) => this.#use("put into", value),
      full: (value) => new FullError(`Cannot put into ${this.#name}: it is full`, { value }),
    };
    this.#sender = new Sender(isolate, this.#ring, this.#rules);
    const { leases } = this.#port;
    this.#receiver = new Receiver(isolate, this.#ring, {
      operation: `get from ${this.#name}`,
      check: () => this.#use("get from"),
      ended: () => {},
      timedOut: () => new EmptyError(`Cannot get from ${this.#name}: it is empty`),
      taking: leases && ((cell) => leases.keep(cell)),
    });
    this.#offer = receiveOffer(this.#ring, this.#receiver, {
      isReady: () => (this.#check("wait for"), this.#ring.ready === true),
      accept: (item) => this.#accept(item),
      leases,
    });
    known(isolate).set(this.#port.region, new WeakRef(this as Queue<unknown>));
    collected.register(this, { isolate, port: this.#port }, this);
  }

  /**
   * The queue of a name, in all isolates, and in all programs that joined the same arena; it is made if
   * there is none. It lasts, with what is inside, until the last program has ended; closing it ends only
   * this isolate's use of it. Options of the one who makes it count, but for `schema`. Python:
   * `BaseManager` with a registered queue.
   *
   * @throws TypeError when the name is no string; TypeError, RangeError as for the constructor
   * @throws RangeError when the name is empty or longer than 188 bytes
   * @throws FullError when there are 1,024 names, or no room in the arena
   */
  static open<T>(name: string, options: Omit<QueueOptions<T>, "name"> = {}): Queue<T> {
    const isolate = here();
    const port = openNamed(isolate, name, sizeOf(options.maxsize ?? 0));
    const shown = known(isolate).get(port.region)?.deref() as Queue<T> | undefined;
    return shown ?? new Queue<T>({ ...options, name, [PORT]: port } as QueueOptions<T>);
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
    if (this.#isPlain()) return this.#receiver.receive(options) as Promise<T>;
    return this.#getOffered(options);
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
    return this.#now(this.#ring.readers.wanted ? PENDING : this.#offer.takeSync!());
  }

  /** As {@linkcode put}, but blocks this isolate: for workers. @throws FullError */
  putSync(item: T, { timeout }: SyncOptions = {}): void {
    if (this.#sender.sendSync({ value: item }, timeout)) return;
    throw new FullError(`Cannot put into ${this.#name}: it is full`, { value: item });
  }

  /** As {@linkcode get}, but blocks this isolate: for workers. @throws EmptyError */
  getSync({ timeout }: SyncOptions = {}): T {
    if (this.#isPlain()) return this.#now(this.#receiver.receiveSync(timeout));
    const { room, takeSync } = this.#offer;
    return this.#now(firstOfSync(this.#isolate, [{ room, attempt: takeSync! }], { timeout }));
  }

  /** Items inside; exact when nobody puts or gets at this moment. Python: `qsize`. */
  qsize(): number {
    return this.#ring.size;
  }

  /**
   * Whether there is nothing to get now. Of a queue that was closed before anything was put or got here
   * it says `true`. Python: `empty`.
   *
   * @throws ClosedError after `close`
   */
  empty(): boolean {
    if (this.#state === "closed unused") return true;
    this.#check("look into");
    return this.#ring.size === 0;
  }

  /** Whether there is no room now. Python: `full`. @throws ClosedError after `close` */
  full(): boolean {
    this.#check("look into");
    return this.#ring.size >= this.#ring.limit;
  }

  /**
   * Checks each item got here from now on, in place of the schema so far; `this` has the type that the
   * schema gives. For a queue that came in a message: schemas stay where they are.
   *
   * @throws TypeError when `schema` is none
   */
  withSchema<S extends StandardSchemaV1>(schema: S): Queue<SchemaOutput<S>> {
    checkSchema(schema, "Cannot use it for a queue: schema");
    const typed = this as unknown as Queue<SchemaOutput<S>>;
    typed.#schema = schema as unknown as StandardSchemaV1<unknown, SchemaOutput<S>>;
    return typed;
  }

  /** Gets what is inside now, one after the other, without waiting for more. */
  drain(): AsyncIterableIterator<T> {
    return drainBy((options) => this.get(options), { limit: this.qsize(), empty: "EMPTY" });
  }

  /**
   * What is got, as a stream; it ends when the queue is closed here. An item is got when it is read;
   * cancelling takes nothing, and leaves the queue open.
   */
  get readable(): ReadableStream<T> {
    return readableFrom((options) => this.get(options));
  }

  /** What is put, as a stream. Closing or aborting it leaves the queue open. */
  get writable(): WritableStream<T> {
    return writableTo((item: T, options) => this.put(item, options));
  }

  /**
   * Closes the queue in this isolate; others go on. Waits here reject with `ClosedError`. Items inside
   * stay for the others; when nobody has the queue any more, it is freed. A second call does nothing.
   */
  close(): void {
    if (this.#isClosed()) return;
    this.#state = this.#state === "unused" ? "closed unused" : "closed";
    collected.unregister(this);
    known(this.#isolate).delete(this.#port.region);
    this.#ring.readers.stir();
    this.#ring.writers.stir();
    this.#port.leave();
  }

  /**
   * Resolves at once: what `put` accepted is in the queue, there is no feeder thread to wait for.
   * Python: `join_thread`.
   *
   * @throws StillRunningError before `close`
   */
  joinThread(): Promise<void> {
    if (this.#isClosed()) return Promise.resolve();
    const text = `Cannot join the thread of ${this.#name}: it is not closed`;
    return Promise.reject(new StillRunningError(text));
  }

  /** Does nothing: leaving is never held up by items that nobody has read. Python: `cancel_join_thread`. */
  cancelJoinThread(): void {}

  /** Gets items until the queue is closed here. Leaving the loop takes nothing more. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (!this.#isPlain()) return iterate((options) => this.get(options));
    return this.#receiver.iterate(isEnd) as AsyncIterator<T>;
  }

  /** How `wait` and `select` get from it. */
  [waitable](): Offer<T> {
    return this.#offer as Offer<T>;
  }

  /** How `select` puts into it. */
  [accepting](value: T): SendOffer {
    return sendOffer(this.#isolate, this.#ring, { rules: this.#rules, value });
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
        return queue.#port.region;
      },
      depart: (queue) => sendRegion(queue.#isolate.arena, queue.#port.region),
      unpack: (region) => adopt(region as BlockHandle),
      discard(region) {
        if (!isUnsure()) forgetQueue(here(), region as BlockHandle);
      },
    });
  }

  #isClosed(): boolean {
    return this.#state === "closed" || this.#state === "closed unused";
  }

  #use(operation: string, value?: unknown): void {
    if (this.#state === "unused") this.#state = "used";
    else this.#check(operation, value);
  }

  #check(operation: string, value?: unknown): void {
    if (!this.#isClosed()) return;
    throw new ClosedError(`Cannot ${operation} ${this.#name}: it is closed`, { value });
  }

  /** Whether an item is got as it is, and is gone then. */
  #isPlain(): boolean {
    return this.#schema === undefined && this.#port.leases === undefined;
  }

  async #getOffered(options: WaitOptions = {}): Promise<T> {
    const { room, take } = this.#offer;
    for (;;) {
      const item = await firstOf<unknown>([{ room, attempt: take }], {
        ...options,
        operation: `get from ${this.#name}`,
        timedOut: () => new EmptyError(`Cannot get from ${this.#name}: it is empty`),
      });
      if (item !== PENDING) return item as T;
    }
  }

  #accept(item: unknown): unknown {
    if (this.#schema === undefined) return item;
    return validate(this.#schema, item, `get from ${this.#name}`);
  }

  #now(item: unknown): T {
    if (item === PENDING) throw new EmptyError(`Cannot get from ${this.#name}: it is empty`);
    if (this.#schema === undefined || !(item instanceof Promise)) return item as T;
    item.catch(() => {});
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

const collected = new FinalizationRegistry<{ isolate: Isolate; port: QueuePort }>(
  ({ isolate, port }) => {
    if (known(isolate).get(port.region)?.deref() !== undefined) return;
    known(isolate).delete(port.region);
    port.leave();
  },
);

const makers = new Map<RegionType, (isolate: Isolate, region: BlockHandle) => Queue<unknown>>();

/** Says how a queue of a type of region that arrives in a message becomes an object. */
export function queuesOfType(
  type: RegionType,
  make: (isolate: Isolate, region: BlockHandle) => Queue<unknown>,
): void {
  makers.set(type, make);
}

queuesOfType(QUEUE_REGION, (isolate, region) => {
  return new Queue<unknown>({ [PORT]: openQueue(isolate, region) } as QueueOptions<unknown>);
});

function adopt(region: BlockHandle): Queue<unknown> {
  const isolate = here();
  const make = makers.get(typeOfRegion(isolate.arena, region));
  if (make === undefined) throw new ClosedError("Cannot use the handle: what it named is gone");
  receiveRegion(isolate.arena, region, isolate.slot);
  return known(isolate).get(region)?.deref() ?? make(isolate, region);
}
