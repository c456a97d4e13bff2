// Runs in: owner
/**
 * The bound of a pool's queue: who submits more waits, or is refused.
 *
 * - I1: no more than `capacity` leases wait for a worker.
 * - I2: those who wait at the gate enter in the order in which they came.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { Lease } from "./lease.ts";
import type { Seat } from "./seats.ts";

/** How much may wait, and what happens to more. */
export interface GateOptions {
  /** Leases that may wait for a worker. Default: no bound. */
  capacity?: number;
  /** Whether one more waits (default) or is rejected with `FullError`. */
  overflow?: "wait" | "reject";
}

/** The bound of a queue. @throws RangeError, TypeError for what is none */
export function gateOf({ capacity = Infinity, overflow = "wait" }: GateOptions = {}): Required<
  GateOptions
> {
  if (capacity !== Infinity && !(Number.isInteger(capacity) && capacity >= 1)) {
    throw new RangeError(`Cannot make a pool with a queue for ${capacity} tasks: at least 1`);
  }
  if (overflow === "wait" || overflow === "reject") return { capacity, overflow };
  throw new TypeError(`Cannot make a pool: overflow "${overflow}" is none of wait, reject`);
}

/** Where leases go once they are in. */
export interface Inside {
  /** How many wait for a worker. */
  readonly queued: number;
  /** Answers for a lease from here on. */
  accept(lease: Lease): void;
  /** Has it wait for any worker, or for the one on a seat. */
  enter(lease: Lease, seat?: Seat): void;
}

/** Somebody who wants in. */
export interface Entrant {
  /** Whether that is still so. */
  isWanted(): boolean;
  /** It is in. */
  enter(): void;
  /** It will never get in, and why. */
  refuse(reason: Error): void;
}

/** The entrance of a pool. */
export class Gate {
  readonly #capacity: number;
  readonly #overflow: "wait" | "reject";
  readonly #inside: Inside;
  readonly #waiting: Entrant[] = [];

  /** The entrance to `inside`. */
  constructor(inside: Inside, { capacity, overflow }: Required<GateOptions>) {
    this.#inside = inside;
    this.#capacity = capacity;
    this.#overflow = overflow;
  }

  /** Leases at the gate. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Lets a lease in, for one seat if that is given, now or when there is room; or refuses it. */
  submit(lease: Lease, seat?: Seat): void {
    this.#inside.accept(lease);
    if (this.#hasRoom) this.#inside.enter(lease, seat);
    else if (this.#overflow === "wait") this.#waitWith(lease, seat);
    else {
      const text = `Cannot submit task "${lease.code.name}": the queue of the pool is full`;
      lease.fail(new FullError(text));
    }
  }

  /** Lets somebody in now, or when there is room. */
  wait(entrant: Entrant): void {
    if (this.#hasRoom) entrant.enter();
    else this.#waiting.push(entrant);
  }

  /** There may be room. */
  look(): void {
    while (this.#waiting.length > 0 && this.#inside.queued < this.#capacity) {
      const next = this.#waiting.shift()!;
      if (next.isWanted()) next.enter();
    }
  }

  /** Nobody gets in any more. */
  close(reason: Error): void {
    for (const next of this.#waiting.splice(0)) next.refuse(reason);
  }

  #waitWith(lease: Lease, seat: Seat | undefined): void {
    this.wait({
      isWanted: () => lease.isWanted,
      enter: () => this.#inside.enter(lease, seat),
      refuse: (reason) => void lease.fail(reason),
    });
  }

  get #hasRoom(): boolean {
    return this.#waiting.length === 0 && this.#inside.queued < this.#capacity;
  }
}
