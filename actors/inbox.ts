// Runs in: any isolate
/**
 * Each isolate has one inbox: a ring that all others write to and only it reads. Replies, news of
 * children and orders come this way, so they never wait behind the messages of an actor.
 *
 * The inbox belongs to the slot and is never freed: whoever writes to an isolate that has just died
 * writes to memory that is still an inbox, and its next owner throws the letter away.
 *
 * - I1: a letter reaches the life it is addressed to, or nobody.
 * - I2: letters of one isolate to another keep their order.
 * - I3: `send` never throws and is never waited for: when the reader is dead the letter is dropped.
 *
 * @module
 */
import { ClosedError, FullError } from "../errors.ts";
import { blockHandle, generationOf, unitOf } from "../memory/arena.ts";
import { load, store } from "../memory/atomics.ts";
import { across } from "../memory/handle.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Source } from "../memory/park.ts";
import { INBOX_REGION, makeRegion, REGION_WORDS } from "../memory/region.ts";
import { formatRing, recoverRing, Ring, ringBytes } from "../memory/ring.ts";
import { isAlive, isFar, type Life, SLOT_INBOX } from "../memory/slots.ts";
import { careFor } from "../memory/sweep.ts";
import { discardTaken } from "../channels/arrival.ts";
import { HEAD_BYTES } from "../channels/parcel.ts";
import { Receiver, Sender } from "../channels/port.ts";
import { LATER } from "./bridge/crossing.ts";
import { Letterbox, type LetterKind, type Received } from "./letterbox.ts";
import { discardUnread } from "./unread.ts";

export type { LetterKind, Received };

const SIZE = { cells: 1024, cellBytes: 128 };
const BATCH = 128;
/** Offset in a slot: ticket of the letter that its isolate took last, plus 1. */
const SLOT_READING = 12;

/** A reply; the value is the result. */
export const REPLY: LetterKind = 1;
/** A reply; the value is the error. */
export const FAILURE: LetterKind = 2;
/** One item of a streamed reply. */
export const ITEM: LetterKind = 3;
/** The end of a streamed reply. */
export const END: LetterKind = 4;
/** The asker wants no (more) answer. */
export const CANCEL: LetterKind = 5;
/** The asker has room for so many more items. */
export const CREDIT: LetterKind = 6;
/** Order to a fresh worker: what to run. */
export const ORDER: LetterKind = 7;
/** A child's last words to its parent. */
export const LAST_WORDS: LetterKind = 8;
/** Request to the first isolate: start a thread for this slot. */
export const START_THREAD: LetterKind = 9;
/** To a parent: its child is gone, and this is how it ended. */
export const GONE: LetterKind = 10;
/** Order to an actor's isolate: end it after the messages it has. */
export const STOP: LetterKind = 11;
/** To the first isolate: this spare worker is up. */
export const READY: LetterKind = 12;
/** To the first isolate: something happened to an actor, and somebody there listens. */
export const EVENT: LetterKind = 13;
/** To a host: a mailbox in it has a message. */
export const SUMMON: LetterKind = 14;
/** To the owner of an actor in a host: that life of it is over. */
export const HOSTED_END: LetterKind = 15;
/** Order to an actor's isolate: end it once its mailbox is empty. */
export const DRAIN: LetterKind = 16;

/** A letter as its writer gives it. */
export interface Writing {
  /** What it is about. */
  readonly kind: LetterKind;
  /** Which ask, stream or child. */
  readonly id: number;
  /** What it says. */
  readonly value?: unknown;
  /** In whose name; default: this isolate's. */
  readonly from?: Life;
}

/** Reads letters of one kind. */
export type LetterReader = (letter: Received) => void;

/** Makes the inbox of a slot, once for all its lives. @throws FullError when the arena is full */
export function ensureInbox({ arena, heap }: Isolate, slot: number): void {
  const at = arena.slotAt(slot) + SLOT_INBOX;
  if (load(arena.words, at) !== 0) return;
  const bytes = ringBytes(SIZE);
  const region = makeRegion(arena, heap, { type: INBOX_REGION, bytes, slot });
  if (region === NO_ROOM) throw new FullError("Cannot start an isolate: the arena is full");
  formatRing(arena, arena.wordOf(region) + REGION_WORDS, SIZE);
  store(arena.words, at + 1, generationOf(region));
  store(arena.words, at, unitOf(region) + 1);
}

