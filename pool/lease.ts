// Runs in: owner
/**
 * One piece of work on its way through a pool: what to run, how often it may be tried, who waits.
 *
 * - I1: a lease is settled once; whatever comes later is nobody's.
 * - I2: one that surely did not run is handed out again; one that may have run only if its owner allows.
 * - I3: a settled lease holds no arguments.
 *
 * @module
 */
import { CancelledError, ExitError, RemoteError, type TroupeError } from "../errors.ts";
import type { CodeRef } from "../actors/code.ts";
import { type Traced, tracing } from "../actors/tracing.ts";
import type { Backlog, Ranked } from "./backlog.ts";
import { EACH, type LeaseMode, STAR } from "./order.ts";
import type { Pace } from "./pace.ts";
import type { Job } from "./policies/policy.ts";

/** How failed work is tried again. */
export interface Retry {
  /** Runs in all, at least 1. */
  attempts: number;
  /** Milliseconds before the second run. Default 0. */
  delay?: number;
  /** What the delay is multiplied with after each further failure, up to 30 seconds. Default 2. */
  factor?: number;
  /** After which failures: a dead worker (default), an error of the task, or both. */
  on?: "exit" | "error" | "any";
}

/** Longest delay before a retry, in milliseconds, unless the first is longer. */
const LONGEST_DELAY = 30_000;

/** How a lease is to be treated. */
export interface LeaseTerms {
  readonly retry?: Retry;
  readonly timeout?: number;
  readonly grace?: number;
  readonly priority?: number;
  readonly estimate?: number;
  readonly owner?: string;
  readonly key?: string;
  /** Hears how far the task says it is. */
  onProgress?(done: number, total: number | undefined): void;
  /** Gets the items of a streamed task. */
  onItem?(item: unknown): void;
}

/** What to run. */
export interface Work {
  /** The function. */
  readonly code: CodeRef;
  /** How. */
  readonly mode: LeaseMode;
  /** Its arguments or items. */
  readonly args: readonly unknown[];
  /** How it is to be treated. */
  readonly terms: LeaseTerms;
}

/** Whoever has a lease in hand. */
export interface Hold {
  /** Whether it surely was begun. */
  readonly isStarted: boolean;
  /** Nobody wants it any more. */
  abandon(reason: unknown): void;
  /** Its reader has room for more items. */
  grant(items: number): void;
}

/** Whoever answers for leases. */
export interface Answerable {
  /** One has succeeded, failed for good, or is not wanted any more. */
  settled(lease: Lease, how: Ended): void;
}

/** Where a lease is. */
type State = "waiting" | "handed out" | "settled";

const NOTHING: readonly unknown[] = [];
const NO_TERMS: LeaseTerms = {};

/** A piece of work and whoever waits for it. */
export class Lease implements Ranked, Job {
  readonly code: CodeRef;
  readonly mode: LeaseMode;
  terms: LeaseTerms;
  args: readonly unknown[];
  /** Told once, before the outcome settles. */
  ended: ((how: Ended) => void) | undefined;
  /** Told after that. */
  answerable: Answerable | undefined;
  /** Who has it in hand. */
  hold: Hold | undefined;
  /** The line in which it waits; `undefined` while it does not. */
  line: Backlog<Lease> | undefined;
  /** The line to which it comes back. */
  home: Backlog<Lease> | undefined;
  /** Number of the order by which it was begun: the worker knows it by that. */
  number = 0;
  /** Whether its generator waits in a worker, or is about to go on there. */
  isSuspended = false;
  rank = 0;
  seq = 0;
  level = 0;
  used = 0;
  /** When it came, for those whose waiting is measured. */
  arrived: number | undefined;
  estimate: number;
  /** How long such leases take. */
  pace: Pace | undefined;
  /** Its span, while OpenTelemetry is on. */
  readonly traced: Traced | undefined;
  #promise: PromiseWithResolvers<unknown> | undefined;
  #end: Ended | undefined;
  #state: State = "waiting";
  #attempts = 0;
  #succeeded = false;

  /** A lease that waits to be handed out. */
  constructor({ code, mode, args, terms }: Work) {
    this.code = code;
    this.mode = mode;
    this.args = args;
    this.terms = terms;
    this.estimate = terms.estimate ?? -1;
    this.traced = tracing?.send("task", { actor: "pool", message: code.name });
  }

