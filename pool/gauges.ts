// Runs in: owner
/**
 * What a pool counts and measures of itself.
 *
 * @module
 */
import { bucketOf, BUCKETS, percentile } from "../actors/latency.ts";

/** Half, and 99 of 100, took at most this, in milliseconds; to the factor of two. */
export interface Latency {
  /** The median. */
  p50: number;
  /** The 99th percentile. */
  p99: number;
}

/** Durations, as a histogram. */
export class Durations {
  readonly #counts = new Int32Array(BUCKETS);

  /** Something took so long. */
  add(milliseconds: number): void {
    this.#counts[bucketOf(milliseconds)]++;
  }

  /** The percentiles. */
  get latency(): Latency {
    return { p50: percentile(this.#counts, 0.5), p99: percentile(this.#counts, 0.99) };
  }
}

/** What is measured of a worker. */
export interface Working {
  /** What it has in hand. */
  readonly held: readonly unknown[];
  /** Milliseconds that it had something in hand, up to its last change. */
  readonly busyMs: number;
  /** When that was. */
  readonly lastChange: number;
  /** When it was up. */
  readonly born: number;
}

/** One piece of work in so many is timed from its arrival. */
const SAMPLE = 8;

/** The figures of a pool. */
export class Gauges {
  /** From arrival to a worker; of a sample. */
  readonly waiting: Durations = new Durations();
  /** In the hands of a worker. */
  readonly running: Durations = new Durations();
  /** Pieces that succeeded. */
  completed = 0;
  /** Pieces that failed for good. */
  failed = 0;
  /** Workers that died and were replaced. */
  restarts = 0;
  #busy = 0;
  #lived = 0;

  /** A worker has gone. */
  left({ busyMs, born }: Working): void {
    this.#busy += busyMs;
    this.#lived += performance.now() - born;
  }

  /** Share of the lives of all workers, gone or here, in which they had something in hand. */
  utilisation(workers: readonly Working[]): number {
    const now = performance.now();
    let [busy, lived] = [this.#busy, this.#lived];
    for (const { held, busyMs, lastChange, born } of workers) {
      busy += busyMs + (held.length > 0 ? now - lastChange : 0);
      lived += now - born;
    }
    return lived === 0 ? 0 : Math.min(1, busy / lived);
  }

  /** Whether the piece with this number is timed from its arrival. */
  isSample(seq: number): boolean {
    return seq % SAMPLE === 0;
  }
}
