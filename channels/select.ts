// Runs in: any isolate
/**
 * The first of several receives and sends that can happen, and none of the others. Go: `select`.
 *
 * Which of several that are ready wins is drawn by lot, so that none starves. The lots are drawn with
 * the shuffle of R. Durstenfeld ("Algorithm 235: Random permutation", 1964,
 * https://doi.org/10.1145/364520.364540).
 *
 * @module
 */
import { EndOfChannelError, TimeoutError } from "../errors.ts";
import { checkBlockable, firstOf, firstOfSync, type Try } from "../memory/first.ts";
import { here } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import type { EndingOffer, Offer, Waitable, waitable } from "../memory/waitable.ts";
import { hearPromises, offerFor } from "./moments.ts";
import { type Accepting, accepting, type SendOffer } from "./offers.ts";

const OPERATION = "select";

/** An arm that sends; see {@linkcode sending}. */
export interface Sending {
  /** Tells it from the other arms. */
  readonly kind: "sending";
  /** Prepares the send: called once for each select. */
  prepare(): SendOffer;
}

/** The arm that is taken when no other is ready at once; see {@linkcode otherwise}. */
export interface Otherwise {
  /** Tells it from the other arms. */
  readonly kind: "otherwise";
}

/** What an arm of a `select` can be; `undefined` is never ready. */
export type Arm = Waitable | PromiseLike<unknown> | Sending | Otherwise | undefined;

/** What comes out of one arm: its name and its value; `done` when its connection has ended. */
export type Outcome<Name, A> = A extends undefined ? never
  : A extends { [waitable](): infer O } ?
      | {
        readonly arm: Name;
        readonly done: false;
        readonly value: O extends Offer<infer T> ? T : never;
      }
      | (O extends EndingOffer
        ? { readonly arm: Name; readonly done: true; readonly value: undefined }
        : never)
  : A extends Sending | Otherwise
    ? { readonly arm: Name; readonly done: false; readonly value: undefined }
  : { readonly arm: Name; readonly done: false; readonly value: Awaited<A> };

/** What a `select` gives: the name of the arm that won, and its value. */
export type Selected<Arms extends Record<string, Arm>> = {
  [Name in keyof Arms & string]: Outcome<Name, Arms[Name]>;
}[keyof Arms & string];

/** Options of {@linkcode select}. */
export interface SelectOptions extends WaitOptions {
  /** Take the first of the arms that are ready, in the order in which they are written. Default: a lot. */
  biased?: boolean;
}

/**
 * An arm that sends `value` when there is room for it.
 *
 * @param into A queue, or a connection.
 * @example Put wherever there is room
 * ```ts
 * import { Queue, select, sending } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using full = new Queue<number>({ maxsize: 1 });
 * await using other = new Queue<number>({ maxsize: 1 });
 * await full.put(1);
 * const sent = await select({ full: sending(full, 2), other: sending(other, 2) });
 * assertEquals(sent.arm, "other");
 * assertEquals([full.qsize(), other.qsize()], [1, 1]);
 * ```
 */
export function sending<T>(into: Accepting<T>, value: NoInfer<T>): Sending {
  return { kind: "sending", prepare: () => into[accepting](value) };
}

/**
 * The default arm: a `select` that has it never waits.
 *
 * @example Look without waiting
 * ```ts
 * import { otherwise, Queue, select } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using jobs = new Queue<string>();
 * assertEquals((await select({ jobs, idle: otherwise() })).arm, "idle");
 * ```
 */
export function otherwise(): Otherwise {
  return { kind: "otherwise" };
}

/**
 * Waits until one of the arms can happen, does that, and only that: nothing is taken from the others,
 * and nothing is sent by them, also when it is called off, runs out of time, or a peer dies. Arms are
 * receives (the queue, connection, event, promise or {@linkcode after} itself), sends
 * ({@linkcode sending}), and one {@linkcode otherwise}. Of several that are ready, one is drawn by lot.
 *
 * The result names the arm and has its value, typed for each arm. An arm whose connection has ended is
 * ready, with `done: true`. Values to send are encoded when `select` is called. An arm that fails makes
 * it reject: a send to a peer that is gone, a channel closed here, a promise that rejects, a message
 * that cannot be read or that a schema refuses (and which is then gone). Arms that are `undefined` are
 * never ready. Go: `select`.
 *
 * @throws TimeoutError when none was ready within `timeout`; an arm of {@linkcode after} gives a result
 * instead
 * @throws TypeError when an arm is nothing that can be waited for, or there is none
 *
 * @example Whichever comes first
 * ```ts
 * import { after, Queue, select, sending } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using jobs = new Queue<string>();
 * await using results = new Queue<number>({ maxsize: 1 });
 * await results.put(0);
 * await jobs.put("dig");
 *
 * const got = await select({ job: jobs, sent: sending(results, 1), late: after(1000) });
 * if (got.arm === "job") assertEquals(got.value.toUpperCase(), "DIG");
 * else throw new Error(got.arm);
 * ```
 */
