// Runs in: any isolate
/**
 * The line of requests in front of those who answer. A burst may wait; but a line that never empties
 * makes every answer late and none more. So, once it has stood for a while, whoever has waited for long
 * is refused when its turn comes, and those behind it are still served in time. After CoDel (K. Nichols,
 * V. Jacobson, "Controlling Queue Delay", 2012, https://queue.acm.org/detail.cfm?id=2209336), in the form
 * that B. Maurer describes ("Fail at Scale", 2015, https://queue.acm.org/detail.cfm?id=2839461).
 *
 * - I1: each one that has come is let in, refused, or leaves by itself, once.
 * - I2: those let in are at most two for each who answers: one in its hand, and one for when it is done.
 *
 * @module
 */
import type { Wanted } from "./published.ts";

const FOR_EACH = 2;
/** Milliseconds for which the line may stand, or as many answers of one worker as that. */
const STANDING_MS = 15;
const STANDING_ANSWERS = 3;
/** Then nobody is served who has waited for longer than an answer takes, but for this at least. */
const LEAST_MS = 5;
/** How often the workers are counted, and their speed is taken. */
const COUNT_MS = 100;

/** Somebody who waits. */
interface Waiting {
  readonly since: number;
  readonly letIn: () => void;
  readonly refuse: () => void;
}

/** A line; times are those of one clock, in milliseconds. */
export class Admission {
  readonly #workers: () => number;
  readonly #refusal: () => unknown;
  readonly #line: Waiting[] = [];
  #lanes = 1;
  #inside = 0;
  #standsSince = 0;
  #countedAt = 0;
  #answered = 0;
  #answerMs = 0;

  /** In front of so many who answer; whoever is refused gets `refusal`. */
  constructor(workers: () => number, refusal: () => unknown) {
    this.#workers = workers;
    this.#refusal = refusal;
  }

  /** Lets one in, at once or in its turn. */
  enter(wanted: Wanted, now: number): Promise<void> | undefined {
    if (this.#line.length === 0 && (this.#hasRoom || this.#begin(now))) {
      this.#inside++;
      return undefined;
    }
    return new Promise((letIn, reject) => {
      const waiting = { since: now, letIn, refuse: () => reject(this.#refusal()) };
      this.#line.push(waiting);
      wanted.onEnd((reason) => {
        const at = this.#line.indexOf(waiting);
        if (at >= 0) this.#line.splice(at, 1);
        reject(reason);
      });
    });
  }

  /** One who was let in has its answer. */
  leave(now: number): void {
    this.#inside--;
    this.#answered++;
    if (this.#line.length === 0) return;
    if (this.#answerMs === 0 || now - this.#countedAt >= COUNT_MS) this.#count(now);
    const standing = Math.max(STANDING_MS, STANDING_ANSWERS * this.#answerMs);
    const longest = now - this.#standsSince > standing
      ? Math.max(LEAST_MS, this.#answerMs)
      : Infinity;
    while (this.#line.length > 0 && this.#hasRoom) {
      const { since, letIn, refuse } = this.#line.shift()!;
      if (now - since > longest) refuse();
      else {
        this.#inside++;
        letIn();
      }
    }
  }

  get #hasRoom(): boolean {
    return this.#inside < FOR_EACH * this.#lanes;
  }

  /** A line begins, unless there are more workers than the last time. */
  #begin(now: number): boolean {
    this.#standsSince = this.#countedAt = now;
    this.#answered = 0;
    this.#lanes = Math.max(1, this.#workers());
    return this.#hasRoom;
  }

  /** While there is a line all have work, so their pace tells how long an answer takes. */
  #count(now: number): void {
    this.#answerMs = this.#lanes * (now - this.#countedAt) / this.#answered;
    this.#answered = 0;
    this.#countedAt = now;
    this.#lanes = Math.max(1, this.#workers());
  }
}
