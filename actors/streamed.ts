// Runs in: any isolate
/**
 * Streamed replies, both sides. The reader grants credit, one for each item it has room for; the
 * producer sends no more than that, and stops when it is told that nobody reads on.
 *
 * - I1: items arrive in order, each once; then the end or the error.
 * - I2: at most {@linkcode WINDOW} items are on their way.
 *
 * @module
 */
import type { Life } from "../memory/slots.ts";
import type { SendOptions } from "../channels/sendable.ts";
import type { Address, Message } from "./address.ts";
import { ASK } from "./head.ts";
import { CREDIT, END, FAILURE, ITEM } from "./inbox.ts";
import { Place } from "./place.ts";
import type { Station } from "./station.ts";
import { isNo, keyOf, replyFailure, type Taken } from "./taken.ts";
import type { Traced } from "./tracing.ts";
import { remoteError, sendableError } from "./wire_error.ts";

/** Items on their way at most. */
export const WINDOW = 64;

/** A reply while it is read: what came and was not read yet, and how it ended. */
interface Reading {
  readonly items: unknown[];
  end: "open" | "ended" | "failed";
  error: unknown;
  /** Called when something changed. */
  wake: () => void;
}

/** Asks for a streamed reply and gives it as a stream; cancelling it stops the producer. */
export function openReply(
  station: Station,
  address: Address,
  { message, options, traced }: { message: Message; options: SendOptions; traced?: Traced },
): ReadableStream<unknown> {
  const { signal } = options;
  const reading: Reading = { items: [], end: "open", error: undefined, wake: () => {} };
  const finish = (end: "ended" | "failed", error?: unknown) => {
    signal?.removeEventListener("abort", abort);
    if (reading.end === "open") Object.assign(reading, { end, error });
    if (end === "ended") traced?.end();
    else traced?.fail(error);
    reading.wake();
  };
  const place = new Place(address.mailbox);
  const id = station.awaited.add(address.awaited(place, {
    fail: (error) => finish("failed", error),
    hear({ kind, value }) {
      if (kind === ITEM) reading.items.push(value);
      else if (kind === FAILURE) finish("failed", remoteError(value, `Actor "${address.id}"`));
      else finish("ended");
      reading.wake();
      return kind !== ITEM;
    },
  }));
  const giveUp = (reason: unknown) => address.cancel(id) && finish("failed", reason);
  const abort = () => giveUp(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) giveUp(signal.reason);
  else {
    const placed = () => place.note();
    address.open(id, { message, options: { ...options, timeout: undefined }, placed }).catch(
      (error) => {
        if (station.awaited.remove(id)) finish("failed", error);
      },
    );
  }
  return streamOf(reading, {
    grant: () => address.write(CREDIT, id, WINDOW / 2),
    cancel: () => void giveUp(undefined),
  });
}

/** One item for each pull, so that credit follows what is really read. */
function streamOf(
  reading: Reading,
  { grant, cancel }: { grant(): void; cancel(): void },
): ReadableStream<unknown> {
  let read = 0;
  return new ReadableStream<unknown>({
    async pull(controller) {
      while (reading.items.length === 0 && reading.end === "open") {
        await new Promise<void>((resolve) => reading.wake = resolve);
      }
      if (reading.items.length > 0) {
        controller.enqueue(reading.items.shift());
        if (++read % (WINDOW / 2) === 0) grant();
      } else if (reading.end === "ended") controller.close();
      else controller.error(reading.error);
    },
    cancel,
  }, { highWaterMark: 0 });
}

/** The producing side: sends what an iterable yields, as the reader grants credit. */
export class Production {
  readonly #station: Station;
  readonly #to: Life;
  readonly #id: number;
  #credit = WINDOW;
  #more: (() => void) | undefined;
  #state: "running" | "cancelled" = "running";

  /** Produces for the asker that waits under `id`. */
  constructor(station: Station, to: Life, id: number) {
    this.#station = station;
    this.#to = to;
    this.#id = id;
  }

  /** The reader has room for more. */
  grant(credit: number): void {
    this.#credit += credit;
    this.#more?.();
  }

  /** Nobody reads on. */
  cancel(): void {
    this.#state = "cancelled";
    this.#more?.();
  }

  /** Runs the iterable to its end. @returns what it threw, in a list, or nothing */
  async run(
    items: AsyncIterable<unknown> | Iterable<unknown>,
  ): Promise<readonly [unknown] | undefined> {
    try {
      for await (const item of items) {
        if (this.#credit === 0) await this.#waitForCredit();
        if (this.#state === "cancelled") return undefined;
        this.#credit--;
        this.#send(ITEM, item);
      }
      this.#send(END);
      return undefined;
    } catch (error) {
      this.fail(error);
      return [error];
    }
  }

  /** Ends the reply with an error. */
  fail(error: unknown): void {
    try {
      this.#send(FAILURE, error);
    } catch {
      this.#send(FAILURE, sendableError(error));
    }
  }

  #waitForCredit(): Promise<void> {
    return new Promise((resolve) => {
      this.#more = () => {
        if (this.#credit === 0 && this.#state === "running") return;
        this.#more = undefined;
        resolve();
      };
    });
  }

  #send(kind: number, value?: unknown): void {
    this.#station.inbox.send(this.#to, { kind, id: this.#id, value });
  }
}

/** The streamed replies that an actor produces. */
export class Productions {
  readonly #station: Station;
  readonly #running = new Map<string, Production>();

  /** None yet. */
  constructor(station: Station) {
    this.#station = station;
  }

  /** How many run. */
  get count(): number {
    return this.#running.size;
  }

  /** Produces for who asked for a stream. @returns what the iterable threw, in a list, or nothing */
  async start(
    message: Taken,
    items: AsyncIterable<unknown> | Iterable<unknown>,
    traced?: Traced,
  ): Promise<readonly [unknown] | undefined> {
    const { from, id, kind, name } = message;
    if (kind === ASK) {
      const error = isNo("ask", name, "a stream");
      traced?.fail(error);
      replyFailure(this.#station, message, error);
      return undefined;
    }
    const key = keyOf(from, id);
    const production = new Production(this.#station, from, id);
    this.#running.set(key, production);
    const running = traced?.run(() => production.run(items)) ?? production.run(items);
    const failed = await running;
    if (failed === undefined) traced?.end();
    else traced?.fail(failed[0]);
    this.#running.delete(key);
    return failed;
  }

  /** The reader has room for more. */
  grant(from: Life, id: number, credit: number): void {
    this.#running.get(keyOf(from, id))?.grant(credit);
  }

  /** Nobody reads on; `false` when nothing is produced under this number. */
  cancel(from: Life, id: number): boolean {
    const production = this.#running.get(keyOf(from, id));
    production?.cancel();
    return production !== undefined;
  }

  /** Nobody produces on. */
  cancelAll(): void {
    for (const production of this.#running.values()) production.cancel();
  }
}
