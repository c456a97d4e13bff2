// Runs in: owner
/**
 * What a pool can be told, and the checks of it.
 *
 * @module
 */
import type { Isolation, RestartPolicy } from "../actors/actor.ts";
import type { Target } from "../actors/code.ts";
import { cpuCount } from "../actors/family.ts";
import type { OutputTo } from "../actors/output.ts";
import type { SendOptions } from "../channels/sendable.ts";
import type { Retry } from "./lease.ts";

/** Options of a {@linkcode Pool}. */
export interface PoolOptions {
  /** Workers. Default: one for each processor. */
  size?: number | { min: number; max: number; idle?: number };
  /** Runs first in each worker; when it keeps failing, all work rejects with its error. */
  initializer?: Target<never[], unknown>;
  /** What the initializer is called with. */
  initargs?: unknown[];
  /** Tasks, or chunks, after which a worker is replaced by a fresh one. Default: never. */
  maxTasksPerChild?: number;
  /** Where the workers run: threads (default), processes of the operating system, or this isolate. */
  isolation?: Isolation;
  /** Not supported yet. */
  restart?: RestartPolicy;
  /** What workers that are processes of the operating system are allowed; default as this program. */
  permissions?: Deno.PermissionOptions;
  /** Heap limit of each, in MiB, of workers that are processes of the operating system. */
  memoryLimitMb?: number;
  /** Where the output of workers that are processes goes. Default: where the program's goes. */
  stdout?: OutputTo;
  /** As `stdout`, for their errors. */
  stderr?: OutputTo;
}

/** Options of one task. */
export interface TaskOptions extends SendOptions {
  /** Runs again after its worker died (default), after it threw, or both. Default: 1 attempt. */
  retry?: Retry;
}

/** Options of the mapping methods. */
export interface MapOptions extends TaskOptions {
  /** Rejects at the first error instead of when all has run. Default `false`, as Python. */
  failFast?: boolean;
  /** Called as chunks are done. */
  onProgress?(done: number, total: number | undefined): void;
  /** Items that one worker gets at a time. Default: four chunks for each worker; 1 for `imap`. */
  chunksize?: number;
  /** Chunks on their way at most, for `imap`. Default: four for each worker. */
  concurrency?: number;
}

/** Figures of a pool at this moment. */
export interface PoolStats {
  /** Workers that are up. */
  size: number;
  /** Workers with work. */
  busy: number;
  /** Pieces of work that no worker has yet. */
  queued: number;
  /** Pieces that succeeded. */
  completed: number;
  /** Pieces that failed for good. */
  failed: number;
  /** Workers that died and were replaced. */
  restarts: number;
  /** Share of the workers that have work, 0 to 1. */
  utilisation: number;
}

/** Number of workers. @throws TypeError, RangeError for what is none */
export function sizeOf(size: PoolOptions["size"]): number {
  const workers = typeof size === "object" ? size.max : size ?? cpuCount();
  if (typeof workers !== "number") throw new TypeError("Cannot make a pool: size is no number");
  if (Number.isInteger(workers) && workers >= 1 && workers < 256) return workers;
  throw new RangeError(`Cannot make a pool of ${workers} workers: from 1 to 255`);
}

/** Tasks of a worker's life. @throws RangeError for what is no number of them */
export function tasksOf(tasks: number | undefined): number {
  if (tasks === undefined) return Infinity;
  if (Number.isInteger(tasks) && tasks >= 1) return tasks;
  throw new RangeError(
    `Cannot make a pool with maxTasksPerChild ${tasks}: a whole number from 1 on`,
  );
}
