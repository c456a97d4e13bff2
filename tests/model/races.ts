/**
 * Finds data races: two plain accesses to one word, one of them a write, that no chain of atomic
 * operations orders. A finite form of vector clocks: for each participant and each atomic word, the
 * set of plain accesses that it is not ordered after. An access is a bit: the last write to a word, or
 * the reads of one participant since.
 *
 * @module
 */

/** The sets, inside a state vector that the explorer copies and compares. */
export class Races {
  readonly #base: number;
  readonly #people: number;
  readonly #cells: readonly number[];

  /** Sets for `people` participants over plain words `cells`, kept from word `base` of a vector. */
  constructor(base: number, people: number, cells: readonly number[]) {
    this.#base = base;
    this.#people = people;
    this.#cells = cells;
    if (cells.length * (people + 1) > 31) {
      throw new RangeError("Too many plain words for one model");
    }
  }

  /** Words that the sets take for a memory of `size` words. */
  static words(people: number, size: number): number {
    return people + size;
  }

  /** An atomic operation of `who` on the word `at`. */
  sync(state: Int32Array, who: number, { at, acquire, release }: Sync): void {
    const mine = this.#base + who;
    const word = this.#base + this.#people + at;
    if (acquire) state[mine] &= state[word];
    if (release) state[word] = state[mine];
  }

  /** `heir` starts with all that `dead` knew and did. */
  inherit(state: Int32Array, dead: number, heir: number): void {
    state[this.#base + heir] &= state[this.#base + dead];
  }

  /** A plain read; gives the complaint when it races. */
  read(state: Int32Array, who: number, at: number): string | undefined {
    const race = (state[this.#base + who] & this.#bit(at, -1)) !== 0;
    this.#set(state, who, this.#bit(at, who));
    return race ? `race: reads word ${at} unordered with its last write` : undefined;
  }

  /** A plain write; gives the complaint when it races. */
  write(state: Int32Array, who: number, at: number): string | undefined {
    const unordered = state[this.#base + who];
    let others = this.#bit(at, -1);
    for (let reader = 0; reader < this.#people; reader++) {
      if (reader !== who) others |= this.#bit(at, reader);
    }
    for (let reader = 0; reader < this.#people; reader++) this.#clear(state, this.#bit(at, reader));
    this.#set(state, who, this.#bit(at, -1));
    return (unordered & others) === 0
      ? undefined
      : `race: writes word ${at} unordered with another access`;
  }

  #bit(at: number, who: number): number {
    return 1 << (this.#cells.indexOf(at) * (this.#people + 1) + 1 + who);
  }

  #set(state: Int32Array, who: number, bit: number): void {
    for (let index = this.#base; index < state.length; index++) state[index] |= bit;
    state[this.#base + who] &= ~bit;
  }

  #clear(state: Int32Array, bit: number): void {
    for (let index = this.#base; index < state.length; index++) state[index] &= ~bit;
  }
}

/** An atomic operation: on what, and whether it reads and writes. */
export interface Sync {
  /** The word. */
  readonly at: number;
  /** Whether it sees what others did before. */
  readonly acquire: boolean;
  /** Whether others see what was done before. */
  readonly release: boolean;
}
