// Runs in: any isolate
/**
 * Short leases that came in one message: they run one after the other, and one ring tells of the results
 * of many.
 *
 * - I1: the result of a lease is sent before the next one begins: of what ended, a death takes nothing.
 * - I2: its reader is rung when all have ended, before one is waited for, and after {@linkcode RING_MS}
 *   at the latest; unless a task runs for longer than that, which its pool, who expected short ones, looks
 *   after.
 *
 * @module
 */
import type { Life } from "../memory/slots.ts";
import type { Recalls } from "../actors/recall.ts";
import { station } from "../actors/station.ts";
import { type Asker, isThenable, reply, replyFailure } from "../actors/taken.ts";
import { type LeaseOrder, NUMBER, PLACE } from "./order.ts";

/** Milliseconds after which the reader of results is rung. */
const RING_MS = 0.1;

/** What leases need to be run. */
export interface BatchRun {
  /** Who gets the results. */
  readonly owner: Life;
  /** What was taken back. */
  readonly recalls: Recalls;
  /** Runs one. */
  run(order: LeaseOrder): unknown;
}

/** The leases of one message. */
export class Batch {
  readonly #orders: readonly LeaseOrder[];
  readonly #run: BatchRun;
  readonly #station = station();
  #next = 0;
  readonly #begun: number = performance.now();
  #rung: number = this.#begun;

  /** These leases, to be run as `run` says. */
  constructor(orders: readonly LeaseOrder[], run: BatchRun) {
    this.#orders = orders;
    this.#run = run;
  }

  /** Runs those that were not taken back, and sends their results; gives the milliseconds it took. */
  run(): number | Promise<number> {
    while (this.#next < this.#orders.length) {
      const order = this.#orders[this.#next++];
      if (!this.#run.recalls.begin(order[PLACE])) continue;
      const running = this.#begin(order);
      if (running !== undefined) return running.then(() => this.run());
    }
    this.#station.isolate.park.ringer.ringOut();
    return performance.now() - this.#begun;
  }

  /** Runs one; a promise when it has to be waited for. */
  #begin(order: LeaseOrder): void | Promise<void> {
    try {
      const result = this.#run.run(order);
      if (!isThenable(result)) return this.#send(order, result);
      this.#station.isolate.park.ringer.ringOut();
      return Promise.resolve(result).then(
        (value) => this.#send(order, value),
        (error) => this.#sendError(order, error),
      );
    } catch (error) {
      this.#sendError(order, error);
    }
  }

  #send(order: LeaseOrder, value: unknown): void {
    this.#quietly(() => reply(this.#station, this.#askerOf(order), value));
  }

  #sendError(order: LeaseOrder, error: unknown): void {
    this.#quietly(() => replyFailure(this.#station, this.#askerOf(order), error));
  }

  #askerOf(order: LeaseOrder): Asker {
    return { from: this.#run.owner, id: order[NUMBER] };
  }

  #quietly(send: () => void): void {
    const { ringer } = this.#station.isolate.park;
    ringer.muffled(send);
    const now = performance.now();
    if (now - this.#rung < RING_MS) return;
    this.#rung = now;
    ringer.ringOut();
  }
}
