// Runs in: any isolate
/**
 * A ring in the arena, as one isolate uses it: cells for frames, one line of local readers, one of
 * local writers, and who is to be rung after each change. A ring with a single writer or reader at a
 * time needs no claims on that side, which halves its cost.
 *
 * - I1: readers are rung after each commit and each frame given up, writers after each release.
 * - I2: the position of an only writer or reader is its own; its successor finds it again in the cells.
 *   So its hint may lag behind: it is written once in {@linkcode HINT_EVERY} frames.
 * - I3: what an only writer or reader knows of cells ahead (free, or filled) stays true until it gets
 *   there: only itself changes that, when the other side is one isolate too.
 *
 * @module
 */
import { NotOwnerError } from "../errors.ts";
import { AmongMany } from "./among.ts";
import type { Arena } from "./arena.ts";
import { load, store } from "./atomics.ts";
import {
  abandon,
  cellOf,
  type Cells,
  cellWord,
  claimAlone,
  commit,
  commitAlone,
  EMPTY,
  emptyAlone,
  fillAlone,
  firstUnread,
  firstUnwritten,
  FULL,
  isAt,
  isHeldBy,
  NONE,
  recoverCell,
  release,
  releaseAlone,
  SEAL,
  SKIP,
  skipGone,
  takeAlone,
  TAKEN,
} from "./cells.ts";
import type { Isolate } from "./isolate.ts";
import { Line } from "./line.ts";

const HEAD = 0;
/** Offset in a ring: the number of its cells, less 1. */
export const RING_MASK = 1;
const SHIFT = 2;
const LIMIT = 3;
/** Offset in a ring: eight words that are left over, zeroed, for what its readers write. */
export const RING_SPARE = 4;
/** Offset in a ring: four words more. */
export const RING_MARKS = 12;
const TAIL = 16;
const READERS = 32;
// Beside the list that writers read anyway: beside the head, each release would take it from them.
const SEALING = 44;
const NEXT = 45;
const WRITERS = 48;
const RING_WORDS = 64;
/** Words of a cell before its frame: the cell's word and the frame's length and flags. */
const CELL_HEAD_WORDS = 2;
/** An atomic operation costs as much as a short message does otherwise, so each one saved counts. */
const HINT_EVERY = 32;
/** So many frames in a row went at once: look as many ahead. */
const LOOK_AHEAD = 8;

/** Size of a ring. */
export interface RingSize {
  /** Number of cells, a power of two from 2 to 262,144. */
  readonly cells: number;
  /** Bytes of a cell, a power of two; 8 of them are not for the frame. */
  readonly cellBytes: number;
  /** Most frames inside at once; default: as many as cells. */
  readonly limit?: number;
}

/** Who uses a ring, and where its wait lists are. */
export interface RingUse {
  /** Address of the ring whose wait lists serve this one too; default: its own. */
  readonly lists?: number;
  /** Whether several isolates write to it at a time. */
  readonly writers: "one" | "many";
  /** Whether several isolates read from it at a time. */
  readonly readers: "one" | "many";
}

/** Bytes that a ring needs. */
export function ringBytes({ cells, cellBytes }: RingSize): number {
  return RING_WORDS * 4 + cells * cellBytes;
}

/** Makes an empty ring of zeroed memory. */
export function formatRing(arena: Arena, at: number, { cells, cellBytes, limit }: RingSize): void {
  const { words } = arena;
  const shift = 31 - Math.clz32(cellBytes >> 2);
  store(words, at + RING_MASK, cells - 1);
  store(words, at + SHIFT, shift);
  store(words, at + LIMIT, limit ?? cells);
  for (let ticket = 0; ticket < cells; ticket++) {
    store(words, at + RING_WORDS + (ticket << shift), cellWord(ticket, 0, EMPTY));
  }
}

/** Whether nothing was ever written to a ring. */
export function isUntouched({ words }: Arena, at: number): boolean {
  return load(words, at + RING_WORDS) === cellWord(0, 0, EMPTY);
}

/** Frames in a ring of many writers, for information; see {@linkcode Ring.size}. */
export function framesIn(arena: Arena, at: number): number {
  const cells = cellsAt(arena, at);
  const inside = (firstUnwritten(arena.words, cells) - firstUnread(arena.words, cells)) | 0;
  return Math.max(0, Math.min(inside, cells.limit));
}

/** Address behind a ring's last cell. */
export function ringEnd(words: Int32Array, at: number): number {
  return at + RING_WORDS + ((words[at + RING_MASK] + 1) << words[at + SHIFT]);
}

