// Runs in: any isolate
/**
 * A place where isolates wait for each other.
 *
 * - I1: whoever came in goes out, however its wait ends, and all who wait are rung after it.
 *
 * @module
 */
import { BrokenBarrierError, TimeoutError } from "../../errors.ts";
import { load, store } from "../atomics.ts";
import { type Handle, handle } from "../handle.ts";
import { MAX_ISOLATES } from "../layout.ts";
import { Line, PENDING, type WaitOptions } from "../line.ts";
import { BARRIER_REGION } from "../region.ts";
import {
  ACTING,
  AGAIN,
  arrive,
  type BarrierWords,
  breakBarrier,
  breakRound,
  BROKEN,
  FILLING,
  goOut,
  IS_BROKEN,
  letPass,
  NOT_YET,
  PASSING,
  recoverBarrier,
  resetBarrier,
  useBarrier,
} from "./barrier_word.ts";
import type { LockTimeout } from "./held.ts";
import { titled } from "./lock.ts";
import {
  crossAsRegion,
  keep,
  type LockOptions,
  recoverRegions,
  type Shared,
  sharedRegion,
} from "./shared.ts";

const WORD = 0;
const PARTIES = 1;
const PATIENCE = 2;
const WIDTH = 3;
const GATE_LIST = 16;
const ROUND_LIST = 32;
const INSIDE = 48;
const BARRIER_WORDS = INSIDE + MAX_ISOLATES;
const MOST_PARTIES = 2 ** 24;
const FOR_EVER = -1;

/** Options of a {@linkcode Barrier}. */
export interface BarrierOptions extends LockOptions {
  /**
   * What the last one to come does before anybody goes on. Functions do not cross isolates: it is called
   * when the last one is of this isolate. See {@linkcode BarrierWait.action}.
   */
  action?: () => unknown;
  /** Milliseconds; of those who wait without a `timeout` of their own, in all isolates. Default: for ever. */
  timeout?: number;
}

/** Options of {@linkcode Barrier.wait}. */
export interface BarrierWait extends WaitOptions {
  /** What to do, if this is the last one to come, before anybody goes on. */
  action?: () => unknown;
}

/**
 * A place where `parties` tasks, in whichever isolates, wait until all have come; then all go on and it
 * can be used again. Python: `multiprocessing.Barrier`.
 *
 * A round is broken, and all who wait in it reject with `BrokenBarrierError`, when one of them runs out
 * of time, is aborted, or dies; so is the barrier from then on, until it is reset. It can be sent in any
 * message.
 *
 * @example Wait for each other
 * ```ts
 * import { Barrier } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const places = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(places, [0, 1]);
 * ```
 */
export class Barrier implements Handle {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "barrier";
  readonly #shared: Shared;
  readonly #barrier: BarrierWords;
  /** Those who come while the last round is going out. */
  readonly #gate: Line;
  /** Those inside. */
  readonly #round: Line;
  readonly #action: (() => unknown) | undefined;
  readonly #name: string;

