// Runs in: owner
/**
 * The items of a generator task, as it yields them.
 *
 * - I1: items come in order, each once; then the end or the error.
 * - I2: at most {@linkcode WINDOW} items are on their way; the task waits for its reader.
 * - I3: a reader who leaves calls the task off.
 *
 * @module
 */
import type { Hold, Lease } from "./lease.ts";
import { WINDOW } from "./letters.ts";

/** The reading side of a streamed task. */
export class TaskStream implements AsyncIterableIterator<unknown> {
  readonly #items: unknown[] = [];
  #lease: Lease | undefined;
  #end: "open" | "ended" | { readonly error: unknown } = "open";
  #wake: () => void = () => {};
  #turn: Promise<unknown> = Promise.resolve();
  #read = 0;

  /** Takes an item in. */
  push(item: unknown): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Reads what comes of `lease`. */
  follow(lease: Lease): void {
    this.#lease = lease;
    lease.outcome.then(() => this.#finish("ended"), (error) => this.#finish({ error }));
  }

  next(): Promise<IteratorResult<unknown>> {
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.catch(() => {});
    return next;
  }

  /** Leaves: the task is called off. */
  return(): Promise<IteratorResult<unknown>> {
    this.#items.length = 0;
    this.#finish("ended");
    this.#lease?.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<unknown>> {
    while (this.#items.length === 0 && this.#end === "open") {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      if (++this.#read % (WINDOW / 2) === 0) this.#hold?.grant(WINDOW / 2);
      return { done: false, value };
    }
    const end = this.#end;
    this.#end = "ended";
    if (typeof end === "object") throw end.error;
    return { done: true, value: undefined };
  }

  get #hold(): Hold | undefined {
    return this.#lease?.hold;
  }

  #finish(end: "ended" | { readonly error: unknown }): void {
    if (this.#end === "open") this.#end = end;
    this.#wake();
  }
}
