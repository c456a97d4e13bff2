// Runs in: any isolate
/**
 * Streams as server-sent events (WHATWG HTML, "Server-sent events"). Each item has an id; a comment
 * shows a silent stream to be alive; whoever stops reading ends the producer.
 *
 * @module
 */
import { problemOf } from "./problem.ts";

/** How a stream is written. */
export interface EventStreamOptions {
  /** Items left out, because the client has them. */
  readonly skip?: number;
  /** Milliseconds between comments. */
  readonly heartbeat: number;
  /** Called once, when it has ended in whichever way. */
  ended(error?: unknown): void;
}

const UTF8 = new TextEncoder();
const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** One event as it is written. */
export function eventText(value: unknown, { id, event }: { id?: number; event?: string }): string {
  const head = (id === undefined ? "" : `id: ${id}\n`) + (event ? `event: ${event}\n` : "");
  return `${head}data: ${JSON.stringify(value) ?? "null"}\n\n`;
}

/** The items as events: `id` and `data`, in the end an event `end` or `problem`. */
export function eventStream(items: ReadableStream<unknown>, options: EventStreamOptions): Response {
  const { skip = 0, heartbeat, ended } = options;
  const reader = items.getReader();
  let beat: ReturnType<typeof setInterval> | undefined;
  let id = 0;
  let state: "open" | "ended" = "open";
  const finish = (error?: unknown) => {
    if (state === "ended") return;
    state = "ended";
    clearInterval(beat);
    ended(error);
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = () =>
        (controller.desiredSize ?? 0) > 0 && controller.enqueue(UTF8.encode(":\n\n"));
      write();
      beat = setInterval(write, heartbeat);
    },
    async pull(controller) {
      try {
        let next = await reader.read();
        while (!next.done && ++id <= skip) next = await reader.read();
        if (state === "ended") return;
        const text = next.done ? eventText(null, { event: "end" }) : eventText(next.value, { id });
        controller.enqueue(UTF8.encode(text));
        if (!next.done) return;
        finish();
        controller.close();
      } catch (error) {
        if (state === "ended") return;
        finish(error);
        reader.cancel(error).catch(() => {});
        controller.enqueue(UTF8.encode(eventText(problemOf(error), { event: "problem" })));
        controller.close();
      }
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 1 });
  return new Response(body, { headers: HEADERS });
}

/** The number of the last event that a client has, from its `Last-Event-ID`. */
export function lastEventId(header: string | undefined | null): number {
  return header && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}

/** Milliseconds in which a stream that fails does so with a status. */
const EARLY_MS = 20;

/** The stream, once its first item is there, or once it has not failed for a moment. */
export async function opened(items: ReadableStream<unknown>): Promise<ReadableStream<unknown>> {
  const reader = items.getReader();
  const first = reader.read();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moment = new Promise<void>((resolve) => timer = setTimeout(resolve, EARLY_MS));
  try {
    await Promise.race([first, moment]);
  } finally {
    clearTimeout(timer);
  }
  let next: Promise<ReadableStreamReadResult<unknown>> | undefined = first;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
