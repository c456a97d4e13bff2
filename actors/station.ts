// Runs in: any isolate
/**
 * What an isolate has of the world of actors: its inbox and what it waits to hear. Made when it is
 * first needed.
 *
 * @module
 */
import { here, type Isolate } from "../memory/isolate.ts";
import { Line, PENDING, type WaitOptions } from "../memory/line.ts";
import { SLOT_DEATHS } from "../memory/slots.ts";
import { AwaitedLetters } from "./awaited.ts";
import { Inbox } from "./inbox.ts";

/** An isolate's place among the others. */
export class Station {
  /** Its part of the shared memory. */
  readonly isolate: Isolate;
  /** How others write to it, and it to them. */
  readonly inbox: Inbox;
  /** What it waits to hear. */
  readonly awaited: AwaitedLetters;
  readonly #watchers = new Set<() => void>();
  readonly #deaths: Line;

  /** Opens the station of an isolate. */
  constructor(isolate: Isolate) {
    this.isolate = isolate;
    this.inbox = new Inbox(isolate);
    this.#deaths = new Line(isolate.park, isolate.arena.slotAt(isolate.slot) + SLOT_DEATHS);
    this.awaited = new AwaitedLetters(isolate, this.inbox);
    isolate.park.onDeath = () => {
      this.awaited.lookForEnded();
      for (const look of [...this.#watchers]) look();
      this.#deaths.stir();
    };
  }

  /**
   * Waits until `isSo`, which can become true only by an end of some isolate or actor.
   *
   * @throws TimeoutError when it is not so within `timeout`
   */
  waitFor(isSo: () => boolean, options: WaitOptions & { operation: string }): Promise<void> {
    return this.#deaths.until({ ...options, attempt: () => isSo() ? undefined : PENDING });
  }

  /** Has `look` called after each end of an isolate or actor; gives what stops that. */
  onDeath(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }
}

let current: Station | undefined;

/** The station of this isolate. */
export function station(): Station {
  return current ??= new Station(here());
}
