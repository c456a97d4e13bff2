// Runs in: owner
/**
 * What `applyAsync` gives: a promise with the methods of Python's `AsyncResult`.
 *
 * @module
 */
import { StillRunningError, TimeoutError } from "../errors.ts";
import { MAX_DELAY, type WaitOptions } from "../memory/line.ts";

/** A result to come. Awaiting it gives the value. Python: `multiprocessing.pool.AsyncResult`. */
export interface AsyncResult<R> extends Promise<R> {
  /**
   * The value, when it is there. Python: `get`.
   *
   * @throws TimeoutError when it is not there within `timeout` milliseconds; the task goes on
   */
  get(options?: WaitOptions): Promise<R>;
  /** Resolves when the task has ended, well or not, or the time is up. Python: `wait`. */
  wait(options?: WaitOptions): Promise<void>;
  /** Whether it has ended. Python: `ready`. */
  ready(): boolean;
  /** Whether it ended well. Python: `successful`. @throws StillRunningError before its end */
  successful(): boolean;
  /** Gives it up: it rejects with `reason`, default a `CancelledError`. What runs already runs on. */
  cancel(reason?: unknown): void;
}

/** Adds the methods to a promise. */
export function asyncResult<R>(
  outcome: Promise<R>,
  { name, cancel }: { name: string; cancel(reason?: unknown): void },
): AsyncResult<R> {
  let state: "running" | "succeeded" | "failed" = "running";
  const observed = outcome.then((value) => {
    state = "succeeded";
    return value;
  }, (error) => {
    state = "failed";
    throw error;
  });
  return Object.assign(observed, {
    get: (options: WaitOptions = {}) => within(observed, name, options),
    async wait(options: WaitOptions = {}) {
      await within(observed, name, options).catch((error) => {
        if (options.signal?.aborted) throw error;
      });
    },
    ready: () => state !== "running",
    successful() {
      if (state !== "running") return state === "succeeded";
      throw new StillRunningError(
        `Cannot tell whether task "${name}" was successful: it has not ended`,
      );
    },
    cancel,
  });
}

/** The promise, for so long. */
function within<R>(
  promise: Promise<R>,
  name: string,
  { timeout = Infinity, signal }: WaitOptions,
): Promise<R> {
  if (timeout === Infinity && signal === undefined) return promise;
  return new Promise<R>((resolve, reject) => {
    const timer = timeout === Infinity ? undefined : setTimeout(
      () => settle(() => reject(new TimeoutError(`get the result of task "${name}"`, timeout))),
      Math.min(Math.max(0, timeout), MAX_DELAY),
    );
    const abort = () => settle(() => reject(signal?.reason));
    const settle = (how: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      how();
    };
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    promise.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
  });
}

/** Callbacks cannot harm the pool. */
export function guarded<V>(callback: ((value: V) => void) | undefined, value: V): void {
  try {
    callback?.(value);
  } catch (error) {
    console.error("A callback of the pool threw:", error);
  }
}

/** The promise, until the signal fires. */
export function abortable(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
