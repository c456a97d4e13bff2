// Runs in: any isolate
/**
 * Cutting items into chunks.
 *
 * @module
 */
import type { Pace } from "./pace.ts";

/** Whatever gives items. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** Milliseconds of work that a chunk should be: far more than it costs to hand out, and soon done. */
const CHUNK_MS = 4;

/**
 * Items for the next chunk: what takes {@linkcode CHUNK_MS}, as measured, but no more than lets each worker
 * have four chunks, as Python's `Pool.map` cuts them. Before the first measurement: as Python.
 */
export function nextChunk(items: number, workers: number, { item }: Pace): number {
  const most = Math.max(1, Math.ceil(items / (workers * 4)));
  return item === Infinity ? most : Math.max(1, Math.min(most, Math.round(CHUNK_MS / item)));
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
