// Runs in: owner
/**
 * Runs as Web Streams. They read as they are read: what is written waits until a run takes it.
 *
 * @module
 */
import { ClosedError } from "../../errors.ts";
import { Channel } from "./channel.ts";
import type { PipelineRun } from "./run.ts";

/** A stream of what a run gives; to cancel it gives the run up. */
export function readableOf<T>(start: () => PipelineRun<T>): ReadableStream<T> {
  let run: PipelineRun<T> | undefined;
  return new ReadableStream<T>({
    async pull(controller) {
      run ??= start();
      const { done, value } = await run.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await run?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** A stream to write to and one to read from, with a run between them. */
export function transformOf<In, Out>(
  start: (source: AsyncIterable<In>) => PipelineRun<Out>,
): TransformStream<In, Out> {
  const channel = new Channel<{ readonly chunk: In }>(0);
  let written!: AbortSignal;
  const iterator: AsyncIterator<In> = {
    async next() {
      const taken = await channel.take();
      if (taken !== undefined) return { done: false, value: taken.chunk };
      written.throwIfAborted();
      return { done: true, value: undefined };
    },
    return() {
      channel.close();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  const writable = new WritableStream<In>({
    start(controller) {
      written = controller.signal;
      written.addEventListener("abort", () => channel.close(), { once: true });
    },
    async write(chunk, controller) {
      if (!await channel.put({ chunk })) controller.error(new ClosedError(ENDED));
    },
    close: () => channel.end(),
  });
  const readable = readableOf(() => start({ [Symbol.asyncIterator]: () => iterator }));
  return { readable, writable };
}

const ENDED = "Cannot write to the pipeline: it has ended";
