// Runs in: any isolate
/**
 * Whom an actor has asked and waits for, where others can read it without asking: in a note, a block that
 * its mailbox names. Made at an actor's first ask.
 *
 * - I1: the note is written while the mailbox says that there is none to be read.
 *
 * @module
 */
import { type BlockHandle, blockHandle, generationOf, unitOf } from "../memory/arena.ts";
import { load, store } from "../memory/atomics.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Mailbox } from "./mailbox.ts";
import { CLOSED } from "./mailbox_end.ts";
import { NOTE, NOTE_GENERATION, WAITS } from "./mailbox_region.ts";

const NOTE_BYTES = 128;
const LONGEST = NOTE_BYTES - 4;
const ATTEMPTS = 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The asks of one actor that are open. */
export class Waits {
  readonly #isolate: Isolate;
  readonly #at: number;
  #note: BlockHandle;
  readonly #open: string[] = [];
  #written: string | undefined;
  #count = 0;

  /** Those of the actor whose mailbox is at an address; it runs in this isolate. */
  constructor(isolate: Isolate, at: number) {
    const { arena, heap } = isolate;
    this.#isolate = isolate;
    this.#at = at;
    this.#note = heap.allocate(NOTE_BYTES);
    if (this.#note === NO_ROOM) return;
    store(arena.words, at + NOTE_GENERATION, generationOf(this.#note));
    store(arena.words, at + NOTE, unitOf(this.#note) + 1);
  }

  /** It asks an actor. */
  begin(id: string): void {
    this.#open.push(id);
    this.#show(id);
  }

  /** There is an answer, or there will be none. */
  end(id: string): void {
    const index = this.#open.lastIndexOf(id);
    if (index >= 0) this.#open.splice(index, 1);
    this.#show(this.#open.at(-1));
  }

  /** The actor has ended; what is still open is not shown any more. */
  close(): void {
    store(this.#isolate.arena.words, this.#at + WAITS, 0);
    store(this.#isolate.arena.words, this.#at + NOTE, 0);
    if (this.#note !== NO_ROOM) this.#isolate.heap.free(this.#note);
    this.#note = NO_ROOM;
  }

  #show(id: string | undefined): void {
    const { words } = this.#isolate.arena;
    if (this.#note === NO_ROOM) return;
    if (id === undefined || id !== this.#written) store(words, this.#at + WAITS, 0);
    if (id === undefined) return;
    if (id !== this.#written) this.#write(id);
    this.#count = (this.#count + 1) & 0x7fffffff;
    store(words, this.#at + WAITS, this.#count || 1);
  }

  #write(id: string): void {
    const { arena } = this.#isolate;
    const bytes = encoder.encode(id).subarray(0, LONGEST);
    const at = arena.wordOf(this.#note);
    arena.words[at] = bytes.length;
    arena.bytes.set(bytes, (at + 1) << 2);
    this.#written = id;
  }
}

const known = new WeakMap<Mailbox, Waits>();

/** The asks of an actor that runs in this isolate; none after its end. */
export function waitsOf(isolate: Isolate, mailbox: Mailbox): Waits | undefined {
  let waits = known.get(mailbox);
  if (waits !== undefined || mailbox.state === CLOSED) return waits;
  waits = new Waits(isolate, isolate.arena.wordOf(mailbox.region));
  known.set(mailbox, waits);
  return waits;
}

/** An actor that ran here waits for nothing any more. */
export function endWaits(mailbox: Mailbox): void {
  known.get(mailbox)?.close();
  known.delete(mailbox);
}

/** Whom an actor, which goes on, waits for; cut after 124 bytes. */
export function whomItAsks({ arena }: Isolate, { region }: Mailbox): string | undefined {
  const at = arena.wordOf(region);
  const { words, bytes } = arena;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const seen = load(words, at + WAITS);
    const unit = load(words, at + NOTE) - 1;
    if (seen === 0 || unit < 0) return undefined;
    const note = blockHandle(unit, load(words, at + NOTE_GENERATION));
    if (!arena.isLive(note)) return undefined;
    const from = (arena.wordOf(note) + 1) << 2;
    const length = Math.min(LONGEST, words[arena.wordOf(note)] >>> 0);
    const text = decoder.decode(bytes.slice(from, from + length));
    if (load(words, at + WAITS) === seen) return text;
  }
  return undefined;
}
