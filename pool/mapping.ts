// Runs in: owner
/**
 * One `map` under way: cuts its items as workers become free, so that each cut knows what the chunks
 * before it took.
 *
 * - I1: each item is in one chunk; results are in the order of the items.
 * - I2: after an error all other chunks run, unless it is to fail fast.
 * - I3: it settles once no chunk of it is on its way; at once when it is called off.
 *
 * @module
 */
import type { CodeRef } from "../actors/code.ts";
import { Lease, type LeaseTerms } from "./lease.ts";
import type { LeaseMode } from "./order.ts";
import { guarded } from "./result.ts";

/** What is to be done. */
export interface MappingPlan {
  /** What runs. */
  readonly code: CodeRef;
  /** How. */
  readonly mode: LeaseMode;
  /** How each chunk is treated. */
  readonly terms: LeaseTerms;
  /** Whether it rejects at the first error. */
  readonly failFast?: boolean;
  /** Hears how many items are done. */
  onProgress?(done: number, total: number): void;
  /** Items of the next chunk. */
  chunk(): number;
  /** Chunks on their way at most. */
  window(): number;
  /** Submits a chunk, if one is made, now or when there is room. */
  submit(make: () => Lease | undefined): void;
}

/** Items on their way through the pool. */
export class Mapping {
  /** All results, in order. */
  readonly outcome: Promise<unknown[]>;
  readonly #plan: MappingPlan;
  readonly #items: readonly unknown[];
  readonly #results: unknown[];
  readonly #leases = new Set<Lease>();
  readonly #settle: PromiseWithResolvers<unknown[]> = Promise.withResolvers<unknown[]>();
  #failure: { readonly error: unknown } | undefined;
  #next = 0;
  #done = 0;
  #entering = 0;
  #state: "feeding" | "stopped" | "settled" = "feeding";

  /** Maps `items` as planned, from now on. */
  constructor(items: readonly unknown[], plan: MappingPlan) {
    this.#plan = plan;
    this.#items = items;
    this.#results = new Array(items.length);
    this.outcome = this.#settle.promise;
    this.#feed();
  }

  /** Whether a worker has begun any of it. */
  get isRunning(): boolean {
    return this.#state !== "settled" && [...this.#leases].some(({ isRunning }) => isRunning);
  }

  /** Gives it up: it rejects with `reason` now. */
  stop(reason: unknown): void {
    if (this.#state === "settled") return;
    this.#failure ??= { error: reason };
    this.#state = "stopped";
    for (const lease of [...this.#leases]) lease.cancel(reason);
    this.#look();
  }

  /** Submits chunks until enough of them are on their way. */
  #feed(): void {
    const window = this.#plan.window();
    while (
      this.#state === "feeding" && this.#next < this.#items.length &&
      this.#leases.size + this.#entering < window
    ) {
      this.#entering++;
      this.#plan.submit(() => this.#cut());
    }
    this.#look();
  }

  /** The next chunk as a lease. */
  #cut(): Lease | undefined {
    this.#entering--;
    if (this.#state !== "feeding" || this.#next >= this.#items.length) {
      this.#look();
      return undefined;
    }
    const from = this.#next;
    const args = this.#items.slice(from, this.#next += this.#plan.chunk());
    const { code, mode, terms } = this.#plan;
    const lease = new Lease({ code, mode, args, terms });
    this.#leases.add(lease);
    lease.ended = (how) => {
      this.#leases.delete(lease);
      if ("value" in how) this.#succeeded(from, how.value as unknown[]);
      else this.#failed(how.error);
      if (this.#state === "feeding") this.#feed();
      else this.#look();
    };
    return lease;
  }

  #succeeded(from: number, values: unknown[]): void {
    for (let index = 0; index < values.length; index++) this.#results[from + index] = values[index];
    this.#done += values.length;
    guarded(this.#plan.onProgress, [this.#done, this.#items.length]);
  }

  #failed(error: unknown): void {
    this.#failure ??= { error };
    if (this.#plan.failFast && this.#state === "feeding") this.stop(error);
  }

  /** Settles it if nothing is left to wait for. */
  #look(): void {
    const isFed = this.#state === "stopped" || this.#next >= this.#items.length;
    if (this.#state === "settled" || !isFed || this.#leases.size > 0) return;
    this.#state = "settled";
    if (this.#failure === undefined) this.#settle.resolve(this.#results);
    else this.#settle.reject(this.#failure.error);
  }
}
