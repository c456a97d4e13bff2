// Runs in: any isolate
/**
 * A semaphore in the arena as one isolate uses it.
 *
 * - I1: a hold gives back one permit at most, and none that was given back already.
 *
 * @module
 */
import { glance, load, store } from "../atomics.ts";
import { MAX_ISOLATES } from "../layout.ts";
import { PENDING } from "../line.ts";
import { SEMAPHORE_REGION } from "../region.ts";
import { type Core, Hold } from "./held.ts";
import {
  ABANDONED_BIT,
  freeAt,
  freePermits,
  givePermit,
  MOST_PERMITS,
  type Permits,
  recoverPermits,
  REFUSED,
  SIGNALS_BIT,
  takePermit,
} from "./permits.ts";
import { PLACES_WORDS, placesAt } from "./places.ts";
import { recoverRegions, type Shared, sharedRegion } from "./shared.ts";
import { type Gate, Turns } from "./turns.ts";

const WORD = 0;
const BOUND = 1;
const LIST = 16;
const LINE = 32;
const RECORDS = LINE + PLACES_WORDS;
const NOTES = RECORDS + MAX_ISOLATES;
const FREE = NOTES + MAX_ISOLATES;
const SEMAPHORE_WORDS = FREE + 2 * MAX_ISOLATES;

/** How many permits there are at first, and at most. */
export interface PermitCount {
  /** At first. */
  readonly value: number;
  /** At most. */
  readonly bound: number;
}

/** One isolate's side of a semaphore. */
export class SemaphoreCore implements Core, Gate<Hold> {
  readonly shared: Shared;
  readonly turns: Turns<Hold>;
  readonly name: string;
  readonly #words: Int32Array;
  readonly #permits: Permits;
  readonly #me: number;
  readonly #letGo = () => this.#end();
  owner: object | undefined;

  /** The semaphore of a region that the options name, or a new one with so many permits. */
  constructor(options: object, name: string, count: PermitCount) {
    this.name = name;
    checkCount(count.value, name);
    const what = { type: SEMAPHORE_REGION, words: SEMAPHORE_WORDS, what: name };
    this.shared = sharedRegion(options, what);
    const { isolate, at, isNew } = this.shared;
    this.#words = isolate.arena.words;
    this.#me = isolate.slot;
    if (isNew) store(this.#words, at + BOUND, count.bound);
    this.#permits = permitsAt(this.#words, at);
    if (isNew) store(this.#words, freeAt(this.#permits, 0), count.value);
    this.turns = new Turns(isolate, { places: this.#permits.line, list: at + LIST }, this);
  }

  /** Free permits. */
  get value(): number {
    return freePermits(this.#words, this.#permits);
  }

  take(): Hold | typeof PENDING {
    const seen = takePermit(this.#words, this.#permits, this.#me);
    return seen === REFUSED ? PENDING : new Hold((seen & ABANDONED_BIT) !== 0, this.#letGo);
  }

  isOpen(): boolean {
    return this.value > 0;
  }

  release(): boolean {
    if (givePermit(this.#words, this.#permits, this.#me) === REFUSED) return false;
    this.turns.passOn();
    return true;
  }

  /** A permit that `release` gave back already is not given back again. */
  #end(): void {
    const count = glance(this.#words, this.#permits.records + this.#me) >>> 12;
    const isSignal = () => (load(this.#words, this.#permits.word) & SIGNALS_BIT) !== 0;
    if (count > 0 || isSignal()) this.release();
  }
}

function checkCount(value: number, name: string): void {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`Cannot make a ${name}: its value is not a number`);
  }
  if (Number.isInteger(value) && value >= 0 && value <= MOST_PERMITS) return;
  throw new RangeError(`Cannot make a ${name} of ${value}: from 0 to ${MOST_PERMITS}`);
}

function permitsAt(words: Int32Array, at: number): Permits {
  return {
    word: at + WORD,
    free: at + FREE,
    records: at + RECORDS,
    notes: at + NOTES,
    bound: load(words, at + BOUND),
    line: placesAt(at + LINE),
  };
}

recoverRegions(
  SEMAPHORE_REGION,
  (words, at, dead) => recoverPermits(words, permitsAt(words, at), dead),
);
