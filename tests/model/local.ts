/**
 * One participant of a model, seen from inside: a generator that yields shared operations, run once
 * for each (local state, answer) and remembered as an automaton. So exploring costs no generators.
 *
 * A local state is what the participant's future can depend on: for each function it is in, the
 * answers it got since it was called, or since its last `here`. That is exact because the code is
 * deterministic, a caller sees nothing of a call but its result, and a `here` names every variable
 * that is still alive at that point.
 *
 * @module
 */

/** A shared operation: one indivisible step. */
export type Op =
  | { readonly kind: "load" | "glance" | "read"; readonly at: number }
  | { readonly kind: "notify"; readonly at: number }
  | { readonly kind: "store" | "write" | "exchange"; readonly at: number; readonly value: number }
  | { readonly kind: "add" | "or" | "and"; readonly at: number; readonly value: number }
  | { readonly kind: "cas"; readonly at: number; readonly from: number; readonly value: number }
  | { readonly kind: "wait"; readonly at: number; readonly value: number; readonly timed: boolean };

/** Code in steps: yields operations, is given their results. */
export type Steps<T = void> = Generator<Op, T, number>;

/** Something that the participant says happened: atomic with the step before it. */
export interface Mark {
  /** What. */
  readonly label: string;
  /** Of what. */
  readonly value: number;
}

/** Results of `wait`. */
export const WOKEN = 0;
/** Results of `wait`: the word was not what was expected. */
export const NOT_EQUAL = 1;
/** Results of `wait`. */
export const TIMED_OUT = 2;

/** What the participant that runs at this moment leaves behind. */
interface Track {
  readonly frames: string[];
  marks: Mark[];
}

let track: Track = { frames: [""], marks: [] };

/** The operations of `memory/atomics.ts` in steps; `read` and `write` are plain accesses. */
export const m = {
  /** Steps for `Atomics.load`. */
  *load(_words: unknown, at: number): Steps<number> {
    return yield { kind: "load", at };
  },
  /** Steps for `glance`: it orders nothing. */
  *glance(_words: unknown, at: number): Steps<number> {
    return yield { kind: "glance", at };
  },
  /** Steps for `Atomics.store`. */
  *store(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "store", at, value };
  },
  /** Steps for `Atomics.add`. */
  *add(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "add", at, value };
  },
  /** Steps for `Atomics.sub`. */
  *sub(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "add", at, value: -value };
  },
  /** Steps for `Atomics.or`. */
  *or(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "or", at, value };
  },
  /** Steps for `Atomics.and`. */
  *and(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "and", at, value };
  },
  /** Steps for `Atomics.exchange`. */
  *exchange(_words: unknown, at: number, value: number): Steps<number> {
    return yield { kind: "exchange", at, value };
  },
  /** Steps for `Atomics.compareExchange`. */
  *compareExchange(_words: unknown, at: number, from: number, value: number): Steps<number> {
    return yield { kind: "cas", at, from, value };
  },
  /** Steps for `Atomics.notify` of all who wait. */
  *notify(_words: unknown, at: number): Steps<number> {
    return yield { kind: "notify", at };
  },
  /** Sleeps while the word is `value`; a `timed` sleep may end at any moment. */
  *wait(_words: unknown, at: number, value: number, timed = false): Steps<number> {
    return yield { kind: "wait", at, value, timed };
  },
  /** A plain read. */
  *read(at: number): Steps<number> {
    return yield { kind: "read", at };
  },
  /** A plain write. */
  *write(at: number, value: number): Steps<void> {
    yield { kind: "write", at, value };
  },
  /** Says that all that matters of this function's past is in `alive`. */
  here(place: string, ...alive: unknown[]): void {
    track.frames[track.frames.length - 1] = `@${place}(${alive.join()})`;
  },
  /** Says that something happened. */
  mark(label: string, value = 0): void {
    track.marks.push({ label, value });
  },
  /**
   * Gives steps a frame of their own: their caller depends on their result and on `alive`, what they
   * changed besides.
   */
  *frame<T>(name: string, steps: Steps<T>, alive: () => unknown = () => ""): Steps<T> {
    track.frames.push(`${name}:`);
    const result = yield* steps;
    track.frames.pop();
    track.frames[track.frames.length - 1] += `=${result};${alive()}`;
    return result;
  },
  /** Makes a function of steps one that has a frame. */
  call<A extends unknown[], T>(steps: (...args: A) => Steps<T>): (...args: A) => Steps<T> {
    return (...args) => m.frame(steps.name, steps(...args));
  },
};

/** Where one operation's result leads. */
export interface Edge {
  /** The local state reached. */
  readonly to: LocalState;
  /** What was said on the way. */
  readonly marks: readonly Mark[];
}

/** A state of one participant. */
export interface LocalState {
  /** Its number, unique in its automaton. */
  readonly id: number;
  /** The next operation; `undefined` at the end. */
  readonly op: Op | undefined;
  /** Results that lead here from the start. */
  readonly path: readonly number[];
  /** By result of the operation. */
  readonly edges: Map<number, Edge>;
}

/** All states of one participant, found as they are needed. */
export class Automaton {
  /** The states by number. */
  readonly states: LocalState[] = [];
  /** Where it starts, and what it says before its first operation. */
  readonly start: Edge;
  readonly #code: () => Steps<unknown>;
  readonly #known = new Map<string, LocalState>();

  /** The automaton of what `code` does. */
  constructor(code: () => Steps<unknown>) {
    this.#code = code;
    this.start = this.#run([]);
  }

  /** Where `result` leads from `state`. */
  follow(state: LocalState, result: number): Edge {
    let edge = state.edges.get(result);
    if (edge === undefined) {
      edge = this.#run([...state.path, result]);
      state.edges.set(result, edge);
    }
    return edge;
  }

  #run(path: readonly number[]): Edge {
    const mine: Track = { frames: [""], marks: [] };
    track = mine;
    const steps = this.#code();
    let next = steps.next();
    for (const result of path) {
      mine.marks = [];
      mine.frames[mine.frames.length - 1] += `,${result}`;
      next = steps.next(result);
    }
    const op = next.done ? undefined : next.value;
    const key = op === undefined ? "end" : mine.frames.join("/");
    let to = this.#known.get(key);
    if (to === undefined) {
      to = { id: this.states.length, op, path, edges: new Map() };
      this.states.push(to);
      this.#known.set(key, to);
    } else if (JSON.stringify(to.op) !== JSON.stringify(op)) {
      throw new Error(`Two different steps in one local state: ${key}`);
    }
    return { to, marks: mine.marks };
  }
}
