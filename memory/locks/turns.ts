// Runs in: any isolate
/**
 * Those in one isolate who wait for their turn at something that isolates take one after the other: a
 * lock, a permit. Each draws a ticket when it comes; the earliest of this isolate stands in the line of
 * isolates.
 *
 * - I1: while anybody waits here, the line of isolates has the earliest ticket of this isolate.
 * - I2: whoever leaves, with or without what it waited for, rings the next if there is something to take.
 * - I3: who blocks goes before those here who wait asynchronously: they cannot go on until it does.
 *
 * @module
 */
import { TimeoutError } from "../../errors.ts";
import type { Isolate } from "../isolate.ts";
import { Line, PENDING, type WaitOptions } from "../line.ts";
import {
  announce,
  draw,
  firstOf,
  isEmpty,
  NOBODY,
  type Places,
  useLine,
  withdraw,
} from "./places.ts";

/** What is waited for. */
export interface Gate<T> {
  /** Takes it, or {@linkcode PENDING}. */
  take(): T | typeof PENDING;
  /** Whether there is something to take. */
  isOpen(): boolean;
}

/** See {@linkcode Turns.until}. */
export interface TurnWait extends WaitOptions {
  /** For the error: what could not be done. */
  readonly operation: string;
}

/** Where a line is. */
export interface TurnsPlace {
  /** The line of isolates. */
  readonly places: Places;
  /** Address of the wait list for the park. */
  readonly list: number;
}

/** One isolate's part of a line. */
export class Turns<T> {
  /** For the park. */
  readonly line: Line;
  readonly #isolate: Isolate;
  readonly #words: Int32Array;
  readonly #places: Places;
  readonly #gate: Gate<T>;
  readonly #tickets: number[] = [];

  /** The line at a place, before a gate. */
  constructor(isolate: Isolate, { places, list }: TurnsPlace, gate: Gate<T>) {
    this.#isolate = isolate;
    this.#words = isolate.arena.words;
    this.#places = places;
    this.#gate = gate;
    this.line = new Line(isolate.park, list);
    useLine(this.#words, places, isolate.slot);
  }

  /** Takes what can be had at once without passing anybody. */
  tryTake(): T | typeof PENDING {
    return isEmpty(this.#words, this.#places) ? this.#gate.take() : PENDING;
  }

  /** Waits for its turn. */
  until(wait: TurnWait): Promise<T> {
    const { signal, timeout, operation } = wait;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const now = this.tryTake();
    if (now !== PENDING) return this.line.settled(now);
    if (timeout !== undefined && timeout <= 0) {
      return Promise.reject(new TimeoutError(operation, timeout));
    }
    const ticket = this.#comeIn();
    const attempt = () => this.#takeInTurn(ticket);
    return this.line.until({
      signal,
      timeout,
      operation,
      attempt,
      gaveUp: () => this.#leave(ticket),
    });
  }

  /** Blocks the thread until it is its turn; {@linkcode PENDING} when the time was up before. */
  block(timeout?: number): T | typeof PENDING {
    let got = this.tryTake();
    if (got !== PENDING || (timeout !== undefined && timeout <= 0)) return got;
    const ticket = this.#comeIn();
    const attempt = () => (got = this.#takeInTurn(ticket)) !== PENDING;
    try {
      this.#isolate.park.block(this.line, { attempt, timeout });
    } finally {
      if (got === PENDING) this.#leave(ticket);
    }
    return got;
  }

  /** Rings the first who waits, if there is something to take. */
  passOn(): void {
    if (isEmpty(this.#words, this.#places) || !this.#gate.isOpen()) return;
    const first = firstOf(this.#words, this.#places);
    if (first !== NOBODY) this.#isolate.park.ringOne(first, this.line.topic);
  }

  #comeIn(): number {
    const ticket = draw(this.#words, this.#places);
    this.#tickets.push(ticket);
    if (this.#tickets.length === 1) this.#announce();
    return ticket;
  }

  #takeInTurn(ticket: number): T | typeof PENDING {
    if (!this.#gate.isOpen()) return PENDING;
    if (firstOf(this.#words, this.#places) !== this.#isolate.slot) return PENDING;
    const got = this.#gate.take();
    if (got !== PENDING) this.#leave(ticket);
    return got;
  }

  #leave(ticket: number): void {
    const index = this.#tickets.indexOf(ticket);
    this.#tickets.splice(index, 1);
    if (index === 0) {
      if (this.#tickets.length > 0) this.#announce();
      else withdraw(this.#words, this.#places, this.#isolate.slot);
    }
    this.passOn();
  }

  #announce(): void {
    const { slot } = this.#isolate;
    announce(this.#words, this.#places, { slot, ticket: this.#tickets[0] });
  }
}
