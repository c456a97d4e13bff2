/**
 * What isolates do with a ring and with each other, in steps: the parts that are classes in `memory/`
 * (`Park`, `Ring`, `recoverRing`) written once more around the raised text of `cells.ts` and `bell.ts`.
 *
 * @module
 */
import * as cells from "../../memory/cells.ts";
import * as bell from "../../memory/bell.ts";
import { m, type Steps } from "./local.ts";
import { type Fault, raise, type Raised } from "./raise.ts";

/** The raised algorithms do without views: operations name their word. */
export const WORDS = undefined as unknown as Int32Array;

/** The shipped text in steps, with faults or without. */
export interface Code {
  /** `memory/cells.ts`. */
  readonly cells: Raised<typeof cells>;
  /** `memory/bell.ts`. */
  readonly bell: Raised<typeof bell>;
}

/** Raises the shipped text; each fault goes where its function is. */
export function shipped(faults: readonly Fault[] = []): Code {
  return {
    cells: raise(cells, faults.filter(({ of }) => of in cells)),
    bell: raise(bell, faults.filter(({ of }) => of in bell)),
  };
}

/** Where things are in a model's memory. Lists have one bitmap word: slots are below 32. */
export const AT = {
  head: 0,
  tail: 1,
  sealing: 2,
  readers: 3,
  writers: 5,
  next: 7,
  ring: 8,
} as const;
/** Bits of the doorbell. */
export const TOPIC = { readers: 1, writers: 2 } as const;

/** The words of a ring with this many cells of two words; `index` counts rings. */
export function ringAt(index: number, size: { cells: number; limit?: number }): cells.Cells {
  const { head, tail, sealing, ring } = AT;
  const base = index * (ring + 2 * size.cells);
  return {
    head: base + head,
    tail: base + tail,
    sealing: base + sealing,
    first: base + ring,
    mask: size.cells - 1,
    shift: 1,
    limit: size.limit ?? size.cells,
  };
}

/** Something to wait for: its wait list and its bit. */
export interface Wanted {
  /** Address of the wait list. */
  readonly list: number;
  /** The doorbell's bit. */
  readonly bit: number;
}

/** What those wait for who want a frame. */
export const FRAME: Wanted = { list: AT.readers, bit: TOPIC.readers };
/** What those wait for who want room. */
export const ROOM: Wanted = { list: AT.writers, bit: TOPIC.writers };

/** One isolate of a model: how it waits and whom it rings. */
export class Isolate {
  readonly #code: Code;
  readonly #bells: number;
  readonly #slot: number;
  readonly #armed = new Set<number>();

  /** The isolate in `slot`, with doorbells from `bells` on. */
  constructor(code: Code, bells: number, slot: number) {
    this.#code = code;
    this.#bells = bells;
    this.#slot = slot;
  }

  /** `Park.changed`. */
  *changed({ list, bit }: Wanted): Steps {
    const { bell } = this.#code;
    for (let groups = yield* bell.callUp(WORDS, list); groups !== 0; groups &= groups - 1) {
      let slots = yield* bell.callUpGroup(WORDS, list, 31 - Math.clz32(groups & -groups));
      while (slots !== 0) {
        const low = 31 - Math.clz32(slots & -slots);
        slots &= slots - 1;
        m.here("ring", list, groups, slots, low);
        yield* bell.ring(WORDS, this.#bells + low, bit);
      }
    }
  }

  /** `Line.until` and the turns of `Park`: enlist once, look again, sleep until rung. */
  *until<T>(wanted: Wanted, attempt: () => Steps<T | undefined>): Steps<T> {
    const { bell } = this.#code;
    const mine = this.#bells + this.#slot;
    let value = yield* attempt();
    while (value === undefined) {
      m.here("until", wanted.list, ...this.#armed);
      const heard = yield* bell.answer(WORDS, mine);
      if ((heard & wanted.bit) !== 0) {
        this.#armed.delete(wanted.list);
        value = yield* attempt();
        if (value !== undefined) break;
      }
      if (!this.#armed.has(wanted.list)) {
        yield* bell.enlist(WORDS, wanted.list, this.#slot);
        this.#armed.add(wanted.list);
        value = yield* attempt();
        if (value !== undefined) break;
      }
      const silent = yield* bell.lieDown(WORDS, mine);
      if (silent) yield* m.wait(WORDS, mine, bell.ASLEEP);
    }
    return value;
  }

  /** `Park.block`: enlist, look, sleep for a slice, and again; `undefined` when its time is up. */
  *block<T>(
    wanted: Wanted,
    attempt: () => Steps<T | undefined>,
    timed = false,
  ): Steps<T | undefined> {
    const { bell } = this.#code;
    const mine = this.#bells + this.#slot;
    for (let late = false;;) {
      m.here("block", wanted.list, late);
      yield* bell.enlist(WORDS, wanted.list, this.#slot);
      const value = yield* attempt();
      if (value !== undefined || late) return value;
      const silent = yield* bell.lieDown(WORDS, mine);
      if (silent) late = (yield* m.wait(WORDS, mine, bell.ASLEEP, timed)) === 2;
      yield* bell.answer(WORDS, mine);
    }
  }

  /** What `armed` the rest of this isolate's life depends on. */
  get armed(): string {
    return [...this.#armed].join();
  }
}
