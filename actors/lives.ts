// Runs in: any isolate
/**
 * The words of a mailbox that tell of an actor's lives. An actor that is started again has a guardian:
 * the isolate that does it. While there is one, the death of the isolate that ran the actor is not the
 * actor's end.
 *
 * - I1: a life begins only after the last one's isolate is proven dead, so one at a time reads the ring.
 * - I2: what the last life took and did not answer is lost, with its askers told; what it did not take
 *   stays, in order, for the next.
 *
 * @module
 */
import { load, store } from "../memory/atomics.ts";
import { cellsAt } from "../memory/ring.ts";
import { firstUnread } from "../memory/cells.ts";
import type { Isolate } from "../memory/isolate.ts";
import { type Ending, isAlive, type Life, REASONS } from "../memory/slots.ts";
import {
  DONE,
  DRAINING,
  EXIT_CODE,
  FIRST,
  GUARDIAN,
  GUARDIAN_LIFE,
  IN_HAND,
  LAST_EXIT_CODE,
  LAST_REASON,
  REASON,
  RESTARTS,
  RING,
  STARTED,
  STOP_WANTED,
  WAITS,
} from "./mailbox_region.ts";

/** No message is in hand. */
export const NOTHING = -2;
const TICKETS = (1 << 20) - 1;
/** An actor ends with the isolate that guards it. */
const ORPHANED: Ending = { reason: "terminated", exitCode: -15 };

/** An actor's lives, as one isolate sees them. */
export class Lives {
  readonly #isolate: Isolate;
  readonly #at: number;

  /** Those of the mailbox at an address. */
  constructor(isolate: Isolate, at: number) {
    this.#isolate = isolate;
    this.#at = at;
  }

  /** Whether the actor has a guardian. */
  get isGuarded(): boolean {
    return this.#load(GUARDIAN) !== 0;
  }

  /** The guardian; slot -1 when there is none. */
  get guardian(): Life {
    return { slot: this.#load(GUARDIAN) - 1, incarnation: this.#load(GUARDIAN_LIFE) };
  }

  /** An isolate, this one unless told otherwise, answers for the actor from now on. */
  guard({ slot, incarnation }: Life = this.#isolate.life): void {
    this.#store(GUARDIAN_LIFE, incarnation);
    this.#store(GUARDIAN, slot + 1);
  }

  /** How often the actor was started again: the number of its present life. */
  get restarts(): number {
    return this.#load(RESTARTS);
  }

  /** Whether somebody asked for the actor's end for good. */
  get isStopWanted(): boolean {
    return this.#load(STOP_WANTED) === 1;
  }

  /** Asks its guardian not to start it again. */
  wantStop(): void {
    this.#store(STOP_WANTED, 1);
  }

  /** Whether nothing new is accepted. */
  get isDraining(): boolean {
    return this.#load(DRAINING) === 1;
  }

  /** Has nothing new accepted from now on. */
  drain(): void {
    this.#store(DRAINING, 1);
  }

  /** How a guarded actor ended: with its guardian; `undefined` while that lives. */
  get ending(): Ending | undefined {
    return isAlive(this.#isolate.arena, this.guardian) ? undefined : ORPHANED;
  }

  /** How the last life ended. */
  get lastEnding(): Ending {
    return { reason: REASONS[this.#load(LAST_REASON)], exitCode: this.#load(LAST_EXIT_CODE) };
  }

  /**
   * Number, among the actor's messages, of the one that was in hand when its life ended; -1 for one that
   * is not among them, {@linkcode NOTHING} for none. Only for who started it, after a life.
   */
  get inHand(): number {
    return this.#load(STARTED) === this.#load(DONE) ? NOTHING : this.#load(IN_HAND) - 1;
  }

  /** The next life begins with the messages that the last one did not take. Only for the guardian. */
  next({ reason, exitCode }: Ending): void {
    const { arena } = this.#isolate;
    const first = firstUnread(arena.words, cellsAt(arena, this.#at + RING)) & TICKETS;
    this.#store(LAST_REASON, REASONS.indexOf(reason));
    this.#store(LAST_EXIT_CODE, exitCode);
    this.#store(DONE, this.#load(STARTED));
    this.#store(FIRST, first);
    this.#store(WAITS, 0);
    this.#store(RESTARTS, this.restarts + 1);
  }

  /** Whether a ticket is before all that were left when the last life ended. */
  isPast(ticket: number): boolean {
    return ((ticket - this.#load(FIRST)) & TICKETS) > TICKETS >> 1;
  }

  /** The actor has ended: messages from this ticket on were left. */
  leaveFrom(ticket: number): void {
    this.#store(FIRST, ticket);
  }

  #load(offset: number): number {
    return load(this.#isolate.arena.words, this.#at + offset);
  }

  #store(offset: number, value: number): void {
    store(this.#isolate.arena.words, this.#at + offset, value);
  }
}

/** Writes how an actor ended. */
export function writeEnding({ arena }: Isolate, at: number, { reason, exitCode }: Ending): void {
  store(arena.words, at + REASON, REASONS.indexOf(reason));
  store(arena.words, at + EXIT_CODE, exitCode);
}
