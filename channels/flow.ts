// Runs in: any isolate
/**
 * Channels as what the platform knows: async iterators, Web Streams. Each pulls one message when it is
 * asked for one, so back-pressure is that of the channel.
 *
 * @module
 */
import { ClosedError, EndOfChannelError, type ErrorCode } from "../errors.ts";
import type { WaitOptions } from "../memory/line.ts";

/** Receives the next message. */
export type Next<T> = (options: WaitOptions) => Promise<T>;

/** Whether an error says that no message will come any more. */
export function isEnd(error: unknown): boolean {
  return error instanceof EndOfChannelError || error instanceof ClosedError;
}

/**
 * Iterates over what `next` gives until the channel ends. Leaving the loop calls off a message that is
 * waited for, and takes nothing.
 */
export function iterate<T>(next: Next<T>): AsyncIterableIterator<T> {
  const left = new AbortController();
  const options = { signal: left.signal };
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  return {
    next() {
      if (left.signal.aborted) return Promise.resolve(end);
      return next(options).then((value) => ({ done: false, value }), (error) => {
        if (left.signal.aborted || isEnd(error)) return end;
        throw error;
      });
    },
    return() {
      left.abort();
      return Promise.resolve(end);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** What `next` gives as a stream that ends with the channel; `cancelled` is called when it is cancelled. */
export function readableFrom<T>(next: Next<T>, cancelled?: () => void): ReadableStream<T> {
  const left = new AbortController();
  return new ReadableStream<T>({
    async pull(controller) {
      try {
        controller.enqueue(await next({ signal: left.signal }));
      } catch (error) {
        if (left.signal.aborted) return;
        if (!isEnd(error)) throw error;
        controller.close();
      }
    },
    cancel() {
      left.abort();
      cancelled?.();
    },
  }, { highWaterMark: 0 });
}

/** A stream that sends what is written; an abort calls off a write that waits for room. */
export function writableTo<T>(
  send: (value: T, options: WaitOptions) => Promise<void>,
  closed?: () => void,
): WritableStream<T> {
  return new WritableStream<T>({
    write: (value, { signal }) => send(value, { signal }),
    close: closed,
    abort: closed,
  });
}

/** Iterates over what is there now, at most `limit` messages; `next` says with `empty` that it was all. */
export function drainBy<T>(
  next: Next<T>,
  { limit, empty }: { readonly limit: number; readonly empty: ErrorCode },
): AsyncIterableIterator<T> {
  let left = limit;
  return iterate(async ({ signal }) => {
    if (left-- <= 0) throw new EndOfChannelError("Cannot drain more than there was");
    try {
      return await next({ signal, timeout: 0 });
    } catch (error) {
      if ((error as { code?: unknown }).code !== empty) throw error;
      throw new EndOfChannelError("Cannot drain an empty channel", { cause: error });
    }
  });
}
