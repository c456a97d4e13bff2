// Runs in: owner
/**
 * One piece of work on its way through a pool: what to run, how often it may be tried, who waits.
 *
 * - I1: a lease is settled once; whatever comes later is nobody's.
 * - I2: one that surely did not run is handed out again; one that may have run only if its owner allows.
 *
 * @module
 */
import { CancelledError, ExitError, RemoteError, type TroupeError } from "../errors.ts";
import type { CodeRef } from "../actors/code.ts";
import type { LeaseMode } from "./worker.ts";

/** How failed work is tried again. */
export interface Retry {
  /** Runs in all, at least 1. */
  attempts: number;
  /** Milliseconds before the next. Default 0. */
  delay?: number;
  /** After which failures: a dead worker (default), an error of the task, or both. */
  on?: "exit" | "error" | "any";
}

/** What to run. */
export interface Work {
  /** The function. */
  readonly code: CodeRef;
  /** How. */
  readonly mode: LeaseMode;
  /** Its arguments or items. */
  readonly args: readonly unknown[];
  /** How failures are tried again. */
  readonly retry?: Retry;
}

/** Where a lease is. */
type State = "waiting" | "handed out" | "settled";

/** A piece of work and whoever waits for it. */
export class Lease {
  readonly work: Work;
  /** Settles when the work has succeeded, or failed for good. */
  readonly outcome: Promise<unknown>;
  readonly #settle: PromiseWithResolvers<unknown>;
  #state: State = "waiting";
  #attempts = 0;

  /** A lease that waits to be handed out. */
  constructor(work: Work) {
    this.work = work;
    this.#settle = Promise.withResolvers<unknown>();
    this.outcome = this.#settle.promise;
  }

  /** Whether somebody still waits for it. */
  get isWanted(): boolean {
    return this.#state !== "settled";
  }

  /** A worker has it. */
  handOut(): void {
    this.#state = "handed out";
    this.#attempts++;
  }

  /** It is done. `false` when it was settled before. */
  succeed(value: unknown): boolean {
    if (this.#state === "settled") return false;
    this.#state = "settled";
    this.#settle.resolve(value);
    return true;
  }

  /** It failed for good. `false` when it was settled before. */
  fail(error: unknown): boolean {
    if (this.#state === "settled") return false;
    this.#state = "settled";
    this.#settle.reject(error);
    return true;
  }

  /** Nobody waits for it any more. */
  cancel(reason?: unknown): boolean {
    return this.fail(reason ?? new CancelledError(`Task "${this.work.code.name}" was cancelled`));
  }

  /** After how many milliseconds to hand it out again; `undefined`: the failure is final. */
  retryAfter(error: unknown): number | undefined {
    if (error instanceof ExitError && !error.maybeExecuted) {
      this.#attempts--;
      return 0;
    }
    const { attempts = 1, delay = 0, on = "exit" } = this.work.retry ?? {};
    const kind = error instanceof ExitError ? "exit" : "error";
    const mayRetry = (on === "any" || on === kind) && this.#attempts < attempts;
    return mayRetry ? delay : undefined;
  }
}

/** What the task's caller gets for what the worker's asker got. */
export function taskError(error: unknown, { code }: Work): TroupeError | unknown {
  if (error instanceof ExitError) {
    const { reason, exitCode, actor, maybeExecuted } = error;
    const text =
      `Task "${code.name}" was lost: its worker ended (${reason}, exit code ${exitCode})`;
    return new ExitError(text, { reason, exitCode, actor, maybeExecuted });
  }
  if (!(error instanceof RemoteError)) return error;
  const { cause, remoteName, remoteStack } = error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RemoteError(`Task "${code.name}" threw ${remoteName}: ${why}`, {
    cause,
    remoteName,
    remoteStack,
  });
}
