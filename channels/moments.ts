// Runs in: any isolate
/**
 * What is not in shared memory but can be waited for with what is: promises and points in time.
 *
 * @module
 */
import { MAX_DELAY, PENDING, type Room, type Waiting } from "../memory/line.ts";
import { type Offer, offerOf, type Waitable, waitable } from "../memory/waitable.ts";

/** Those who wait for something that happens in this isolate. */
class LocalRoom implements Room {
  readonly #waiting = new Set<Waiting>();
  readonly #changed: (isWanted: boolean) => void;

  constructor(changed: (isWanted: boolean) => void = () => {}) {
    this.#changed = changed;
  }

  /** Nobody takes anything from anybody here, so nobody has to queue up. */
  get wanted(): boolean {
    return false;
  }

  enter(waiting: Waiting): void {
    this.#waiting.add(waiting);
    if (this.#waiting.size === 1) this.#changed(true);
  }

  leave(waiting: Waiting): void {
    if (this.#waiting.delete(waiting) && this.#waiting.size === 0) this.#changed(false);
  }

  stir(): void {
    for (const one of [...this.#waiting]) this.#try(one);
  }

  settled<T>(value: T): Promise<T> {
    return Promise.resolve(value);
  }

  #try(one: Waiting): void {
    if (!this.#waiting.has(one)) return;
    try {
      const value = one.attempt();
      if (value === PENDING) return;
      this.leave(one);
      one.resolve(value as never);
    } catch (error) {
      this.leave(one);
      one.reject(error);
    }
  }
}

type Settled = { readonly value: unknown } | { readonly error: unknown };

const promises = new WeakMap<PromiseLike<unknown>, Offer>();

/** The offer of a promise: made once, so that one that is waited for again and again keeps no more. */
function offerOfPromise(promise: PromiseLike<unknown>): Offer {
  let offer = promises.get(promise);
  if (offer === undefined) promises.set(promise, offer = watch(promise));
  return offer;
}

function watch(promise: PromiseLike<unknown>): Offer {
  let settled: Settled | undefined;
  const room = new LocalRoom();
  const settle = (how: Settled) => {
    settled = how;
    room.stir();
  };
  promise.then((value) => settle({ value }), (error) => settle({ error }));
  return {
    room,
    isReady: () => settled !== undefined,
    take() {
      if (settled === undefined) return PENDING;
      if ("error" in settled) throw settled.error;
      return settled.value;
    },
  };
}

/**
 * A point in time that can be waited for, as `wait` and `select` do: `ms` milliseconds from now. It
 * stays ready from then on. Go: `time.After`.
 *
 * @param ms Milliseconds; 0 or less is ready at once.
 * @throws TypeError when it is no number
 *
 * @example Give up after a while
 * ```ts
 * import { after, Queue, select } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using jobs = new Queue<string>();
 * const first = await select({ job: jobs, late: after(20) });
 * assertEquals(first.arm, "late");
 * ```
 */
export function after(ms: number): Waitable<undefined> {
  if (typeof ms !== "number" || Number.isNaN(ms)) {
    throw new TypeError("Cannot make a point in time: the milliseconds are no number");
  }
  const at = performance.now() + ms;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const start = () => {
    const left = at - performance.now();
    if (left === Infinity) return;
    timer = setTimeout(
      () => at > performance.now() ? start() : room.stir(),
      Math.min(left, MAX_DELAY),
    );
  };
  const room = new LocalRoom((isWanted) => isWanted ? start() : clearTimeout(timer));
  const isReady = () => at <= performance.now();
  const offer: Offer<undefined> = {
    room,
    at,
    isReady,
    take: () => isReady() ? undefined : PENDING,
  };
  return { [waitable]: () => offer };
}

/**
 * How to wait for anything that can be waited for.
 *
 * @throws TypeError when it is nothing of that kind
 */
export function offerFor(thing: unknown, operation: string): Offer {
  const offer = offerOf(thing);
  if (offer !== undefined) return offer;
  if (isPromise(thing)) return offerOfPromise(thing);
  throw new TypeError(`Cannot ${operation} ${describe(thing)}: it can never become ready`);
}

/** Whether it is a promise, or behaves like one. */
export function isPromise(thing: unknown): thing is PromiseLike<unknown> {
  const isHolder = (typeof thing === "object" && thing !== null) || typeof thing === "function";
  return isHolder && typeof (thing as { then?: unknown }).then === "function";
}

/**
 * Lets promises that are settled already say so: a few microtasks, more for those that only behave like
 * one.
 */
export async function hearPromises(things: Iterable<unknown>): Promise<void> {
  if (![...things].some(isPromise)) return;
  for (let tick = 0; tick < 3; tick++) await null;
}

function describe(thing: unknown): string {
  if (thing === null) return "null";
  if (typeof thing !== "object") return `a ${typeof thing}`;
  return `a ${thing.constructor?.name ?? "object"}`;
}
