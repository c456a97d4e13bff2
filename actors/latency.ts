// Runs in: any isolate
/**
 * How long handlers take, as a histogram of powers of two that fits into a few shared words: whoever
 * reads it disturbs nobody.
 *
 * @module
 */

/** Number of buckets: from under 1 us to over 2 minutes. */
export const BUCKETS = 28;

/** The bucket of a duration: 0 for under 1 us, then one for each doubling. */
export function bucketOf(milliseconds: number): number {
  const microseconds = Math.floor(milliseconds * 1000);
  return Math.min(BUCKETS - 1, 32 - Math.clz32(microseconds));
}

/** A duration typical of a bucket, in milliseconds. */
export function typicalOf(bucket: number): number {
  return bucket === 0 ? 0.0005 : (2 ** bucket * 0.75) / 1000;
}

/** The duration, in milliseconds, that `share` of the counted ones do not exceed; 0 when none were. */
export function percentile(counts: ArrayLike<number>, share: number): number {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket];
  let left = Math.ceil(total * share);
  for (let bucket = 0; bucket < counts.length; bucket++) {
    left -= counts[bucket];
    if (left <= 0) return total === 0 ? 0 : typicalOf(bucket);
  }
  return 0;
}
