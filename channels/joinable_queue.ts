// Runs in: any isolate
/**
 * A queue that knows when all its items were processed.
 *
 * @module
 */
import { ClosedError } from "../errors.ts";
import { here, type Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { JOINABLE_QUEUE_REGION } from "../memory/region.ts";
import { type JoinablePort, makeJoinableRegion, openJoinable } from "./joinable_region.ts";
import { MOST_COUNTED } from "./ledger.ts";
import { Queue, type QueueOptions, queuesOfType, type SyncOptions } from "./queue.ts";
import { PORT, sizeOf } from "./queue_region.ts";

/** Options of a {@linkcode JoinableQueue}. */
export interface JoinableQueueOptions<T> extends QueueOptions<T> {
  /**
   * How often an item is delivered before it is given up, when each consumer that gets it ends without
   * saying that it is done; from 1 to 15. Default 3.
   */
  maxDeliveries?: number;
}

/**
 * A queue that counts the items that were put and are not done. Python:
 * `multiprocessing.JoinableQueue`.
 *
 * Whoever gets an item says `taskDone()` when it is finished with it; `join()` waits until all are. An
 * item that was got counts for its consumer until then: `taskDone()` stands for the oldest that this
 * isolate got. When a consumer ends, however it does, or closes the queue, the items it had got and not
 * done go to others, ahead of the rest; so an item may be processed twice, if its consumer ended
 * between the work and `taskDone()`. An item that was delivered `maxDeliveries` times, that carries
 * handles (pipe ends, queues), or for whose copy the arena had no room, is given up instead: it counts
 * as done, and in `lost`. So does one that cannot be read or that the schema refuses, but not in `lost`:
 * its `get` has rejected. `join` always ends when all items are done or given up.
 *
 * @typeParam T What it carries.
 *
 * @example Wait until everything is done
 * ```ts
 * import { JoinableQueue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using queue = new JoinableQueue<number>();
 * for (const n of [1, 2, 3]) await queue.put(n);
 *
 * let sum = 0;
 * const worker = (async () => {
 *   for await (const n of queue.drain()) {
 *     sum += n;
 *     queue.taskDone();
 *   }
 * })();
 * await queue.join();
 * assertEquals(sum, 6);
 * await worker;
 * ```
 */
export class JoinableQueue<T> extends Queue<T> {
  readonly #port: JoinablePort;
  readonly #isolate: Isolate;
  readonly #label: string;
  #state: "open" | "closed" = "open";

  /**
   * Makes a queue.
   *
   * @throws TypeError when an option is of a wrong type
   * @throws RangeError when `maxsize` is over 262,144, or `maxDeliveries` is not from 1 to 15
   * @throws FullError when the arena has no room for it
   */
  constructor(options: JoinableQueueOptions<T> = {}) {
    const isolate = here();
    const port = (options as { [PORT]?: JoinablePort })[PORT] ??
      openJoinable(isolate, makeJoinableRegion(isolate, checked(options)));
    super({ ...options, [PORT]: port } as QueueOptions<T>);
    this.#isolate = isolate;
    this.#port = port;
    this.#label = options.name === undefined ? "queue" : `queue "${options.name}"`;
  }

  /**
   * Says that an item is finished: the oldest of those that this isolate got. Without any got here, it
   * counts for one that anybody put. Python: `task_done`.
   *
   * @throws RangeError when it was called more often than there were items
   * @throws ClosedError after `close`
   */
  taskDone(): void {
    this.#check("mark an item as done of");
    if (this.#port.leases.finish()) return;
    throw new RangeError(
      `Cannot mark an item of ${this.#label} as done: taskDone() called too many times`,
    );
  }

  /**
   * Waits until all items are done; items put meanwhile count too. Python: `join`.
   *
   * @throws TimeoutError when they are not within `timeout`
   * @throws ClosedError when the queue is, or gets, closed here
   */
  join(options: WaitOptions = {}): Promise<void> {
    return this.#port.joiners.until({
      ...options,
      operation: `join ${this.#label}`,
      attempt: () => {
        this.#check("join");
        return this.unfinished === 0 ? undefined : PENDING;
      },
    });
  }

  /** As {@linkcode join}, but blocks this isolate: for workers; `false` when the time is up. */
  joinSync({ timeout }: SyncOptions = {}): boolean {
    this.#check("join");
    const attempt = () => this.unfinished === 0;
    return this.#isolate.park.block(this.#port.joiners, { attempt, timeout });
  }

  /** Items put and not done. @throws ClosedError after `close` */
  get unfinished(): number {
    this.#check("look into");
    return this.#port.leases.unfinished;
  }

  /** Items given up, by whoever had them; see the class. @throws ClosedError after `close` */
  get lost(): number {
    this.#check("look into");
    return this.#port.leases.lost;
  }

  /** As a queue's; what was got here and is not done goes back to the others. */
  override close(): void {
    this.#state = "closed";
    this.#port.joiners.stir();
    super.close();
  }

  #check(operation: string): void {
    if (this.#state === "open") return;
    throw new ClosedError(`Cannot ${operation} ${this.#label}: it is closed`);
  }
}

queuesOfType(JOINABLE_QUEUE_REGION, (isolate: Isolate, region: BlockHandle) => {
  const options = { [PORT]: openJoinable(isolate, region) };
  return new JoinableQueue<unknown>(options as JoinableQueueOptions<unknown>);
});

function checked({ maxsize = 0, maxDeliveries = 3 }: JoinableQueueOptions<unknown>) {
  if (!Number.isInteger(maxDeliveries) || maxDeliveries < 1 || maxDeliveries > MOST_COUNTED) {
    throw new RangeError(
      `Cannot make a queue that delivers ${maxDeliveries} times: from 1 to ${MOST_COUNTED}`,
    );
  }
  return { maxsize: sizeOf(maxsize), mostDeliveries: maxDeliveries };
}
