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
import type { BlockHandle } from "../memory/arena.ts";
import { add, compareExchange, load, store } from "../memory/atomics.ts";
import { DEATH } from "../memory/bell.ts";
import type { Isolate } from "../memory/isolate.ts";
import { dropRegion, forgetRegion, MAILBOX_REGION, sendRegion } from "../memory/region.ts";
import { isUntouched, recoverRing, Ring } from "../memory/ring.ts";
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
import { Lives, writeEnding } from "./lives.ts";
import type { Supply } from "./supply.ts";
import { discardBegun, discardUnread } from "./unread.ts";
import { markStarted, markTakenBack } from "./recall.ts";
import { discardAll, discardTaken } from "../channels/arrival.ts";
import { HEAD_BYTES } from "../channels/parcel.ts";
import {
  DONE,
  DROPPED,
  EXIT_CODE,
  FAR,
  GUARDIAN,
  HANDLED,
  HOST,
  HOST_LIFE,
  IN_HAND,
  LATENCY,
  OVERFLOW,
  type Overflow,
  OVERFLOWS,
  REASON,
  RING,
  STARTED,
  STATE,
  SUMMONS,
} from "./mailbox_region.ts";

/** The actor is not up yet; messages wait. */
export const OPENING = 0;
/** The actor takes messages. */
export const OPEN = 1;
/** It takes no more. */
export const CLOSED = 2;

/** What is remembered of a mailbox that was left. */
interface Remains {
  readonly ending: Ending;
  readonly handled: number;
  readonly dropped: number;
  readonly restarts: number;
  readonly latency: Int32Array;
}

/** The host of an actor that has ended. */
const NOBODY: Life = { slot: -1, incarnation: -1 };

/** A mailbox as one isolate sees it. */
export class Mailbox {
  /** Names it in messages. */
  readonly region: BlockHandle;
  /** What happens to a message too many. */
  readonly overflow: Overflow;
  /** Whether its actor has to be called when there is a message. */
  readonly isHosted: boolean;
  /** Whether its actor is in a process with a memory of its own. */
  readonly isFar: boolean;
  /** Told of each message that this isolate puts in. */
  filled: (() => void) | undefined;
  /** Whoever fills it as it is emptied. */
  supply: Supply | undefined;
  readonly #isolate: Isolate;
  readonly #at: number;
  #isGuarded: boolean;
  #left: Remains | undefined;
  // Made when they are needed: of most actors in a host, an isolate knows no more than that they are there.
  #ring: Ring | undefined;
  #lives: Lives | undefined;

