// Runs in: any isolate
/**
 * Calls counted by name, status and duration.
 *
 * @module
 */
import { bucketOf, BUCKETS, percentile } from "../actors/latency.ts";

/** Figures of one name. */
interface Counted {
  readonly statuses: Record<number, number>;
  readonly durations: Int32Array;
  count: number;
  seconds: number;
}

/** What one name came to. */
export interface TallyFigures {
  /** The message or task. */
  readonly name: string;
  /** Calls by HTTP status. */
  readonly statuses: Record<number, number>;
  /** Calls. */
  readonly count: number;
  /** Seconds that all of them took. */
  readonly seconds: number;
  /** Milliseconds that half of them took at most, to the factor of two. */
  readonly p50: number;
  /** Milliseconds that 99 of 100 took at most, to the factor of two. */
  readonly p99: number;
}

/** The calls of one service. */
export class CallTally {
  readonly #names = new Map<string, Counted>();

  /** A call has ended. Only names that are published are counted, so their number is bounded. */
  count(name: string, status: number, milliseconds: number): void {
    let counted = this.#names.get(name);
    if (counted === undefined) {
      counted = { statuses: {}, durations: new Int32Array(BUCKETS), count: 0, seconds: 0 };
      this.#names.set(name, counted);
    }
    counted.count++;
    counted.seconds += milliseconds / 1000;
    counted.statuses[status] = (counted.statuses[status] ?? 0) + 1;
    counted.durations[bucketOf(milliseconds)]++;
  }

  /** Figures of all names. */
  figures(): TallyFigures[] {
    return [...this.#names].map(([name, { durations, statuses, ...rest }]) => ({
      name,
      ...rest,
      statuses: { ...statuses },
      p50: percentile(durations, 0.5),
      p99: percentile(durations, 0.99),
    }));
  }
}
