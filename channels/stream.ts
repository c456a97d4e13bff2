// Runs in: any isolate
/**
 * A message too large for what is free in the arena: its frame names a small ring, through which the
 * sender feeds the bytes while the receiver takes them out. Any size works as long as a few kilobytes
 * are free.
 *
 * - I1: a receiver gets the whole message or learns that it ended early; then the frame is skipped.
 * - I2: the ring's region is held by both sides, so neither writes into memory that was freed.
 *
 * @module
 */
import { BrokenPipeError, FullError } from "../errors.ts";
import { type BlockHandle, blockHandle, generationOf, unitOf } from "../memory/arena.ts";
import { load, store } from "../memory/atomics.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import {
  dropRegion,
  forgetRegion,
  makeRegion,
  receiveRegion,
  REGION_WORDS,
  sendRegion,
  STREAM_REGION,
} from "../memory/region.ts";
import { formatRing, Ring, ringBytes } from "../memory/ring.ts";
import { isAlive, type Life } from "../memory/slots.ts";
import { careFor } from "../memory/sweep.ts";
import type { Encoded } from "./codec/encoder.ts";

const WRITER = REGION_WORDS;
const READER = REGION_WORDS + 2;
const RING = REGION_WORDS + 16;
const SIZES = [{ cells: 4, cellBytes: 64 << 10 }, { cells: 4, cellBytes: 4 << 10 }, {
  cells: 2,
  cellBytes: 512,
}];

careFor(STREAM_REGION, (isolate, region, dead) => {
  if (dropRegion(isolate.arena, region, dead)) isolate.heap.free(region);
});

/** The sending side. */
export interface Outgoing {
  /** What the frame says: where the stream is and how long. */
  readonly bytes: Uint8Array;
  /** The frame is about to be committed. */
  depart(): void;
  /** The frame will not be sent, or the stream ends here. */
  drop(): void;
  /**
   * Feeds the whole message to whoever reads it.
   *
   * @throws BrokenPipeError when the reader died in the middle
   */
  pump(options: WaitOptions): Promise<void>;
}

/** Prepares to stream a message; `head` comes first when its frames have one. */
export function openStream(
  isolate: Isolate,
  encoded: Encoded,
  head: readonly number[] | undefined,
): Outgoing {
  const { arena, heap, slot } = isolate;
  const size = SIZES.find((one) => makeable(isolate, ringBytes(one)));
  const bytes = (RING - REGION_WORDS) * 4 + (size === undefined ? 0 : ringBytes(size));
  const region = size === undefined
    ? NO_ROOM
    : makeRegion(arena, heap, { type: STREAM_REGION, bytes, slot });
  if (size === undefined || region === NO_ROOM) {
    throw new FullError(`Cannot send a message of ${encoded.byteLength} bytes: the arena is full`);
  }
  const at = arena.wordOf(region);
  writeLife(isolate, at + WRITER, isolate.life);
  formatRing(arena, at + RING, size);
  const ring = new Ring(isolate, at + RING, { writers: "one", readers: "one" });
  const headBytes = new Uint8Array(new Int32Array(head ?? []).buffer);
  const total = headBytes.length + encoded.byteLength;
  const name = new Uint32Array([unitOf(region), generationOf(region), total, total / 2 ** 32]);
  const drop = () => {
    store(arena.words, at + WRITER, 0);
    ring.ringAll();
    if (dropRegion(arena, region, slot)) heap.free(region);
  };
  return {
    bytes: new Uint8Array(name.buffer),
    depart: () => sendRegion(arena, region),
    drop,
    async pump(options) {
      try {
        for (let from = 0; from < total;) {
          from += await ring.writers.until({
            ...options,
            operation: "stream a message",
            attempt: () => {
              if (isReaderGone(isolate, at)) {
                throw new BrokenPipeError(
                  "Cannot stream a message: its reader ended in the middle",
                );
              }
              return feed(isolate, ring, { headBytes, encoded, from });
            },
          });
        }
        await ring.writers.until({
          operation: "stream a message",
          attempt: () => isReaderGone(isolate, at) || ring.size === 0 ? true : PENDING,
        });
      } finally {
        drop();
      }
    },
  };
}

/** The receiving side of the stream that a frame names. */
export class Incoming {
  readonly #isolate: Isolate;
  readonly #region: BlockHandle;
  readonly #at: number;
  readonly #ring: Ring;
  readonly #bytes: Uint8Array;
  #filled = 0;

