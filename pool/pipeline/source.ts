// Runs in: any isolate
/**
 * Whatever gives items, read in one way.
 *
 * @module
 */
import { ClosedError, StageError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import type { Items } from "../chunks.ts";
import { Breath, type Flow, Item, type Pulled, type Receipt } from "./flow.ts";

/**
 * Where a pipeline's items come from: anything that can be iterated over, streams and queues among it;
 * or a function that opens it at the item with a given number, from 0 on, for runs that resume.
 * A queue ends when it is closed here.
 */
export type PipelineSource<T> = Items<T> | ReadableStream<T> | ((from: number) => Items<T>);

/** No more items. */
export const END: unique symbol = Symbol("end");

/** A source that is read. */
export interface Opened {
  /** The next item, or {@linkcode END}. */
  next(): unknown;
  /** It is not read any more. */
  close(reason?: unknown): void | Promise<void>;
}

/** Opens whatever can be iterated over. @throws TypeError for what cannot */
export function open(items: unknown): Opened {
  if (items instanceof Queue) return openQueue(items);
  if (items instanceof ReadableStream) return openStream(items);
  if (Object(items)[Symbol.asyncIterator] !== undefined) {
    return openLater((items as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  }
  if (items !== undefined && items !== null && Object(items)[Symbol.iterator] !== undefined) {
    return openNow((items as Iterable<unknown>)[Symbol.iterator]());
  }
  throw new TypeError(`Cannot read items from ${String(items)}: it is not iterable`);
}

function openNow(iterator: Iterator<unknown>): Opened {
  return {
    next() {
      const { done, value } = iterator.next();
      return done ? END : value;
    },
    close: () => void iterator.return?.(),
  };
}

/** While it is waited for its next item, nobody can wait for its `return`. */
function openLater(iterator: AsyncIterator<unknown>): Opened {
  let waiting = false;
  const take = ({ done, value }: IteratorResult<unknown>) => {
    waiting = false;
    return done ? END : value;
  };
  return {
    next() {
      waiting = true;
      return Promise.resolve(iterator.next()).then(take);
    },
    async close() {
      const returned = iterator.return?.();
      if (!waiting) await returned;
      else returned?.catch(() => {});
    },
  };
}

function openStream(stream: ReadableStream<unknown>): Opened {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      if (done) reader.releaseLock();
      return done ? END : value;
    },
    async close(reason) {
      await reader.cancel(reason);
      reader.releaseLock();
    },
  };
}

/** A wait for an item that is given up leaves the item in the queue. */
function openQueue(queue: Queue<unknown>): Opened {
  const leaving = new AbortController();
  return {
    async next() {
      try {
        return await queue.get({ signal: leaving.signal });
      } catch (error) {
        if (error instanceof ClosedError || leaving.signal.aborted) return END;
        throw error;
      }
    },
    close: () => leaving.abort(),
  };
}

/** The top of a pipeline. */
export class SourceFlow implements Flow {
  readonly #opened: Opened;
  readonly #receipt: (index: number) => Receipt | undefined;
  readonly #breath = new Breath();
  #index: number;
  #state: "open" | "ended" = "open";
  /** Ends a pull that waits. */
  #leave: (() => void) | undefined;

  /** Items count from `from`. */
  constructor(opened: Opened, from: number, receipt: (index: number) => Receipt | undefined) {
    this.#opened = opened;
    this.#index = from;
    this.#receipt = receipt;
  }

  /** Items read. */
  get read(): number {
    return this.#index;
  }

  pull(): Pulled {
    if (this.#state === "ended") return undefined;
    if (this.#breath.isOut()) return this.#breath.take().then(() => this.pull());
    try {
      const next = this.#opened.next();
      return next instanceof Promise ? this.#later(next) : this.#item(next);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** No more items: not those that it could still give, and not the one that is waited for. */
  async close(reason?: unknown): Promise<void> {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#breath.end();
    this.#leave?.();
    await this.#opened.close(reason);
  }

  #later(next: Promise<unknown>): Promise<Item | undefined> {
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve(undefined);
      next.then(
        (value) => resolve(this.#item(value)),
        (error) => reject(this.#failed(error)),
      );
    });
  }

  #item(value: unknown): Item | undefined {
    if (value === END) this.#state = "ended";
    if (this.#state === "ended") return undefined;
    const index = this.#index++;
    return new Item(value, index, this.#receipt(index));
  }

  #failed(cause: unknown): StageError {
    this.#state = "ended";
    return new StageError("source", { index: this.#index, attempts: 1, cause });
  }
}
