// Runs in: any isolate
/**
 * Those in one isolate who wait for a condition. All but `until` and `block` is done by whoever has the
 * condition's lock.
 *
 * - I1: the earliest ticket here is in the line of isolates, and how many there are is in its count.
 *
 * @module
 */
import { store } from "../atomics.ts";
import { Line, PENDING } from "../line.ts";
import { MAX_ISOLATES } from "../layout.ts";
import { CONDITION_REGION } from "../region.ts";
import {
  type Calls,
  callWaiters,
  isCalled,
  nextCalled,
  recoverCalls,
  takeCall,
  trimCalls,
} from "./calls.ts";
import { announce, draw, NOBODY, PLACES_WORDS, placesAt, useLine, withdraw } from "./places.ts";
import { recoverRegions, type Shared, sharedRegion } from "./shared.ts";
import type { TurnWait } from "./turns.ts";

const CALLS = 0;
const LIST = 16;
const LINE = 32;
const COUNTS = LINE + PLACES_WORDS;
const CONDITION_WORDS = COUNTS + MAX_ISOLATES;

/** One isolate's part of those who wait for a condition. */
export class CallLine {
  readonly shared: Shared;
  /** For the park. */
  readonly line: Line;
  readonly #words: Int32Array;
  readonly #calls: Calls;
  readonly #me: number;
  readonly #tickets: number[] = [];

  /** The waiters of a region that the options name, or of a new one. */
  constructor(options: object, what: string) {
    this.shared = sharedRegion(options, { type: CONDITION_REGION, words: CONDITION_WORDS, what });
    const { isolate, at } = this.shared;
    this.#words = isolate.arena.words;
    this.#me = isolate.slot;
    this.#calls = callsAt(at);
    this.line = new Line(isolate.park, at + LIST);
    useLine(this.#words, this.#calls.line, this.#me);
  }

  /** One more who waits; gives its ticket. */
  comeIn(): number {
    trimCalls(this.#words, this.#calls);
    const ticket = draw(this.#words, this.#calls.line);
    this.#tickets.push(ticket);
    this.#tell();
    return ticket;
  }

  /** Waits until the one with this ticket is called; keep the condition alive meanwhile. */
  until(ticket: number, wait: TurnWait): Promise<void> {
    const attempt = () => this.#tickets[0] === ticket && this.#isCalled() ? undefined : PENDING;
    return this.line.until({ ...wait, attempt });
  }

  /** Blocks until one here is called; `false` when the time was up before. */
  block(timeout?: number): boolean {
    const attempt = () => this.#isCalled();
    return this.shared.isolate.park.block(this.line, { attempt, timeout });
  }

  /**
   * One who waited has the lock again and waits no more; `isNext` when it found itself called. Whether
   * it was: its call may have come after its time was up.
   */
  goOn(ticket: number, isNext: boolean): boolean {
    const wasCalled = (isNext || this.#tickets[0] === ticket) && this.#isCalled();
    this.#tickets.splice(this.#tickets.indexOf(ticket), 1);
    this.#tell();
    if (wasCalled) takeCall(this.#words, this.#calls);
    else trimCalls(this.#words, this.#calls);
    this.#passOn();
    return wasCalled;
  }

  /** Calls up to `count` of those who wait. */
  call(count: number): void {
    callWaiters(this.#words, this.#calls, count);
    this.#passOn();
  }

  #isCalled(): boolean {
    return isCalled(this.#words, this.#calls, this.#me);
  }

  #tell(): void {
    const { line, counts } = this.#calls;
    store(this.#words, counts + this.#me, this.#tickets.length);
    if (this.#tickets.length === 0) withdraw(this.#words, line, this.#me);
    else announce(this.#words, line, { slot: this.#me, ticket: this.#tickets[0] });
  }

  #passOn(): void {
    const next = nextCalled(this.#words, this.#calls);
    if (next !== NOBODY) this.shared.isolate.park.ringOne(next, this.line.topic);
  }
}

function callsAt(at: number): Calls {
  return { calls: at + CALLS, counts: at + COUNTS, line: placesAt(at + LINE) };
}

recoverRegions(CONDITION_REGION, (words, at, dead) => recoverCalls(words, callsAt(at), dead));
