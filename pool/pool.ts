// Runs in: owner
/**
 * Many workers behind one queue of work.
 *
 * @module
 */
import { StillRunningError } from "../errors.ts";
import type { WaitOptions } from "../memory/line.ts";
import type { ActorArgs, ActorRef, AnyActor, Protocol } from "../actors/actor.ts";
import { codeRefOf, type Target, type TaskResult } from "../actors/code.ts";
import { checkNotLoading } from "../actors/identity.ts";
import { checkIsolation, whereOf } from "../actors/isolation.ts";
import type { Items } from "./chunks.ts";
import { Crew } from "./crew.ts";
import { Announcer, CLOSED, type PoolEvent } from "./events.ts";
import { Gate, gateOf } from "./gate.ts";
import type { ResultIterator } from "./imap.ts";
import { Intake, NO_OPTIONS } from "./intake.ts";
import {
  type Callbacks,
  limitsOf,
  type MapOptions,
  type PoolOptions,
  type PoolStats,
  restartOf,
  sizesOf,
  type TaskOptions,
} from "./options.ts";
import { EACH, GIVING, type LeaseMode, ONE, STAR, STREAM } from "./order.ts";
import { policyOf } from "./policies/policies.ts";
import { abortable, type AsyncResult, asyncResult, telling } from "./result.ts";
import { route, type RouteOptions } from "./route.ts";
import { TaskStream } from "./task_stream.ts";

export type { Items } from "./chunks.ts";
export type { PoolEvent } from "./events.ts";
export type { GateOptions } from "./gate.ts";
export type { Latency } from "./gauges.ts";
export type { ResultIterator } from "./imap.ts";
export type { Retry } from "./lease.ts";
export type { Callbacks, MapOptions, PoolOptions, PoolStats, TaskOptions } from "./options.ts";
export type { SchedulingPolicy } from "./policies/policy.ts";
export type { AsyncResult } from "./result.ts";
export type { RouteBy, RouteOptions } from "./route.ts";

/** What a task gives: of a generator what it returns at its end, else the awaited value. */
export type TaskValue<R> = R extends Generator<unknown, infer T> | AsyncGenerator<unknown, infer T>
  ? T
  : Awaited<R>;

