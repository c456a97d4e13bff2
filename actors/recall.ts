// Runs in: any isolate
/**
 * Orders that their sender takes back, although they are in a message that is on its way: a mailbox has
 * places for them, and each place has a word that says whether its order was begun or taken back. Only for
 * a mailbox with one sender.
 *
 * - I1: an order is either begun or taken back, never both: whoever changes its word first decides.
 * - I2: a place is given to another order once its order has come back, or was passed over.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import { compareExchange, load, store } from "../memory/atomics.ts";
import type { Isolate } from "../memory/isolate.ts";
import { marksEnd } from "../memory/out_of_turn.ts";
import { RECALLABLE, RING } from "./mailbox_region.ts";

const FREE = 0;
const OFFERED = 1;
const BEGUN = 2;
const TAKEN_BACK = 3;

/** The places of the mailbox at an address. */
export function recallsAt({ arena }: Isolate, at: number): Recalls {
  return new Recalls(arena.words, marksEnd(arena.words, at + RING));
}

/** The places of a mailbox, as its sender or its actor sees them. */
export class Recalls {
  #words: Int32Array;
  #at: number;
  #isLeft = false;
  #next = 0;

  /** The places whose words are at `at`. */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** Whether a place is free. */
  get hasRoom(): boolean {
    for (let tried = 0; tried < RECALLABLE; tried++) {
      if (load(this.#words, this.#at + this.#next) === FREE) return true;
      this.#next = (this.#next + 1) & (RECALLABLE - 1);
    }
    return false;
  }

  /** A place for an order that is about to be sent; only when there is room. @throws FullError */
  offer(): number {
    if (!this.hasRoom) throw new FullError("Cannot offer an order: all places are taken");
    store(this.#words, this.#at + this.#next, OFFERED);
    return this.#next;
  }

  /** Its order is begun; `false` when it was taken back. One without a place cannot be. */
  begin(place: number): boolean {
    if (place < 0) return true;
    if (this.#isLeft) return false;
    if (this.#swap(place, BEGUN)) return true;
    store(this.#words, this.#at + place, FREE);
    return false;
  }

  /** Takes its order back; `false` when it was begun. */
  takeBack(place: number): boolean {
    return this.#swap(place, TAKEN_BACK);
  }

  /** Whether its order was begun. */
  wasBegun(place: number): boolean {
    return load(this.#words, this.#at + place) === BEGUN;
  }

  /** Its order has come back, or was never sent. */
  free(place: number): void {
    store(this.#words, this.#at + place, FREE);
  }

  /** The mailbox is left: what was not begun by now never is, and that is remembered. */
  leave(): void {
    const remembered = new Int32Array(RECALLABLE);
    for (let place = 0; place < RECALLABLE; place++) {
      const isUnbegun = this.takeBack(place);
      remembered[place] = isUnbegun ? OFFERED : load(this.#words, this.#at + place);
    }
    this.#words = remembered;
    this.#at = 0;
    this.#isLeft = true;
  }

  #swap(place: number, to: number): boolean {
    return compareExchange(this.#words, this.#at + place, OFFERED, to) === OFFERED;
  }
}
