// Runs in: owner
/**
 * What `applyAsync` and `mapAsync` give: a promise with the methods of Python's `AsyncResult`.
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
  /** Whether a worker has begun it and it has not ended. Python: `Future.running`. */
  running(): boolean;
  /**
   * Gives it up: it rejects with `reason`, default a `CancelledError`. What no worker has begun is never
   * begun. In one that runs `currentTask().signal` fires; when it goes on for longer than its `grace`, its
   * worker is replaced. Nothing happens after the end.
   */
  cancel(reason?: unknown): void;
}

/** What stands behind a result. */
export interface Behind {
  /** For errors. */
  readonly name: string;
  /** How it ended, once it has. */
  readonly state: "open" | "succeeded" | "failed";
  /** Whether a worker has begun it. */
  readonly isRunning: boolean;
  /** Gives it up. */
  cancel(reason?: unknown): void;
}

type Result = AsyncResult<unknown> & { [behind]: Behind };

const behind = Symbol("behind");

/** Adds the methods to a promise. They are shared, so that a result costs little. */
export function asyncResult<R>(outcome: Promise<R>, what: Behind): AsyncResult<R> {
  const result = outcome as Promise<unknown> as Result;
  result[behind] = what;
  result.get = get;
  result.wait = wait;
  result.ready = ready;
  result.successful = successful;
  result.running = running;
  result.cancel = cancel;
  return result as AsyncResult<unknown> as AsyncResult<R>;
}

function get(this: Result, options: WaitOptions = {}): Promise<unknown> {
  return abortable(this, {
    ...options,
    operation: `get the result of task "${this[behind].name}"`,
  });
}

async function wait(this: Result, options: WaitOptions = {}): Promise<void> {
  await abortable(this, { ...options, operation: `get the result of task "${this[behind].name}"` })
    .catch((error) => {
      if (options.signal?.aborted) throw error;
    });
}

function ready(this: Result): boolean {
  return this[behind].state !== "open";
}

function successful(this: Result): boolean {
  const { state, name } = this[behind];
  if (state !== "open") return state === "succeeded";
  throw new StillRunningError(
    `Cannot tell whether task "${name}" was successful: it has not ended`,
  );
}

function running(this: Result): boolean {
  return this[behind].isRunning;
}

function cancel(this: Result, reason?: unknown): void {
  this[behind].cancel(reason);
}

/** Callbacks cannot harm the pool: what they throw is printed. */
export function guarded<A extends unknown[]>(
  callback: ((...args: A) => unknown) | undefined,
  args: A,
): void {
  const report = (error: unknown) => console.error("A callback of the pool threw:", error);
  try {
    const result = callback?.(...args);
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}

/** What calls the callbacks of a result. */
export function telling({ callback, errorCallback }: {
  callback?(value: unknown): void;
  errorCallback?(error: never): void;
}): (how: { readonly value: unknown } | { readonly error: unknown }) => void {
  return (how) => {
    if ("value" in how) guarded(callback, [how.value]);
    else guarded(errorCallback, [how.error as never]);
  };
}

/** The promise, until the signal fires or the time is up. */
export function abortable<R>(
  promise: Promise<R>,
  { signal, timeout = Infinity, operation }: WaitOptions & { operation: string },
): Promise<R> {
  if (signal === undefined && timeout === Infinity) return promise;
  return new Promise<R>((resolve, reject) => {
    const late = () => settle(() => reject(new TimeoutError(operation, timeout)));
    const abort = () => settle(() => reject(signal?.reason));
    const timer = timeout === Infinity
      ? undefined
      : setTimeout(late, Math.min(Math.max(0, timeout), MAX_DELAY));
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