/** The inbox of this isolate, and its way to those of others. */
export class Inbox implements Source {
  readonly list: number;
  readonly topic: number;
  readonly wanted = true;
  armed = false;
  known = false;
  readonly #isolate: Isolate;
  readonly #ring: Ring;
  readonly #letters: Letterbox;
  readonly #readers: (LetterReader | undefined)[] = [];
  readonly #senders = new Map<number, { incarnation: number; sender: Sender }>();
  /** Whoever reads inboxes of others here, by their slots. */
  readonly #deputies = new Map<number, () => void>();

  /** Opens the inbox of `isolate`. */
  constructor(isolate: Isolate) {
    ensureInbox(isolate, isolate.slot);
    this.#isolate = isolate;
    const { ring, receiver } = inboxOf(isolate, isolate.slot);
    this.#ring = ring;
    this.#letters = new Letterbox(receiver, isolate.life.incarnation, (letter) => {
      this.#readers[letter.kind]?.(letter);
    });
    this.list = this.#ring.readers.list;
    this.topic = this.#ring.readers.topic;
    isolate.park.watch(this);
  }

  /** Has `reader` called for each letter of a kind. */
  on(kind: LetterKind, reader: LetterReader): void {
    this.#readers[kind] = reader;
  }

  /** Writes to another isolate, or to this one. Throws only what the codec throws. */
  send(to: Life, { kind, id, value, from = this.#isolate.life }: Writing): void {
    if (!isAlive(this.#isolate.arena, to)) return;
    const { slot, incarnation } = from;
    const letter = { value, head: [kind | (slot << 8), id, incarnation, to.incarnation] as const };
    const sender = this.#senderTo(to);
    const send = () => {
      if (!sender.trySend(letter)) sender.send(letter).catch(() => {});
    };
    try {
      if (isFar(this.#isolate.arena, to)) across(LATER, send);
      else send();
    } catch (error) {
      // It may have ended just now: then there is nobody to hear it.
      if (isAlive(this.#isolate.arena, to)) throw error;
    }
    this.#deputies.get(to.slot)?.();
  }

  /** From now on `look` is called right after this isolate wrote to a slot; gives what ends that. */
  deputize(slot: number, look: () => void): () => void {
    this.#deputies.set(slot, look);
    return () => this.#deputies.delete(slot);
  }

  /** Reads the letters that are there, up to a number; the park comes back for the rest. */
  serve(): boolean {
    let read = 0;
    while (read < BATCH && this.#letters.takeOne()) read++;
    return read > 0;
  }

  /** Reads everything, however much it is. */
  drain(): void {
    while (this.#letters.takeOne());
  }

  #senderTo(to: Life): Sender {
    const known = this.#senders.get(to.slot);
    if (known?.incarnation === to.incarnation) return known.sender;
    const sender = new Sender(this.#isolate, ringOf(this.#isolate, to.slot), {
      operation: "write to another isolate",
      check: () => {
        if (!isAlive(this.#isolate.arena, to)) throw new ClosedError("Cannot write: it has ended");
      },
    });
    this.#senders.set(to.slot, { incarnation: to.incarnation, sender });
    return sender;
  }
}

/** The receiving side of a slot's inbox; there is one reader at a time. */
export function inboxOf(isolate: Isolate, slot: number): { ring: Ring; receiver: Receiver } {
  const ring = ringOf(isolate, slot);
  const reading = isolate.arena.slotAt(slot) + SLOT_READING;
  const receiver = new Receiver(isolate, ring, {
    operation: "read the inbox",
    check: () => {},
    ended: () => {},
    taking: (cell) => {
      store(isolate.arena.words, reading, ring.ticketOf(cell) + 1);
    },
  }, true);
  return { ring, receiver };
}

function ringOf(isolate: Isolate, slot: number): Ring {
  const { arena } = isolate;
  const at = arena.slotAt(slot) + SLOT_INBOX;
  const region = blockHandle(load(arena.words, at) - 1, load(arena.words, at + 1));
  return new Ring(isolate, arena.wordOf(region) + REGION_WORDS, {
    writers: "many",
    readers: "one",
  });
}

careFor(INBOX_REGION, (isolate, region, dead) => {
  const { arena } = isolate;
  const at = arena.wordOf(region) + REGION_WORDS;
  recoverRing(arena, at, { dead, taken: (cell) => discardTaken(isolate, cell, HEAD_BYTES) });
  if (load(arena.words, arena.slotAt(dead) + SLOT_INBOX) - 1 !== unitOf(region)) return;
  const begun = load(arena.words, arena.slotAt(dead) + SLOT_READING);
  discardUnread(isolate, {
    ring: ringOf(isolate, dead),
    hasBegun: (ticket) => begun === ticket + 1,
  });
});
