// Runs in: owner
/**
 * What is done when an isolate is surely gone, be it a thread or a process: its slot says how it ended,
 * its children end, what it left is swept, and its parent is told.
 *
 * @module
 */
import { load } from "../memory/atomics.ts";
import {
  declareDead,
  type Ending,
  endingOf,
  isLifeOf,
  type Life,
  parentOf,
  sayExitCode,
  SLOT_EXIT_SAID,
} from "../memory/slots.ts";
import { GONE } from "./inbox.ts";
import type { Station } from "./station.ts";

/** What a parent is told of a child's end. */
export interface GoneNews {
  /** The child's slot and life. */
  readonly life: Life;
  /** How it ended. */
  readonly ending: Ending;
  /** What the platform said, when the child could not. */
  readonly error?: string;
}

/** What the platform says of an end; what the isolate itself said goes before it. */
export interface Found extends Ending {
  /** What it says about an error. */
  readonly error?: string;
}

/** Buries an isolate: `sweep` frees what it left, after its children were told to end. */
export function bury(
  { isolate, inbox }: Station,
  life: Life,
  { found, sweep }: { found: Found; sweep(): void },
): void {
  const { arena } = isolate;
  let ending: Ending = found;
  const parent = parentOf(arena, life);
  if (isLifeOf(arena, life)) {
    if (load(arena.words, arena.slotAt(life.slot) + SLOT_EXIT_SAID) === 0) {
      sayExitCode(arena, life.slot, found.exitCode);
    }
    declareDead(arena, life, found.reason);
    ending = endingOf(arena, life) ?? found;
    sweep();
  }
  const news: GoneNews = { life, ending, error: found.error };
  inbox.send(parent, { kind: GONE, id: life.slot, value: news });
}

/** Has the children of an isolate end, of those given. */
export function endChildrenOf(
  { isolate: { arena } }: Station,
  parent: Life,
  lives: Iterable<Life>,
): void {
  for (const life of lives) {
    const { slot, incarnation } = parentOf(arena, life);
    if (slot === parent.slot && incarnation === parent.incarnation) {
      declareDead(arena, life, "terminated");
    }
  }
}
