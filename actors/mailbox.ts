// Runs in: any isolate
/**
 * The mailbox of an actor: a bounded ring in the arena with a block of words that say who runs the
 * actor and which message it has in hand. It is not part of the worker that runs the actor, so it
 * outlives it.
 *
 * - I1: messages of one sender are handled in the order in which they were accepted.
 * - I2: STARTED is set before a message leaves the ring, DONE after its handler: so after a death it is
 *   known which message was in hand, and that all later ones were not touched.
 * - I3: a message is either started or taken back, never both: one word for each ticket decides.
 * - I4: once CLOSED, for ever; nothing is accepted then, and what was not handled is thrown away.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { add, compareExchange, exchange, load, store } from "../memory/atomics.ts";
import { DEATH } from "../memory/bell.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import {
  dropRegion,
  forgetRegion,
  MAILBOX_REGION,
  makeRegion,
  receiveRegion,
  REGION_WORDS,
  sendRegion,
} from "../memory/region.ts";
import { formatRing, recoverRing, Ring, ringBytes } from "../memory/ring.ts";
import {
  type Ending,
  endingOf,
  isAlive,
  type Life,
  REASONS,
  ringEverybody,
} from "../memory/slots.ts";
import { careFor } from "../memory/sweep.ts";
import { bucketOf, BUCKETS, percentile } from "./latency.ts";
import { discardAll, discardLeft, discardTaken } from "../channels/arrival.ts";
import { HEAD_BYTES } from "../channels/parcel.ts";

const STATE = REGION_WORDS;
const HOST = REGION_WORDS + 1;
const HOST_LIFE = REGION_WORDS + 2;
const REASON = REGION_WORDS + 6;
const EXIT_CODE = REGION_WORDS + 7;
const OVERFLOW = REGION_WORDS + 8;
const DROPPED = REGION_WORDS + 9;
// Written for each message: in another cache line than what each sender reads.
const STARTED = REGION_WORDS + 16;
const DONE = REGION_WORDS + 17;
const HANDLED = REGION_WORDS + 18;
const LATENCY = REGION_WORDS + 32;
const TAKEN_BACK = LATENCY + BUCKETS;
/** Messages that can be taken back at a time: as many as there are words for them. */
const RECALLABLE = 128;
const RING = TAKEN_BACK + RECALLABLE;
const CELL_BYTES = 128;

/** The actor is not up yet; messages wait. */
export const OPENING = 0;
/** The actor takes messages. */
export const OPEN = 1;
/** It takes no more. */
export const CLOSED = 2;

/** Messages that a mailbox holds, unless asked otherwise. */
export const DEFAULT_CAPACITY = 1024;
/** Most messages that a mailbox holds. */
export const MOST_CAPACITY = 1 << 18;

/** What happens to a message for which the mailbox has no room. */
export type Overflow = "wait" | "reject" | "drop-oldest" | "drop-newest";
const OVERFLOWS: readonly Overflow[] = ["wait", "reject", "drop-oldest", "drop-newest"];

/** Size and manners of a mailbox. */
export interface MailboxOptions {
  /** Messages that it holds. Default 1,024; at most 262,144. */
  readonly capacity?: number;
  /** What happens to one more. Default `wait`. */
  readonly overflow?: Overflow;
}

