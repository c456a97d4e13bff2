// Runs in: any isolate
/**
 * Things by numbers that it gives out itself, most of which live shortly. A `Map` of such costs several
 * times as much: it makes a new table again and again, and each one outlives what it held.
 *
 * - I1: a number is given out again only after all others were.
 * - I2: at most half of the places are taken, so a free one is soon found.
 *
 * @module
 */

const FEWEST_PLACES = 64;

/** Values by number. */
export class Numbered<T> {
  #numbers = new Int32Array(FEWEST_PLACES);
  #values: (T | undefined)[] = new Array(FEWEST_PLACES).fill(undefined);
  #last = 0;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Keeps a value; gives its number. */
  add(value: T): number {
    if (this.#size * 2 >= this.#values.length) this.#grow();
    const mask = this.#values.length - 1;
    do this.#last = (this.#last + 1) | 0; while (this.#values[this.#last & mask] !== undefined);
    this.#put(this.#last, value);
    this.#size++;
    return this.#last;
  }

  /** The value with a number. */
  get(number: number): T | undefined {
    const place = number & (this.#values.length - 1);
    return this.#numbers[place] === number ? this.#values[place] : undefined;
  }

  /** Forgets a number that has a value. */
  delete(number: number): void {
    this.#values[number & (this.#values.length - 1)] = undefined;
    this.#size--;
  }

  /** All that there are now, in the order in which they came. */
  entries(): [number, T][] {
    const found: [number, T][] = [];
    for (const [place, value] of this.#values.entries()) {
      if (value !== undefined) found.push([this.#numbers[place], value]);
    }
    return found.sort(([one], [other]) => one - other);
  }

  #put(number: number, value: T): void {
    const place = number & (this.#values.length - 1);
    this.#numbers[place] = number;
    this.#values[place] = value;
  }

  /** Numbers that had places of their own have so in a table twice as large. */
  #grow(): void {
    const all = this.entries();
    const places = this.#values.length * 2;
    this.#numbers = new Int32Array(places);
    this.#values = new Array(places).fill(undefined);
    for (const [number, value] of all) this.#put(number, value);
  }
}
