// Runs in: any isolate
/**
 * Whatever takes items.
 *
 * @module
 */

/**
 * Where items go: a function, a stream, or anything with a `put`, such as a queue. Each item is waited
 * for. A stream is closed at the end and aborted after a failure; a queue stays open.
 */
export type PipelineSink<T> =
  | ((item: T) => unknown)
  | WritableStream<T>
  | {
    /** Takes an item. */
    put(item: T): unknown;
  };

/** A sink that is written to. */
export interface OpenSink {
  /** Takes an item. */
  write(item: unknown): unknown;
  /** No more items; with a reason: because something failed. */
  close(failure?: { readonly reason: unknown }): unknown;
}

/** Opens a sink. @throws TypeError for what is none */
export function openSink(sink: PipelineSink<never>): OpenSink {
  if (typeof sink === "function") return { write: sink as (item: unknown) => unknown, close() {} };
  if (sink instanceof WritableStream) {
    const writer = (sink as WritableStream<unknown>).getWriter();
    return {
      async write(item) {
        await writer.ready;
        await writer.write(item);
      },
      async close(failure) {
        if (failure === undefined) await writer.close();
        else await writer.abort(failure.reason).catch(() => {});
        writer.releaseLock();
      },
    };
  }
  if (typeof (sink as { put?: unknown })?.put === "function") {
    return { write: (item) => sink.put(item as never), close() {} };
  }
  throw new TypeError("Cannot write to this sink: it is no function, no stream, and has no put");
}

/** A stream that several write to at a time, and who still does. */
const shared = new WeakMap<
  WritableStream,
  { writer: WritableStreamDefaultWriter; count: number }
>();

/** Writes one item to a sink that others may write to as well; a stream is free again after that. */
export async function writeOne(sink: PipelineSink<never>, item: unknown): Promise<void> {
  if (!(sink instanceof WritableStream)) return void await openSink(sink).write(item);
  const share = shared.get(sink) ?? { writer: sink.getWriter(), count: 0 };
  shared.set(sink, share);
  share.count++;
  try {
    await share.writer.ready;
    await share.writer.write(item);
  } finally {
    if (--share.count === 0) {
      shared.delete(sink);
      share.writer.releaseLock();
    }
  }
}
