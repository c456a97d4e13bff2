// Runs in: any isolate
/**
 * Processes: one run of a function, or of a subclass's `run`, in an isolate of its own.
 *
 * @module
 */
import { ClosedError } from "../errors.ts";
import type { WaitOptions } from "../memory/line.ts";
import { type Ending, type Life, pidOf } from "../memory/slots.ts";
import { copyOf } from "../channels/copy.ts";
import { exitError } from "./awaited.ts";
import { childrenOf } from "./children.ts";
import { type CodeRef, codeRefOf, resolveCode, type Target } from "./code.ts";
import {
  callable,
  checkOptions,
  type Foreign,
  nameOr,
  nothing,
  orderOf,
  type ProcessOptions,
  takeEmbodied,
} from "./embodiment.ts";
import { AuthenticationKey, checkNotLoading, identity, nextChildPath } from "./identity.ts";
import { FAILURE } from "./inbox.ts";
import { isInline, processStart, type Where, whereOf } from "./isolation.ts";
import { Outcome } from "./outcome.ts";
import {
  type Attempt,
  checkInitial,
  checkNotRunning,
  checkOpen,
  checkStarted,
  type ProcessState,
} from "./process_state.ts";
import { type Station, station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

export type { ProcessOptions } from "./embodiment.ts";

/** Processes started here that have not ended. */
const alive = new Set<Process>();

/**
 * One run of a function in its own worker. Python: `multiprocessing.Process`.
 *
 * `start()` copies the arguments and throws at once if one cannot be sent; pipe ends among them move.
 * However the process ends, `exitCode`, `join` and `sentinel` tell: 0 a good end, 1 an error nobody
 * caught (printed, and in `result`), `n` after `Deno.exit(n)`, -15 terminated, -9 killed. The program
 * waits for processes that are no daemons.
 *
 * @typeParam A Arguments of the target.
 * @typeParam R What it returns.
 *
 * @example Run a function elsewhere
 * ```ts ignore
 * import { Process, task } from "@troupe/troupe";
 *
 * export const fib = task(import.meta, function fib(n: number): number {
 *   return n < 2 ? n : fib(n - 1) + fib(n - 2);
 * });
 *
 * if (import.meta.main) {
 *   await using process = new Process({ target: fib, args: [30] }).start();
 *   console.log(await process.result); // 832040
 * }
 * ```
 */
export class Process<A extends unknown[] = unknown[], R = unknown> implements AsyncDisposable {
  readonly #station: Station;
  readonly #target: Target<A, R> | undefined;
  readonly #where: Where;
  readonly #signal: AbortSignal | undefined;
  readonly #path: readonly number[];
  readonly #outcome = new Outcome<Awaited<R>>();
  #args: readonly unknown[] | undefined;
  #name: string;
  #daemon: boolean;
  #authkey: Uint8Array;
  #state: ProcessState = "initial";
  #life: Life | undefined;
  #ending: Ending | undefined;
  #foreign: Foreign | undefined;
  #isKeeping = false;

  /**
   * Makes a process; {@linkcode start} runs it.
   *
   * @throws TypeError when an option is of a wrong type, or the target is no task
   * @throws NotSupportedError when `isolation`, `permissions` or `memoryLimitMb` cannot be had here
   */
  constructor(options: ProcessOptions<A, R>) {
    const { target, name, args, daemon, signal } = options ?? {};
    checkOptions(options ?? {});
    this.#station = station();
    this.#target = target;
    this.#args = args;
    this.#where = whereOf(options ?? {});
    this.#signal = signal;
    this.#foreign = takeEmbodied();
    const own = this.#foreign?.identity;
    if (own !== undefined) this.#state = "foreign";
    this.#path = own?.path ?? nextChildPath();
    this.#name = own?.name ?? nameOr(name, `${this.constructor.name}-${this.#path.join(":")}`);
    this.#daemon = own?.daemon ?? daemon ?? identity().daemon;
    this.#authkey = new AuthenticationKey((own ?? identity()).authkey);
  }

  /** Its name, for people. Setting it later changes it only here. Python: `name`. @throws TypeError */
  get name(): string {
    return this.#name;
  }
  set name(name: string) {
    this.#name = nameOr(name, this.#name);
  }

  /** Whether the program may end while it runs. Python: `daemon`. */
  get daemon(): boolean {
    return this.#daemon;
  }
  /** @throws AlreadyStartedError after the start */
  set daemon(daemon: boolean) {
    checkInitial(this.#attempt("set daemon of"));
    this.#daemon = Boolean(daemon);
  }

  /**
   * Id of the operating system process that it runs in; `null` before the start, and when a worker has
   * started a process, until that is there. Python: `pid`.
   */
  get pid(): number | null {
    checkOpen(this.#attempt("read the pid of"));
    if (this.#state === "initial") return null;
    if (this.#foreign !== undefined) return this.#foreign.pid;
    if (this.#life === undefined || this.#where.isolation !== "process") return Deno.pid;
    return pidOf(this.#station.isolate.arena, this.#life) || null;
  }

  /** The secret that a process shares with its children; a message refuses it. Python: `authkey`. */
  get authkey(): Uint8Array {
    return this.#authkey;
  }
  /** @throws TypeError for anything but bytes */
  set authkey(authkey: Uint8Array) {
    if (!(authkey instanceof Uint8Array)) {
      throw new TypeError("Cannot set authkey: it is no Uint8Array");
    }
    this.#authkey = new AuthenticationKey(authkey);
  }

  /** `null` until it has ended. Python: `exitcode`. @throws ClosedError after `close` */
  get exitCode(): number | null {
    checkOpen(this.#attempt("read the exit code of"));
    return this.#ending?.exitCode ?? null;
  }

  /** Whether it was started and has not ended. Python: `is_alive`. @throws ClosedError after `close` */
  isAlive(): boolean {
    checkOpen(this.#attempt("ask after"));
    return this.#foreign?.isAlive() ?? this.#state === "running";
  }

  /** Resolves with the exit code, for `Promise.race` and the like. Python: `sentinel`. @throws NotStartedError before the start */
  get sentinel(): Promise<number> {
    checkStarted(this.#attempt("get the sentinel of"));
    this.#keep();
    return this.#outcome.exitCode;
  }

  /**
   * What the target returned. Rejects with `RemoteError` (its `cause` is the error thrown), with
   * `StartError` when the target could not be loaded, with `ExitError` when the process ended first.
   */
  get result(): Promise<Awaited<R>> {
    this.#keep();
    return this.#outcome.result;
  }

  /**
   * Starts it. Python: `start`.
   *
   * @throws NotSendableError when an argument cannot be sent; it can be started again
   * @throws AlreadyStartedError the second time; ClosedError after `close`
   * @throws NotSupportedError in a module that a worker is importing to run something of it
   */
  start(): this {
    checkInitial(this.#attempt("start"));
    checkNotLoading(`start process "${this.#name}"`);
    this.#signal?.throwIfAborted();
    if (isInline(this.#station, this.#where.isolation)) {
      this.#args = copyOf(this.#args ?? []);
      this.#startHere();
    } else this.#startWorker();
    this.#state = "running";
    if (this.#life !== undefined) this.#args = undefined;
    alive.add(this as unknown as Process);
    this.#signal?.addEventListener("abort", () => this.#end("terminated"), { once: true });
    return this;
  }

  /** What runs, there: subclasses override it. Called here, it runs here. Python: `run`. */
  async run(): Promise<Awaited<R>> {
    if (this.#target === undefined) return undefined as Awaited<R>;
    const fn = callable(await resolveCode(codeRefOf(this.#target)), this.#name);
    return await fn(...this.#args ?? []) as Awaited<R>;
  }

  /**
   * Waits for its end; `false` when it goes on after `timeout` milliseconds. Python: `join`.
   *
   * @throws NotStartedError before the start; ClosedError after `close`
   */
  async join({ timeout, signal }: WaitOptions = {}): Promise<boolean> {
    checkStarted(this.#attempt("join"));
    if (this.#state !== "running") return true;
    const operation = `join process "${this.#name}"`;
    try {
      await this.#station.waitFor(() => this.#state !== "running", { timeout, signal, operation });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === "TIMEOUT") return false;
      throw error;
    }
  }

  /** Ends it now: exit code -15. After its end, nothing. Python: `terminate`. @throws NotStartedError, ClosedError */
  terminate(): void {
    checkStarted(this.#attempt("terminate"));
    this.#end("terminated");
  }

  /** Ends it now: exit code -9. After its end, nothing. Python: `kill`. @throws NotStartedError, ClosedError */
  kill(): void {
    checkStarted(this.#attempt("kill"));
    this.#end("killed");
  }

  /** Gives the object up. A second call does nothing. Python: `close`. @throws StillRunningError while it runs */
  close(): void {
    if (this.#state === "closed" || this.#state === "foreign") return;
    checkNotRunning(this.#attempt("close"));
    if (this.#state === "initial") {
      this.#outcome.fail(
        new ClosedError(`Cannot get the result of process "${this.#name}": it is closed`),
      );
    }
    this.#state = "closed";
  }

  /** Terminates it if it runs, waits for its end, closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "running") {
      this.terminate();
      await this.join();
    }
    this.close();
  }

  #startWorker(): void {
    const here = this.#station;
    const children = childrenOf(here);
    const id = here.awaited.add({
      who: `process "${this.#name}"`,
      ending: () => this.#ending,
      maybeExecuted: () => true,
      background: true,
      fail: (error) => this.#outcome.fail(error),
      hear: ({ kind, value }) => {
        if (kind === FAILURE) this.#outcome.fail(remoteError(value, `Process "${this.#name}"`));
        else this.#outcome.succeed(value as Awaited<R>);
        return true;
      },
    });
    const ended = (ending: Ending, lastWords: unknown) => {
      here.awaited.remove(id);
      this.#hasEnded(ending, lastWords);
    };
    try {
      const order = this.#order();
      const start = processStart(order.code, this.#where);
      this.#life = children.start({ order, id, daemon: this.#daemon, start }, { ended });
    } catch (error) {
      here.awaited.remove(id);
      throw error;
    }
  }

  /** In this isolate, from the next microtask on. */
  async #startHere(): Promise<void> {
    await Promise.resolve();
    try {
      this.#outcome.succeed(await this.run());
      this.#hasEnded({ reason: "normal", exitCode: 0 }, undefined);
    } catch (error) {
      console.error(`Process ${this.#name}:\n`, error);
      this.#hasEnded({ reason: "error", exitCode: 1 }, error);
    }
  }

  #order(): { readonly code: CodeRef } {
    const isPlain = (this.constructor as unknown) === Process;
    const code = codeRefOf(isPlain ? this.#target ?? nothing : this.constructor);
    const { name, daemon, authkey } = this;
    return orderOf({ name, path: this.#path, daemon, authkey }, code, this.#args);
  }

  #end(reason: "terminated" | "killed"): void {
    if (this.#state !== "running") return;
    if (this.#life !== undefined) childrenOf(this.#station).end(this.#life, reason);
    else this.#hasEnded({ reason, exitCode: reason === "killed" ? -9 : -15 }, undefined);
  }

  #hasEnded(ending: Ending, lastWords: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#state = "ended";
    alive.delete(this as unknown as Process);
    this.#outcome.fail(
      lastWords === undefined
        ? exitError(`process "${this.#name}"`, ending, true)
        : remoteError(lastWords, `Process "${this.#name}"`),
    );
    this.#outcome.end(ending.exitCode);
    this.#station.isolate.park.heardOfDeath();
  }

  /** Whoever has the result or the sentinel waits for it: the program goes on until it is there. */
  #keep(): void {
    if (this.#state !== "running" || this.#isKeeping) return;
    this.#isKeeping = true;
    const { keepAlive } = this.#station.isolate.park;
    keepAlive.add();
    this.#outcome.exitCode.then(() => keepAlive.remove());
  }

  #attempt(operation: string): Attempt {
    return { operation, name: this.#name, state: this.#state };
  }
}

/** Processes started in this isolate that have not ended; a fresh array. Python: `active_children`. */
export function activeChildren(): Process[] {
  return [...alive];
}
