// Runs in: any isolate
/**
 * The messages of a mailbox in the order of their priority, for mailboxes of which somebody asked that.
 * They wait in the ring all the same, so those that did not have their turn are there for the actor's
 * next life.
 *
 * - I1: the highest priority goes first; of equal ones the one that was accepted first.
 * - I2: at most as many messages as the mailbox holds go before one that was accepted before them.
 *
 * @module
 */
import type { PortRing } from "../channels/parcel.ts";
import { NONE, SKIP } from "../memory/cells.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Line } from "../memory/line.ts";
import type { OutOfTurn } from "../memory/out_of_turn.ts";
import type { Ring } from "../memory/ring.ts";
import { headAt, priorityIn } from "./head.ts";

/** Tickets of one priority. */
interface Rank {
  readonly priority: number;
  readonly tickets: number[];
  /** How many of them had their turn. */
  gone: number;
}

/** A ring whose frames come by priority. */
export class Turns implements PortRing {
  readonly room: number;
  readonly limit: number;
  readonly readers: Line;
  readonly writers: Line;
  readonly #isolate: Isolate;
  readonly #ring: Ring;
  readonly #frames: OutOfTurn;
  /** The highest first. */
  readonly #ranks: Rank[] = [];
  #seen: number;

  /** The frames of `ring`. */
  constructor(isolate: Isolate, ring: Ring, frames: OutOfTurn) {
    this.#isolate = isolate;
    this.#ring = ring;
    this.#frames = frames;
    this.#seen = frames.first;
    this.room = ring.room;
    this.limit = ring.limit;
    this.readers = ring.readers;
    this.writers = ring.writers;
  }

  /** As that of the ring. */
  claim(): number {
    return this.#ring.claim();
  }

  /** As that of the ring. */
  commit(cell: number, meta: number): void {
    this.#ring.commit(cell, meta);
  }

  /** The cell of the message whose turn it is, or NONE. */
  take(): number {
    this.#look();
    for (;;) {
      const rank = this.#ranks.find(({ tickets, gone }) => gone < tickets.length);
      if (rank === undefined) return NONE;
      const ticket = rank.tickets[rank.gone++];
      if (rank.gone === rank.tickets.length) rank.gone = rank.tickets.length = 0;
      const cell = this.#frames.take(ticket);
      if (cell >= 0) return cell;
    }
  }

  /** Gives a cell back. */
  release(cell: number): void {
    this.#frames.release(cell);
    this.#isolate.park.changed(this.writers.list, this.writers.topic);
  }

  /** As that of the ring. */
  frameAt(cell: number): number {
    return this.#ring.frameAt(cell);
  }

  /** As that of the ring. */
  metaOf(cell: number): number {
    return this.#ring.metaOf(cell);
  }

  /** Takes note of what came since. */
  #look(): void {
    for (;; this.#seen = (this.#seen + 1) | 0) {
      const cell = this.#frames.look(this.#seen);
      if (cell === SKIP) continue;
      if (cell < 0) return;
      const place = { frame: this.#ring.frameAt(cell), meta: this.#ring.metaOf(cell) };
      this.#rankOf(priorityIn(headAt(this.#isolate, place))).tickets.push(this.#seen);
    }
  }

  #rankOf(priority: number): Rank {
    const found = this.#ranks.find((rank) => rank.priority <= priority);
    if (found?.priority === priority) return found;
    const rank: Rank = { priority, tickets: [], gone: 0 };
    const before = found === undefined ? this.#ranks.length : this.#ranks.indexOf(found);
    this.#ranks.splice(before, 0, rank);
    return rank;
  }
}