/** Where a ring's words are. */
export function cellsAt(arena: Arena, at: number): Cells {
  const { words } = arena;
  return {
    head: at + HEAD,
    tail: at + TAIL,
    sealing: at + SEALING,
    first: at + RING_WORDS,
    mask: words[at + RING_MASK],
    shift: words[at + SHIFT],
    limit: words[at + LIMIT],
  };
}

/** One isolate's end of a ring. */
export class Ring {
  /** Those here who wait for a frame. */
  readonly readers: Line;
  /** Those here who wait for room. */
  readonly writers: Line;
  /** Bytes that fit into a cell. */
  readonly room: number;
  readonly #isolate: Isolate;
  readonly #words: Int32Array;
  readonly #cells: Cells;
  readonly #me: number;
  readonly #among: AmongMany;
  readonly #aloneReading: boolean;
  readonly #aloneWriting: boolean;
  /** Ticket of the frame committed here last; tickets wrap at 20 bits. */
  lastTicket = -1;
  readonly #looksAhead: boolean;
  #reading = -1;
  #writing = -1;
  // Cells ahead known to be free, or filled; below 0: how many must yet go at once before it is worth a look.
  #free = -LOOK_AHEAD;
  #filled = -LOOK_AHEAD;

  /** The ring at `at`, used by `isolate` as `use` says. */
  constructor(isolate: Isolate, at: number, use: RingUse) {
    this.#isolate = isolate;
    this.#words = isolate.arena.words;
    this.#cells = cellsAt(isolate.arena, at);
    this.#me = isolate.slot;
    this.#among = new AmongMany(this.#words, this.#cells, this.#me);
    this.#aloneReading = use.readers === "one";
    this.#aloneWriting = use.writers === "one";
    this.#looksAhead = this.#aloneReading && this.#aloneWriting &&
      this.#cells.limit > this.#cells.mask && this.#cells.mask >= LOOK_AHEAD;
    this.room = (4 << this.#cells.shift) - CELL_HEAD_WORDS * 4;
    const lists = use.lists ?? at;
    this.readers = new Line(isolate.park, lists + READERS);
    this.writers = new Line(isolate.park, lists + WRITERS);
    this.resume();
  }

  /** Finds the positions of a side that had another owner before. */
  resume(): void {
    this.#free = this.#filled = -LOOK_AHEAD;
    if (this.#aloneReading) this.#reading = firstUnread(this.#words, this.#cells);
    if (this.#aloneWriting) this.#writing = firstUnwritten(this.#words, this.#cells);
  }

  /** A cell to fill, NONE or SEALED. Fill it, then {@linkcode commit} or {@linkcode abandon} it. */
  claim(): number {
    if (!this.#aloneWriting) return this.#among.claim();
    if (this.#free > 0) return cellOf(this.#cells, this.#writing);
    const cell = claimAlone(this.#words, this.#cells, this.#writing);
    this.#free = cell < 0 ? -LOOK_AHEAD : this.#ahead(this.#free, this.#writing, EMPTY);
    return cell;
  }

  /** What is known of the cells ahead once the one at `ticket` was found to be `kind`. */
  #ahead(known: number, ticket: number, kind: number): number {
    if (known < 0) return known;
    return this.#looksAhead &&
        isAt(this.#words, this.#cells, { ticket: (ticket + LOOK_AHEAD - 1) | 0, kind })
      ? LOOK_AHEAD
      : -LOOK_AHEAD;
  }

  /**
   * Publishes a cell with the frame's length and flags.
   *
   * @throws NotOwnerError when this isolate was declared dead meanwhile
   */
  commit(cell: number, meta: number): void {
    this.#words[cell + 1] = meta;
    this.lastTicket = this.#words[cell] >>> 12;
    if (this.#aloneWriting) {
      const ticket = this.#writing;
      if (ticket % HINT_EVERY === 0) commitAlone(this.#words, this.#cells, ticket);
      else fillAlone(this.#words, this.#cells, ticket);
      this.#writing = (ticket + 1) | 0;
      this.#free += this.#free > 0 ? -1 : 1;
    } else if (!commit(this.#words, cell, this.#me)) {
      throw new NotOwnerError("Cannot send: this isolate was declared dead");
    }
    this.#isolate.park.filled(this.readers.list, this.readers.topic);
  }

  /** Gives a cell up. */
  abandon(cell: number): void {
    if (this.#aloneWriting) return;
    abandon(this.#words, cell, this.#me);
    this.#isolate.park.changed(this.readers.list, this.readers.topic);
    this.#isolate.park.changed(this.writers.list, this.writers.topic);
  }

  /** The oldest frame's cell, NONE or SEALED. Read it, then {@linkcode release} it. */
  take(): number {
    if (!this.#aloneReading) return this.#among.take();
    if (this.#filled > 0) return cellOf(this.#cells, this.#reading);
    for (;;) {
      const found = takeAlone(this.#words, this.#cells, this.#reading);
      if (found !== SKIP) {
        this.#filled = found < 0 ? -LOOK_AHEAD : this.#ahead(this.#filled, this.#reading, FULL);
        return found;
      }
      this.#reading = (this.#reading + 1) | 0;
      this.#isolate.park.changed(this.writers.list, this.writers.topic);
    }
  }

  /** Gives a cell back to the writers. */
  release(cell: number): void {
    if (this.#aloneReading) {
      const ticket = this.#reading;
      if (ticket % HINT_EVERY === 0) releaseAlone(this.#words, this.#cells, ticket);
      else emptyAlone(this.#words, this.#cells, ticket);
      this.#reading = (ticket + 1) | 0;
      this.#filled += this.#filled > 0 ? -1 : 1;
    } else release(this.#words, this.#cells, { cell, me: this.#me });
    this.#isolate.park.changed(this.writers.list, this.writers.topic);
  }

  /** Whether {@linkcode take} would give a frame; `undefined`: the ring has ended. Takes nothing. */
  get ready(): boolean | undefined {
    return peek(this.#words, this.#cells);
  }

  /** Byte offset of a cell's frame. */
  frameAt(cell: number): number {
    return (cell + CELL_HEAD_WORDS) << 2;
  }

  /** Length and flags of a cell's frame. */
  metaOf(cell: number): number {
    return this.#words[cell + 1];
  }

  /** The ticket of a cell; tickets wrap at 20 bits. */
  ticketOf(cell: number): number {
    return load(this.#words, cell) >>> 12;
  }

  /** Frames inside, for information: by the time it is known it may have changed. */
  get size(): number {
    const words = this.#words;
    const cells = this.#cells;
    if (!this.#aloneReading) { while (skipGone(words, cells)); }
    const head = this.#aloneReading ? firstUnread(words, cells) : load(words, cells.head);
    const inside = (firstUnwritten(words, cells) - head) | 0;
    return Math.max(0, Math.min(inside, cells.limit));
  }

  /** Most frames inside at once. */
  get limit(): number {
    return this.#cells.limit;
  }

  /** Has both sides look again, here and in all other isolates that wait. */
  ringAll(): void {
    const { park } = this.#isolate;
    park.changed(this.readers.list, this.readers.topic);
    park.changed(this.writers.list, this.writers.topic);
    this.readers.stir();
    this.writers.stir();
  }
}

/** Looks at the oldest frame that is not taken, past those given up. */
function peek(words: Int32Array, cells: Cells): boolean | undefined {
  for (;;) {
    const ticket = load(words, cells.head);
    const seen = load(words, cellOf(cells, ticket));
    if (seen === cellWord(ticket, 0, FULL)) return true;
    if (seen === cellWord(ticket, 0, SEAL)) return undefined;
    if (!skipGone(words, cells) && load(words, cells.head) === ticket) return false;
  }
}

/** Address of the word that names the ring which replaces this one. */
export function nextRingAt(at: number): number {
  return at + NEXT;
}

/** Address of the flag that asks for a seal. */
export function sealingAt(at: number): number {
  return at + SEALING;
}

/** Gives all cells of a dead isolate back; the caller rings everybody afterwards. */
export function recoverRing(arena: Arena, at: number, { dead, taken }: Recovery): void {
  const cells = cellsAt(arena, at);
  for (let index = 0; index <= cells.mask; index++) {
    const cell = cells.first + (index << cells.shift);
    const seen = load(arena.words, cell);
    if (!isHeldBy(seen, dead)) continue;
    if ((seen & 7) === TAKEN) taken(cell);
    recoverCell(arena.words, cells, { cell, me: dead });
  }
}

/** See {@linkcode recoverRing}. */
export interface Recovery {
  /** Slot of the isolate that is proven dead. */
  readonly dead: number;
  /** Called for each cell it had taken and not given back. */
  taken(cell: number): void;
}

/** What {@linkcode Ring.claim} and {@linkcode Ring.take} give when there is nothing. */
export { NONE };
/** What they give when the ring has ended. */
export { SEALED } from "./cells.ts";
