// Runs in: any isolate
/**
 * Where everything is in a mailbox's region, and how one is made.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { store } from "../memory/atomics.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import { markWords } from "../memory/out_of_turn.ts";
import { MAILBOX_REGION, makeRegion, REGION_SPARE, REGION_WORDS } from "../memory/region.ts";
import { formatRing, RING_SPARE, ringBytes } from "../memory/ring.ts";
import { BUCKETS } from "./latency.ts";

/** Offset: OPENING, OPEN or CLOSED. */
export const STATE = REGION_WORDS;
/** Offset: slot of the isolate that runs the actor, plus 1. */
export const HOST = REGION_WORDS + 1;
/** Offset: which life of that slot. */
export const HOST_LIFE = REGION_WORDS + 2;
/** Offset: slot of the isolate that starts the actor again, plus 1; 0 when nobody does. */
export const GUARDIAN = REGION_WORDS + 3;
/** Offset: which life of that slot. */
export const GUARDIAN_LIFE = REGION_WORDS + 4;
/** Offset: how often the actor was started again. */
export const RESTARTS = REGION_WORDS + 5;
/** Offset: why the actor ended. */
export const REASON = REGION_WORDS + 6;
/** Offset: its exit code. */
export const EXIT_CODE = REGION_WORDS + 7;
/** Offset: what happens to a message too many. */
export const OVERFLOW = REGION_WORDS + 8;
/** Offset: messages thrown away. */
export const DROPPED = REGION_WORDS + 9;
/** Offset: first ticket that the present life of the actor found in the ring. */
export const FIRST = REGION_WORDS + 10;
/** Offset: why its last life ended, and the exit code. */
export const LAST_REASON = REGION_WORDS + 11;
/** Offset: see {@linkcode LAST_REASON}. */
export const LAST_EXIT_CODE = REGION_WORDS + 12;
/** Offset: 1 once somebody asked for its end for good. */
export const STOP_WANTED = REGION_WORDS + 13;
/** Offset: 0 for an actor whose isolate looks by itself, else {@linkcode ASLEEP} or {@linkcode CALLED}. */
export const SUMMONS = REGION_WORDS + 14;
/** It has to be called when there is a message. */
export const ASLEEP = 1;
/** It was called, or looks by itself at the moment. */
export const CALLED = 2;
/** Offset: 1 once the actor takes no new messages, and ends after those it has. */
export const DRAINING = REGION_WORDS + 15;
// Written for each message: in another cache line than what each sender reads.
/** Offset: ticket of the message taken last, plus 1. */
export const STARTED = REGION_WORDS + 16;
/** Offset: the same, of the message whose handler ended last. */
export const DONE = REGION_WORDS + 17;
/** Offset: messages handled. */
export const HANDLED = REGION_WORDS + 18;
/** Offset: number of the message in hand among the actor's messages, plus 1. */
export const IN_HAND = REGION_WORDS + 19;
/** Offset: the histogram of handlers' durations. */
export const LATENCY = REGION_WORDS + 20;
/** Offset: of a host, how many actors it has … */
export const HOSTED = REGION_SPARE;
/** Offset: … what they have handled … */
export const HOSTED_HANDLED = REGION_SPARE + 1;
/** Offset: … and for how many milliseconds they were busy. */
export const HOSTED_BUSY = REGION_SPARE + 2;
/** Offset: 1 once a message with a priority was sent. */
export const PRIORITIES = REGION_SPARE + 3;
/** Offset: slot of the isolate that started the actor, plus 1. */
export const OWNER = REGION_SPARE + 4;
/** Offset: which life of that slot. */
export const OWNER_LIFE = REGION_SPARE + 5;
/** Offset: the ring; behind it, unless the actor is in a host, a word for each recallable message. */
export const RING = LATENCY + BUCKETS;
/** Offset: messages that were accepted and not handled. */
export const DEAD = RING + RING_SPARE;
/** Offset: 0 while the actor waits for no answer, else a number that changes with each change. */
export const WAITS = RING + RING_SPARE + 1;
/** Offset: address of the block that says whose answer, plus 1. */
export const NOTE = RING + RING_SPARE + 2;
/** Offset: its generation. */
export const NOTE_GENERATION = RING + RING_SPARE + 3;
/** Offset: 1 when its actor is in a process with a memory of its own. */
export const FAR = RING + RING_SPARE + 4;
/** Messages that can be taken back at a time: as many as there are words for them. */
export const RECALLABLE = 512;
/** Of actors of which there are many: all of it in 1 KiB. */
const LIGHT = { cellBytes: 128, capacity: 4, recallable: 0 };
const USUAL = { cellBytes: 128, capacity: 1024, recallable: RECALLABLE };

