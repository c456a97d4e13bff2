// Runs in: any isolate
/**
 * What acquiring gives, and what stands behind everything that can be acquired.
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
  readonly turns: Turns<Held>;
  /** The object that stands for it; it lives as long as anybody holds or waits. */
  owner: object | undefined;
  /** Whether it can be had. */
  isOpen(): boolean;
  /** Ends one hold, if it still is one. */
  letGo(hold: Held): void;
  /** Gives back what anybody holds; `false` when nobody does. */
  release(): boolean;
}

/** One hold. */
export class Hold implements Held {
  readonly abandoned: boolean;
  #core: Core | undefined;

  /** A hold of what `core` stands for. */
  constructor(core: Core, abandoned: boolean) {
    this.#core = core;
    this.abandoned = abandoned;
  }

  [Symbol.dispose](): void {
    const core = this.#core;
    this.#core = undefined;
    core?.letGo(this);
  }
}
