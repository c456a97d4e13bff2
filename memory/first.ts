// Runs in: any isolate
/**
 * Waiting in several rooms at once, until the first of several attempts succeeds.
 *
 * - I1: exactly one attempt succeeds; then, or when the wait is called off, it waits in no room.
 * - I2: an attempt is not made ahead of others who wait in its room.
 *
 * @module
 */
import type { Isolate } from "./isolate.ts";
import { MAX_DELAY, PENDING, type Room, timedOut, type Waiting, type WaitOptions } from "./line.ts";
import type { Source } from "./park.ts";
import { NotSupportedError } from "../errors.ts";

/** One of the things to try. */
export interface Try<T> {
  /** Where to wait for it. */
  readonly room: Room;
  /** Tries; {@linkcode PENDING} when it cannot succeed yet. What it throws ends the whole wait. */
  attempt(): T | typeof PENDING;
}

/** See {@linkcode firstOf}. */
export interface FirstOptions extends WaitOptions {
  /** For the error: what could not be done. */
  readonly operation: string;
  /** The error of a wait that ran out of time; default `TimeoutError`. */
  timedOut?(): Error;
}

/** The first that succeeds, tried in the order given, then in the order in which things happen. */
export function firstOf<T>(tries: readonly Try<T>[], options: FirstOptions): Promise<T> {
  const { signal, timeout } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  try {
    for (const { room, attempt } of tries) {
      const value = room.wanted ? PENDING : attempt();
      if (value !== PENDING) return room.settled(value as T);
    }
  } catch (error) {
    return Promise.reject(error);
  }
  if (timeout !== undefined && timeout <= 0) return Promise.reject(timedOut(options));
  return enterAll(tries, options);
}

function enterAll<T>(tries: readonly Try<T>[], options: FirstOptions): Promise<T> {
  const { signal, timeout } = options;
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = <V>(how: (value: V) => void) => (value: V) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      for (const [room, waiting] of entered) room.leave(waiting);
      how(value);
      for (const [room] of entered) room.stir();
    };
    const succeed = end(resolve as (value: T) => void);
    const fail = end(reject);
    const abort = () => fail(signal!.reason);
    const entered = tries.map(({ room, attempt }): [Room, Waiting] => [
      room,
      { attempt, resolve: succeed as (value: never) => void, reject: fail },
    ]);
    signal?.addEventListener("abort", abort, { once: true });
    if (timeout !== undefined && timeout < Infinity) {
      timer = setTimeout(() => fail(timedOut(options)), Math.min(timeout, MAX_DELAY));
    }
    for (const [room, waiting] of entered) room.enter(waiting);
  });
}

/**
 * The first that succeeds, blocking this isolate; {@linkcode PENDING} when the time is up.
 *
 * @throws NotSupportedError when one can only be waited for asynchronously, such as a promise
 */
export function firstOfSync<T>(
  { park }: Isolate,
  tries: readonly Try<T>[],
  { timeout, at = Infinity }: { timeout?: number; at?: number },
): T | typeof PENDING {
  const sources = tries.map(({ room }) => room).filter(isSource);
  let value: T | typeof PENDING = PENDING;
  const attempt = () => {
    for (const one of tries) if ((value = one.attempt()) !== PENDING) return true;
    return false;
  };
  const end = timeout === undefined ? Infinity : performance.now() + Math.max(0, timeout);
  while (!park.blockOnAny(sources, { attempt, timeout: Math.min(at, end) - performance.now() })) {
    if (end <= performance.now()) return PENDING;
  }
  return value;
}

/** Whether a room is in shared memory. */
export function isSource(room: Room): room is Room & Source {
  return "list" in room;
}

/** @throws NotSupportedError when a room is not in shared memory, and so cannot be waited for here */
export function checkBlockable(room: Room, operation: string): void {
  if (isSource(room)) return;
  throw new NotSupportedError(
    `Cannot ${operation}: a promise cannot settle while its isolate blocks`,
  );
}
