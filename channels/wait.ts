// Runs in: any isolate
/**
 * Waiting until at least one of many things is ready, without taking anything from it.
 *
 * @module
 */
import { TimeoutError } from "../errors.ts";
import { checkBlockable, firstOf, firstOfSync, type Try } from "../memory/first.ts";
import { here } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import type { Offer, Waitable } from "../memory/waitable.ts";
import { hearPromises, offerFor } from "./moments.ts";

const OPERATION = "wait for any of several things";

/** Things that may be waited for, each with its offer; the same thing twice counts once. */
type Offers<T> = ReadonlyMap<T, Offer>;

/**
 * Waits until at least one of `things` is ready, and gives all that are, in the order given. Nothing is
 * taken: receive from them afterwards, with `timeout: 0` where others may be faster. Python:
 * `multiprocessing.connection.wait`.
 *
 * Ready is: a queue with an item; a connection with a message, or whose peer is gone; an event that is
 * set; a promise that is settled, such as the `sentinel` of a process; a point in time that has come.
 * When the time is up it gives an empty array, as it does at once for no things at all. A thing given
 * twice counts once.
 *
 * @throws ClosedError when one of them is, or gets, closed here
 * @throws NotSupportedError when one is a connection that only sends
 * @throws TypeError when one is nothing that can be waited for
 *
 * @example The first of two pipes
 * ```ts
 * import { pipe, wait } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, farA] = pipe<string>();
 * const [b, farB] = pipe<string>();
 * await farB.send("hello");
 * const ready = await wait([a, b]);
 * assertEquals(ready, [b]);
 * assertEquals(await b.recv(), "hello");
 * for (const end of [a, b, farA, farB]) end.close();
 * ```
 */
export async function wait<T extends Waitable | PromiseLike<unknown>>(
  things: Iterable<T>,
  options: WaitOptions = {},
): Promise<T[]> {
  options.signal?.throwIfAborted();
  const offers = offersOf(things);
  await hearPromises(offers.keys());
  if (offers.size === 0) return [];
  const timeUp = new TimeoutError(OPERATION, options.timeout ?? 0);
  try {
    return await firstOf(triesOf(offers), {
      ...options,
      operation: OPERATION,
      timedOut: () => timeUp,
    });
  } catch (error) {
    if (error === timeUp) return [];
    throw error;
  }
}

/**
 * As {@linkcode wait}, but blocks this isolate: for workers. Promises are no use here: none of them
 * settles while their isolate blocks.
 *
 * @param options `timeout` in milliseconds; 0 does not wait, absent waits for ever.
 * @throws NotSupportedError when one is a promise, or a connection that only sends
 *
 * @example Whichever has an item
 * ```ts
 * import { Queue, waitSync } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using a = new Queue<number>();
 * await using b = new Queue<number>();
 * b.putNowait(1);
 * assertEquals(waitSync([a, b]), [b]);
 * assertEquals(waitSync([a], { timeout: 0 }), []);
 * ```
 */
export function waitSync<T extends Waitable>(
  things: Iterable<T>,
  { timeout }: { timeout?: number } = {},
): T[] {
  const offers = offersOf(things);
  if (offers.size === 0) return [];
  for (const { room, at } of offers.values()) at ?? checkBlockable(room, OPERATION);
  const at = Math.min(...[...offers.values()].map((offer) => offer.at ?? Infinity));
  const ready = firstOfSync(here(), triesOf(offers), { timeout, at });
  return ready === PENDING ? [] : ready;
}

function offersOf<T>(things: Iterable<T>): Offers<T> {
  return new Map([...things].map((thing) => [thing, offerFor(thing, "wait for")]));
}

function triesOf<T>(offers: Offers<T>): Try<T[]>[] {
  const attempt = () => {
    const ready = [...offers].filter(([, offer]) => offer.isReady()).map(([thing]) => thing);
    return ready.length > 0 ? ready : PENDING;
  };
  return [...offers.values()].map(({ room }) => ({ room, attempt }));
}
