// Runs in: owner
/**
 * How long functions take: learned from what they took, so that nothing about them has to be guessed.
 * An exponential average forgets what was long ago.
 *
 * @module
 */
import type { CodeRef } from "../actors/code.ts";
import type { LeaseMode } from "./order.ts";

/** Share of the newest measurement in the average. */
const NEWEST = 1 / 8;
/** How many times the average a measurement counts at most. */
const OUTLIER = 4;

/** A function run in a certain way, and how long that takes. */
export class Pace {
  /** Its number in all workers of the pool. */
  readonly number: number;
  /** Milliseconds of a lease; `Infinity` before the first. */
  lease = Infinity;
  /** Milliseconds that a lease keeps its worker busy, as that measures many; `Infinity` before. */
  work = Infinity;
  /** Milliseconds of an item; `Infinity` before the first. */
  item = Infinity;

  /** The pace of function `number`. */
  constructor(number: number) {
    this.number = number;
  }

  /** A lease took so long, as seen from here. */
  learn(milliseconds: number): void {
    this.lease = average(this.lease, milliseconds);
  }

  /** Leases kept their worker busy for so long each. It may just not have had a core, so outliers count little. */
  learnWork(milliseconds: number): void {
    this.work = average(this.work, Math.min(milliseconds, this.work * OUTLIER));
  }

  /** A chunk's results, after which its worker says how long it took. Gives the results. */
  learnItems(results: unknown): unknown {
    const milliseconds = (results as unknown[]).pop() as number;
    const items = (results as unknown[]).length;
    if (items > 0) this.item = average(this.item, milliseconds / items);
    return results;
  }
}

function average(before: number, newest: number): number {
  return before === Infinity ? newest : before + (newest - before) * NEWEST;
}

/** The paces of all functions that a pool has seen. */
export class Paces {
  readonly #byUrl = new Map<string, Map<string, Pace[]>>();
  #count = 0;

  /** The pace of a function in a mode. */
  of({ url, name }: CodeRef, mode: LeaseMode): Pace {
    let names = this.#byUrl.get(url);
    if (names === undefined) this.#byUrl.set(url, names = new Map());
    let modes = names.get(name);
    if (modes === undefined) names.set(name, modes = []);
    return modes[mode] ??= new Pace(this.#count++);
  }
}
