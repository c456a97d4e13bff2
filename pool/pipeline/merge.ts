// Runs in: any isolate
/**
 * Several sources as one.
 *
 * @module
 */
import { Channel } from "./channel.ts";
import { END, open, type Opened } from "./source.ts";

/** What a source of {@linkcode merge} gives. */
export type MergedItem<S> = S extends Iterable<infer T> | AsyncIterable<infer T> ? T : never;

/**
 * The items of several sources as they come, each source in its order and none preferred. Each source is
 * read one item ahead. The first error of a source ends it; to leave it closes all of them.
 *
 * @example Two sources
 * ```ts
 * import { merge, pipeline } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const all = await pipeline<number>().collect(merge([1, 2], [3, 4]));
 * assertEquals(all.toSorted(), [1, 2, 3, 4]);
 * ```
 */
export function merge<S extends (Iterable<unknown> | AsyncIterable<unknown>)[]>(
  ...sources: S
): AsyncIterableIterator<MergedItem<S[number]>> {
  return new Merged(sources) as AsyncIterableIterator<MergedItem<S[number]>>;
}

type Read = { readonly value: unknown } | { readonly error: unknown };

/** No generator: to leave must be possible while an item is waited for. */
class Merged implements AsyncIterableIterator<unknown> {
  readonly #sources: readonly unknown[];
  readonly #channel = new Channel<Read>(0);
  #opened: readonly Opened[] | undefined;

  constructor(sources: readonly unknown[]) {
    this.#sources = sources;
  }

  async next(): Promise<IteratorResult<unknown>> {
    this.#opened ??= this.#open();
    const taken = await this.#channel.take();
    if (taken === undefined) return { done: true, value: undefined };
    if ("value" in taken) return { done: false, value: taken.value };
    await this.return();
    throw taken.error;
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#channel.close();
    await Promise.all(this.#opened?.map((source) => source.close()) ?? []);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #open(): readonly Opened[] {
    const opened = this.#sources.map(open);
    Promise.all(opened.map((source) => this.#read(source))).then(() => this.#channel.end());
    return opened;
  }

  async #read(source: Opened): Promise<void> {
    try {
      for (let value = await source.next(); value !== END; value = await source.next()) {
        if (!await this.#channel.put({ value })) return;
      }
    } catch (error) {
      await this.#channel.put({ error });
    }
  }
}