  /** Opens the stream named by the four words at `at`. */
  constructor(isolate: Isolate, at: number) {
    const { arena, life } = isolate;
    const name = nameAt(isolate, at);
    this.#isolate = isolate;
    this.#region = blockHandle(name[0], name[1]);
    receiveRegion(arena, this.#region, life.slot);
    this.#at = arena.wordOf(this.#region);
    writeLife(isolate, this.#at + READER, life);
    this.#ring = new Ring(isolate, this.#at + RING, { writers: "one", readers: "one" });
    this.#bytes = new Uint8Array(name[2] + name[3] * 2 ** 32);
    this.#ring.ringAll();
  }

  /** The whole message, or `undefined` when its sender ended in the middle. */
  async read(): Promise<Uint8Array | undefined> {
    await this.#ring.readers.until({
      operation: "read a streamed message",
      attempt: () => this.#drain() ? true : PENDING,
    });
    return this.#close();
  }

  /** The same, blocking this isolate. */
  readSync(): Uint8Array | undefined {
    this.#isolate.park.block(this.#ring.readers, { attempt: () => this.#drain() });
    return this.#close();
  }

  /** Lets go of a stream that nobody will read. */
  discard(): void {
    this.#close();
  }

  /** Takes what there is; whether it is over, in whichever way. */
  #drain(): boolean {
    const { arena } = this.#isolate;
    for (let cell = this.#ring.take(); cell >= 0; cell = this.#ring.take()) {
      const at = this.#ring.frameAt(cell);
      const length = this.#ring.metaOf(cell);
      this.#bytes.set(arena.bytes.subarray(at, at + length), this.#filled);
      this.#filled += length;
      this.#ring.release(cell);
    }
    const writer = readLife(this.#isolate, this.#at + WRITER);
    return this.#filled === this.#bytes.length || writer === undefined || !isAlive(arena, writer);
  }

  #close(): Uint8Array | undefined {
    const { arena, heap, slot } = this.#isolate;
    writeLife(this.#isolate, this.#at + READER, { slot: -2, incarnation: 0 });
    this.#ring.ringAll();
    if (dropRegion(arena, this.#region, slot)) heap.free(this.#region);
    return this.#filled === this.#bytes.length ? this.#bytes : undefined;
  }
}

/** Lets go of the stream named at `at`, whose frame nobody will read. */
export function discardStream(isolate: Isolate, at: number): void {
  const { arena, heap } = isolate;
  const name = nameAt(isolate, at);
  const region = blockHandle(name[0], name[1]);
  if (!arena.isLive(region)) return;
  writeLife(isolate, arena.wordOf(region) + READER, { slot: -2, incarnation: 0 });
  new Ring(isolate, arena.wordOf(region) + RING, { writers: "one", readers: "one" }).ringAll();
  if (forgetRegion(arena, region)) heap.free(region);
}

/** The four words by which a frame names a stream: its region, then its length. */
function nameAt({ arena }: Isolate, at: number): Uint32Array {
  return new Uint32Array(arena.words.slice(at, at + 4).buffer);
}

function makeable(isolate: Isolate, bytes: number): boolean {
  const probe = isolate.heap.allocate(bytes + RING * 4);
  return probe !== NO_ROOM && isolate.heap.free(probe);
}

function feed(isolate: Isolate, ring: Ring, part: Part): number | typeof PENDING {
  const cell = ring.claim();
  if (cell < 0) return PENDING;
  const { headBytes, encoded, from } = part;
  const { bytes } = isolate.arena;
  const at = ring.frameAt(cell);
  const inHead = from < headBytes.length ? headBytes.length - from : 0;
  if (inHead > 0) bytes.set(headBytes.subarray(from), at);
  const fromBody = Math.max(0, from - headBytes.length);
  const length = Math.min(ring.room - inHead, encoded.byteLength - fromBody);
  encoded.copySlice(fromBody, length, bytes, at + inHead);
  ring.commit(cell, inHead + length);
  return inHead + length;
}

interface Part {
  readonly headBytes: Uint8Array;
  readonly encoded: Encoded;
  readonly from: number;
}

function writeLife(isolate: Isolate, at: number, { slot, incarnation }: Life): void {
  store(isolate.arena.words, at + 1, incarnation);
  store(isolate.arena.words, at, slot + 1);
}

function readLife(isolate: Isolate, at: number): Life | undefined {
  const slot = load(isolate.arena.words, at);
  return slot <= 0 ? undefined : { slot: slot - 1, incarnation: load(isolate.arena.words, at + 1) };
}

/** Whether somebody began to read and then ended or let go. */
function isReaderGone(isolate: Isolate, at: number): boolean {
  if (load(isolate.arena.words, at + READER) === -1) return true;
  const reader = readLife(isolate, at + READER);
  return reader !== undefined && !isAlive(isolate.arena, reader);
}
