// Runs in: owner
/**
 * Where work enters a pool: makes leases of calls, and knows what is still to be submitted.
 *
 * - I1: nothing enters a pool that is not open, but what was accepted before runs to its end.
 * - I2: every call that was accepted settles.
 *
 * @module
 */
import { CancelledError, ClosedError } from "../errors.ts";
import { codeRefOf } from "../actors/code.ts";
import { checkChunk, collect, cutLazily, type Items, nextChunk } from "./chunks.ts";
import type { Crew } from "./crew.ts";
import type { Gate } from "./gate.ts";
import { seatOf } from "./hashing.ts";
import { Imap } from "./imap.ts";
import { Lease, type LeaseTerms } from "./lease.ts";
import { Mapping } from "./mapping.ts";
import { checkTask, type MapOptions, type TaskOptions } from "./options.ts";
import { EACH, type LeaseMode } from "./order.ts";
import type { Behind } from "./result.ts";
import type { Seat } from "./seats.ts";

/** Chunks on their way for each worker while their sizes are measured; before the first measurement 1. */
const MEASURED_AHEAD = 4;
/** Chunks of a given size on their way for each worker. */
const GIVEN_AHEAD = 64;

/** A mapping that was accepted: its results, and what can be done with it. */
export interface Accepted {
  /** All results. */
  readonly outcome: Promise<unknown[]>;
  /** For the methods of its result. */
  readonly behind: Behind;
}

/** The entrance of a pool, and those who have not yet submitted all they have. */
export class Intake {
  readonly #crew: Crew;
  readonly #gate: Gate;
  /** Mappings whose input is still read, or submitted. */
  readonly #feeding = new Map<Promise<unknown>, (reason: unknown) => void>();
  readonly #imaps = new Set<Imap>();
  #state: "open" | "closed" | "terminated" = "open";

  /** The entrance to `crew` by `gate`. */
  constructor(crew: Crew, gate: Gate) {
    this.#crew = crew;
    this.#gate = gate;
  }

  /** Whether it takes new work. */
  get state(): "open" | "closed" | "terminated" {
    return this.#state;
  }

  /** One call as a lease, on its way; `seat` says by whom it must be run. */
  call(
    work: { target: unknown; mode: LeaseMode; args: readonly unknown[] },
    options: TaskOptions & {
      onItem?(item: unknown): void;
      ended?: Lease["ended"];
      seat?: Seat;
    },
  ): Lease {
    this.#checkOpen();
    if (options !== NO_OPTIONS) checkTask(options);
    const { target, mode, args } = work;
    const lease = new Lease({ code: codeRefOf(target), mode, args, terms: options });
    lease.ended = options.ended;
    if (options === NO_OPTIONS) this.#gate.submit(lease);
    else this.#submit(lease, options, options.seat);
    return lease;
  }

  /** Calls for all items, in chunks. */
  map(
    work: { target: unknown; mode: LeaseMode },
    items: Items<unknown>,
    options: MapOptions,
  ): Accepted {
    this.#checkOpen();
    checkTask(options);
    checkChunk(options.chunksize);
    const code = codeRefOf(work.target);
    const { signal } = options;
    let mapping: Mapping | undefined;
    let stopped: { reason: unknown } | undefined;
    const cancel = (reason: unknown = new CancelledError(`Task "${code.name}" was cancelled`)) => {
      stopped ??= { reason };
      mapping?.stop(reason);
    };
    const abort = () => cancel(signal?.reason);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    const begin = (all: readonly unknown[]) => {
      mapping = this.#mapping({ code, mode: work.mode }, all, options);
      if (stopped !== undefined) mapping.stop(stopped.reason);
      return mapping.outcome;
    };
    let state: Behind["state"] = "open";
    const outcome = Array.isArray(items) ? begin(items) : collect(items).then(begin);
    this.#feeding.set(outcome, cancel);
    const ended = (how: Behind["state"]) => {
      state = how;
      signal?.removeEventListener("abort", abort);
      this.#feeding.delete(outcome);
    };
    outcome.then(() => ended("succeeded"), () => ended("failed"));
    const behind = {
      name: code.name,
      cancel,
      get state() {
        return state;
      },
      get isRunning() {
        return mapping?.isRunning ?? false;
      },
    };
    return { outcome, behind };
  }

