// Runs in: any isolate
/**
 * One message on its way from a value to a ring. It is encoded once, when it is sent, so its receiver
 * sees it as it was then. A short message goes into the ring's cell; a longer one into a block of the
 * arena that the cell names; one for which the arena has no room is streamed through a small ring of
 * its own while its receiver reads. `arrival.ts` is the way back.
 *
 * - I1: nothing of a message is visible before its cell is committed, and then all of it is.
 * - I2: a block belongs to whoever turned it from LOOSE to HELD: its reader, or a sender who takes the
 *   message back.
 * - I3: handles depart right before the commit, so a message that is refused or called off leaves them
 *   with its sender.
 *
 * @module
 */
import { HELD, LOOSE } from "../memory/arena.ts";
import { type BlockHandle, generationOf, unitOf } from "../memory/arena.ts";
import { NO_ROOM } from "../memory/heap.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Line } from "../memory/line.ts";
import { GOES_TO_CELL, GOES_WITH_TICKET } from "../memory/sweep.ts";
import {
  carriesHandles,
  departHandles,
  type Departure,
  encode,
  encodeInto,
  encodeShort,
  isShort,
  type Short,
  SHORT_BYTES,
  takeDeparture,
} from "./codec/encoder.ts";
import { openStream, type Outgoing } from "./stream.ts";

/** Bytes of the words that stand before the value, in rings whose frames have a head. */
export const HEAD_BYTES = 16;
/** Bytes of a block before the message. */
export const BLOCK_HEAD_BYTES = 16;
/** Bits of a frame's meta word: bytes in the cell. */
export const FRAME_LENGTH = 0xffffff;
/** Bit of a frame's meta word: the cell names a block. */
export const IN_BLOCK = 1 << 24;
/** Bit of a frame's meta word: the cell names a stream. */
export const IN_STREAM = 1 << 25;
/** Bit of a frame's meta word: who throws the frame away must let go of the handles in it. */
export const WITH_HANDLES = 1 << 26;

const SCRATCH_BYTES = 8 << 10;
const BLOCK_NAME_BYTES = 16;
const NOTHING = new Uint8Array(0);

/** A ring as messages see it; {@linkcode Ring} and {@linkcode Chain} say what the methods do. */
export interface Cellular {
  /** Bytes that fit into a cell. */
  readonly room: number;
  /** A cell to fill. */
  claim(): number;
  /** Publishes it. */
  commit(cell: number, meta: number): void;
  /** The oldest frame's cell. */
  take(): number;
  /** Gives it back. */
  release(cell: number): void;
  /** Byte offset of its frame. */
  frameAt(cell: number): number;
  /** Its meta word. */
  metaOf(cell: number): number;
}

/** A ring with its waiting lines. */
export interface PortRing extends Cellular {
  /** Those here who wait for a frame. */
  readonly readers: Line;
  /** Those here who wait for room. */
  readonly writers: Line;
  /** Most frames inside at once; `Infinity`: only the arena bounds it. */
  readonly limit: number;
}

/** The words before the value, in rings whose frames have a head. */
export type FrameHead = readonly [number, number, number, number];

/** A message that is encoded and waits for its place. */
export interface Parcel {
  /** What goes into the cell; unless it names a block. */
  readonly bytes: Uint8Array;
  /** Its meta word. */
  readonly meta: number;
  /** Bytes of the whole message. */
  readonly length: number;
  /** The block that holds it, or {@linkcode NO_ROOM}. */
  readonly block: BlockHandle;
  /** What has to be streamed once the frame has its place. */
  readonly stream?: Outgoing;
  /** Lets the handles in it go; what it gives is called after the commit. */
  readonly depart?: Departure;
  /** Of a message that is not in the cell: what the cell repeats, so that it can be seen there. */
  readonly head?: FrameHead;
}

/** Where messages are written, and who sends. */
interface Desk {
  readonly isolate: Isolate;
  readonly scratch: number;
  busy: boolean;
}