  /** The mailbox that `region` names; this isolate must hold it. */
  constructor(isolate: Isolate, region: BlockHandle) {
    this.#isolate = isolate;
    this.region = region;
    this.#at = isolate.arena.wordOf(region);
    this.overflow = OVERFLOWS[this.#load(OVERFLOW)];
    this.isHosted = this.#load(SUMMONS) !== 0;
    this.isFar = this.#load(FAR) !== 0;
    this.#isGuarded = this.#load(GUARDIAN) !== 0;
  }

  /** Its ring. */
  get ring(): Ring {
    const readers = this.overflow === "drop-oldest" ? "many" : "one";
    return this.#ring ??= new Ring(this.#isolate, this.#at + RING, { writers: "many", readers });
  }

  /** The actor's lives. */
  get lives(): Lives {
    return this.#lives ??= new Lives(this.#isolate, this.#at);
  }

  /** OPENING, OPEN or CLOSED. */
  get state(): number {
    return this.#left === undefined ? this.#load(STATE) : CLOSED;
  }

  /** Messages that wait. */
  get depth(): number {
    return this.#left !== undefined || this.isUntouched ? 0 : this.ring.size;
  }

  /** Whether this isolate has not used it, and nobody has sent anything yet. */
  get isUntouched(): boolean {
    return this.#ring === undefined && isUntouched(this.#isolate.arena, this.#at + RING);
  }

  /** Messages handled. */
  get handled(): number {
    return this.#left?.handled ?? this.#load(HANDLED);
  }

  /** Whether a handler runs, or ran when its isolate died. */
  get isBusy(): boolean {
    return this.#left === undefined && this.#load(STARTED) !== this.#load(DONE);
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
    return markStarted(this.#isolate.arena.words, this.#at, ticket);
  }

  /**
   * Takes a message back that was not started; `false` when it was. Only for the only sender of a
   * mailbox, of messages that are among its last 128.
   */
  takeBack(ticket: number): boolean {
    if (this.#left !== undefined) return false;
    return markTakenBack(this.#isolate.arena.words, this.#at, ticket);
  }

  /** That message is the one with this number among the actor's messages. */
  hand(number: number): void {
    this.#store(IN_HAND, number + 1);
  }

  /** Its handler has ended; called before the reply is sent. */
  count(): void {
    add(this.#isolate.arena.words, this.#at + HANDLED, 1);
  }

  /** Its reply, if there is one, was sent. */
  done(): void {
    this.#store(DONE, this.#load(STARTED));
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

  /** A life of the actor is over: its end, unless somebody starts it again. */
  end(ending: Ending): void {
    if (!this.isGuarded) this.close(ending);
  }

  /** Whether somebody starts the actor again when a life of it ends. */
  get isGuarded(): boolean {
    return this.#isGuarded;
  }

  /** An isolate, this one unless told otherwise, answers for the actor; before anybody else knows of it. */
  guard(guardian?: Life): void {
    this.lives.guard(guardian);
    this.#isGuarded = true;
  }

  /** How often the actor was started again. */
  get restarts(): number {
    return this.#left?.restarts ?? this.lives.restarts;
  }

  /**
   * Between two lives, after the first is proven dead, and only for its guardian: tells the askers of
   * what was in hand, and leaves the rest to the next life.
   */
  nextLife(ending: Ending): void {
    this.ring.resume();
    if (this.overflow !== "drop-oldest") {
      discardBegun(this.#isolate, this.ring, (ticket) => this.hasBegun(ticket));
    }
    this.lives.next(ending);
    this.tellOfEnd();
  }

  /** Has everybody look who waits for the end of something. */
  tellOfEnd(): void {
    ringEverybody(this.#isolate.arena, DEATH);
    this.#isolate.park.heardOfDeath();
  }

  /** Whether a message, sent in this life of the actor, was taken and will not be answered. */
  wasLost(ticket: number, life: number): boolean {
    return this.#left === undefined && this.lives.wasLost(ticket, life);
  }

  /** The same, for whoever cleans up: it does not matter whether this isolate has left. */
  hasBegun(ticket: number): boolean {
    return this.#load(STARTED) === ticket + 1;
  }

  /** Closes it with the reason; `false` when it was closed already. */
  close(ending: Ending): boolean {
    if (this.#left !== undefined) return false;
    if (!closeMailbox(this.#isolate, this.region, ending)) return false;
    this.ring.ringAll();
    this.tellOfEnd();
    return true;
  }

  /** How the actor ended; `undefined` while it has not. */
  get ending(): Ending | undefined {
    if (this.#left !== undefined) return this.#left.ending;
    if (this.#load(STATE) === CLOSED) {
      return { reason: REASONS[this.#load(REASON)], exitCode: this.#load(EXIT_CODE) };
    }
    if (this.#isGuarded) return this.lives.ending;
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
    const { ending, handled, dropped, restarts } = this;
    if (ending === undefined) return false;
    const latency = this.#latency();
    this.#ring?.readers.stir();
    this.#ring?.writers.stir();
    this.#left = { ending, handled, dropped, restarts, latency };
    letGoOfMailbox(this.#isolate, this.region);
    return true;
  }

  #latency(): Int32Array {
    return this.#isolate.arena.words.slice(this.#at + LATENCY, this.#at + LATENCY + BUCKETS);
  }

  #load(offset: number): number {
    return load(this.#isolate.arena.words, this.#at + offset);
  }

  #store(offset: number, value: number): void {
    store(this.#isolate.arena.words, this.#at + offset, value);
  }
}

/** This isolate holds the mailbox no more; the last one frees it. */
export function letGoOfMailbox(isolate: Isolate, region: BlockHandle): void {
  if (dropRegion(isolate.arena, region, isolate.slot)) freeMailbox(isolate, region);
}

/** A message that named the mailbox will not arrive. */
export function forgetMailbox(isolate: Isolate, region: BlockHandle): void {
  if (forgetRegion(isolate.arena, region)) freeMailbox(isolate, region);
}

function closeMailbox(isolate: Isolate, region: BlockHandle, ending: Ending): boolean {
  const { arena } = isolate;
  const at = arena.wordOf(region);
  const state = load(arena.words, at + STATE);
  if (state === CLOSED) return false;
  writeEnding(isolate, at, ending);
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
  const { ending } = mailbox;
  if (mailbox.isGuarded && ending !== undefined) mailbox.close(ending);
  if (host.slot === dead && !isAlive(arena, host) && !isKept(mailbox)) {
    mailbox.close(endingOf(arena, host) ?? { reason: "lost", exitCode: 1 });
    discardUnread(isolate, mailbox.ring, (ticket) => mailbox.hasBegun(ticket));
  }
  if (dropRegion(arena, region, dead)) freeMailbox(isolate, region);
});

/** Whether what is in a mailbox is left to the actor's next life. */
function isKept(mailbox: Mailbox): boolean {
  return mailbox.isGuarded && mailbox.ending === undefined;
}
