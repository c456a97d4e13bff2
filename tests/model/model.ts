/**
 * What a model is made of, and what comes of exploring it.
 *
 * @module
 */
import type { Mark, Steps } from "./local.ts";

/** A participant. */
export interface Role {
  /** Its name, for traces. */
  readonly name: string;
  /** What it does. */
  readonly code: () => Steps<unknown>;
  /** Whether it can be killed. */
  readonly mortal?: boolean;
  /** It starts when the participant of this name was killed. */
  readonly heirOf?: string;
}

/** What is tried. */
export interface Model {
  /** For people. */
  readonly name: string;
  /** Words of memory. */
  readonly size: number;
  /** Words that are not 0 at the start. */
  readonly init?: Readonly<Record<number, number>>;
  /** Who takes part. */
  readonly roles: readonly Role[];
  /** Words that are read and written plainly: checked for races. */
  readonly plain?: readonly number[];
  /** How many may be killed; default none. */
  readonly kills?: number;
  /** A zombie goes on after it was declared dead. */
  readonly zombies?: boolean;
  /** Most switches away from a participant that could go on; default: any number. */
  readonly preemptions?: number;
  /** Stops there; default 2 million. */
  readonly maxStates?: number;
  /** Whether a participant may sleep when nothing else can happen; default: never. */
  readonly mayWait?: (name: string, end: End) => boolean;
  /** Looks at each end; throws what is wrong. */
  readonly final?: (end: End) => void;
  /** Looks at the memory after each step; throws what is wrong. */
  readonly always?: (words: Int32Array) => void;
}

/** How a schedule ended. */
export interface End {
  /** The memory. */
  readonly words: Int32Array;
  /** Who was killed. */
  readonly killed: readonly string[];
  /** Who sleeps. */
  readonly asleep: readonly string[];
  /** What a participant said, in order. */
  said(name: string): readonly Mark[];
}

/** What came of it. */
export interface Result {
  /** What is wrong; absent when nothing is. */
  readonly violation?: string;
  /** The schedule that shows it. */
  readonly trace: readonly string[];
  /** States tried. */
  readonly states: number;
  /** Ends seen. */
  readonly ends: number;
  /** Whether that is all there is, within the bound on preemptions if there is one. */
  readonly complete: boolean;
}
