// Runs in: any isolate
/**
 * A lock in the arena as one isolate uses it: what `Lock` and `RLock` are made of.
 *
 * - I1: the hold that `take` gave last is the only one that `letGo` lets go.
 *
 * @module
 */
import { load } from "../atomics.ts";
import { PENDING } from "../line.ts";
import { LOCK_REGION } from "../region.ts";
import { type Core, type Guard, type Held, Hold, type Suspended } from "./held.ts";
import {
  BUSY,
  LOCK_ABANDONED,
  type LockWords,
  ownedBy,
  recoverLock,
  takeLock,
  unlock,
  unlockOwn,
} from "./lock_word.ts";
import { PLACES_WORDS, placesAt } from "./places.ts";
import { recoverRegions, type Shared, sharedRegion } from "./shared.ts";
import { type Gate, Turns } from "./turns.ts";

const WORD = 0;
const LIST = 16;
const LINE = 32;
const MUTEX_WORDS = LINE + PLACES_WORDS;

/** One isolate's side of a lock. */
export class Mutex implements Core, Gate<Hold>, Guard {
  readonly shared: Shared;
  readonly turns: Turns<Hold>;
  readonly name: string;
  readonly #words: Int32Array;
  readonly #lock: LockWords;
  readonly #me: number;
  readonly #letGo = (hold: Hold) => this.#end(hold);
  #hold: Hold | undefined;
  owner: object | undefined;
  /** Makes the hold when the lock was taken. */
  enter: (abandoned: boolean) => Hold = (abandoned) => new Hold(abandoned, this.#letGo);

  /** The lock of a region that the options name, or a new one. */
  constructor(options: object, name: string) {
    this.name = name;
    this.shared = sharedRegion(options, { type: LOCK_REGION, words: MUTEX_WORDS, what: name });
    const { isolate, at } = this.shared;
    this.#words = isolate.arena.words;
    this.#me = isolate.slot;
    this.#lock = lockAt(at);
    this.turns = new Turns(isolate, { places: this.#lock.line, list: at + LIST }, this);
  }

  take(): Hold | typeof PENDING {
    const seen = takeLock(this.#words, this.#lock, this.#me);
    return seen === BUSY ? PENDING : this.#hold = this.enter(seen === LOCK_ABANDONED);
  }

  isOpen(): boolean {
    return load(this.#words, this.#lock.word) >> 1 === 0;
  }

  /** Whether this isolate has it. */
  get isMine(): boolean {
    return load(this.#words, this.#lock.word) === ownedBy(this.#me);
  }

  /** Ends the hold of this isolate, if it still has it. */
  leave(): void {
    this.#hold = undefined;
    if (unlockOwn(this.#words, this.#lock, this.#me)) this.turns.passOn();
  }

  release(): boolean {
    this.#hold = undefined;
    if (!unlock(this.#words, this.#lock)) return false;
    this.turns.passOn();
    return true;
  }

  get core(): Core {
    return this;
  }

  suspend(): Suspended {
    const holds = this.#hold === undefined ? [] : [this.#hold];
    this.leave();
    return holds;
  }

  resume([hold]: Suspended, again: Held): void {
    if (hold === undefined || hold.ended) return this.leave();
    hold.abandoned ||= again.abandoned;
    this.#hold = hold;
  }

  #end(hold: Hold): void {
    if (hold === this.#hold) this.leave();
  }
}

function lockAt(at: number): LockWords {
  return { word: at + WORD, line: placesAt(at + LINE) };
}

recoverRegions(LOCK_REGION, (words, at, dead) => recoverLock(words, lockAt(at), dead));
