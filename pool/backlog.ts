// Runs in: any isolate
/**
 * What waits for a worker, by rank: a line of those that came in order, as with most policies all do, and
 * a binary heap of the others. What nobody wants any more is passed over when its turn comes, and thrown
 * out when it is half of all.
 *
 * - I1: the first is the one with the least rank; of equal ranks the one that came first.
 * - I2: what comes back under its old number takes its old place.
 *
 * Source of the heap: J. W. J. Williams, "Algorithm 232: Heapsort", 1964
 * (https://doi.org/10.1145/512274.512284).
 *
 * @module
 */

/** What can wait. */
export interface Ranked {
  /** Less is earlier. */
  rank: number;
  /** Number by arrival; decides between equal ranks. */
  seq: number;
  /** Whether anybody still wants it. */
  readonly isWanted: boolean;
}

/** Fewer than this are never thrown out early. */
const FEW = 64;

/** Things that wait, by rank. */
export class Backlog<T extends Ranked> {
  readonly #line = new InOrder<T>();
  readonly #heap = new Heap<T>();
  #unwanted = 0;

  /** How many wait. */
  get size(): number {
    return this.#line.size + this.#heap.size - this.#unwanted;
  }

  /** Lines `item` up by its rank and number. */
  add(item: T): void {
    if (!this.#line.add(item)) this.#heap.add(item);
  }

  /** The first, which stays. */
  first(): T | undefined {
    for (;;) {
      const from = this.#next();
      const first = from.first;
      if (first === undefined || first.isWanted) return first;
      from.shift();
      this.#unwanted--;
    }
  }

  /** The first, which leaves. */
  shift(): T | undefined {
    const first = this.first();
    if (first !== undefined) this.#next().shift();
    return first;
  }

  /** One of those here is not wanted any more. */
  unwanted(): void {
    this.#unwanted++;
    if (this.#unwanted < FEW || this.#unwanted < this.size) return;
    for (const item of this.clear().sort((a, b) => isBefore(a, b) ? -1 : 1)) this.add(item);
  }

  /** All that are wanted, in no order. */
  all(): T[] {
    return [...this.#line.all(), ...this.#heap.all()].filter(({ isWanted }) => isWanted);
  }

  /** All of them leave. */
  clear(): T[] {
    const all = this.all();
    this.#line.clear();
    this.#heap.clear();
    this.#unwanted = 0;
    return all;
  }

  /** Where the first is. */
  #next(): InOrder<T> | Heap<T> {
    const [inLine, inHeap] = [this.#line.first, this.#heap.first];
    return inHeap === undefined || (inLine !== undefined && isBefore(inLine, inHeap))
      ? this.#line
      : this.#heap;
  }
}

/** Things that came in order. */
class InOrder<T extends Ranked> {
  #items: (T | undefined)[] = [];
  #from = 0;

  get size(): number {
    return this.#items.length - this.#from;
  }

  get first(): T | undefined {
    return this.#items[this.#from];
  }

  /** Adds the next one; `false` when it comes before the last. */
  add(item: T): boolean {
    const last = this.#items[this.#items.length - 1];
    if (last !== undefined && isBefore(item, last)) return false;
    this.#items.push(item);
    return true;
  }

  shift(): void {
    this.#items[this.#from++] = undefined;
    if (this.#from < FEW || this.size > this.#from) return;
    this.#items = this.#items.slice(this.#from);
    this.#from = 0;
  }

  all(): T[] {
    return this.#items.slice(this.#from) as T[];
  }

  clear(): void {
    this.#items = [];
    this.#from = 0;
  }
}

/** Things that came out of order. */
class Heap<T extends Ranked> {
  #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(item, items[above])) break;
      items[at] = items[above];
      at = above;
    }
    items[at] = item;
  }

  shift(): void {
    const items = this.#items;
    const last = items.pop()!;
    const { length } = items;
    if (length === 0) return;
    let at = 0;
    for (let below = 1; below < length; below = 2 * at + 1) {
      const right = below + 1;
      if (right < length && isBefore(items[right], items[below])) below = right;
      if (!isBefore(items[below], last)) break;
      items[at] = items[below];
      at = below;
    }
    items[at] = last;
  }

  all(): readonly T[] {
    return this.#items;
  }

  clear(): void {
    this.#items = [];
  }
}

/** Whether `a` comes before `b`. */
export function isBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.seq < b.seq : a.rank < b.rank;
}
