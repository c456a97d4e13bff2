// Runs in: any isolate
/**
 * What a stage is told, what it is asked for, and what it counts.
 *
 * @module
 */
import { StageError } from "../../errors.ts";
import type { TaskRef } from "../../actors/code.ts";
import { Durations, type Latency } from "../gauges.ts";
import type { Pool } from "../pool.ts";
import type { Flow } from "./flow.ts";
import type { PipelineSink } from "./sink.ts";

/** What a stage's function gets besides the item, when it runs in this isolate. */
export interface StageContext {
  /** Fires when the run fails or is given up. */
  readonly signal: AbortSignal;
  /** Which item of the source it came from, from 0 on. */
  readonly index: number;
  /** Which attempt this is, from 1 on. */
  readonly attempt: number;
}

/** A function that runs here, or one that runs in a pool: what `task()` made, or what `load()` gave. */
export type Stage<I, O> = TaskRef<[I], O> | ((item: I, context: StageContext) => O);

/** How a stage tries again what failed. */
export interface StageRetry {
  /** Attempts in all, at least 1. */
  attempts: number;
  /** Milliseconds before the next attempt, or what gives them for the number of the failed one. Default 0. */
  delay?: number | ((attempt: number) => number);
  /** After which failures: the death of a worker or actor, an error of the function, or, the default, both. */
  on?: "exit" | "error" | "any";
}

/** An item that a stage failed on for good. */
export interface StageFailure<I = unknown> {
  /** Name of the stage. */
  readonly stage: string;
  /** Which item of the source it came from, from 0 on. */
  readonly index: number;
  /** The item, as the stage got it. */
  readonly item: I;
  /** What went wrong. */
  readonly error: unknown;
  /** How often it was tried. */
  readonly attempts: number;
}

/**
 * What becomes of an item that a stage failed on for good: the run fails with a `StageError` (default),
 * or goes on without the item, or without it after a sink has taken the failure.
 */
export type FailurePolicy<I = unknown> = "fail" | "skip" | {
  /** Takes the failures. The run fails when it throws. */
  readonly deadLetter: PipelineSink<StageFailure<I>>;
};

/** Options of a stage. */
export interface StageOptions<I = unknown> {
  /** For errors and figures. Default: the function's name, else what the stage does. */
  name?: string;
  /** Items worked on at a time. Default: 1 here, in a pool as many as it takes. */
  workers?: number;
  /** Whether results keep the order of the items. Default `true`. */
  ordered?: boolean;
  /** Items that may wait before or behind the workers. Default 0 for one worker here, else two for each. */
  buffer?: number;
  /** Tries again what failed. Default: 1 attempt. */
  retry?: StageRetry;
  /** What becomes of an item that failed for good. Default `"fail"`. */
  onError?:
    | FailurePolicy<I>
    | ((failure: StageFailure<I>) => FailurePolicy<I> | Promise<FailurePolicy<I>>);
  /** Items of the same key are worked on one after the other, in their order; keys side by side. */
  key?(item: I): unknown;
  /** Where tasks run. Default: a pool of the run's own, with as many workers as its stages ask for. */
  pool?: Pool;
  /**
   * Items that go to a pool's worker at a time. Default 1. When a worker dies, all items that it was
   * given together have failed; those that are tried again are tried one by one.
   */
  chunksize?: number;
}

/** Figures of one stage. Those of stages inside branches come after that of the stage they belong to. */
export interface StageStats {
  /** Its name. */
  readonly name: string;
  /** Items it took. */
  readonly in: number;
  /** Items it gave. */
  readonly out: number;
  /** Items that failed for good. */
  readonly failed: number;
  /** Attempts after the first. */
  readonly retried: number;
  /** Items in work. */
  readonly running: number;
  /** Items that wait in its buffers. */
  readonly buffered: number;
  /** Milliseconds spent on items, summed over workers; where they are short, from a sample. */
  readonly busy: number;
  /** How long its calls take, each with all attempts; of a sample where they are short. */
  readonly latency: Latency;
  /** Milliseconds without progress while it has items in work, at least as far as was looked at; else 0. */
  readonly stalled: number;
}

