// Runs in: any isolate
/**
 * Functions made for shapes that come often. The engine reads a property in a fraction of the time, and
 * lays an object out in one step, where all keys are in the text of the program. Where programs may not
 * be made of text it is done without.
 *
 * I1. Of a message nothing but its keys gets into a text, and those as string literals. `__proto__`,
 *     which would mean something there, never does.
 * I2. What is made is called only for shapes in the caches of `shapes.ts`: their number is limited.
 *
 * I3. A function that is copied uses nothing but its arguments: its text means the same elsewhere.
 *
 * @module
 */

/** So many objects of a kind are written, or read, before a function is made for them. */
export const OFTEN = 256;

/** Makes what the text of a function body gives, where that may be done. */
export function made<F>(parameters: readonly string[], text: string): F | undefined {
  try {
    return new Function(...parameters, `"use strict"; ${text}`) as F;
  } catch {
    return undefined;
  }
}

/**
 * Copies of a function for places where it is called often. The engine learns for each function what it is
 * called with: one that sees one kind of arrays is several times as fast as one that sees all kinds.
 */
export class Copies {
  #calls = 0;
  #copy: unknown;

  /** A function that uses nothing but its arguments, or a copy of it: always the same one is asked for. */
  of<F extends (...args: never[]) => unknown>(original: F): F {
    if (this.#calls < OFTEN && ++this.#calls === OFTEN) {
      this.#copy = made<() => F>([], `/* ${++copies} */ return ${original};`)?.();
    }
    return this.#copy === undefined ? original : this.#copy as F;
  }
}

/** One text is compiled once, so each has a number of its own. */
let copies = 0;