/** Messages that a mailbox holds, unless asked otherwise. */
export const DEFAULT_CAPACITY = USUAL.capacity;
/** Most messages that a mailbox holds. */
export const MOST_CAPACITY = 1 << 18;

/** What happens to a message for which the mailbox has no room. */
export type Overflow = "wait" | "reject" | "drop-oldest" | "drop-newest";
/** All of them, by their number in the region. */
export const OVERFLOWS: readonly Overflow[] = ["wait", "reject", "drop-oldest", "drop-newest"];

/** Who takes messages out of it: where the oldest are dropped, its senders do so too. */
export function readersOf(overflow: Overflow): "one" | "many" {
  return overflow === "drop-oldest" ? "many" : "one";
}

/** Size and manners of a mailbox. */
export interface MailboxOptions {
  /** Messages that it holds. Default 1,024; at most 262,144. */
  readonly capacity?: number;
  /** What happens to one more. Default `wait`. */
  readonly overflow?: Overflow;
}

/** Where an actor is that has no isolate of this memory to itself: in a host, or beyond this memory. */
export type Place = "host" | "far";

/** @throws RangeError, TypeError for wrong options */
export function checkMailbox({ capacity = 1, overflow = "wait" }: MailboxOptions): void {
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_CAPACITY) {
    throw new RangeError(
      `Cannot make a mailbox for ${capacity} messages: from 1 to ${MOST_CAPACITY}`,
    );
  }
  if (OVERFLOWS.includes(overflow)) return;
  throw new TypeError(
    `Cannot make a mailbox: overflow "${overflow}" is none of ${OVERFLOWS.join(", ")}`,
  );
}

/** Makes a mailbox. @throws RangeError, TypeError for wrong options; FullError for a full arena */
export function makeMailbox(
  isolate: Isolate,
  options: MailboxOptions = {},
  place?: Place,
): BlockHandle {
  checkMailbox(options);
  const { arena, heap, slot } = isolate;
  const isHosted = place === "host";
  const { cellBytes, recallable, capacity: usual } = isHosted ? LIGHT : USUAL;
  const { capacity = usual, overflow = "wait" } = options;
  const cells = Math.max(2, 2 ** Math.ceil(Math.log2(capacity)));
  const size = { cells, cellBytes, limit: capacity };
  const behind = markWords(cells) + recallable;
  const bytes = (RING - REGION_WORDS + behind) * 4 + ringBytes(size);
  const region = makeRegion(arena, heap, { type: MAILBOX_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a mailbox: the arena is full");
  store(arena.words, arena.wordOf(region) + OVERFLOW, OVERFLOWS.indexOf(overflow));
  store(arena.words, arena.wordOf(region) + OWNER, slot + 1);
  store(arena.words, arena.wordOf(region) + OWNER_LIFE, isolate.life.incarnation);
  if (isHosted) store(arena.words, arena.wordOf(region) + SUMMONS, CALLED);
  if (place === "far") store(arena.words, arena.wordOf(region) + FAR, 1);
  formatRing(arena, arena.wordOf(region) + RING, size);
  return region;
}
