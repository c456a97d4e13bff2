/**
 * The states seen so far, each a vector of words, found again by content. Exact: a hash only says where
 * to look.
 *
 * @module
 */

const CHUNK_SHIFT = 12;
const CHUNK = 1 << CHUNK_SHIFT;

/** A set of state vectors of one length, numbered in the order they were added. */
export class States {
  readonly #length: number;
  readonly #chunks: Int32Array[] = [];
  #table = new Int32Array(1 << 12);
  #count = 0;

  /** A set of vectors of `length` words. */
  constructor(length: number) {
    this.#length = length;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The number of a state, which is `count` before the call when the state is new. */
  add(state: Int32Array): number {
    if (this.#count * 2 >= this.#table.length) this.#grow();
    const place = this.#placeOf(state, this.#table);
    const known = this.#table[place];
    if (known !== 0) return known - 1;
    const id = this.#count++;
    this.#table[place] = id + 1;
    if ((id & (CHUNK - 1)) === 0) this.#chunks.push(new Int32Array(CHUNK * this.#length));
    this.#chunks[id >> CHUNK_SHIFT].set(state, (id & (CHUNK - 1)) * this.#length);
    return id;
  }

  /** Copies a state into `state`. */
  read(id: number, state: Int32Array): void {
    const chunk = this.#chunks[id >> CHUNK_SHIFT];
    const from = (id & (CHUNK - 1)) * this.#length;
    for (let index = 0; index < this.#length; index++) state[index] = chunk[from + index];
  }

  #placeOf(state: Int32Array, table: Int32Array): number {
    const mask = table.length - 1;
    for (let place = hashOf(state) & mask;; place = (place + 1) & mask) {
      const known = table[place];
      if (known === 0 || this.#isSame(known - 1, state)) return place;
    }
  }

  #isSame(id: number, state: Int32Array): boolean {
    const chunk = this.#chunks[id >> CHUNK_SHIFT];
    const from = (id & (CHUNK - 1)) * this.#length;
    for (let index = 0; index < this.#length; index++) {
      if (chunk[from + index] !== state[index]) return false;
    }
    return true;
  }

  #grow(): void {
    const table = new Int32Array(this.#table.length * 4);
    const state = new Int32Array(this.#length);
    for (let id = 0; id < this.#count; id++) {
      this.read(id, state);
      table[this.#placeOf(state, table)] = id + 1;
    }
    this.#table = table;
  }
}

function hashOf(state: Int32Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < state.length; index++) {
    hash = Math.imul(hash ^ state[index], 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

/** A list of numbers that grows. */
export class Numbers {
  #words = new Int32Array(1 << 12);

  /** What is at `index`; 0 when nothing was set. */
  get(index: number): number {
    return index < this.#words.length ? this.#words[index] : 0;
  }

  /** Sets what is at `index`. */
  set(index: number, value: number): void {
    if (index >= this.#words.length) {
      const words = new Int32Array(2 * Math.max(this.#words.length, index));
      words.set(this.#words);
      this.#words = words;
    }
    this.#words[index] = value;
  }
}