/** Makes a mailbox. @throws RangeError, TypeError for wrong options; FullError for a full arena */
export function makeMailbox(isolate: Isolate, options: MailboxOptions = {}): BlockHandle {
  const { arena, heap, slot } = isolate;
  const { capacity = DEFAULT_CAPACITY, overflow = "wait" } = options;
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MOST_CAPACITY) {
    throw new RangeError(
      `Cannot make a mailbox for ${capacity} messages: from 1 to ${MOST_CAPACITY}`,
    );
  }
  if (!OVERFLOWS.includes(overflow)) {
    throw new TypeError(
      `Cannot make a mailbox: overflow "${overflow}" is none of ${OVERFLOWS.join(", ")}`,
    );
  }
  const cells = Math.max(2, 2 ** Math.ceil(Math.log2(capacity)));
  const size = { cells, cellBytes: CELL_BYTES, limit: capacity };
  const bytes = (RING - REGION_WORDS) * 4 + ringBytes(size);
  const region = makeRegion(arena, heap, { type: MAILBOX_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot make a mailbox: the arena is full");
  store(arena.words, arena.wordOf(region) + OVERFLOW, OVERFLOWS.indexOf(overflow));
  formatRing(arena, arena.wordOf(region) + RING, size);
  return region;
}

/** What is remembered of a mailbox that was left. */
interface Remains {
  readonly ending: Ending;
  readonly handled: number;
  readonly dropped: number;
  readonly latency: Int32Array;
}

/** The host of an actor that has ended. */
const NOBODY: Life = { slot: -1, incarnation: -1 };

/** A mailbox as one isolate sees it. */
export class Mailbox {
  /** Names it in messages. */
  readonly region: BlockHandle;
  /** Its ring. */
  readonly ring: Ring;
  /** What happens to a message too many. */
  readonly overflow: Overflow;
  readonly #isolate: Isolate;
  readonly #at: number;
  #left: Remains | undefined;

  /** The mailbox that `region` names; this isolate must hold it. */
  constructor(isolate: Isolate, region: BlockHandle) {
    this.#isolate = isolate;
    this.region = region;
    this.#at = isolate.arena.wordOf(region);
    this.overflow = OVERFLOWS[this.#load(OVERFLOW)];
    const readers = this.overflow === "drop-oldest" ? "many" : "one";
    this.ring = new Ring(isolate, this.#at + RING, { writers: "many", readers });
  }

  /** OPENING, OPEN or CLOSED. */
  get state(): number {
    return this.#left === undefined ? this.#load(STATE) : CLOSED;
  }

  /** Messages that wait. */
  get depth(): number {
    return this.#left === undefined ? this.ring.size : 0;
  }

  /** Messages handled. */
  get handled(): number {
    return this.#left?.handled ?? this.#load(HANDLED);
  }

  /** Messages thrown away because the mailbox was full. */
  get dropped(): number {
    return this.#left?.dropped ?? this.#load(DROPPED);
  }

  /** The duration in milliseconds that `share` of the handlers measured did not exceed. */
  latency(share: number): number {
    return percentile(this.#left?.latency ?? this.#latency(), share);
  }

  /** The isolate that runs the actor. */
  get host(): Life {
    if (this.#left !== undefined) return NOBODY;
    return { slot: this.#load(HOST) - 1, incarnation: this.#load(HOST_LIFE) };
  }

  /** Says which isolate runs the actor. */
  setHost({ slot, incarnation }: Life): void {
    this.#store(HOST_LIFE, incarnation);
    this.#store(HOST, slot + 1);
  }

  /** The actor is up. */
  open(): void {
    compareExchange(this.#isolate.arena.words, this.#at + STATE, OPENING, OPEN);
  }

  /** A message leaves the ring for its handler; `false` when its sender has taken it back. */
  start(ticket: number): boolean {
    this.#store(STARTED, ticket + 1);
    const { words } = this.#isolate.arena;
    const before = exchange(words, this.#recallWord(ticket), startedMark(ticket));
    return before !== takenBackMark(ticket);
  }

  /**
   * Takes a message back that was not started; `false` when it was. Only for the only sender of a
   * mailbox, of messages that are among its last {@linkcode RECALLABLE}.
   */
  takeBack(ticket: number): boolean {
    if (this.#left !== undefined) return false;
    const { words } = this.#isolate.arena;
    const at = this.#recallWord(ticket);
    const seen = load(words, at);
    if (seen === startedMark(ticket)) return false;
    return compareExchange(words, at, seen, takenBackMark(ticket)) === seen;
  }

  /** Its handler has ended. */
  done(): void {
    this.#store(DONE, this.#load(STARTED));
    add(this.#isolate.arena.words, this.#at + HANDLED, 1);
  }

  /** A handler took so long. */
  took(milliseconds: number): void {
    add(this.#isolate.arena.words, this.#at + LATENCY + bucketOf(milliseconds), 1);
  }

  /** A message was thrown away. */
  drop(): void {
    add(this.#isolate.arena.words, this.#at + DROPPED, 1);
  }

  /** Whether the message with this ticket was handed to the handler; tickets wrap at 20 bits. */
  wasStarted(ticket: number): boolean {
    if (this.#left !== undefined) return true;
    const started = this.#load(STARTED);
    return started !== 0 && ((started - 1 - ticket) << 12) >> 12 >= 0;
  }

  /** Closes it with the reason; `false` when it was closed already. */
  close(ending: Ending): boolean {
    if (this.#left !== undefined) return false;
    const closed = closeMailbox(this.#isolate, this.region, ending);
    if (closed) {
      this.ring.ringAll();
      ringEverybody(this.#isolate.arena, DEATH);
      this.#isolate.park.heardOfDeath();
    }
    return closed;
  }

  /** How the actor ended; `undefined` while it has not. */
  get ending(): Ending | undefined {
    if (this.#left !== undefined) return this.#left.ending;
    if (this.#load(STATE) === CLOSED) {
      return { reason: REASONS[this.#load(REASON)], exitCode: this.#load(EXIT_CODE) };
    }
    const { host } = this;
    if (host.slot < 0 || isAlive(this.#isolate.arena, host)) return undefined;
    return endingOf(this.#isolate.arena, host) ?? { reason: "lost", exitCode: 1 };
  }

  /** A message that names this mailbox is about to be committed. */
  depart(): void {
    sendRegion(this.#isolate.arena, this.region);
  }

  /** Remembers how the actor ended and gives the memory back; `false` while it goes on. */
  leave(): boolean {
    if (this.#left !== undefined) return true;
    const { ending, handled, dropped } = this;
    if (ending === undefined) return false;
    const latency = this.#latency();
    this.ring.readers.stir();
    this.ring.writers.stir();
    this.#left = { ending, handled, dropped, latency };
    letGoOfMailbox(this.#isolate, this.region);
    return true;
  }

  #recallWord(ticket: number): number {
    return this.#at + TAKEN_BACK + (ticket & (RECALLABLE - 1));
  }

  #latency(): Int32Array {
    const at = this.#at + LATENCY;
    return this.#isolate.arena.words.slice(at, at + BUCKETS);
  }

  #load(offset: number): number {
    return load(this.#isolate.arena.words, this.#at + offset);
  }

  #store(offset: number, value: number): void {
    store(this.#isolate.arena.words, this.#at + offset, value);
  }
}

/** What a message's word says once it was started; tickets wrap at 20 bits. */
function startedMark(ticket: number): number {
  return (ticket + 1) << 1;
}

/** What it says once it was taken back. */
function takenBackMark(ticket: number): number {
  return startedMark(ticket) | 1;
}

/** This isolate holds the mailbox no more; the last one frees it. */
export function letGoOfMailbox(isolate: Isolate, region: BlockHandle): void {
  if (dropRegion(isolate.arena, region, isolate.slot)) freeMailbox(isolate, region);
}

/** A message that named the mailbox arrived here. */
export function receiveMailbox({ arena, slot }: Isolate, region: BlockHandle): void {
  receiveRegion(arena, region, slot);
}

/** A message that named the mailbox will not arrive. */
export function forgetMailbox(isolate: Isolate, region: BlockHandle): void {
  if (forgetRegion(isolate.arena, region)) freeMailbox(isolate, region);
}

function closeMailbox({ arena }: Isolate, region: BlockHandle, ending: Ending): boolean {
  const at = arena.wordOf(region);
  const state = load(arena.words, at + STATE);
  if (state === CLOSED) return false;
  store(arena.words, at + REASON, REASONS.indexOf(ending.reason));
  store(arena.words, at + EXIT_CODE, ending.exitCode);
  return compareExchange(arena.words, at + STATE, state, CLOSED) === state;
}

function freeMailbox(isolate: Isolate, region: BlockHandle): void {
  discardAll(isolate, new Mailbox(isolate, region).ring, true);
  isolate.heap.free(region);
}

careFor(MAILBOX_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const mailbox = new Mailbox(isolate, region);
  const taken = (cell: number) => discardTaken(isolate, cell, HEAD_BYTES);
  recoverRing(arena, arena.wordOf(region) + RING, { dead, taken });
  const { host } = mailbox;
  if (host.slot === dead && !isAlive(arena, host)) {
    mailbox.close(endingOf(arena, host) ?? { reason: "lost", exitCode: 1 });
    discardLeft(isolate, mailbox.ring, true);
  }
  if (dropRegion(arena, region, dead)) freeMailbox(isolate, region);
});
