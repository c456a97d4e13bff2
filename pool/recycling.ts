// Runs in: owner
/**
 * When a worker is replaced by a fresh one although it is well.
 *
 * @module
 */
import type { Member } from "./member.ts";

/** Milliseconds between two looks at a worker's memory. */
const WEIGH_EVERY_MS = 100;

/** What a worker may reach before it is replaced. */
export interface RecyclingLimits {
  /** Leases that it may take. */
  readonly maxTasks: number;
  /** Milliseconds that it may live. */
  readonly maxAge: number;
  /** MiB of heap that it may use. */
  readonly maxMemory: number;
}

/** Looks after the age and the memory of workers. */
export class Recycling {
  readonly #limits: RecyclingLimits;
  readonly #weighed = new WeakMap<Member, number>();

  /** Replaces what is beyond `limits`. */
  constructor(limits: RecyclingLimits) {
    this.#limits = limits;
  }

  /** Has a worker retire that is beyond a limit; tells when that turns out later. */
  look(member: Member, retired: () => void): void {
    const { maxAge, maxMemory } = this.#limits;
    if (member.state !== "working") return;
    if (maxAge < Infinity && performance.now() - member.born >= maxAge) member.state = "retiring";
    else if (maxMemory < Infinity) this.#weigh(member, maxMemory, retired);
  }

  #weigh(member: Member, maxMemory: number, retired: () => void): void {
    const now = performance.now();
    if (now - (this.#weighed.get(member) ?? -Infinity) < WEIGH_EVERY_MS) return;
    this.#weighed.set(member, now);
    member.ref.ask.memory().then((bytes) => {
      if (bytes < maxMemory * 2 ** 20 || member.state !== "working") return;
      member.state = "retiring";
      retired();
    }, () => {});
  }
}
