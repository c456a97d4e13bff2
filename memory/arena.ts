// Runs in: any isolate
/**
 * The arena: one fixed piece of memory that all isolates of a program share, with its views. What is
 * inside is found by address; `layout.ts` says where.
 *
 * - I1: every isolate that attaches agrees on magic, version and size, or is refused.
 * - I2: a block word is `generation << 12 | owner << 3 | kind`; the generation grows with each free,
 *   so an old handle never reaches a new block.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { compareExchange, load } from "./atomics.ts";
import {
  AT_MAGIC,
  AT_PAGES,
  AT_VERSION,
  DEFAULT_ARENA_BYTES,
  type Layout,
  LAYOUT_VERSION,
  layoutOf,
  MAGIC,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  PAGE_BYTES,
  pagesIn,
  SLOT_WORDS,
  SLOTS_AT,
  UNIT_SHIFT,
} from "./layout.ts";

/** A block is free. */
export const FREE = 0;
/** One isolate has it: it is being filled, or used privately. */
export const HELD = 1;
/** It is a region: it lives as long as somebody holds it. */
export const SHARED = 2;
/** A committed frame names it: whoever takes the frame frees it. */
export const LOOSE = 3;
/** It is being freed. */
export const FREEING = 4;
/** It belongs to a region and is freed with it. */
export const PART = 5;

const GENERATIONS = 1 << 20;
const INDICES = 2 ** 26;

/** Names a block for as long as it lives: `generation * 2 ** 26 + unit index`. */
export type BlockHandle = number;

/** A program's shared memory, as one isolate sees it. */
export class Arena {
  /** The memory itself; plain where the platform has no shared memory. */
  readonly buffer: SharedArrayBuffer | ArrayBuffer;
  /** All of it as words. */
  readonly words: Int32Array;
  /** All of it as bytes. */
  readonly bytes: Uint8Array;
  /** Where the parts are. */
  readonly layout: Layout;

  private constructor(buffer: SharedArrayBuffer | ArrayBuffer, layout: Layout) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer as ArrayBuffer);
    this.bytes = new Uint8Array(buffer as ArrayBuffer);
    this.layout = layout;
  }

  /**
   * Makes an arena of about `bytes` bytes (1 MiB to 4 GiB; default 256 MiB, of which only what is
   * touched costs memory).
   *
   * @throws RangeError when `bytes` is no number from 1 MiB to 4 GiB
   */
  static create(
    { bytes = DEFAULT_ARENA_BYTES, shared = typeof SharedArrayBuffer !== "undefined" } = {},
  ): Arena {
    if (!Number.isSafeInteger(bytes) || bytes < MIN_ARENA_BYTES || bytes > MAX_ARENA_BYTES) {
      throw new RangeError(
        `Cannot make an arena of ${bytes} bytes: from ${MIN_ARENA_BYTES} to ${MAX_ARENA_BYTES}`,
      );
    }
    const pages = pagesIn(bytes);
    const size = bytes - (bytes % PAGE_BYTES);
    const buffer = shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
    const arena = new Arena(buffer, layoutOf(pages));
    arena.words[AT_VERSION] = LAYOUT_VERSION;
    arena.words[AT_PAGES] = pages;
    compareExchange(arena.words, AT_MAGIC, 0, MAGIC);
    return arena;
  }

  /**
   * Attaches to an arena made elsewhere.
   *
   * @throws NotSupportedError when it is none, or of another version
   */
  static attach(buffer: SharedArrayBuffer | ArrayBuffer): Arena {
    const isLarge = buffer.byteLength >= MIN_ARENA_BYTES && buffer.byteLength % PAGE_BYTES === 0;
    const head = new Int32Array(
      isLarge ? buffer as ArrayBuffer : new ArrayBuffer(SLOTS_AT * 4),
      0,
      SLOTS_AT,
    );
    const isOurs = load(head, AT_MAGIC) === MAGIC && head[AT_VERSION] === LAYOUT_VERSION;
    if (!isOurs || head[AT_PAGES] !== pagesIn(buffer.byteLength)) {
      throw new NotSupportedError(
        `Cannot attach to the memory given: it is no arena of version ${LAYOUT_VERSION}`,
      );
    }
    return new Arena(buffer, layoutOf(head[AT_PAGES]));
  }

  /** Whether other isolates can see it. */
  get shared(): boolean {
    return typeof SharedArrayBuffer !== "undefined" && this.buffer instanceof SharedArrayBuffer;
  }

  /** Address of an isolate's slot. */
  slotAt(slot: number): number {
    return SLOTS_AT + slot * SLOT_WORDS;
  }

  /** Address of the block word of a handle. */
  blockWordAt(handle: BlockHandle): number {
    return this.layout.blocksAt + unitOf(handle);
  }

  /** Byte offset of a block. */
  offsetOf(handle: BlockHandle): number {
    return this.layout.heapAt + unitOf(handle) * (1 << UNIT_SHIFT);
  }

  /** Address of a block's first word. */
  wordOf(handle: BlockHandle): number {
    return this.offsetOf(handle) >>> 2;
  }

  /** Which unit of the heap a handle names. */
  unitOf(handle: BlockHandle): number {
    return unitOf(handle);
  }

  /** The handle of the block that begins at a unit, as it lives now. */
  handleOf(unit: number): BlockHandle {
    return blockHandle(unit, generationIn(load(this.words, this.layout.blocksAt + unit)));
  }

  /** Whether the handle still names the block it was made for. */
  isLive(handle: BlockHandle): boolean {
    if (unitOf(handle) >= this.layout.pages << 10) return false;
    const word = load(this.words, this.blockWordAt(handle));
    const kind = word & 7;
    return kind !== FREE && kind !== FREEING && generationIn(word) === generationOf(handle);
  }

  /** Moves a block from one kind to another; `false` when it is not of that kind (any more). */
  changeKind(handle: BlockHandle, { from, to, owner = 0 }: KindChange): boolean {
    const at = this.blockWordAt(handle);
    const seen = load(this.words, at);
    if (generationIn(seen) !== generationOf(handle) || (seen & 7) !== from) return false;
    return compareExchange(this.words, at, seen, blockWord(generationIn(seen), owner, to)) === seen;
  }
}

/** See {@linkcode Arena.changeKind}. */
export interface KindChange {
  /** What it is now. */
  readonly from: number;
  /** What it becomes. */
  readonly to: number;
  /** The slot that has it then. */
  readonly owner?: number;
}

/** The word of a block. */
export function blockWord(generation: number, owner: number, kind: number): number {
  return (generation << 12) | (owner << 3) | kind;
}

/** The generation in a block word. */
export function generationIn(word: number): number {
  return word >>> 12;
}

/** The generation after this one. */
export function nextGeneration(generation: number): number {
  return (generation + 1) % GENERATIONS;
}

/** The handle of a block. */
export function blockHandle(unit: number, generation: number): BlockHandle {
  return generation * INDICES + unit;
}

/** Which unit of the heap a handle names. */
export function unitOf(handle: BlockHandle): number {
  return handle % INDICES;
}

/** Which life of the block a handle names. */
export function generationOf(handle: BlockHandle): number {
  return Math.floor(handle / INDICES);
}
