// Runs in: owner
/**
 * What a pool can be told, and the checks of it.
 *
 * @module
 */
import { NotSupportedError, type TroupeError } from "../errors.ts";
import type { Isolation, RestartPolicy } from "../actors/actor.ts";
import type { Target } from "../actors/code.ts";
import { cpuCount } from "../actors/family.ts";
import type { OutputTo } from "../actors/output.ts";
import type { SendOptions } from "../channels/sendable.ts";
import type { GateOptions } from "./gate.ts";
import type { Latency } from "./gauges.ts";
import type { Retry } from "./lease.ts";
import type { SchedulingPolicy } from "./policies/policy.ts";
import type { RecyclingLimits } from "./recycling.ts";
import type { Sizes } from "./seats.ts";

/** Milliseconds after which a worker too many is let go, unless told otherwise. */
const IDLE_MS = 10_000;

/** Options of a {@linkcode Pool}. */
export interface PoolOptions {
  /**
   * Workers. A number: so many, from the start; default one for each processor. With `min` and `max`: so
   * many at least from the start, more as work waits, and one that was idle for `idle` milliseconds
   * (default 10,000) is let go.
   */
  size?: number | { min: number; max: number; idle?: number };
  /** Runs first in each worker; when it keeps failing, all work rejects with its error. */
  initializer?: Target<never[], unknown>;
  /** What the initializer is called with. */
  initargs?: unknown[];
  /** Tasks, or chunks, after which a worker is replaced by a fresh one. Default: never. */
  maxTasksPerChild?: number;
  /** Milliseconds after which a worker is replaced by a fresh one, after its task. Default: never. */
  maxAge?: number;
  /** MiB of heap beyond which a worker is replaced by a fresh one, after its task. Default: never. */
  maxMemory?: number;
  /** In which order waiting tasks get a worker. Default `fcfs`: as they came. */
  policy?: SchedulingPolicy;
  /** How many workers may die in what time before all work fails, and how long to wait between starts. */
  restart?: RestartPolicy;
  /** Where the workers run: threads (default), processes of the operating system, or this isolate. */
  isolation?: Isolation;
  /** How much may wait, and what happens to more. Default: no bound. */
  queue?: GateOptions;
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
  /**
   * Milliseconds that each run may take, from when a worker has it; then it rejects with `TimeoutError`
   * and is called off as by `signal`. A bound that counts the waiting too: `AbortSignal.timeout(ms)`.
   */
  timeout?: number;
  /** Runs again after its worker died (default), after it threw, or both. Default: 1 attempt. */
  retry?: Retry;
  /**
   * Milliseconds that a task may go on after it was called off; then its worker is replaced. Default
   * 1,000; `Infinity`: it is never forced to end.
   */
  grace?: number;
  /** Expected cost, for `sjf`. Default: what the function took so far, in milliseconds. */
  estimate?: number;
  /** Whose task it is, for `round_robin`. Default: all tasks have one owner. */
  owner?: string;
  /** Tasks of one key run in one worker, one after the other. */
  key?: string;
  /** Hears what the task says by `currentTask().progress()`. What it throws is printed. */
  onProgress?(done: number, total: number | undefined): void;
}

/** Told how it went. What a callback throws is printed, and harms nothing. */
export interface Callbacks<R> {
  /** Gets the result. Python: `callback`. */
  callback?(value: R): void;
  /** Gets the error. Python: `error_callback`. */
  errorCallback?(error: TroupeError): void;
}

/** Options of the mapping methods. */
export interface MapOptions extends TaskOptions {
  /** Rejects at the first error instead of when all has run. Default `false`, as Python. */
  failFast?: boolean;
  /** Called as chunks are done; {@linkcode progressBar} makes one for a terminal. */
  onProgress?(done: number, total: number | undefined): void;
  /**
   * Items that one worker gets at a time. Default: what takes some milliseconds, as measured, but at most
   * a quarter of each worker's share, as Python; 1 for `imap`.
   */
  chunksize?: number;
  /** Chunks on their way at most, for `imap`. Default: four for each worker. */
  concurrency?: number;
}

/** Figures of a pool. */
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
  /** Share of the workers' lives in which they had work, 0 to 1. */
  utilisation: number;
  /** How long pieces waited for a worker, in milliseconds; of a sample, to the factor of two. */
  waiting: Latency;
  /** How long workers had them, in milliseconds, to the factor of two. */
  running: Latency;
}

/** Numbers of workers. @throws TypeError, RangeError for what is none */
export function sizesOf(size: PoolOptions["size"]): Sizes {
  const { min, max, idle = IDLE_MS } = typeof size === "object" && size !== null
    ? size
    : { min: size ?? cpuCount(), max: size ?? cpuCount() };
  if (typeof min !== "number" || typeof max !== "number" || typeof idle !== "number") {
    throw new TypeError("Cannot make a pool: size is no number");
  }
  if (!Number.isInteger(max) || max < 1 || max > 255) {
    throw new RangeError(`Cannot make a pool of ${max} workers: from 1 to 255`);
  }
  if (!Number.isInteger(min) || min < 0 || min > max) {
    throw new RangeError(`Cannot make a pool of at least ${min} workers: from 0 to ${max}`);
  }
  if (!(idle >= 0)) throw new RangeError(`Cannot let workers go after ${idle} ms`);
  return { min, max, idle };
}

/** What a worker may reach before it is replaced. @throws RangeError for what is no limit */
export function limitsOf(options: PoolOptions): RecyclingLimits {
  const { maxTasksPerChild: maxTasks = Infinity, maxAge = Infinity, maxMemory = Infinity } =
    options;
  if (maxTasks !== Infinity && !(Number.isInteger(maxTasks) && maxTasks >= 1)) {
    throw new RangeError(
      `Cannot make a pool with maxTasksPerChild ${maxTasks}: a whole number from 1 on`,
    );
  }
  for (const [name, limit] of Object.entries({ maxAge, maxMemory })) {
    if (limit > 0) continue;
    throw new RangeError(`Cannot make a pool with ${name} ${limit}: it must be more than 0`);
  }
  return { maxTasks, maxAge, maxMemory };
}

/** How failing workers are replaced. @throws RangeError, NotSupportedError for what cannot be */
export function restartOf({ restart = {} }: PoolOptions): RestartPolicy {
  const { type = "permanent", maxRestarts = 0, within = 1 } = restart;
  if (type !== "permanent") {
    throw new NotSupportedError(
      `Cannot make a pool with restart type "${type}": its workers are always replaced`,
    );
  }
  if (maxRestarts >= 0 && within > 0) return restart;
  throw new RangeError(`Cannot make a pool with ${maxRestarts} restarts within ${within} ms`);
}

/** @throws RangeError for what is no way to treat a task */
export function checkTask({ retry, grace = 0, timeout = 0 }: TaskOptions): void {
  const { attempts = 1, delay = 0, factor = 1 } = retry ?? {};
  if (!(Number.isInteger(attempts) && attempts >= 1)) {
    throw new RangeError(`Cannot run a task ${attempts} times: at least once`);
  }
  if (delay >= 0 && factor >= 1 && grace >= 0 && !Number.isNaN(timeout)) return;
  throw new RangeError("Cannot submit: delay, grace and timeout are at least 0, factor at least 1");
}
