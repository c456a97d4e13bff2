// Runs in: any isolate
/**
 * What waits for a worker, by rank: a binary heap. What nobody wants any more is passed over when its
 * turn comes, and thrown out when it is half of all.
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
  #heap: T[] = [];
  #unwanted = 0;

  /** How many wait. */
  get size(): number {
    return this.#heap.length - this.#unwanted;
  }

  /** Lines `item` up by its rank and number. */
  add(item: T): void {
    let at = this.#heap.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(item, this.#heap[above])) break;
      this.#heap[at] = this.#heap[above];
      at = above;
    }
    this.#heap[at] = item;
  }

  /** The first, which stays. */
  first(): T | undefined {
    while (this.#heap.length > 0 && !this.#heap[0].isWanted) {
      this.#removeFirst();
      this.#unwanted--;
    }
    return this.#heap[0];
  }

  /** The first, which leaves. */
  shift(): T | undefined {
    const first = this.first();
    if (first !== undefined) this.#removeFirst();
    return first;
  }

  /** One of those here is not wanted any more. */
  unwanted(): void {
    this.#unwanted++;
    if (this.#unwanted < FEW || this.#unwanted * 2 < this.#heap.length) return;
    const wanted = this.#heap.filter(({ isWanted }) => isWanted);
    this.#heap = wanted.sort((a, b) => isBefore(a, b) ? -1 : 1);
    this.#unwanted = 0;
  }

  /** All that are wanted, in no order. */
  all(): T[] {
    return this.#heap.filter(({ isWanted }) => isWanted);
  }

  /** All of them leave. */
  clear(): T[] {
    const all = this.#heap.filter(({ isWanted }) => isWanted);
    this.#heap = [];
    this.#unwanted = 0;
    return all;
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!;
    const { length } = this.#heap;
    if (length === 0) return;
    let at = 0;
    for (let below = 1; below < length; below = 2 * at + 1) {
      const right = below + 1;
      if (right < length && isBefore(this.#heap[right], this.#heap[below])) below = right;
      if (!isBefore(this.#heap[below], last)) break;
      this.#heap[at] = this.#heap[below];
      at = below;
    }
    this.#heap[at] = last;
  }
}

/** Whether `a` comes before `b`. */
export function isBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.seq < b.seq : a.rank < b.rank;
}
