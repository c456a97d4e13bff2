// Runs in: any isolate
/**
 * Reads an inbox in place of the isolate that it belongs to, which is beyond a bridge.
 *
 * @module
 */
import { PENDING } from "../../memory/line.ts";
import type { Source } from "../../memory/park.ts";
import type { Life } from "../../memory/slots.ts";
import { VOID } from "../../channels/arrival.ts";
import type { Receiver } from "../../channels/port.ts";
import { Incoming } from "../../channels/stream.ts";
import { inboxOf, type Received } from "../inbox.ts";
import type { Station } from "../station.ts";

/** Reads the inbox of one life of a slot. */
export class Deputy implements Source {
  readonly list: number;
  readonly topic: number;
  readonly wanted = true;
  armed = false;
  known = false;
  readonly #station: Station;
  readonly #life: Life;
  readonly #receiver: Receiver;
  readonly #read: (letter: Received) => void;
  readonly #resign: () => void;
  #state: "idle" | "reading" | "closed" = "idle";

  /** From now on `read` gets the letters to `life`. */
  constructor(station: Station, life: Life, read: (letter: Received) => void) {
    const { ring, receiver } = inboxOf(station.isolate, life.slot);
    ring.resume();
    this.list = ring.readers.list;
    this.topic = ring.readers.topic;
    this.#station = station;
    this.#life = life;
    this.#receiver = receiver;
    this.#read = read;
    this.#resign = station.inbox.deputize(life.slot, () => this.serve());
    station.isolate.park.watch(this);
  }

  serve(): boolean {
    if (this.#state !== "idle") return false;
    let isRead = false;
    this.#state = "reading";
    try {
      while (this.#readOne()) isRead = true;
    } finally {
      if ((this.#state as string) === "reading") this.#state = "idle";
    }
    return isRead;
  }

  /** Reads no more. */
  close(): void {
    this.#state = "closed";
    this.#resign();
    this.#station.isolate.park.unwatch(this);
  }

  #readOne(): boolean {
    if (this.#state !== "reading") return false;
    let value: unknown;
    try {
      value = this.#receiver.take();
    } catch (error) {
      this.#hand(undefined, this.#receiver.head, error);
      return true;
    }
    if (value === PENDING) return false;
    if (value instanceof Incoming) {
      this.#receiver.finish(value).then(({ value, head }) => {
        if (value !== VOID && this.#state !== "closed") this.#hand(value, head);
      });
    } else this.#hand(value, this.#receiver.head);
    return true;
  }

  #hand(value: unknown, head: ArrayLike<number>, unreadable?: unknown): void {
    if (head[3] !== this.#life.incarnation) return;
    const from = { slot: head[0] >> 8, incarnation: head[2] };
    this.#read({ kind: head[0] & 255, id: head[1], from, value, unreadable });
  }
}
