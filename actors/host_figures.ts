// Runs in: any isolate
/**
 * The figures of a host, in the mailbox of the actor that answers for it: reading them disturbs nobody.
 *
 * @module
 */
import { load, store } from "../memory/atomics.ts";
import type { Mailbox } from "./mailbox.ts";
import { HOSTED, HOSTED_BUSY, HOSTED_HANDLED } from "./mailbox_region.ts";
import type { Station } from "./station.ts";

/** Figures of a host: its actors, what they have handled, and for how many milliseconds. */
export interface HostFigures {
  /** Actors in it. */
  readonly actors: number;
  /** Messages that they have handled. */
  readonly handled: number;
  /** Milliseconds that they took. */
  readonly busy: number;
}

/** The figures as the host wrote them last. */
export function readFigures({ isolate: { arena } }: Station, mailbox: Mailbox): HostFigures {
  if (mailbox.ending !== undefined) return { actors: 0, handled: 0, busy: 0 };
  const at = arena.wordOf(mailbox.region);
  const [actors, handled, busy] = [HOSTED, HOSTED_HANDLED, HOSTED_BUSY].map((offset) =>
    load(arena.words, at + offset)
  );
  return { actors, handled, busy };
}

/** Writes them. */
export function writeFigures(
  { isolate: { arena } }: Station,
  mailbox: Mailbox,
  { actors, handled, busy }: HostFigures,
): void {
  const at = arena.wordOf(mailbox.region);
  store(arena.words, at + HOSTED, actors);
  store(arena.words, at + HOSTED_HANDLED, handled);
  store(arena.words, at + HOSTED_BUSY, busy);
}
