// Runs in: any isolate
/**
 * Reads an inbox in place of the isolate that it belongs to, which is beyond a bridge.
 *
 * @module
 */
import type { Source } from "../../memory/park.ts";
import type { Life } from "../../memory/slots.ts";
import { inboxOf, type Received } from "../inbox.ts";
import { Letterbox } from "../letterbox.ts";
import type { Station } from "../station.ts";

/** Reads the inbox of one life of a slot. */
export class Deputy implements Source {
  readonly list: number;
  readonly topic: number;
  readonly wanted = true;
  armed = false;
  known = false;
  readonly #station: Station;
  readonly #letters: Letterbox;
  readonly #resign: () => void;
  #state: "idle" | "reading" | "closed" = "idle";

  /** From now on `read` gets the letters to `life`. */
  constructor(station: Station, life: Life, read: (letter: Received) => void) {
    const { ring, receiver } = inboxOf(station.isolate, life.slot);
    ring.resume();
    this.list = ring.readers.list;
    this.topic = ring.readers.topic;
    this.#station = station;
    this.#letters = new Letterbox(receiver, life.incarnation, (letter) => {
      if (this.#state !== "closed") read(letter);
    });
    this.#resign = station.inbox.deputize(life.slot, () => this.serve());
    station.isolate.park.watch(this);
  }

  serve(): boolean {
    if (this.#state !== "idle") return false;
    let isRead = false;
    this.#state = "reading";
    try {
      while (this.#state === "reading" && this.#letters.takeOne()) isRead = true;
    } finally {
      if (this.#state === "reading") this.#state = "idle";
    }
    return isRead;
  }

  /** Reads no more. */
  close(): void {
    this.#state = "closed";
    this.#resign();
    this.#station.isolate.park.unwatch(this);
  }
}
