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
import { checkSchema, type StandardSchemaV1 } from "./schema.ts";

/** Options of {@linkcode pipe}. */
export interface PipeOptions<AtoB = unknown, BtoA = unknown> {
  /** Both ways (default), or one: then the first end only receives and the second only sends. */
  duplex?: boolean;
  /** Messages each way before `send` waits, rounded up to a power of two. Default 1,024. */
  capacity?: number;
  /**
   * What the second end receives, then what the first does: each message is checked where it is
   * received, as long as the end stays in this isolate; see `withSchema` for elsewhere.
   */
  schemas?: readonly [
    aToB?: StandardSchemaV1<unknown, AtoB>,
    bToA?: StandardSchemaV1<unknown, BtoA>,
  ];
}

/**
 * Makes a pipe and gives its two ends. Either end may be sent to another isolate. Python: `Pipe`.
 *
 * @typeParam AtoB What the first end sends and the second receives.
 * @typeParam BtoA The other way; default: the same.
 * @throws TypeError when a schema is none
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
  { duplex = true, capacity = DEFAULT_CAPACITY, schemas = [] }: PipeOptions<AtoB, BtoA> = {},
): [Connection<AtoB, BtoA>, Connection<BtoA, AtoB>] {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_CAPACITY) {
    throw new RangeError(`Cannot make a pipe for ${capacity} messages: from 1 to ${MOST_CAPACITY}`);
  }
  for (const schema of schemas) schema && checkSchema(schema, "Cannot make a pipe: schema");
  const isolate = here();
  const region = makePipe(isolate, { duplex, capacity });
  const ends = [0, 1].map((side) => {
    const end = new PipeEnd(isolate, { region, side: side as 0 | 1 });
    const schema = schemas[1 - side];
    return schema === undefined ? end : end.withSchema(schema);
  });
  return ends as unknown as [Connection<AtoB, BtoA>, Connection<BtoA, AtoB>];
}
