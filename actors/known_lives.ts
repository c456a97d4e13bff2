// Runs in: any isolate
/**
 * One object for each isolate that is named very often.
 *
 * @module
 */
import type { Life } from "../memory/slots.ts";

/** Lives of isolates, one for each slot. */
export class KnownLives {
  readonly #bySlot = new Map<number, Life>();

  /** The object that stands for this life. */
  same(life: Life): Life {
    const known = this.#bySlot.get(life.slot);
    if (known?.incarnation === life.incarnation) return known;
    this.#bySlot.set(life.slot, life);
    return life;
  }
}