const desks = new WeakMap<Isolate, Desk>();
/** The desk used last: mostly there is only one isolate here. */
let latest: Desk | undefined;

/** What became of a message that was sent: its block, when it needed one. */
export interface Posted {
  /** Bytes in a block of its own; 0 when it went into the cell. */
  readonly longBytes: number;
  /** The block, or {@linkcode NO_ROOM}. */
  readonly block: BlockHandle;
}

const SHORT: Posted = Object.freeze({ longBytes: 0, block: NO_ROOM });

/** Sends at once if there is room; `undefined` if not, and then nothing happened. */
export function post(
  isolate: Isolate,
  ring: Cellular,
  { value, head }: Letter,
): Posted | undefined {
  if (head === undefined && ring.room >= SHORT_BYTES && isShort(value)) {
    return postShort(isolate, ring, value);
  }
  const desk = deskOf(isolate);
  const length = write(desk, value, head);
  if (length < 0 || length > ring.room) {
    const parcel = wrapLong(desk, { value, head }, length);
    if (parcel.stream === undefined && place(isolate, ring, parcel)) return postedOf(parcel);
    dropParcel(isolate, parcel);
    return undefined;
  }
  const cell = ring.claim();
  if (cell < 0) return undefined;
  copyWords(isolate.arena.words, desk.scratch >>> 2, ring.frameAt(cell) >>> 2, (length + 3) >>> 2);
  if (!carriesHandles()) {
    ring.commit(cell, length);
    return SHORT;
  }
  const land = departHandles();
  ring.commit(cell, length | WITH_HANDLES);
  land?.();
  return SHORT;
}

/** Writes a value right into its cell: writing it runs nobody's code, and it fits. */
function postShort({ arena }: Isolate, ring: Cellular, value: Short): Posted | undefined {
  const cell = ring.claim();
  if (cell < 0) return undefined;
  const at = ring.frameAt(cell);
  ring.commit(cell, encodeShort(arena.bytes, at, value) - at);
  return SHORT;
}

/** What became of a parcel that was placed. */
export function postedOf({ block, length }: Parcel): Posted {
  return block === NO_ROOM ? SHORT : { longBytes: length, block };
}

/** Encodes a message that may have to wait for its place. */
export function wrap(isolate: Isolate, letter: Letter, room: number): Parcel {
  const desk = deskOf(isolate);
  const length = write(desk, letter.value, letter.head);
  if (length < 0 || length > room) return wrapLong(desk, letter, length);
  const bytes = isolate.arena.bytes.slice(desk.scratch, desk.scratch + length);
  const meta = carriesHandles() ? length | WITH_HANDLES : length;
  return { bytes, meta, length, block: NO_ROOM, depart: takeDeparture() };
}

/** Puts a parcel into the ring; `false` when the ring is full. Then pump its stream, if it has one. */
export function place(isolate: Isolate, ring: Cellular, parcel: Parcel): boolean {
  const cell = ring.claim();
  if (cell < 0) return false;
  const { arena, slot } = isolate;
  if (parcel.block !== NO_ROOM) {
    const at = arena.wordOf(parcel.block);
    arena.words[at + GOES_TO_CELL] = cell;
    arena.words[at + GOES_WITH_TICKET] = arena.words[cell] >>> 12;
    arena.changeKind(parcel.block, { from: HELD, to: LOOSE, owner: slot });
  }
  if (parcel.block === NO_ROOM) arena.bytes.set(parcel.bytes, ring.frameAt(cell));
  else writeName(arena.words, ring.frameAt(cell) >>> 2, parcel);
  if (parcel.head !== undefined) {
    writeHead(arena.words, (ring.frameAt(cell) + BLOCK_NAME_BYTES) >>> 2, parcel.head);
  }
  parcel.stream?.depart();
  const land = parcel.depart?.();
  ring.commit(cell, parcel.meta);
  land?.();
  return true;
}

