// Runs in: owner
/**
 * Indexes with a pool, and kills some of its workers on the way.
 *
 * @module
 */
import { Pool } from "@troupe/troupe";
import { type Batch, cut, list, type Listing } from "./batches.ts";
import { addFigures, countBatch, type Figures, noFigures } from "./count.ts";
import { showProgress } from "./progress.ts";
import { WordTable } from "./words.ts";

/** What a pass over all files found. */
export interface Pass {
  /** The index. */
  readonly words: WordTable;
  /** What was read. */
  readonly figures: Figures;
  /** How long it took. */
  readonly milliseconds: number;
}

/** A pass with workers. */
export interface PooledPass extends Pass {
  /** Why tasks were lost: none should be. */
  readonly lost: readonly unknown[];
  /** Tasks that came back. */
  readonly tasks: number;
  /** Workers that were killed. */
  readonly killed: number;
  /** Workers that were replaced. */
  readonly restarts: number;
  /** Milliseconds that this isolate was busy adding results up. */
  readonly merging: number;
}

/** How to index. */
export interface PooledOptions {
  /** Workers to kill, spread over the run. */
  readonly kills: number;
  /** Workers at a time. */
  readonly workers: number;
  /** How finely to cut; see `cut`. */
  readonly parts: number;
}

/** Indexes a folder. */
export async function indexInPool(
  folder: string,
  { kills, workers, parts }: PooledOptions,
): Promise<PooledPass> {
  const begun = performance.now();
  // The workers start while the folder is listed.
  await using pool = new Pool({ size: workers });
  const listing = list(folder);
  const words = new WordTable();
  const figures = noFigures();
  figures.unreadable.push(...listing.unreadable);
  const progress = showProgress(listing.bytes);
  const results = pool.imapUnordered(countBatch, batches(listing, parts), {
    concurrency: 2 * workers,
    retry: { attempts: 5 },
  });
  const lost: unknown[] = [];
  let [tasks, killed, read, merging] = [0, 0, 0, 0];
  for (;;) {
    let next: Awaited<ReturnType<typeof results.next>>;
    try {
      next = await results.next();
    } catch (error) {
      lost.push(error);
      continue;
    }
    if (next.done) break;
    const started = performance.now();
    words.add(next.value.news);
    addFigures(figures, next.value.figures);
    merging += performance.now() - started;
    tasks++;
    progress.show(read += next.value.read);
    const due = Math.floor((read / listing.bytes) * (kills + 1));
    if (due > killed && killed < kills) killed += pool.killWorkers(Math.min(due, kills) - killed);
  }
  progress.end();
  const { restarts } = pool.stats();
  return {
    words,
    figures,
    milliseconds: performance.now() - begun,
    lost,
    tasks,
    killed,
    restarts,
    merging,
  };
}

/** All batches; the pool asks for the next when it has room. */
function* batches(listing: Listing, parts: number): Generator<Batch> {
  yield* cut(listing, parts);
}