/**
 * Workers that run tasks. Python: `multiprocessing.Pool`.
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
  readonly #gate: Gate;
  readonly #intake: Intake;
  readonly #announcer = new Announcer();
  readonly #one: LeaseMode;
  #joined: Promise<void> | undefined;

  /**
   * Makes a pool and starts its workers.
   *
   * @throws RangeError, TypeError for wrong options
   * @throws NotSupportedError in a module that a worker is importing to run something of it
   */
  constructor(options: PoolOptions = {}) {
    checkNotLoading("make a pool");
    const { initializer, initargs = [], isolation = "auto" } = options;
    checkIsolation(isolation, options);
    const policy = policyOf(options.policy);
    const crewOptions = {
      ...sizesOf(options.size),
      ...limitsOf(options),
      where: whereOf({ ...options, isolation }),
      policy,
      restart: restartOf(options),
      initializer: initializer === undefined
        ? null
        : { code: codeRefOf(initializer), args: initargs },
    };
    const queue = gateOf(options.queue);
    this.#crew = new Crew(crewOptions, {
      roomier: () => this.#gate.look(),
      happened: (event) => this.#announcer.announce(event),
    });
    this.#gate = new Gate(this.#crew, queue);
    this.#one = policy.givesWay ? ONE | GIVING : ONE;
    this.#intake = new Intake(this.#crew, this.#gate);
  }

  /** Runs one task. Python: `apply`. Rejects as {@linkcode applyAsync} does. */
  async apply<A extends unknown[], R>(target: Target<A, R>, ...args: A): Promise<TaskValue<R>> {
    const work = { target, mode: this.#one, args };
    return await this.#intake.call(work, NO_OPTIONS).outcome as TaskValue<R>;
  }

  /**
   * Runs one task. Python: `apply_async`. The callbacks run before the result settles for others; what
   * they throw is printed and harms nothing.
   *
   * Rejects with `RemoteError` (its `cause` is what the task threw), with `ExitError` when its worker
   * died, with `StartError` when the function cannot be loaded, with `NotSendableError` when an argument
   * or the result cannot be sent, with `TimeoutError` when it ran for longer than `timeout`, with
   * `FullError` when the queue is full and refuses, with the reason of its `signal`, with `CancelledError`
   * when it was cancelled or the pool terminated, with `RestartLimitError` when too many workers died.
   *
   * @throws ClosedError after `close` or `terminate`
   */
  applyAsync<A extends unknown[], R>(
    target: Target<A, R>,
    args: NoInfer<A>,
    options: TaskOptions & Callbacks<TaskValue<R>> = NO_OPTIONS,
  ): AsyncResult<TaskValue<R>> {
    const { callback, errorCallback } = options;
    const ended = callback || errorCallback ? telling(options as Callbacks<unknown>) : undefined;
    const work = { target, mode: this.#one, args };
    const lease = this.#intake.call(work, ended ? { ...options, ended } : options);
    const result = asyncResult(lease.outcome as Promise<TaskValue<R>>, lease);
    if (errorCallback !== undefined) result.catch(() => {});
    return result;
  }

  /**
   * Runs a generator task and gives what it yields, as it yields it: at most 64 items ahead of the
   * reader. Leaving the loop calls the task off. It runs once; it is not tried again once it was begun.
   *
   * Rejects as {@linkcode applyAsync} does.
   *
   * @throws ClosedError after `close` or `terminate`
   */
  stream<A extends unknown[], R>(
    target: Target<A, R>,
    args: NoInfer<A>,
    options: Omit<TaskOptions, "retry"> = {},
  ): AsyncIterableIterator<TaskResult<R>> {
    const stream = new TaskStream();
    const work = { target, mode: this.#one | STREAM, args };
    stream.follow(
      this.#intake.call(work, {
        ...options,
        retry: undefined,
        onItem: (item) => stream.push(item),
      }),
    );
    return stream as AsyncIterableIterator<unknown> as AsyncIterableIterator<TaskResult<R>>;
  }

  /**
   * Runs the task for each item; results in the order of the items. Python: `map`. An error skips the
   * rest of its chunk; all other chunks run, then the first error to happen is what it rejects with.
   *
   * @throws RangeError when `chunksize` is less than 1
   */
  async map<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): Promise<TaskValue<R>[]> {
    return await this.mapAsync(target, items, options);
  }

  /** As {@linkcode map}, with a result that can be asked and cancelled. Python: `map_async`. */
  mapAsync<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions & Callbacks<TaskValue<R>[]> = {},
  ): AsyncResult<TaskValue<R>[]> {
    return this.#map(target, EACH, items, options);
  }

  /** As {@linkcode map}; each item is a list of arguments. Python: `starmap`. */
  async starmap<A extends unknown[], R>(
    target: Target<A, R>,
    items: Items<NoInfer<A>>,
    options: MapOptions = {},
  ): Promise<TaskValue<R>[]> {
    return await this.starmapAsync(target, items, options);
  }

  /** As {@linkcode starmap}, with a result that can be asked and cancelled. Python: `starmap_async`. */
  starmapAsync<A extends unknown[], R>(
    target: Target<A, R>,
    items: Items<NoInfer<A>>,
    options: MapOptions & Callbacks<TaskValue<R>[]> = {},
  ): AsyncResult<TaskValue<R>[]> {
    return this.#map(target, STAR, items, options);
  }

  /**
   * Results one by one, in the order of the items, while the input is still read; it may be endless.
   * Python: `imap`. After an error the results of the other items still come.
   */
  imap<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): ResultIterator<TaskValue<R>> {
    const imap: ResultIterator<unknown> = this.#intake.imap(target, items, {
      ...options,
      ordered: true,
    });
    return imap as ResultIterator<TaskValue<R>>;
  }

  /** As {@linkcode imap}, but results come as they are done. Python: `imap_unordered`. */
  imapUnordered<T, R>(
    target: Target<[T], R>,
    items: Items<NoInfer<T>>,
    options: MapOptions = {},
  ): ResultIterator<TaskValue<R>> {
    const imap: ResultIterator<unknown> = this.#intake.imap(target, items, {
      ...options,
      ordered: false,
    });
    return imap as ResultIterator<TaskValue<R>>;
  }

  /**
   * Runs the task once in each worker that is up or on its way; results in the order of the workers. One
   * that starts later does not run it: for that there is `initializer`.
   */
  async broadcast<A extends unknown[], R>(
    target: Target<A, R>,
    ...args: A
  ): Promise<TaskValue<R>[]> {
    const seats = this.#crew.seats.filter(({ member, starting }) => member || starting);
    const leases = seats.map((seat) =>
      this.#intake.call({ target, mode: ONE, args }, { seat }).outcome
    );
    return await Promise.all(leases) as TaskValue<R>[];
  }

  /**
   * One address in front of copies of an actor, each in a worker of its own beside the pool's: messages
   * go to them in turn, to the least busy, to all (an `ask` resolves with the first reply), or by a key of
   * the payload. A copy that ends is replaced. The router ends by its `stop`; it cannot be sent.
   */
  route<D extends AnyActor>(
    actor: D,
    options: RouteOptions<ActorArgs<D>>,
  ): Promise<ActorRef<Protocol<D>>> {
    return route(actor, { copies: this.#crew.seats.length, ...options });
  }

  /** Figures of this moment. */
  stats(): PoolStats {
    const { members, queued, gauges } = this.#crew;
    const { completed, failed, restarts, waiting, running } = gauges;
    return {
      size: members.length,
      busy: members.filter(({ held }) => held.length > 0).length,
      queued: queued + this.#gate.size,
      completed,
      failed,
      restarts,
      utilisation: gauges.utilisation(members),
      waiting: waiting.latency,
      running: running.latency,
    };
  }

  /** What happens from now on, until the pool has ended. A watcher who lags misses the oldest. */
  events(): AsyncIterableIterator<PoolEvent> {
    return this.#announcer.watch();
  }

  /**
   * Kills up to `count` workers at once, busy ones first, and gives how many it were. They are replaced.
   * For tests of what survives it.
   */
  killWorkers(count = 1): number {
    return this.#crew.kill(count);
  }

  /** Resolves when as many workers are up as there are at least, or no more will be. */
  ready(options: WaitOptions = {}): Promise<void> {
    return abortable(this.#crew.whenReady(), { ...options, operation: "have the pool ready" });
  }

  /** Resolves when all that was submitted so far has ended; the pool stays open. */
  drain(options: WaitOptions = {}): Promise<void> {
    return abortable(this.#intake.whenIdle(), { ...options, operation: "drain the pool" });
  }

  /** Takes no more work; what was submitted runs to its end. A second call does nothing. Python: `close`. */
  close(): void {
    this.#intake.close();
  }

  /** Ends all workers now; what has not ended rejects with `CancelledError`. Python: `terminate`. */
  terminate(): void {
    if (this.#intake.state === "terminated") return;
    this.#intake.terminate();
    this.#joined = this.#dismiss({ atOnce: true });
  }

  /**
   * Waits until all work has ended and the workers have gone. Python: `join`.
   *
   * @throws StillRunningError before `close` or `terminate`
   */
  join(options: WaitOptions = {}): Promise<void> {
    if (this.#intake.state === "open") {
      return Promise.reject(
        new StillRunningError("Cannot join the pool: it is still open; close it first"),
      );
    }
    this.#joined ??= this.#intake.whenIdle().then(() => this.#dismiss({ atOnce: false }));
    return abortable(this.#joined, { ...options, operation: "join the pool" });
  }

  /** Closes it and waits for all work. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.join();
  }

  async #dismiss(how: { atOnce: boolean }): Promise<void> {
    await this.#crew.dismiss(how);
    this.#announcer.announce(CLOSED);
  }

  #map<R>(
    target: unknown,
    mode: LeaseMode,
    items: Items<unknown>,
    options: MapOptions & Callbacks<TaskValue<R>[]>,
  ): AsyncResult<TaskValue<R>[]> {
    const { callback, errorCallback } = options;
    const { outcome, behind } = this.#intake.map({ target, mode }, items, options);
    if (callback === undefined && errorCallback === undefined) {
      return asyncResult(outcome as Promise<TaskValue<R>[]>, behind);
    }
    const tell = telling(options as Callbacks<unknown>);
    const told = outcome.then((value) => {
      tell({ value });
      return value;
    }, (error) => {
      tell({ error });
      throw error;
    });
    if (errorCallback !== undefined) told.catch(() => {});
    return asyncResult(told as Promise<TaskValue<R>[]>, behind);
  }
}
