// Runs in: any isolate
/**
 * Counting words. A table tells each of its words once, and from then on only numbers, in the order of
 * its words: many thousand words need not be sent, looked up and added one by one for each batch.
 *
 * @module
 */

/** What a table counted since it last told, in a form that is cheap to send and to add up. */
export interface News {
  /** Whose words these are. */
  readonly table: string;
  /** How many words the table had told before. */
  readonly told: number;
  /** The words that it has not told before, with a blank between two. */
  readonly words: string;
  /** How often each of its words was counted, in the order in which they were told. */
  readonly counts: Uint32Array;
}

/** A run of letters and digits of any script. */
const WORD = /[\p{L}\p{N}]+/gu;

/** How often which word was seen. */
export class WordTable {
  readonly #name = crypto.randomUUID();
  readonly #numbers = new Map<string, number>();
  readonly #words: string[] = [];
  #counts = new Float64Array(1 << 12);
  #told = 0;
  readonly #others = new Map<string, Uint32Array>();

  /** Different words. */
  get size(): number {
    return this.#words.length;
  }

  /** Counts the words of a text, lower-cased; gives how many there were. */
  count(text: string): number {
    const words = text.toLowerCase().match(WORD) ?? [];
    for (const word of words) {
      const number = this.#numberOf(word);
      this.#counts[number]++;
    }
    return words.length;
  }

  /** What was counted since the last call; the counts begin at 0 again. */
  takeNews(): News {
    const told = this.#told;
    this.#told = this.size;
    const words = this.#words.slice(told).join(" ");
    const counts = Uint32Array.from(this.#counts.subarray(0, this.size));
    this.#counts.fill(0);
    return { table: this.#name, told, words, counts };
  }

  /** Adds what another table told; the news of one table in their order. */
  add({ table, told, words, counts }: News): void {
    const known = this.#others.get(table) ?? new Uint32Array(0);
    if (known.length !== told) throw new Error("Cannot add counts: some came before are missing");
    const numbers = new Uint32Array(counts.length);
    numbers.set(known);
    const fresh = words.split(" ");
    for (let n = told; n < counts.length; n++) numbers[n] = this.#numberOf(fresh[n - told]);
    for (let n = 0; n < counts.length; n++) this.#counts[numbers[n]] += counts[n];
    this.#others.set(table, numbers);
  }

  /** The words seen most, and how often; equal ones in the order of their letters. */
  top(most: number): [word: string, count: number][] {
    return this.#words.map((word, n): [string, number] => [word, this.#counts[n]])
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, most);
  }

  /** The first difference to another table, in words; `undefined` when they are equal. */
  differenceTo(other: WordTable): string | undefined {
    if (this.size !== other.size) return `${this.size} words are not ${other.size} words`;
    for (const [word, n] of this.#numbers) {
      const there = other.#counts[other.#numbers.get(word) ?? Infinity] ?? 0;
      if (this.#counts[n] === there) continue;
      return `"${word}" was counted ${this.#counts[n]} times, and ${there} times`;
    }
  }

  #numberOf(word: string): number {
    const number = this.#numbers.get(word);
    if (number !== undefined) return number;
    // A copy: a slice would keep the whole text in memory.
    const own = structuredClone(word);
    this.#numbers.set(own, this.size);
    if (this.size === this.#counts.length) this.#widen();
    return this.#words.push(own) - 1;
  }

  #widen(): void {
    const counts = new Float64Array(this.#counts.length * 2);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}