/** Calls that take less, in milliseconds, are timed one in {@linkcode SAMPLE}. */
const FAST = 0.1;
const SAMPLE = 16;

/** Counts for a {@linkcode StageStats}. */
export class Meter {
  readonly name: string;
  in = 0;
  out = 0;
  failed = 0;
  retried = 0;
  busy = 0;
  readonly #latency = new Durations();
  /** Tells how many items wait. */
  buffered: () => number = () => 0;
  #running = 0;
  /** When the last progress was made, while something is in work; 0: not known. */
  #since = 0;
  #calls = 0;
  /** One call in so many is timed. */
  #stride = 1;

  constructor(name: string) {
    this.name = name;
  }

  /** Takes items; gives the moment, when they are of those that are timed, else 0. */
  take(items = 1): number {
    this.in += items;
    return this.#calls++ % this.#stride === 0 ? performance.now() : 0;
  }

  /** A call that was begun at that moment has ended. Asking for the time takes longer than some calls. */
  spent(begun: number): void {
    if (begun === 0) return;
    const milliseconds = performance.now() - begun;
    this.#latency.add(milliseconds);
    this.busy += milliseconds * this.#stride;
    this.#stride = milliseconds > FAST ? 1 : SAMPLE;
  }

  /** Items go into work that takes its time. */
  begin(begun: number, items = 1): void {
    if (this.#running === 0) this.#since = begun;
    this.#running += items;
  }

  /** They are out of it. */
  end(begun: number, items = 1): void {
    this.#running -= items;
    this.#since = 0;
    this.spent(begun);
  }

  /** The figures of this moment. */
  read(): StageStats {
    const { name, failed, retried, busy } = this;
    const running = this.#running;
    const now = performance.now();
    this.#since ||= now;
    return {
      name,
      in: this.in,
      out: this.out,
      failed,
      retried,
      running,
      buffered: this.buffered(),
      busy,
      latency: this.#latency.latency,
      stalled: running === 0 ? 0 : now - this.#since,
    };
  }
}

/** What a run gives its stages. */
export interface Scope {
  /** Fires when the run fails or is given up. */
  readonly signal: AbortSignal;
  /** Ends the run with an error; the first one counts. */
  fail(error: unknown): void;
  /** The pool of stages that were given none. */
  pool(): Pool;
  /** Makes a stage known, for the figures. */
  meter(name: string): Meter;
}

/** What a stage will be when it runs. */
export interface Outline {
  /** Its name, or those of stages that run as one. */
  readonly name: string;
  /** Where its functions run. */
  readonly where: "here" | "pool";
  /** Items, or chunks of them, worked on at a time. */
  readonly workers: number;
  /** Whether results keep the order of the items. */
  readonly ordered: boolean;
  /** Items that are in it at most. */
  readonly items: number;
  /** Its branches, by name. */
  readonly branches?: ReadonlyMap<string, readonly Outline[]>;
}

/** The outline of a stage that works on one item after the other, in this isolate. */
export function simple(name: string, items = 1): Outline {
  return { name, where: "here", workers: 1, ordered: true, items };
}

/** A stage: a description that each run makes a flow of. */
export interface StageSpec {
  /** What it will be. */
  readonly outline: Outline;
  /** Workers that the run's own pool should have for it. */
  readonly poolSize?: number;
  /** Joins it to the flow above it. */
  attach(above: Flow, scope: Scope): Flow;
}

/** Checks the numbers of a stage's options. @throws RangeError for what is no such number */
export function checkCount(value: number | undefined, what: string, least = 1): void {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return;
  throw new RangeError(
    `Cannot make a stage with ${what} ${value}: a whole number from ${least} on`,
  );
}

/** @throws RangeError for what is no length of time */
export function checkTime(value: number | undefined, what: string): void {
  if (value === undefined || value > 0) return;
  throw new RangeError(`Cannot make a stage with ${what} ${value}: more than 0 milliseconds`);
}

/** A function of a value whose errors name the stage. */
export function named<R>(
  stage: string,
  call: (value: never) => R,
): (value: never, index?: number) => R {
  return (value, index = 0) => {
    try {
      return call(value);
    } catch (cause) {
      throw new StageError(stage, { index, attempts: 1, cause });
    }
  };
}
