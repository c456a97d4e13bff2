// Runs in: any isolate
/**
 * Cutting items into chunks.
 *
 * @module
 */

/** Whatever gives items. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/**
 * Items for each chunk unless asked otherwise: four chunks for each worker, as Python's `Pool.map`.
 */
export function defaultChunk(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (workers * 4)));
}

/** @throws RangeError when a chunk would have no items */
export function checkChunk(chunksize: number | undefined): void {
  if (chunksize === undefined || (Number.isInteger(chunksize) && chunksize >= 1)) return;
  throw new RangeError(`Cannot cut chunks of ${chunksize} items: at least 1`);
}

/** All items of any source. */
export async function collect<T>(items: Items<T>): Promise<readonly T[]> {
  if (Array.isArray(items)) return items;
  if (Symbol.iterator in items) return [...items];
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Cuts a list. */
export function cut<T>(items: readonly T[], chunksize: number): T[][] {
  const chunks: T[][] = [];
  for (let from = 0; from < items.length; from += chunksize) {
    chunks.push(items.slice(from, from + chunksize));
  }
  return chunks;
}

/** Cuts a source as it is read. */
export async function* cutLazily<T>(items: Items<T>, chunksize: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const item of items) {
    if (chunk.push(item) < chunksize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
