// Runs in: owner
/**
 * Where the leases of a pool wait: in the line for any worker, in that of a seat, or until they are tried
 * again.
 *
 * - I1: a lease is in one line at most, and knows which.
 *
 * @module
 */
import { Backlog } from "./backlog.ts";
import type { Lease } from "./lease.ts";

/** All leases that wait. */
export class Lines {
  /** Those that any worker may run. */
  readonly shared: Backlog<Lease> = new Backlog<Lease>();
  /** Failed ones before their next run. */
  readonly #delayed = new Map<Lease, ReturnType<typeof setTimeout>>();
  #bound = 0;

  /** How many wait for one seat only. */
  get bound(): number {
    return this.#bound;
  }

  /** How many wait. */
  get size(): number {
    return this.shared.size + this.#bound + this.#delayed.size;
  }

  /** Puts a lease into a line, where its rank says. */
  add(lease: Lease, line: Backlog<Lease>): void {
    lease.line = line;
    if (line !== this.shared) this.#bound++;
    line.add(lease);
  }

  /** The first of its line leaves it. */
  shift(lease: Lease): void {
    lease.line!.shift();
    this.#leave(lease);
  }

  /** Those of a line that are `such` leave it. */
  takeOut(line: Backlog<Lease>, such: (lease: Lease) => boolean): Lease[] {
    const out: Lease[] = [];
    for (const lease of line.clear()) {
      if (!such(lease)) line.add(lease);
      else {
        this.#leave(lease);
        out.push(lease);
      }
    }
    return out;
  }

  /** Nobody wants this one any more; whether it was in a line. */
  unwanted(lease: Lease): boolean {
    clearTimeout(this.#delayed.get(lease));
    this.#delayed.delete(lease);
    if (lease.line === undefined) return false;
    lease.line.unwanted();
    this.#leave(lease);
    return true;
  }

  /** Has `then` called for a lease after a delay, unless nobody wants it until then. */
  delay(lease: Lease, milliseconds: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#delayed.delete(lease);
      then();
    }, milliseconds);
    this.#delayed.set(lease, timer);
  }

  /** All that wait, those of `seats` too. */
  all(seats: Iterable<{ readonly own: Backlog<Lease> }>): Lease[] {
    const bound = [...seats].flatMap(({ own }) => own.all());
    return [...this.shared.all(), ...bound, ...this.#delayed.keys()];
  }

  #leave(lease: Lease): void {
    if (lease.line !== this.shared) this.#bound--;
    lease.line = undefined;
  }
}
