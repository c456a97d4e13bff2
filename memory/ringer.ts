// Runs in: any isolate
/**
 * Rings those who wait on a list: at once, or once for many changes.
 *
 * - I1: whoever is on a list when it changes is rung: now, or by the next {@linkcode Ringer.ringOut}.
 *
 * @module
 */
import { callUp, callUpGroup } from "./bell.ts";

/** An isolate's way to ring others. */
export class Ringer {
  readonly #words: Int32Array;
  readonly #ring: (slot: number, bits: number) => void;
  readonly #unrung = new Map<number, number>();
  #mode: "loud" | "muffled" = "loud";

  /** Wait lists are in `words`; `ring` rings a slot. */
  constructor(words: Int32Array, ring: (slot: number, bits: number) => void) {
    this.#words = words;
    this.#ring = ring;
  }

  /** Rings all who wait on a list, after what they wait for changed; whether there may be any. */
  changed(list: number, topic: number): boolean {
    if (this.#mode === "muffled") {
      this.#unrung.set(list, topic);
      return true;
    }
    const waiting = callUp(this.#words, list);
    for (let groups = waiting; groups !== 0; groups &= groups - 1) {
      const group = 31 - Math.clz32(groups & -groups);
      let slots = callUpGroup(this.#words, list, group);
      while (slots !== 0) {
        const low = 31 - Math.clz32(slots & -slots);
        this.#ring((group << 5) + low, 1 << topic);
        slots &= slots - 1;
      }
    }
    return waiting !== 0;
  }

  /**
   * Does something after which somebody should be rung, and leaves that to {@linkcode Ringer.ringOut}. To be
   * followed by it before this isolate waits for anything, or runs what may never end.
   */
  muffled(act: () => void): void {
    this.#mode = "muffled";
    try {
      act();
    } finally {
      this.#mode = "loud";
    }
  }

  /** Rings those who were not rung yet. */
  ringOut(): void {
    if (this.#unrung.size === 0) return;
    for (const [list, topic] of this.#unrung) this.changed(list, topic);
    this.#unrung.clear();
  }
}