  /** Calls for all items, as results are read. */
  imap(target: unknown, items: Items<unknown>, options: MapOptions & { ordered: boolean }): Imap {
    this.#checkOpen();
    const { chunksize = 1, concurrency = this.#crew.seats.length * 4, ordered } = options;
    checkChunk(chunksize);
    checkTask(options);
    const code = codeRefOf(target);
    const terms = termsOfChunk(options);
    let done = 0;
    const imap: Imap = new Imap({
      pieces: cutLazily(items, chunksize),
      ahead: concurrency,
      ordered,
      inputEnded: () => this.#imaps.delete(imap),
      room: () =>
        new Promise((enter) =>
          this.#gate.wait({ isWanted: () => true, enter, refuse: () => enter() })
        ),
      run: async (args) => {
        if (this.#state === "terminated") throw this.#notRunning();
        const lease = new Lease({ code, mode: EACH, args, terms });
        const { outcome } = lease;
        this.#submit(lease, options);
        const results = await outcome as unknown[];
        options.onProgress?.(done += args.length, undefined);
        return results;
      },
    });
    this.#imaps.add(imap);
    return imap;
  }

  /** Takes no new work; what was accepted is submitted as there is room. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closed";
    for (const imap of this.#imaps) imap.readAll();
  }

  /** Whatever was not submitted never will be. */
  terminate(): void {
    this.#state = "terminated";
    const reason = new CancelledError("The task did not run to its end: the pool was terminated");
    this.#gate.close(reason);
    for (const cancel of this.#feeding.values()) cancel(reason);
  }

  /** Resolves when all that was accepted has ended. */
  async whenIdle(): Promise<void> {
    await Promise.allSettled(this.#feeding.keys());
    if (this.#state !== "open") await Promise.all([...this.#imaps].map((imap) => imap.readAll()));
    await this.#crew.whenIdle();
  }

  #submit(lease: Lease, { signal, key }: TaskOptions, given?: Seat): void {
    if (signal?.aborted) return lease.cancel(signal.reason);
    if (signal !== undefined) {
      const { ended } = lease;
      const abort = () => lease.cancel(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      lease.ended = (how) => {
        signal.removeEventListener("abort", abort);
        ended?.(how);
      };
    }
    const { seats } = this.#crew;
    const seat = key === undefined ? given : seats[seatOf(key, seats.length)];
    this.#gate.submit(lease, seat);
  }

  #mapping(
    { code, mode }: { code: Lease["code"]; mode: LeaseMode },
    items: readonly unknown[],
    options: MapOptions,
  ): Mapping {
    const { chunksize, failFast, onProgress } = options;
    const workers = this.#crew.seats.length;
    const pace = this.#crew.paceOf({ code, mode });
    const measured = () => pace.item === Infinity ? workers : workers * MEASURED_AHEAD;
    const mapping: Mapping = new Mapping(items, {
      code,
      mode,
      terms: termsOfChunk(options),
      failFast,
      onProgress,
      chunk: () => chunksize ?? nextChunk(items.length, workers, pace),
      window: () => chunksize === undefined ? measured() : workers * GIVEN_AHEAD,
      submit: (make) =>
        this.#gate.wait({
          isWanted: () => true,
          refuse: (reason) => mapping.stop(reason),
          enter: () => {
            const lease = make();
            if (lease === undefined) return;
            this.#crew.accept(lease);
            this.#crew.enter(lease);
          },
        }),
    });
    return mapping;
  }

  #checkOpen(): void {
    if (this.#state !== "open") throw this.#notRunning();
  }

  #notRunning(): ClosedError {
    return new ClosedError(`Cannot submit to the pool: it is ${this.#state}`);
  }
}

/** For calls without options. */
export const NO_OPTIONS: TaskOptions = {};

/** The terms of a chunk: the progress of the mapping is counted by the mapping. */
function termsOfChunk(
  { retry, timeout, grace, priority, estimate, owner, key }: MapOptions,
): LeaseTerms {
  return { retry, timeout, grace, priority, estimate, owner, key };
}