  /**
   * Makes a barrier.
   *
   * @param parties How many have to come: 1 or more.
   * @throws TypeError when `parties` is no number
   * @throws RangeError when it is no whole number from 1 to 16,777,216
   * @throws FullError when the arena has no room for it
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    this.#name = titled("barrier", options.name);
    checkParties(parties, this.#name);
    const what = { type: BARRIER_REGION, words: BARRIER_WORDS, what: this.#name };
    this.#shared = sharedRegion(options, what);
    const { isolate, at, isNew } = this.#shared;
    const { words } = isolate.arena;
    if (isNew) {
      store(words, at + PARTIES, parties);
      store(words, at + PATIENCE, patienceOf(options.timeout));
    }
    this.#action = options.action;
    this.#barrier = barrierAt(words, at);
    this.#gate = new Line(isolate.park, at + GATE_LIST);
    this.#round = new Line(isolate.park, at + ROUND_LIST);
    useBarrier(words, this.#barrier, isolate.slot);
    keep(this, this.#shared, [this.#gate, this.#round]);
  }

  /**
   * Waits until all have come; gives the place in the order of coming: 0 to `parties - 1`. Python: `wait`.
   *
   * @throws BrokenBarrierError when the barrier is, or gets, broken or reset, also by running out of time
   * @throws TimeoutError when those of the last round did not go out within `timeout`
   */
  async wait(options: BarrierWait = {}): Promise<number> {
    const { signal, timeout = this.#patience, action = this.#action } = options;
    signal?.throwIfAborted();
    const wait = { signal, timeout, operation: `wait at ${this.#name}` };
    const attempt = () => this.#arrive(action);
    // Not in line behind those who wait inside: each comes at once.
    let place = attempt();
    if (place === PENDING) place = await this.#gate.until({ ...wait, attempt });
    if (this.#isActing(place)) return await this.#act(place, action);
    await this.#round.until({ ...wait, attempt: () => this.#look() }).catch((error) => {
      if (breakRound(this.#words, this.#barrier) === PASSING) return;
      this.#leave();
      throw error instanceof TimeoutError ? this.#broken() : error;
    });
    this.#leave();
    return place;
  }

  /** As {@linkcode wait}, but blocks this isolate: for workers. The action must not be asynchronous. */
  waitSync(options: LockTimeout & { action?: () => unknown } = {}): number {
    const { timeout = this.#patience, action = this.#action } = options;
    const { park } = this.#shared.isolate;
    let place: number | typeof PENDING = PENDING;
    const isIn = () => (place = this.#arrive(action)) !== PENDING;
    if (!park.block(this.#gate, { attempt: isIn, timeout }) || place === PENDING) {
      throw new TimeoutError(`wait at ${this.#name}`, timeout!);
    }
    if (this.#isActing(place)) return this.#actSync(place, action);
    let phase = BROKEN;
    try {
      park.block(this.#round, { attempt: () => this.#isOver(), timeout });
    } finally {
      phase = breakRound(this.#words, this.#barrier);
      this.#leave();
    }
    if (phase !== PASSING) throw this.#broken();
    return place;
  }

  /**
   * Has all who wait reject with `BrokenBarrierError`, and the barrier as new after it. Does nothing to
   * those who may go on already. Python: `reset`.
   */
  reset(): void {
    resetBarrier(this.#words, this.#barrier);
    this.#ringAll();
  }

  /** Breaks the barrier until it is reset: all who wait, or come, reject. Python: `abort`. */
  abort(): void {
    breakBarrier(this.#words, this.#barrier);
    this.#ringAll();
  }

  /** Whether it is broken. */
  get broken(): boolean {
    return this.#phase === BROKEN;
  }

  /** How many have to come. */
  get parties(): number {
    return this.#barrier.parties;
  }

  /** How many have come and wait; by the time it is known it may have changed. Python: `n_waiting`. */
  get nWaiting(): number {
    const seen = load(this.#words, this.#barrier.word);
    return (seen & 7) === FILLING ? seen >> 3 : 0;
  }

  #arrive(action: unknown): number | typeof PENDING {
    const { slot: me } = this.#shared.isolate;
    const last = action === undefined ? PASSING : ACTING;
    let place = AGAIN;
    while (place === AGAIN) {
      place = arrive(this.#words, this.#barrier, { me, last });
      if (place === AGAIN) this.#ringAll();
    }
    if (place === NOT_YET) return PENDING;
    if (place === IS_BROKEN) throw this.#broken();
    this.#ringAll();
    return place;
  }

  #isActing(place: number): boolean {
    return place === this.parties - 1 && this.#phase === ACTING;
  }

  async #act(place: number, action: (() => unknown) | undefined): Promise<number> {
    try {
      await action?.();
    } catch (error) {
      this.#fail();
      throw error;
    }
    return this.#finish(place);
  }

  #actSync(place: number, action: (() => unknown) | undefined): number {
    try {
      action?.();
    } catch (error) {
      this.#fail();
      throw error;
    }
    return this.#finish(place);
  }

  #fail(): void {
    breakRound(this.#words, this.#barrier);
    this.#leave();
  }

  #finish(place: number): number {
    const isPassing = letPass(this.#words, this.#barrier);
    this.#leave();
    if (!isPassing) throw this.#broken();
    return place;
  }

  #look(): true | typeof PENDING {
    if (!this.#isOver()) return PENDING;
    if (this.#phase === PASSING) return true;
    throw this.#broken();
  }

  #isOver(): boolean {
    return this.#phase !== FILLING && this.#phase !== ACTING;
  }

  #leave(): void {
    goOut(this.#words, this.#barrier, this.#shared.isolate.slot);
    this.#ringAll();
  }

  #ringAll(): void {
    const { park } = this.#shared.isolate;
    park.changed(this.#gate.list, this.#gate.topic);
    park.changed(this.#round.list, this.#round.topic);
  }

  #broken(): BrokenBarrierError {
    return new BrokenBarrierError(`Cannot wait at ${this.#name}: it is broken`);
  }

  get #phase(): number {
    return load(this.#words, this.#barrier.word) & 7;
  }

  get #patience(): number | undefined {
    const patience = load(this.#words, this.#shared.at + PATIENCE);
    return patience === FOR_EVER ? undefined : patience;
  }

  get #words(): Int32Array {
    return this.#shared.isolate.arena.words;
  }

  static {
    crossAsRegion("barrier", BARRIER_REGION, (options) => new Barrier(1, options));
  }
}

function checkParties(parties: number, name: string): void {
  if (typeof parties !== "number" || Number.isNaN(parties)) {
    throw new TypeError(`Cannot make a ${name}: parties is not a number`);
  }
  if (Number.isInteger(parties) && parties >= 1 && parties <= MOST_PARTIES) return;
  throw new RangeError(`Cannot make a ${name} of ${parties} parties: from 1 to ${MOST_PARTIES}`);
}

function patienceOf(timeout: number | undefined): number {
  if (timeout === undefined || timeout === Infinity) return FOR_EVER;
  return Math.min(Math.max(0, Math.ceil(timeout)), 2 ** 31 - 1);
}

function barrierAt(words: Int32Array, at: number): BarrierWords {
  return {
    word: at + WORD,
    inside: at + INSIDE,
    width: at + WIDTH,
    parties: load(words, at + PARTIES),
  };
}

recoverRegions(
  BARRIER_REGION,
  (words, at, dead) => recoverBarrier(words, barrierAt(words, at), dead),
);