export async function select<const Arms extends Record<string, Arm>>(
  arms: Arms,
  options: SelectOptions = {},
): Promise<Selected<Arms>> {
  options.signal?.throwIfAborted();
  const runners = runnersOf(arms);
  try {
    await hearPromises(Object.values(arms));
    for (;;) {
      const { arm, done, value } = await firstWon(arms, triesOf(runners, options), options);
      // A message may still be on its way; when the rest of it never comes, it was none.
      const whole = await value;
      if (whole !== PENDING) return { arm, done, value: whole } as Selected<Arms>;
    }
  } finally {
    for (const { offer } of runners) offer.drop?.();
  }
}

/**
 * As {@linkcode select}, but blocks this isolate: for workers.
 *
 * @param options `timeout` in milliseconds; 0 does not wait, absent waits for ever.
 * @throws NotSupportedError when an arm is a promise
 *
 * @example A worker's loop without promises
 * ```ts
 * import { after, Queue, selectSync } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using jobs = new Queue<number>();
 * jobs.putNowait(7);
 * const got = selectSync({ jobs, late: after(1000) });
 * assertEquals([got.arm, got.value], ["jobs", 7]);
 * ```
 */
export function selectSync<
  const Arms extends Record<string, Exclude<Arm, PromiseLike<unknown>>>,
>(arms: Arms, options: Omit<SelectOptions, "signal"> = {}): Selected<Arms> {
  const runners = runnersOf(arms);
  try {
    for (const { offer } of runners) offer.at ?? checkBlockable(offer.room, OPERATION);
    const byDefault = defaultOf(arms);
    const timeout = byDefault === undefined ? options.timeout : 0;
    const at = Math.min(...runners.map(({ offer }) => offer.at ?? Infinity));
    const tries = triesOf(
      runners.map(({ arm, offer }) => ({ arm, offer: blocking(offer) })),
      options,
    );
    const won = firstOfSync(here(), tries, { timeout, at });
    if (won !== PENDING) return won as Selected<Arms>;
    if (byDefault === undefined) throw new TimeoutError(OPERATION, timeout!);
    return byDefault as Selected<Arms>;
  } finally {
    for (const { offer } of runners) offer.drop?.();
  }
}

/** What can happen on one arm. */
interface Runner {
  readonly arm: string;
  readonly offer: Omit<Offer, "isReady"> & { drop?(): void };
}

/** What happened on the arm that won; the value may still be on its way. */
interface Won {
  readonly arm: string;
  readonly done: boolean;
  readonly value: unknown;
}

/** Prepares all arms, or none. */
function runnersOf(arms: Record<string, Arm>): Runner[] {
  const runners: Runner[] = [];
  try {
    for (const [arm, one] of Object.entries(arms)) {
      if (one === undefined || isOtherwise(one)) continue;
      runners.push({ arm, offer: isSending(one) ? one.prepare() : offerFor(one, "select") });
    }
    if (runners.length > 0 || defaultOf(arms) !== undefined) return runners;
    throw new TypeError("Cannot select from no arms: none would ever be ready");
  } catch (error) {
    for (const { offer } of runners) offer.drop?.();
    throw error;
  }
}

function triesOf(runners: readonly Runner[], { biased }: SelectOptions): Try<Won>[] {
  const tries = runners.map(({ arm, offer }): Try<Won> => ({
    room: offer.room,
    attempt() {
      try {
        const value = offer.take();
        return value === PENDING ? PENDING : { arm, done: false, value };
      } catch (error) {
        if (error instanceof EndOfChannelError) return { arm, done: true, value: undefined };
        throw error;
      }
    },
  }));
  return biased ? tries : shuffle(tries);
}

/** The arm that wins; the default arm when there is one and no other is ready. */
async function firstWon(
  arms: Record<string, Arm>,
  tries: readonly Try<Won>[],
  { signal, timeout }: WaitOptions,
): Promise<Won> {
  const byDefault = defaultOf(arms);
  if (byDefault === undefined) {
    return await firstOf(tries, { signal, timeout, operation: OPERATION });
  }
  const timeUp = new TimeoutError(OPERATION, 0);
  try {
    return await firstOf(tries, { operation: OPERATION, timeout: 0, timedOut: () => timeUp });
  } catch (error) {
    if (error === timeUp) return byDefault;
    throw error;
  }
}

function defaultOf(arms: Record<string, Arm>): Won | undefined {
  const arm = Object.keys(arms).find((name) => isOtherwise(arms[name]));
  return arm === undefined ? undefined : { arm, done: false, value: undefined };
}

function isOtherwise(arm: Arm): arm is Otherwise {
  return (arm as Partial<Otherwise> | undefined)?.kind === "otherwise";
}

function isSending(arm: Arm): arm is Sending {
  return (arm as Partial<Sending> | undefined)?.kind === "sending";
}

/** An offer that gives no promises. */
function blocking(offer: Runner["offer"]): Runner["offer"] {
  return { room: offer.room, take: () => (offer.takeSync ?? offer.take)() };
}

function shuffle<T>(list: T[]): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}
