// Runs in: any isolate
/**
 * Several sources side by side.
 *
 * @module
 */
import type { MergedItem } from "./merge.ts";
import { END, open, type Opened } from "./source.ts";

/** What {@linkcode zip} gives: one item of each source. */
export type Zipped<S> = { -readonly [K in keyof S]: MergedItem<S[K]> };

/**
 * Tuples of one item of each source, in their order, until the shortest has ended; all are closed then, and
 * when one fails or the loop is left. An item of a longer source that has no partner is dropped. Of each
 * source one item is read at a time, of all at once. Python: `zip`.
 *
 * @example Names and ages
 * ```ts
 * import { pipeline, zip } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const pairs = await pipeline<[string, number]>().collect(zip(["Ann", "Bob"], [31, 42, 53]));
 * assertEquals(pairs, [["Ann", 31], ["Bob", 42]]);
 * ```
 */
export function zip<S extends (Iterable<unknown> | AsyncIterable<unknown>)[]>(
  ...sources: S
): AsyncIterableIterator<Zipped<S>> {
  return new Zip(sources) as AsyncIterableIterator<unknown> as AsyncIterableIterator<Zipped<S>>;
}

/** No generator: to leave must be possible while an item is waited for. */
class Zip implements AsyncIterableIterator<unknown[]> {
  readonly #sources: readonly unknown[];
  #opened: readonly Opened[] | undefined;
  #closed: Promise<unknown> | undefined;

  constructor(sources: readonly unknown[]) {
    this.#sources = sources;
  }

  async next(): Promise<IteratorResult<unknown[]>> {
    if (this.#closed !== undefined || this.#sources.length === 0) return await this.return();
    this.#opened ??= this.#sources.map(open);
    try {
      const value = await Promise.all(this.#opened.map((source) => source.next()));
      return value.includes(END) ? await this.return() : { done: false, value };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown[]>> {
    await (this.#closed ??= Promise.all(this.#opened?.map((source) => source.close()) ?? []));
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
