// Runs in: any isolate
/**
 * Frames of a ring that its reader takes out of their turn. A cell given back in the middle is what it
 * would be had one of many readers been faster than the others: writers get to it when all before it were
 * taken too. Frames that were not taken stay where they are, so they survive their reader.
 *
 * - I1: only a committed frame is taken, and once.
 * - I2: a place in the middle is free for writers only after all places before it.
 * - I3: once {@linkcode OutOfTurn.mark} ran, with no reader about, it is known of each ticket that was
 *   in the ring then whether it had been taken, until the next time.
 *
 * @module
 */
import { and, compareExchange, load, or } from "./atomics.ts";
import {
  ahead,
  cellOf,
  type Cells,
  cellWord,
  emptyAlone,
  firstUnread,
  FULL,
  NONE,
  release,
  skipGone,
  takeAlone,
  TAKEN,
} from "./cells.ts";
import type { Isolate } from "./isolate.ts";
import { cellsAt, RING_MARKS, RING_MASK, ringEnd } from "./ring.ts";

const TICKETS = (1 << 20) - 1;
/** So many cells are marked within the ring. */
const MARKED_WITHIN = 128;

/** Words of marks behind a ring with so many cells, a power of two. */
export function markWords(cells: number): number {
  return cells <= MARKED_WITHIN ? 0 : cells >> 5;
}

/** Address behind a ring at `at` and its marks. */
export function marksEnd(words: Int32Array, at: number): number {
  return ringEnd(words, at) + markWords(words[at + RING_MASK] + 1);
}

/** A ring, as somebody sees it who does not go in order. */
export class OutOfTurn {
  readonly #words: Int32Array;
  readonly #cells: Cells;
  readonly #me: number;
  readonly #alone: boolean;
  readonly #marks: number;

  /** The ring at `at`, with its marks behind it unless they are few; `readers` as for the ring itself. */
  constructor({ arena, slot }: Isolate, at: number, readers: "one" | "many") {
    this.#words = arena.words;
    this.#cells = cellsAt(arena, at);
    this.#me = slot;
    this.#alone = readers === "one";
    const isWithin = markWords(this.#cells.mask + 1) === 0;
    this.#marks = isWithin ? at + RING_MARKS : ringEnd(arena.words, at);
  }

  /** The first ticket that was not given back. */
  get first(): number {
    return firstUnread(this.#words, this.#cells);
  }

  /** The cell of a ticket whose frame waits; NONE: there is none yet; SKIP: there is none any more. */
  look(ticket: number): number {
    return takeAlone(this.#words, this.#cells, ticket);
  }

  /** Takes the frame of a ticket and gives its cell; NONE when somebody else took it. */
  take(ticket: number): number {
    const cell = cellOf(this.#cells, ticket);
    const there = cellWord(ticket, 0, FULL);
    const found = this.#alone
      ? load(this.#words, cell)
      : compareExchange(this.#words, cell, there, cellWord(ticket, this.#me, TAKEN));
    return found === there ? cell : NONE;
  }

  /** Gives the cell of a frame back that was taken. */
  release(cell: number): void {
    const ticket = load(this.#words, cell) >> 12;
    if (this.#alone) emptyAlone(this.#words, this.#cells, ticket);
    else release(this.#words, this.#cells, { cell, me: this.#me });
    while (skipGone(this.#words, this.#cells));
  }

  /** The cells of the frames that wait, in order; whoever goes through them may take them. */
  *waiting(): Generator<number> {
    const { first } = this;
    for (let index = 0; index <= this.#cells.mask; index++) {
      const ticket = (first + index) | 0;
      const cell = cellOf(this.#cells, ticket);
      if (load(this.#words, cell) === cellWord(ticket, 0, FULL)) yield cell;
    }
  }

  /** How many wait. */
  count(): number {
    let count = 0;
    for (const _ of this.waiting()) count++;
    return count;
  }

  /** Whether the frame of a ticket that was committed is not there any more. */
  wasTaken(ticket: number): boolean {
    const seen = load(this.#words, cellOf(this.#cells, ticket));
    return ahead(seen, ticket) > 0 || (seen & 7) === TAKEN;
  }

  /** Notes which tickets were taken; gives the first that was not. Only while nobody reads. */
  mark(): number {
    const { first } = this;
    for (let index = 0; index <= this.#cells.mask; index++) {
      const ticket = (first + index) | 0;
      const [word, bit] = this.#markOf(ticket);
      if (ahead(load(this.#words, cellOf(this.#cells, ticket)), ticket) > 0) {
        or(this.#words, word, bit);
      } else and(this.#words, word, ~bit);
    }
    return first & TICKETS;
  }

  /** Whether a ticket, at or after the first one when {@linkcode mark} ran, was taken by then. */
  isMarked(ticket: number): boolean {
    const [word, bit] = this.#markOf(ticket);
    return (load(this.#words, word) & bit) !== 0;
  }

  #markOf(ticket: number): readonly [word: number, bit: number] {
    const cell = ticket & this.#cells.mask;
    return [this.#marks + (cell >> 5), 1 << (cell & 31)];
  }
}
