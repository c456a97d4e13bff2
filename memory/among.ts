// Runs in: any isolate
/**
 * One isolate among the many that use a ring. Those who take turns need the hints; who is alone for a while
 * goes on from its last ticket, and writes to a hint only now and then.
 *
 * - I1: a hint lags behind by at most {@linkcode PUSH_EVERY} for each isolate that goes on by itself.
 *
 * @module
 */
import { type Cells, claim, claimNext, pushHint, take, takeNext, ticketAfter } from "./cells.ts";

/** How often it pushes a hint on while nobody comes between its tickets. */
const PUSH_EVERY = 8;

/** Claims and takes cells as one of many. */
export class AmongMany {
  readonly #words: Int32Array;
  readonly #cells: Cells;
  readonly #me: number;
  #writing = -1;
  #reading = -1;

  /** For the isolate in slot `me`. */
  constructor(words: Int32Array, cells: Cells, me: number) {
    this.#words = words;
    this.#cells = cells;
    this.#me = me;
  }

  /** As {@linkcode claim}. */
  claim(): number {
    const words = this.#words;
    const cells = this.#cells;
    const ticket = this.#writing;
    let cell = claimNext(words, cells, { ticket, me: this.#me });
    if (cell >= 0) {
      this.#writing = (ticket + 1) | 0;
      if (ticket % PUSH_EVERY === 0) pushHint(words, cells.tail, this.#writing);
      return cell;
    }
    cell = claim(words, cells, this.#me);
    if (cell >= 0) this.#writing = ticketAfter(words, cells.tail, cell);
    return cell;
  }

  /** As {@linkcode take}. */
  take(): number {
    const words = this.#words;
    const cells = this.#cells;
    const ticket = this.#reading;
    let cell = takeNext(words, cells, { ticket, me: this.#me });
    if (cell >= 0) {
      this.#reading = (ticket + 1) | 0;
      if (ticket % PUSH_EVERY === 0) pushHint(words, cells.head, this.#reading);
      return cell;
    }
    cell = take(words, cells, this.#me);
    if (cell >= 0) this.#reading = ticketAfter(words, cells.head, cell);
    return cell;
  }
}
