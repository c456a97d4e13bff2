// Runs in: owner
/**
 * Many workers behind one queue of work.
 *
 * @module
 */
import { ClosedError, NotSupportedError, StillRunningError, type TroupeError } from "../errors.ts";
import type { WaitOptions } from "../memory/line.ts";
import { codeRefOf, type Target } from "../actors/code.ts";
import { checkNotLoading } from "../actors/identity.ts";
import { checkIsolation, whereOf } from "../actors/isolation.ts";
import { checkChunk, collect, cut, cutLazily, defaultChunk, type Items } from "./chunks.ts";
import { Crew } from "./crew.ts";
import { Imap } from "./imap.ts";
import { Lease } from "./lease.ts";
import {
  type MapOptions,
  type PoolOptions,
  type PoolStats,
  sizeOf,
  type TaskOptions,
  tasksOf,
} from "./options.ts";
import { abortable, type AsyncResult, asyncResult, guarded } from "./result.ts";
import { EACH, type LeaseMode, ONE, STAR } from "./worker.ts";

export type { AsyncResult } from "./result.ts";
export type { Items } from "./chunks.ts";
export type { Retry } from "./lease.ts";

export type { MapOptions, PoolOptions, PoolStats, TaskOptions } from "./options.ts";

type State = "open" | "closed" | "terminated";

/**
 * A fixed number of workers that run tasks. Python: `multiprocessing.Pool`.
 *
 * A task runs once, unless `retry` says otherwise. A worker that dies is replaced; the task it had in
 * hand is retried or rejects with `ExitError`, those it had not begun go to others, everything else goes
 * on. Every call settles. Leaving an `await using` scope waits for all work.
 *
 * @example Square numbers on all processors
 * ```ts ignore
 * import { Pool, task } from "@troupe/troupe";
 *
 * export const square = task(import.meta, function square(x: number): number {
 *   return x * x;
 * });
 *
 * if (import.meta.main) {
 *   await using pool = new Pool();
 *   console.log(await pool.map(square, [1, 2, 3])); // [1, 4, 9]
 * }
 * ```
 */
export class Pool implements AsyncDisposable {
  readonly #crew: Crew;
  readonly #size: number;
  readonly #imaps = new Set<Imap>();
  /** Mappings whose input is still read. */
  readonly #reading = new Set<Promise<unknown>>();
  #state: State = "open";
  #completed = 0;
  #failed = 0;
  #restarts = 0;
  #joined: Promise<void> | undefined;

