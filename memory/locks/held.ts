// Runs in: any isolate
/**
 * What acquiring gives, and what stands behind everything that can be acquired.
 *
 * - I1: a hold ends once.
 *
 * @module
 */
import type { Shared } from "./shared.ts";
import type { Turns } from "./turns.ts";

/** What `acquire` gives: dispose it to release. A second time does nothing. */
export interface Held extends Disposable {
  /** A holder died while it held: what is guarded may be half-done. Only the next one is told. */
  readonly abandoned: boolean;
}

/** Options of the methods that block: milliseconds; 0 does not wait, absent waits for ever. */
export interface LockTimeout {
  /** Milliseconds. */
  timeout?: number;
}

/** What a lock is made of: a word in shared memory and the line before it. */
export interface Core {
  /** Its region. */
  readonly shared: Shared;
  /** For error texts. */
  readonly name: string;
  /** The line. */
  readonly turns: Turns<Hold>;
  /** The object that stands for it; it lives as long as anybody holds or waits. */
  owner: object | undefined;
  /** Whether it can be had. */
  isOpen(): boolean;
  /** Gives back what anybody holds; `false` when nobody does. */
  release(): boolean;
}

/** How a condition gives a lock up and takes it again. */
export interface Guard {
  /** The lock. */
  readonly core: Core;
  /** Whether this isolate has it. */
  readonly isMine: boolean;
  /** Gives it up, however often it was acquired; `resume` takes what this gives. */
  suspend(): Suspended;
  /** Called when it was acquired again: the holds are as before. */
  resume(holds: Suspended, again: Held): void;
}

/** Holds of a lock that was given up for a while. */
export type Suspended = readonly Hold[];

/** The guards of the locks that a condition can have. */
export const guards: WeakMap<object, Guard> = new WeakMap();

/** One hold. */
export class Hold implements Held {
  abandoned: boolean;
  readonly #end: (hold: Hold) => void;
  #state: "held" | "ended" = "held";

  /** A hold that is ended by `end`. */
  constructor(abandoned: boolean, end: (hold: Hold) => void) {
    this.abandoned = abandoned;
    this.#end = end;
  }

  /** Whether it was ended. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  [Symbol.dispose](): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end(this);
  }
}
