// Runs in: any isolate
/**
 * Those who wait for answers from beyond a bridge. Their numbers mean nothing there, so each of their
 * asks has one that does.
 *
 * @module
 */
import type { Life } from "../../memory/slots.ts";
import { type Asker, keyOf } from "../taken.ts";

/** The open asks of one end of a bridge. */
export class Askers {
  readonly #open = new Map<number, Asker>();
  readonly #numbers = new Map<string, number>();
  #last = 0;

  /** Gives an ask its number. */
  add({ from, id }: Asker): number {
    do this.#last = (this.#last + 1) & 0x7fffffff; while (
      this.#last === 0 || this.#open.has(this.#last)
    );
    this.#open.set(this.#last, { from, id });
    this.#numbers.set(keyOf(from, id), this.#last);
    return this.#last;
  }

  /** Who asked; `undefined` when nobody waits any more. */
  of(number: number): Asker | undefined {
    return this.#open.get(number);
  }

  /** The number of an ask; `undefined` when it is not open. */
  numberOf(from: Life, id: number): number | undefined {
    return this.#numbers.get(keyOf(from, id));
  }

  /** An ask has its last answer, or is called off. */
  settle(number: number): void {
    const asker = this.#open.get(number);
    if (asker === undefined) return;
    this.#open.delete(number);
    this.#numbers.delete(keyOf(asker.from, asker.id));
  }
}