  /**
   * Settles when the work has succeeded, or failed for good. Whoever wants no promise listens to `ended`,
   * and none is made.
   */
  get outcome(): Promise<unknown> {
    this.#promise ??= Promise.withResolvers<unknown>();
    if (this.#end !== undefined) this.#settle(this.#end);
    return this.#promise.promise;
  }

  /** The name of what it runs. */
  get name(): string {
    return this.code.name;
  }

  /** How it ended, once it has. */
  get state(): "open" | "succeeded" | "failed" {
    if (this.#state !== "settled") return "open";
    return this.#succeeded ? "succeeded" : "failed";
  }

  get priority(): number {
    return this.terms.priority ?? 0;
  }

  get owner(): string {
    return this.terms.owner ?? "";
  }

  /** Whether it is a chunk of items. */
  get isChunk(): boolean {
    return this.mode === EACH || this.mode === STAR;
  }

  /** Whether somebody still waits for it. */
  get isWanted(): boolean {
    return this.#state !== "settled";
  }

  /** Whether no worker has it. */
  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  /** Whether a worker has begun it, and it has not ended. */
  get isRunning(): boolean {
    return this.#state === "handed out" && this.hold?.isStarted === true;
  }

  /** How often it was handed out for a run. */
  get attempts(): number {
    return this.#attempts;
  }

  /** A worker has it. */
  handOut(hold: Hold): void {
    this.#state = "handed out";
    this.hold = hold;
    if (!this.isSuspended) this.#attempts++;
  }

  /** It waits again: it was not begun, or will be tried again. */
  takeBack(how: "not begun" | "failed" | "gave way"): void {
    if (this.#state === "settled") return;
    this.#state = "waiting";
    this.hold = undefined;
    if (how === "not begun") this.#attempts--;
  }

  /** It is done. */
  succeed(value: unknown): void {
    if (this.#state === "settled") return;
    this.#settleAs({ value });
  }

  /** It failed for good. `false` when it was settled before. */
  fail(error: unknown): boolean {
    if (this.#state === "settled") return false;
    this.#settleAs({ error });
    return true;
  }

  /** Nobody waits for it any more. */
  cancel(reason?: unknown): void {
    const { hold } = this;
    const why = reason ?? new CancelledError(`Task "${this.code.name}" was cancelled`);
    if (this.fail(why)) hold?.abandon(why);
  }

  /** After how many milliseconds to hand it out again; `undefined`: the failure is final. */
  retryAfter(failure: Failure): number | undefined {
    if ("exit" in failure && !failure.exit.maybeExecuted) {
      this.#attempts--;
      return 0;
    }
    const { attempts = 1, delay = 0, factor = 2, on = "exit" } = this.terms.retry ?? {};
    const kind = "exit" in failure ? "exit" : "error";
    if ((on !== "any" && on !== kind) || this.#attempts >= attempts) return undefined;
    return Math.min(delay * factor ** (this.#attempts - 1), Math.max(delay, LONGEST_DELAY));
  }

  #settleAs(how: Ended): void {
    this.#state = "settled";
    this.#succeeded = "value" in how;
    this.hold = undefined;
    this.args = NOTHING;
    this.terms = NO_TERMS;
    if ("value" in how) this.traced?.end();
    else this.traced?.fail(how.error);
    const { ended } = this;
    this.ended = undefined;
    ended?.(how);
    this.answerable?.settled(this, how);
    if (this.#promise === undefined) this.#end = how;
    else this.#settle(how);
  }

  #settle(how: Ended): void {
    if ("value" in how) this.#promise!.resolve(how.value);
    else this.#promise!.reject(how.error);
  }
}

/** How a run failed: by an error, or because its worker ended. */
export type Failure = { readonly error: unknown } | { readonly exit: ExitError };

/** How a lease ended. */
export type Ended = { readonly value: unknown } | { readonly error: unknown };

/** What the task's caller gets for what the worker's asker got. */
export function taskError(failure: Failure, { code }: Pick<Work, "code">): TroupeError | unknown {
  if ("exit" in failure) {
    const { reason, exitCode, actor, maybeExecuted } = failure.exit;
    const text =
      `Task "${code.name}" was lost: its worker ended (${reason}, exit code ${exitCode})`;
    return new ExitError(text, { reason, exitCode, actor, maybeExecuted });
  }
  const { error } = failure;
  if (!(error instanceof RemoteError)) return error;
  const { cause, remoteName, remoteStack } = error;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RemoteError(`Task "${code.name}" threw ${remoteName}: ${why}`, {
    cause,
    remoteName,
    remoteStack,
  });
}

/** For a lease whose pool was terminated. */
export function terminated({ code }: Pick<Work, "code">): CancelledError {
  return new CancelledError(`Task "${code.name}" did not run to its end: the pool was terminated`);
}

/** For a lease whose worker ended while its generator was suspended. */
export function lost({ code }: Pick<Work, "code">): ExitError {
  const text = `Task "${code.name}" was lost: its worker ended while it had given way`;
  const how = { reason: "lost", exitCode: 1, actor: code.name, maybeExecuted: true } as const;
  return new ExitError(text, how);
}
