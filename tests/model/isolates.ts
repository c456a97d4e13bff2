/**
 * What isolates do with a ring and with each other, in steps: the parts that are classes in `memory/`
 * (`Park`, `Ring`, `recoverRing`) written once more around the raised text of `cells.ts` and `bell.ts`.
 *
 * @module
 */
import * as cells from "../../memory/cells.ts";
import * as bell from "../../memory/bell.ts";
import { m, type Steps, TIMED_OUT } from "./local.ts";
import { type Fault, raise, type Raised } from "./raise.ts";

/** The raised algorithms do without views: operations name their word. */
export const WORDS = undefined as unknown as Int32Array;

/** Functions of `cells.ts` that only calculate. */
export type PureCells = "cellWord" | "ahead" | "cellOf" | "isHeldBy";

/** The shipped text in steps, with faults or without. */
export interface Code {
  /** `memory/cells.ts`. */
  readonly cells: Raised<typeof cells, PureCells>;
  /** `memory/bell.ts`. */
  readonly bell: Raised<typeof bell>;
  /** What the participants do wrong around it. */
  readonly mistake?: Mistake;
}

/** A wrong use of the shipped text: looking before enlisting, or not ringing. */
export type Mistake = "looks before enlisting" | "rings nobody";

/** Raises the shipped text; each fault goes where its function is. */
export function shipped(faults: readonly Fault[] = []): Code {
  return {
    cells: raise<typeof cells, PureCells>(cells, faults.filter(({ of }) => of in cells)),
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
  /** The shipped code. */
  readonly code: Code;
  /** Its slot. */
  readonly slot: number;
  /** The ticket of an only reader or writer, or which ring of a chain it is at. */
  position = 0;
  /** The ticket after the one it claimed or took last. */
  next = -1;
  readonly #bells: number;
  readonly #armed = new Set<number>();

  /** The isolate in `slot`, with doorbells from `bells` on. */
  constructor(code: Code, bells: number, slot: number) {
    this.code = code;
    this.slot = slot;
    this.#bells = bells;
  }

  /** What its future depends on besides where it is. */
  get alive(): string {
    return `${this.position}/${this.next}/${[...this.#armed].sort()}`;
  }

  /** `Park.changed`. */
  changed(wanted: Wanted): Steps {
    return m.frame("changed", this.#changed(wanted));
  }

  /** `Line.until` and the turns of `Park`: enlist once, look again, sleep until rung. */
  until<T>(wanted: Wanted, attempt: Attempt<T>): Steps<T> {
    return m.frame("until", this.#until(wanted, attempt), () => this.alive);
  }

  /** `Park.block`: enlist, look, sleep for a slice, and again; `undefined` when its time is up. */
  block<T>(wanted: Wanted, attempt: Attempt<T>, timed = false): Steps<T | undefined> {
    return m.frame("block", this.#block(wanted, attempt, timed), () => this.alive);
  }

  *#changed({ list, bit }: Wanted): Steps {
    const { bell, mistake } = this.code;
    if (mistake === "rings nobody") return;
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

  *#until<T>(wanted: Wanted, attempt: Attempt<T>): Steps<T> {
    const { bell } = this.code;
    const mine = this.#bells + this.slot;
    let value = yield* attempt();
    while (value === undefined) {
      m.here("until", wanted.list, this.alive);
      const heard = yield* bell.answer(WORDS, mine);
      if ((heard & wanted.bit) !== 0) {
        this.#armed.delete(wanted.list);
        value = yield* attempt();
        if (value !== undefined) break;
      }
      if (!this.#armed.has(wanted.list)) {
        const looksFirst = this.code.mistake === "looks before enlisting";
        if (!looksFirst) yield* bell.enlist(WORDS, wanted.list, this.slot);
        value = yield* attempt();
        if (looksFirst) yield* bell.enlist(WORDS, wanted.list, this.slot);
        this.#armed.add(wanted.list);
        if (value !== undefined) break;
      }
      const silent = yield* bell.lieDown(WORDS, mine);
      if (silent) yield* m.wait(WORDS, mine, bell.ASLEEP);
    }
    return value;
  }

  *#block<T>(wanted: Wanted, attempt: Attempt<T>, timed: boolean): Steps<T | undefined> {
    const { bell } = this.code;
    const mine = this.#bells + this.slot;
    for (let late = false;;) {
      m.here("block", wanted.list, late, this.alive);
      yield* bell.enlist(WORDS, wanted.list, this.slot);
      const value = yield* attempt();
      if (value !== undefined || late) return value;
      const silent = yield* bell.lieDown(WORDS, mine);
      if (silent) late = (yield* m.wait(WORDS, mine, bell.ASLEEP, timed)) === TIMED_OUT;
      yield* bell.answer(WORDS, mine);
    }
  }
}

/** One try; `undefined` when it cannot succeed yet. */
export type Attempt<T> = () => Steps<T | undefined>;