/** Throws away a parcel that was not placed. */
export function dropParcel(isolate: Isolate, parcel: Parcel): void {
  if (parcel.block !== NO_ROOM) isolate.heap.free(parcel.block);
  parcel.stream?.drop();
}

/** A message to send: its value, and the head of its frame where frames have one. */
export interface Letter {
  /** What is sent. */
  readonly value: unknown;
  /** See {@linkcode FrameHead}. */
  readonly head?: FrameHead;
  /** Called once the message has its place, before anybody can have read it and answered here. */
  placed?(): void;
}

function deskOf(isolate: Isolate): Desk {
  if (latest !== undefined && latest.isolate === isolate) return latest;
  let desk = desks.get(isolate);
  if (desk === undefined) {
    const { arena, heap } = isolate;
    desk = { isolate, scratch: arena.offsetOf(heap.require(SCRATCH_BYTES)), busy: false };
    desks.set(isolate, desk);
  }
  return latest = desk;
}

/** Bytes written to the desk, or -1: too long for it, or a getter of the value is sending too. */
function write(desk: Desk, value: unknown, head: FrameHead | undefined): number {
  if (desk.busy) return -1;
  const { arena } = desk.isolate;
  desk.busy = true;
  try {
    const from = head === undefined ? desk.scratch : desk.scratch + HEAD_BYTES;
    const end = encodeInto(arena.bytes, from, desk.scratch + SCRATCH_BYTES, value);
    if (end < 0) return -1;
    if (head !== undefined) writeHead(arena.words, desk.scratch >>> 2, head);
    return end - desk.scratch;
  } finally {
    desk.busy = false;
  }
}

function writeHead(words: Int32Array, at: number, head: FrameHead): void {
  words[at] = head[0];
  words[at + 1] = head[1];
  words[at + 2] = head[2];
  words[at + 3] = head[3];
}

/** For the few words of a cell a loop beats a call into the engine (measured). */
function copyWords(words: Int32Array, from: number, to: number, count: number): void {
  for (let index = 0; index < count; index++) words[to + index] = words[from + index];
}

/** Writes a message into a block of its own, or prepares to stream it. */
function wrapLong(desk: Desk, { value, head }: Letter, written: number): Parcel {
  const { arena, heap } = desk.isolate;
  const encoded = written < 0 ? encode(value) : undefined;
  const headBytes = head === undefined ? 0 : HEAD_BYTES;
  const length = encoded === undefined ? written : encoded.byteLength + headBytes;
  const depart = takeDeparture();
  const handles = carriesHandles() ? WITH_HANDLES : 0;
  const block = heap.allocate(length + BLOCK_HEAD_BYTES);
  if (block === NO_ROOM) {
    const stream = openStream(desk.isolate, encoded ?? encode(value), head);
    return {
      bytes: stream.bytes,
      meta: stream.bytes.length | IN_STREAM,
      length,
      block,
      stream,
      depart,
      head,
    };
  }
  const at = arena.offsetOf(block) + BLOCK_HEAD_BYTES;
  if (encoded === undefined) arena.bytes.copyWithin(at, desk.scratch, desk.scratch + length);
  else {
    if (head !== undefined) arena.words.set(head, at >>> 2);
    encoded.copyTo(arena.bytes, at + headBytes);
  }
  return {
    bytes: NOTHING,
    meta: BLOCK_NAME_BYTES | IN_BLOCK | handles,
    length,
    block,
    depart,
    head,
  };
}

/** What a cell says of a block: its handle and the length of the message in it. */
export function writeName(
  words: Int32Array,
  at: number,
  { block, length }: Pick<Parcel, "block" | "length">,
): void {
  words[at] = unitOf(block);
  words[at + 1] = generationOf(block);
  words[at + 2] = length;
  words[at + 3] = length / 2 ** 32;
}
