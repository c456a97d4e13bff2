// Runs in: any isolate
/**
 * Counting terms in bytes: a hash table whose keys are slices of bytes, so that no string is made for
 * the millions of words of a text. Workers send its contents as a few typed arrays; main adds them up
 * by hashes that are already there.
 *
 * - I1: entry `n` is `bytes[starts[n] .. starts[n + 1]]`; entries are never removed, only all at once.
 * - I2: slots hold (hash, entry + 1) pairs; a free slot has entry 0. At most half of them are taken.
 *
 * @module
 */

/** Terms and their counts, in a form that is cheap to send. */
export interface PackedTerms {
  /** The terms, one after the other. */
  readonly bytes: Uint8Array;
  /** The length of each, in bytes. */
  readonly lengths: Uint8Array;
  /** The hash of each. */
  readonly hashes: Int32Array;
  /** How often each was counted. */
  readonly counts: Uint32Array;
}

/** Terms that a table keeps, at 0, when its counts are taken: most of them come again. */
const MOST_KEPT = 1 << 18;

/** How often which term was seen. */
export class TermTable {
  #slots = new Int32Array(1 << 12);
  #mask = (1 << 11) - 1;
  #bytes = new Uint8Array(1 << 14);
  #starts = new Uint32Array(1 << 11);
  #hashes = new Int32Array(1 << 11);
  #counts = new Float64Array(1 << 11);
  #size = 0;

  /** Different terms. */
  get size(): number {
    return this.#size;
  }

  /** Counts the term `source[from .. to]`, whose hash is known, `count` times. */
  add(source: Uint8Array, from: number, to: number, hash: number, count: number): void {
    const slots = this.#slots;
    let at = hash & this.#mask;
    for (;; at = (at + 1) & this.#mask) {
      const entry = slots[2 * at + 1] - 1;
      if (entry < 0) break;
      if (slots[2 * at] === hash && this.#equals(entry, source, from, to)) {
        this.#counts[entry] += count;
        return;
      }
    }
    slots[2 * at] = hash;
    slots[2 * at + 1] = this.#append(source, from, to, hash, count) + 1;
    if (this.#size * 2 > this.#mask) this.#widen();
  }

  /** Adds counts of another table. */
  merge({ bytes, lengths, hashes, counts }: PackedTerms): void {
    let from = 0;
    for (let entry = 0; entry < hashes.length; entry++) {
      const to = from + lengths[entry];
      this.add(bytes, from, to, hashes[entry], counts[entry]);
      from = to;
    }
  }

  /** A copy of all that was counted since the last call; the counts begin at 0 again. */
  takeCounts(): PackedTerms {
    const entries = this.#countedEntries();
    const bytes = new Uint8Array(this.#starts[this.#size]);
    const lengths = new Uint8Array(entries.length);
    const hashes = new Int32Array(entries.length);
    const counts = new Uint32Array(entries.length);
    let end = 0;
    for (let n = 0; n < entries.length; n++) {
      const entry = entries[n];
      const to = this.#starts[entry + 1];
      for (let at = this.#starts[entry]; at < to; at++) bytes[end++] = this.#bytes[at];
      lengths[n] = to - this.#starts[entry];
      hashes[n] = this.#hashes[entry];
      counts[n] = this.#counts[entry];
    }
    this.#counts.fill(0, 0, this.#size);
    if (this.#size > MOST_KEPT) this.#clear();
    return { bytes: bytes.subarray(0, end), lengths, hashes, counts };
  }

  /** The terms counted most, and their counts; equal ones in the order of their letters. */
  top(count: number): [term: string, count: number][] {
    const order = Array.from({ length: this.#size }, (_, entry) => entry)
      .sort((a, b) => this.#counts[b] - this.#counts[a]);
    const last = this.#counts[order[Math.min(count, order.length) - 1]];
    return order.filter((entry) => this.#counts[entry] >= last)
      .map((entry): [string, number] => [this.#text(entry), this.#counts[entry]])
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, count);
  }

  /** The first difference to another table in words; `undefined` when they are equal. */
  differenceTo(other: TermTable): string | undefined {
    if (this.size !== other.size) return `${this.size} terms are not ${other.size} terms`;
    for (let entry = 0; entry < this.#size; entry++) {
      const [from, to] = [this.#starts[entry], this.#starts[entry + 1]];
      const there = other.#find(this.#bytes, from, to, this.#hashes[entry]);
      const count = there < 0 ? 0 : other.#counts[there];
      if (count === this.#counts[entry]) continue;
      return `"${this.#text(entry)}" was counted ${this.#counts[entry]} times, and ${count} times`;
    }
  }

  #countedEntries(): Uint32Array {
    const entries = new Uint32Array(this.#size);
    let length = 0;
    for (let entry = 0; entry < this.#size; entry++) {
      if (this.#counts[entry] > 0) entries[length++] = entry;
    }
    return entries.subarray(0, length);
  }

  #clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #find(source: Uint8Array, from: number, to: number, hash: number): number {
    for (let at = hash & this.#mask;; at = (at + 1) & this.#mask) {
      const entry = this.#slots[2 * at + 1] - 1;
      if (entry < 0) return -1;
      if (this.#slots[2 * at] === hash && this.#equals(entry, source, from, to)) return entry;
    }
  }

  #equals(entry: number, source: Uint8Array, from: number, to: number): boolean {
    const bytes = this.#bytes;
    let at = this.#starts[entry];
    if (this.#starts[entry + 1] - at !== to - from) return false;
    while (from < to) if (bytes[at++] !== source[from++]) return false;
    return true;
  }

  #append(source: Uint8Array, from: number, to: number, hash: number, count: number): number {
    const entry = this.#size++;
    const start = entry === 0 ? this.#starts[0] = 0 : this.#starts[entry];
    const end = start + to - from;
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, new Uint8Array(end * 2));
    if (entry + 2 > this.#starts.length) this.#growEntries();
    for (let at = start; at < end; at++) this.#bytes[at] = source[from++];
    this.#starts[entry + 1] = end;
    this.#hashes[entry] = hash;
    this.#counts[entry] = count;
    return entry;
  }

  #growEntries(): void {
    const length = this.#starts.length * 2;
    this.#starts = grown(this.#starts, new Uint32Array(length));
    this.#hashes = grown(this.#hashes, new Int32Array(length));
    this.#counts = grown(this.#counts, new Float64Array(length));
  }

  #widen(): void {
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array((this.#mask + 1) * 2);
    for (let entry = 0; entry < this.#size; entry++) {
      let at = this.#hashes[entry] & this.#mask;
      while (this.#slots[2 * at + 1] !== 0) at = (at + 1) & this.#mask;
      this.#slots[2 * at] = this.#hashes[entry];
      this.#slots[2 * at + 1] = entry + 1;
    }
  }

  #text(entry: number): string {
    return decoder.decode(this.#bytes.subarray(this.#starts[entry], this.#starts[entry + 1]));
  }
}

const decoder = new TextDecoder();

function grown<A extends Uint8Array | Uint32Array | Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
