/**
 * What the tests of the memory room share.
 *
 * @module
 */
import "../loaded.ts";
import { Arena, type ArenaOptions } from "../../memory/arena.ts";
import { load } from "../../memory/atomics.ts";
import { ASLEEP } from "../../memory/bell.ts";
import { Isolate } from "../../memory/isolate.ts";
import { UNIT_BYTES } from "../../memory/layout.ts";
import { Line, PENDING } from "../../memory/line.ts";
import { SLOT_BELL } from "../../memory/slots.ts";

/** Longest that a wait in a test may take on a busy machine before it counts as hung, in milliseconds. */
export const HUNG_MS = 60_000;

/** A small arena and isolates in it, all in this thread. */
export function isolatesIn(
  count: number,
  { bytes = 2 << 20, ...options }: ArenaOptions = {},
): Isolate[] {
  const arena = Arena.create({ bytes, ...options });
  return Array.from({ length: count }, () => Isolate.join(arena));
}

/** Address of a wait list in a block of its own. */
export function listIn({ arena, heap }: Isolate): number {
  const block = heap.require(UNIT_BYTES);
  const at = arena.wordOf(block);
  arena.words.fill(0, at, at + UNIT_BYTES / 4);
  return at;
}

/** Lets the event loop turn until the isolate sleeps on its doorbell. */
export async function untilAsleep({ arena, slot }: Isolate): Promise<void> {
  while (load(arena.words, arena.slotAt(slot) + SLOT_BELL) !== ASLEEP) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Tickets that can be taken one by one, and those who wait for them, in one isolate. */
export class Turnstile {
  /** Tickets left. */
  tickets = 0;
  /** Who waits. */
  readonly line: Line;
  readonly #isolate: Isolate;

  /** A turnstile in `isolate`, whose waiters are in the list at `list`. */
  constructor(isolate: Isolate, list: number = listIn(isolate)) {
    this.#isolate = isolate;
    this.line = new Line(isolate.park, list);
  }

  /** An attempt to take a ticket; gives how many were left. */
  readonly attempt = (): number | typeof PENDING => this.tickets > 0 ? this.tickets-- : PENDING;

  /** Waits for a ticket. */
  pass(options: { signal?: AbortSignal; timeout?: number } = {}): Promise<number> {
    return this.line.until({ attempt: this.attempt, operation: "pass the turnstile", ...options });
  }

  /** Adds tickets and rings, as isolate `by`. */
  add(tickets: number, by: Isolate = this.#isolate): void {
    this.tickets += tickets;
    by.park.changed(this.line.list, this.line.topic);
  }
}
