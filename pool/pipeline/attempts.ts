// Runs in: any isolate
/**
 * What a stage does with an item that fails: tries again, then lets it go or ends the run.
 *
 * - I1: the policy is asked once for each item that failed for good.
 * - I2: an item that is let go is settled here; any other goes on.
 *
 * @module
 */
import { ExitError, StageError } from "../../errors.ts";
import { isThenable, type Item } from "./flow.ts";
import { writeOne } from "./sink.ts";
import type { Meter, Scope, StageContext, StageFailure, StageOptions } from "./stage.ts";

/** Instead of a result: the item failed and was let go. */
export const DROPPED: unique symbol = Symbol("dropped");

/** What is done with an item; may give a promise. */
export type Call = (value: unknown, context: StageContext) => unknown;

/** The options that say what becomes of failures. */
export type FailureOptions = Pick<StageOptions<never>, "retry" | "onError">;

/** Tries the items of one stage. */
export class Attempts {
  readonly #options: FailureOptions;
  readonly #meter: Meter;
  readonly #scope: Scope;

  constructor(options: FailureOptions, meter: Meter, scope: Scope) {
    this.#options = options;
    this.#meter = meter;
    this.#scope = scope;
  }

  /** The result of the call for an item, or {@linkcode DROPPED}; a promise when it takes time. */
  run(item: Item, call: Call): unknown {
    const begun = this.#meter.take();
    try {
      const result = call(item.value, this.#context(item, 1));
      if (isThenable(result)) return this.#later({ item, call, begun }, result);
      this.#meter.spent(begun);
      return result;
    } catch (error) {
      return this.failed(item, { error, attempt: 1, call });
    }
  }

  async #later({ item, call, begun }: Begun, result: PromiseLike<unknown>): Promise<unknown> {
    this.#meter.begin(begun);
    try {
      return await result;
    } catch (error) {
      return await this.failed(item, { error, attempt: 1, call });
    } finally {
      this.#meter.end(begun);
    }
  }

  /** After an attempt that failed: the result of a later one, or {@linkcode DROPPED}. */
  async failed(item: Item, failure: Failed): Promise<unknown> {
    let { error, attempt } = failure;
    while (this.mayRetry(error, attempt)) {
      await this.#pause(attempt);
      this.#meter.retried++;
      try {
        return await failure.call(item.value, this.#context(item, ++attempt));
      } catch (again) {
        error = again;
      }
    }
    return await this.giveUp(item, error, attempt);
  }

  /** Whether an item is tried again after that attempt. */
  mayRetry(error: unknown, attempt: number): boolean {
    const { attempts = 1, on = "any" } = this.#options.retry ?? {};
    const kind = error instanceof ExitError ? "exit" : "error";
    return attempt < attempts && (on === "any" || on === kind) && !this.#scope.signal.aborted;
  }

  /** An item failed for good: {@linkcode DROPPED} when the run goes on. @throws StageError else */
  async giveUp(item: Item, cause: unknown, attempts: number): Promise<typeof DROPPED> {
    const { onError = "fail" } = this.#options;
    const stage = this.#meter.name;
    const { index, value } = item;
    this.#meter.failed++;
    let error = cause;
    try {
      const failure = { stage, index, item: value, error, attempts } satisfies StageFailure;
      const policy = typeof onError === "function" ? await onError(failure as never) : onError;
      if (policy !== "fail") {
        if (policy !== "skip") await writeOne(policy.deadLetter, failure);
        item.done();
        return DROPPED;
      }
    } catch (thrown) {
      error = thrown;
    }
    throw new StageError(stage, { index, attempts, cause: error });
  }

  #context({ index }: Item, attempt: number): StageContext {
    return { signal: this.#scope.signal, index, attempt };
  }

  /** Rejects when the run ends meanwhile. */
  #pause(attempt: number): Promise<void> | void {
    const { delay = 0 } = this.#options.retry ?? {};
    const ms = typeof delay === "function" ? delay(attempt) : delay;
    if (ms > 0) return pause(ms, this.#scope.signal);
  }
}

/** A call that takes its time. */
interface Begun {
  readonly item: Item;
  readonly call: Call;
  readonly begun: number;
}

/** An attempt that failed. */
export interface Failed {
  /** What went wrong. */
  readonly error: unknown;
  /** Which attempt it was, from 1 on. */
  readonly attempt: number;
  /** For the next one. */
  readonly call: Call;
}

/** Resolves after some milliseconds; rejects when the signal fires before. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