  /**
   * Makes a pool and starts its workers.
   *
   * @throws RangeError, TypeError for wrong options
   * @throws NotSupportedError in a module that a worker is importing to run something of it
   */
  constructor(options: PoolOptions = {}) {
    checkNotLoading("make a pool");
    const { initializer, initargs = [], maxTasksPerChild, isolation = "auto" } = options;
    checkIsolation(isolation, options);
    if (options.restart !== undefined) {
      throw new NotSupportedError("Cannot make a pool with restart: it is not supported yet");
    }
    this.#size = sizeOf(options.size);
    this.#crew = new Crew({
      size: this.#size,
      where: whereOf({ ...options, isolation }),
      initializer: initializer === undefined
        ? null
        : { code: codeRefOf(initializer), args: initargs },
      maxTasksPerChild: tasksOf(maxTasksPerChild),
    }, {
      settled: (succeeded) => succeeded ? this.#completed++ : this.#failed++,
      replaced: () => this.#restarts++,
    });
  }

  /** Runs one task. Python: `apply`. Rejects as {@linkcode applyAsync} does. */
  async apply<A extends unknown[], R>(target: Target<A, R>, ...args: A): Promise<Awaited<R>> {
    return await this.#lease(target, ONE, args, {}).outcome as Awaited<R>;
  }

  /**
   * Runs one task. Python: `apply_async`. The callbacks run before the result settles for others; what
   * they throw is printed and harms nothing.
   *
   * Rejects with `RemoteError` (its `cause` is what the task threw), with `ExitError` when its worker
   * died, with `StartError` when the function cannot be loaded, with `NotSendableError` when an argument
   * or the result cannot be sent, with `CancelledError` when it was cancelled or the pool terminated.
   *
   * @throws ClosedError after `close` or `terminate`
   */
  applyAsync<A extends unknown[], R>(
    target: Target<A, R>,
    args: NoInfer<A>,
    options: TaskOptions & {
      callback?(value: Awaited<R>): void;
      errorCallback?(error: TroupeError): void;
    } = {},
  ): AsyncResult<Awaited<R>> {
    const { callback, errorCallback } = options;
    const lease = this.#lease(target, ONE, args, options);
    const outcome = lease.outcome.then((value) => {
      guarded(callback, value as Awaited<R>);
      return value as Awaited<R>;
    }, (error) => {
      guarded(errorCallback, error);
      throw error;
    });
    const cancel = (reason?: unknown) => void lease.cancel(reason);
    const result = asyncResult(outcome, { name: lease.work.code.name, cancel });
    if (errorCallback !== undefined) result.catch(() => {});
    return result;
  }

  /**
   * Runs the task for each item; results in the order of the items. Python: `map`. An error skips the
   * rest of its chunk; all other chunks run, then the first error to happen is what it rejects with.
   *
   * @throws RangeError when `chunksize` is less than 1
   */
  map<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#map(target, EACH, items, options) as Promise<Awaited<R>[]>;
  }

  /** As {@linkcode map}; each item is a list of arguments. Python: `starmap`. */
  starmap<A extends unknown[], R>(
    target: Target<A, R>,
    items: Items<NoInfer<A>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#map(target, STAR, items, options) as Promise<Awaited<R>[]>;
  }

  /**
   * Results one by one, in the order of the items, while the input is still read; it may be endless.
   * Python: `imap`. After an error the results of the other items still come.
   */
  imap<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#imap(target, items, options, true) as AsyncIterableIterator<Awaited<R>>;
  }

  /** As {@linkcode imap}, but results come as they are done. Python: `imap_unordered`. */
  imapUnordered<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    return this.#imap(target, items, options, false) as AsyncIterableIterator<Awaited<R>>;
  }

  /** Figures of this moment. */
  stats(): PoolStats {
    const { size, busy, queued } = this.#crew;
    return {
      size,
      busy,
      queued,
      completed: this.#completed,
      failed: this.#failed,
      restarts: this.#restarts,
      utilisation: size === 0 ? 0 : busy / size,
    };
  }

  /**
   * Kills up to `count` workers at once, busy ones first, and gives how many it were. They are replaced.
   * For tests of what survives it.
   */
  killWorkers(count = 1): number {
    return this.#crew.kill(count);
  }

  /** Takes no more work; what was submitted runs to its end. A second call does nothing. Python: `close`. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    for (const imap of this.#imaps) imap.readAll();
  }

  /** Ends all workers now; what has not ended rejects with `CancelledError`. Python: `terminate`. */
  terminate(): void {
    if (this.#state === "terminated") return;
    this.#state = "terminated";
    this.#joined = this.#crew.dismiss({ atOnce: true });
  }

  /**
   * Waits until all work has ended and the workers have gone. Python: `join`.
   *
   * @throws StillRunningError before `close` or `terminate`
   */
  join({ signal }: WaitOptions = {}): Promise<void> {
    if (this.#state === "open") {
      return Promise.reject(
        new StillRunningError("Cannot join the pool: it is still open; close it first"),
      );
    }
    this.#joined ??= this.#finish();
    return signal === undefined ? this.#joined : abortable(this.#joined, signal);
  }

  /** Closes it and waits for all work. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }

  async #finish(): Promise<void> {
    await Promise.allSettled(this.#reading);
    await Promise.all([...this.#imaps].map((imap) => imap.readAll()));
    await this.#crew.whenIdle();
    await this.#crew.dismiss({ atOnce: this.#state === "terminated" });
  }

  #lease(
    target: unknown,
    mode: LeaseMode,
    args: readonly unknown[],
    { signal, retry }: TaskOptions,
  ): Lease {
    if (this.#state !== "open") throw this.#notRunning();
    return this.#submit(new Lease({ code: codeRefOf(target), mode, args, retry }), signal);
  }

  #submit(lease: Lease, signal: AbortSignal | undefined): Lease {
    if (signal?.aborted) lease.cancel(signal.reason);
    else if (signal !== undefined) {
      const abort = () => lease.cancel(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      lease.outcome.finally(() => signal.removeEventListener("abort", abort)).catch(() => {});
    }
    this.#crew.submit(lease);
    return lease;
  }

  async #map(
    target: unknown,
    mode: LeaseMode,
    items: Items<unknown>,
    options: MapOptions,
  ): Promise<unknown[]> {
    if (this.#state !== "open") throw this.#notRunning();
    checkChunk(options.chunksize);
    const code = codeRefOf(target);
    const all = Array.isArray(items) ? items : await this.#read(items);
    const chunks = cut(all, options.chunksize ?? defaultChunk(all.length, this.#size));
    const results: unknown[][] = [];
    let done = 0;
    const failures: unknown[] = [];
    // One listener for all: a signal looks through all it has to add one.
    const { signal, retry } = options;
    const leases: Lease[] = [];
    const cancel = (reason: unknown) => leases.forEach((lease) => lease.cancel(reason));
    const abort = () => cancel(signal?.reason);
    const aborted = signal?.aborted ? signal : undefined;
    const work = chunks.map(async (chunk, index) => {
      try {
        if (this.#state === "terminated") throw this.#notRunning();
        const lease = this.#submit(new Lease({ code, mode, args: chunk, retry }), aborted);
        leases.push(lease);
        results[index] = await lease.outcome as unknown[];
        options.onProgress?.(done += chunk.length, all.length);
      } catch (error) {
        if (failures.push(error) === 1 && options.failFast) cancel(error);
      }
    });
    signal?.addEventListener("abort", abort, { once: true });
    await Promise.all(work);
    signal?.removeEventListener("abort", abort);
    if (failures.length > 0) throw failures[0];
    return results.flat();
  }

  /** All items. The pool, when it closes, waits until they are there and were submitted. */
  async #read(items: Items<unknown>): Promise<readonly unknown[]> {
    const all = collect(items);
    const submitted = all.then(() => {});
    this.#reading.add(submitted);
    try {
      return await all;
    } finally {
      this.#reading.delete(submitted);
    }
  }

  #imap(
    target: unknown,
    items: Items<unknown>,
    options: MapOptions,
    ordered: boolean,
  ): AsyncIterableIterator<unknown> {
    if (this.#state !== "open") throw this.#notRunning();
    const { chunksize = 1, concurrency = this.#size * 4 } = options;
    checkChunk(chunksize);
    const code = codeRefOf(target);
    const { signal, retry } = options;
    let done = 0;
    const imap: Imap = new Imap({
      pieces: cutLazily(items, chunksize),
      ahead: concurrency,
      ordered,
      inputEnded: () => this.#imaps.delete(imap),
      run: async (args) => {
        if (this.#state === "terminated") throw this.#notRunning();
        const lease = this.#submit(new Lease({ code, mode: EACH, args, retry }), signal);
        const results = await lease.outcome as unknown[];
        options.onProgress?.(done += args.length, undefined);
        return results;
      },
    });
    this.#imaps.add(imap);
    return imap;
  }

  #notRunning(): ClosedError {
    return new ClosedError(`Cannot submit to the pool: it is ${this.#state}`);
  }
}
