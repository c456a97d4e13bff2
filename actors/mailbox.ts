// Runs in: any isolate
/**
 * The mailbox of an actor: a bounded ring in the arena with a block of words that say who runs the
 * actor and which message it has in hand. It is not part of the worker that runs the actor, so it
 * outlives it.
 *
 * - I1: messages of one sender that have the same priority are handled in the order in which they were
 *   accepted.
 * - I2: STARTED is set before a message leaves the ring, DONE after its handler: so after a death it is
 *   known which message was in hand, and that all later ones were not touched.
 * - I3: once CLOSED, for ever; nothing is accepted then, and what was not handled is thrown away.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { add, compareExchange, load, store } from "../memory/atomics.ts";
import { DEATH } from "../memory/bell.ts";
import type { Isolate } from "../memory/isolate.ts";
import { sendRegion } from "../memory/region.ts";
import type { OutOfTurn } from "../memory/out_of_turn.ts";
import { framesIn, isUntouched, type Ring } from "../memory/ring.ts";
import {
  type Ending,
  endingOf,
  isAlive,
  type Life,
  REASONS,
  ringEverybody,
} from "../memory/slots.ts";
import { bucketOf, BUCKETS, percentile } from "./latency.ts";
import { Lives } from "./lives.ts";
import { type Recalls, recallsAt } from "./recall.ts";
import {
  CLOSED,
  closeMailbox,
  letGoOfMailbox,
  OPEN,
  OPENING,
  outOfTurnOf,
  type Remains,
  ringOf,
} from "./mailbox_end.ts";
import type { Supply } from "./supply.ts";
import {
  DEAD,
  DONE,
  DRAINING,
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
  OWNER,
  PRIORITIES,
  REASON,
  RESTARTS,
  RING,
  STARTED,
  STATE,
  SUMMONS,
} from "./mailbox_region.ts";

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
  /** Whether this isolate started the actor, and tells what is left when the one that runs it dies. */
  isOwed = false;
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
  // Made when it is needed: of most actors in a host, an isolate knows no more than that they are there.
  #ring: Ring | undefined;
  #isAddressed = false;
  #recalls: Recalls | undefined;

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
    return this.#ring ??= ringOf(this.#isolate, this.#at);
  }

  /** Its ring, for those who send: it stays the same for them. */
  get entry(): Ring {
    this.#isAddressed = true;
    return this.ring;
  }

  /** The actor is idle: the ring, as this isolate sees it, can be made again. */
  rest(): void {
    if (!this.#isAddressed) this.#ring = undefined;
  }

  /** The same for who does not go in order; none before the first message with a priority. */
  get outOfTurn(): OutOfTurn | undefined {
    return this.hasPriorities ? this.inAnyOrder() : undefined;
  }

  /** What is in it, for who looks at all of it. */
  inAnyOrder(): OutOfTurn {
    return outOfTurnOf(this.#isolate, this.#at);
  }

  /** Whether some message had a priority. */
  get hasPriorities(): boolean {
    return this.#left === undefined && this.#load(PRIORITIES) !== 0;
  }

  /** A message with a priority is about to be sent. */
  prioritise(): void {
    if (!this.hasPriorities) this.#store(PRIORITIES, 1);
  }

  /** The actor's lives. */
  get lives(): Lives {
    return new Lives(this.#isolate, this.#at);
  }

  /** Whether its actor has ended, and this isolate has given the memory back. */
  get isLeft(): boolean {
    return this.#left !== undefined;
  }

  /** Its places for orders that can be taken back. */
  get recalls(): Recalls {
    return this.#recalls ??= recallsAt(this.#isolate, this.#at);
  }

  /** OPENING, OPEN or CLOSED. */
  get state(): number {
    return this.#left === undefined ? this.#load(STATE) : CLOSED;
  }

  /** Messages that wait. */
  get depth(): number {
    if (this.#left !== undefined) return 0;
    return this.outOfTurn?.count() ?? framesIn(this.#isolate.arena, this.#at + RING);
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

  /** Messages that were accepted and not handled, but for those {@linkcode dropped}. */
  get dead(): number {
    return this.#left?.dead ?? this.#load(DEAD);
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

  /** A message leaves the ring for its handler. */
  start(ticket: number): void {
    this.#store(STARTED, ticket + 1);
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

  /** A message that was accepted will not be handled. */
  countDead(): void {
    add(this.#isolate.arena.words, this.#at + DEAD, 1);
  }

  /** Whether the message with this ticket was handed to the handler; tickets wrap at 20 bits. */
  wasStarted(ticket: number): boolean {
    if (this.#left !== undefined) return true;
    const { outOfTurn } = this;
    if (outOfTurn !== undefined && !this.hasBegun(ticket)) {
      if (this.state !== CLOSED) return outOfTurn.wasTaken(ticket);
      return this.lives.isPast(ticket) || outOfTurn.isMarked(ticket);
    }
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

  /** Whether somebody else tells what was in hand when the isolate that runs the actor dies. */
  get isToldElsewhere(): boolean {
    return this.#isGuarded || this.#load(OWNER) !== this.#isolate.slot + 1;
  }

  /** How often the actor was started again. */
  get restarts(): number {
    return this.#left?.restarts ?? this.#load(RESTARTS);
  }

  /** Whether nothing new is accepted. */
  get isDraining(): boolean {
    return this.#left === undefined && this.#load(DRAINING) === 1;
  }

  /** Has everybody look who waits for the end of something. */
  tellOfEnd(): void {
    ringEverybody(this.#isolate.arena, DEATH);
    this.#isolate.park.heardOfDeath();
  }

  /** Whether a message, sent in this life of the actor, was taken and will not be answered. */
  wasLost(ticket: number, life: number): boolean {
    if (this.#left !== undefined || ticket < 0 || life === this.restarts) return false;
    return this.lives.isPast(ticket) || this.outOfTurn?.isMarked(ticket) === true;
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
    const { ending, handled, dropped, dead, restarts } = this;
    if (ending === undefined || this.isOwed) return false;
    const latency = this.#latency();
    this.#ring?.readers.stir();
    this.#ring?.writers.stir();
    this.#recalls?.leave();
    this.#left = { ending, handled, dropped, dead, restarts, latency };
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
