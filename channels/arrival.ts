// Runs in: any isolate
/**
 * One message on its way from a ring to a value; `parcel.ts` is the way there.
 *
 * - I1: whatever is wrong with a frame, its cell and block are given back: the next one can be read.
 * - I2: a message is copied out before its memory is given back; the cell that names its block may be
 *   given back earlier.
 *
 * @module
 */
import { type BlockHandle, blockHandle, HELD, LOOSE } from "../memory/arena.ts";
import { discardUnsure } from "../memory/handle.ts";
import type { Isolate } from "../memory/isolate.ts";
import { type Decode, decode, discard } from "./codec/decoder.ts";
import {
  BLOCK_HEAD_BYTES,
  type Cellular,
  FRAME_LENGTH,
  HEAD_BYTES,
  IN_BLOCK,
  IN_STREAM,
  WITH_HANDLES,
} from "./parcel.ts";
import { discardStream, Incoming } from "./stream.ts";

/** What a frame gives whose sender took it back, or ended in the middle of it. */
export const VOID: unique symbol = Symbol("void");

/** Reads the frame in a taken cell and gives the cell back. */
export class Arrival {
  readonly #isolate: Isolate;
  readonly #ring: Cellular;
  /** Told the bytes of each message that had a block of its own, once it is in hand. */
  took: ((longBytes: number) => void) | undefined;
  /** The words before the value in the frame read last, in rings whose frames have them. */
  readonly head: Int32Array | undefined;

  /** Reads from `ring`, whose frames have a head if `hasHead`. */
  constructor(isolate: Isolate, ring: Cellular, hasHead = false) {
    this.#isolate = isolate;
    this.#ring = ring;
    this.head = hasHead ? new Int32Array(HEAD_BYTES / 4) : undefined;
  }

  /** The value; {@linkcode VOID} when there is none; the stream still to be read when it is one. */
  open(cell: number, read: Decode = decode): unknown | typeof VOID | Incoming {
    const { arena, heap } = this.#isolate;
    const meta = this.#ring.metaOf(cell);
    const at = this.#ring.frameAt(cell);
    if ((meta & (IN_BLOCK | IN_STREAM)) === 0) {
      try {
        return this.#read(arena.bytes, at, { end: at + (meta & FRAME_LENGTH), read });
      } finally {
        this.#ring.release(cell);
      }
    }
    if ((meta & IN_STREAM) !== 0) {
      const stream = new Incoming(this.#isolate, at >>> 2);
      this.#ring.release(cell);
      return stream;
    }
    const { block, length } = blockNamedAt(this.#isolate, at);
    const mine = arena.changeKind(block, { from: LOOSE, to: HELD, owner: this.#isolate.slot });
    // The sender may write the next one while this one is read; the cell is only kept where handles
    // must be found in it should this isolate die.
    const isEarly = (meta & WITH_HANDLES) === 0;
    if (isEarly) this.#letGo(cell, mine ? length : 0);
    try {
      if (!mine) return VOID;
      const from = arena.offsetOf(block) + BLOCK_HEAD_BYTES;
      return this.#read(arena.bytes, from, { end: from + length, read });
    } finally {
      if (mine) heap.free(block);
      if (!isEarly) this.#letGo(cell, mine ? length : 0);
    }
  }

  #letGo(cell: number, longBytes: number): void {
    if (longBytes > 0) this.took?.(longBytes);
    this.#ring.release(cell);
  }

  /** The value of a stream that {@linkcode open} gave; `onHead` is called while its head is there. */
  async finish(stream: Incoming, onHead?: () => void): Promise<unknown | typeof VOID> {
    const value = this.#readWhole(await stream.read());
    onHead?.();
    return value;
  }

  /** The same, blocking this isolate. */
  finishSync(stream: Incoming): unknown | typeof VOID {
    return this.#readWhole(stream.readSync());
  }

  /** Throws the frame in a taken cell away, with all it names. */
  discard(cell: number): void {
    const { arena, heap, slot } = this.#isolate;
    const meta = this.#ring.metaOf(cell);
    const at = this.#ring.frameAt(cell);
    if ((meta & IN_STREAM) !== 0) discardStream(this.#isolate, at >>> 2);
    else if ((meta & IN_BLOCK) !== 0) {
      const { block, length } = blockNamedAt(this.#isolate, at);
      if (arena.changeKind(block, { from: LOOSE, to: HELD, owner: slot })) {
        const from = arena.offsetOf(block) + BLOCK_HEAD_BYTES;
        const head = this.head?.byteLength ?? 0;
        if ((meta & WITH_HANDLES) !== 0) discard(arena.bytes, from + head, from + length);
        heap.free(block);
      }
    } else if ((meta & WITH_HANDLES) !== 0) {
      discard(arena.bytes, at + (this.head?.byteLength ?? 0), at + (meta & FRAME_LENGTH));
    }
    this.#ring.release(cell);
  }

  #readWhole(bytes: Uint8Array | undefined): unknown | typeof VOID {
    return bytes === undefined ? VOID : this.#read(bytes, 0, { end: bytes.length, read: decode });
  }

  #read(bytes: Uint8Array, at: number, { end, read }: { end: number; read: Decode }): unknown {
    if (this.head === undefined) return read(bytes, at, end);
    const { arena } = this.#isolate;
    const words = bytes === arena.bytes ? arena.words : new Int32Array(bytes.buffer, 0, 4);
    for (let index = 0; index < 4; index++) this.head[index] = words[(at >>> 2) + index];
    return read(bytes, at + HEAD_BYTES, end);
  }
}

/** Throws away what the dead reader of a taken cell had in hand; the cell itself is recovered after. */
export function discardTaken(isolate: Isolate, cell: number, headBytes = 0): void {
  const { arena, heap } = isolate;
  const meta = arena.words[cell + 1];
  const at = (cell + 2) << 2;
  const throwAway = (from: number, end: number) => {
    if ((meta & WITH_HANDLES) === 0) return;
    discardUnsure(() => discard(arena.bytes, from + headBytes, end));
  };
  if ((meta & IN_BLOCK) === 0) {
    if ((meta & IN_STREAM) === 0) throwAway(at, at + (meta & FRAME_LENGTH));
    return;
  }
  const { block, length } = blockNamedAt(isolate, at);
  if (!arena.isLive(block)) return;
  const from = arena.offsetOf(block) + BLOCK_HEAD_BYTES;
  throwAway(from, from + length);
  heap.free(block);
}

/** Throws away all that is in a ring; only for whoever may read it. */
export function discardAll(isolate: Isolate, ring: Cellular, hasHead = false): void {
  const arrival = new Arrival(isolate, ring, hasHead);
  for (let cell = ring.take(); cell >= 0; cell = ring.take()) arrival.discard(cell);
}

/** The block that the frame at a byte offset names. */
export function blockNamedAt(
  { arena }: Isolate,
  at: number,
): { readonly block: BlockHandle; readonly length: number } {
  const { words } = arena;
  const word = at >>> 2;
  return {
    block: blockHandle(words[word] >>> 0, words[word + 1] >>> 0),
    length: (words[word + 2] >>> 0) + (words[word + 3] >>> 0) * 2 ** 32,
  };
}
