// Runs in: any isolate
/**
 * Pipes: two connected ends.
 *
 * @module
 */
import { here } from "../memory/isolate.ts";
import type { Connection } from "./connection.ts";
import { PipeEnd } from "./pipe_end.ts";
import { DEFAULT_CAPACITY, makePipe, MOST_CAPACITY } from "./pipe_region.ts";

/** Options of {@linkcode pipe}. */
export interface PipeOptions {
  /** Both ways (default), or one: then the first end only receives and the second only sends. */
  duplex?: boolean;
  /** Messages each way before `send` waits, rounded up to a power of two. Default 1,024. */
  capacity?: number;
}

/**
 * Makes a pipe and gives its two ends. Either end may be sent to another isolate. Python: `Pipe`.
 *
 * @typeParam AtoB What the first end sends and the second receives.
 * @typeParam BtoA The other way; default: the same.
 * @throws RangeError when `capacity` is no whole number from 1 to 65,536
 * @throws FullError when the arena has no room for it
 *
 * @example A question and an answer
 * ```ts
 * import { pipe } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = pipe<{ ping: number }, { pong: number }>();
 * await a.send({ ping: 1 });
 * const { ping } = await b.recv();
 * await b.send({ pong: ping + 1 });
 * assertEquals(await a.recv(), { pong: 2 });
 * a.close();
 * b.close();
 * ```
 */
export function pipe<AtoB, BtoA = AtoB>(
  { duplex = true, capacity = DEFAULT_CAPACITY }: PipeOptions = {},
): [Connection<AtoB, BtoA>, Connection<BtoA, AtoB>] {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_CAPACITY) {
    throw new RangeError(`Cannot make a pipe for ${capacity} messages: from 1 to ${MOST_CAPACITY}`);
  }
  const isolate = here();
  const region = makePipe(isolate, { duplex, capacity });
  const ends = [0, 1].map((side) => new PipeEnd(isolate, { region, side: side as 0 | 1 }));
  return ends as unknown as [Connection<AtoB, BtoA>, Connection<BtoA, AtoB>];
}
