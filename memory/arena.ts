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
import { type Backing, preferredBacking } from "./backing.ts";
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
import { FIRST_PROGRAM, makeMapped, type Mapped, openMapped } from "./mapping.ts";

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

/** The memory of an arena, as one isolate hands it to another of its process. */
export type Memory = SharedArrayBuffer | ArrayBuffer | Mapped;

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
  /** What another isolate of this process attaches to. */
  readonly memory: Memory;

  private constructor(memory: Memory, buffer: SharedArrayBuffer | ArrayBuffer, layout: Layout) {
    this.memory = memory;
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
    { bytes = DEFAULT_ARENA_BYTES, backing = preferredBacking() }: ArenaOptions = {},
  ): Arena {
    if (!Number.isSafeInteger(bytes) || bytes < MIN_ARENA_BYTES || bytes > MAX_ARENA_BYTES) {
      throw new RangeError(
        `Cannot make an arena of ${bytes} bytes: from ${MIN_ARENA_BYTES} to ${MAX_ARENA_BYTES}`,
      );
    }
    const size = bytes - (bytes % PAGE_BYTES);
    return Arena.createIn(MAKE[backing](size));
  }

  /** Makes an arena in memory of zeros. */
  static createIn(memory: Memory): Arena {
    const buffer = bufferOf(memory);
    const pages = pagesIn(buffer.byteLength);
    const arena = new Arena(memory, buffer, layoutOf(pages));
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
  static attach(memory: Memory): Arena {
    const buffer = bufferOf(memory);
    const isLarge = buffer.byteLength >= MIN_ARENA_BYTES && buffer.byteLength % PAGE_BYTES === 0;
    if (!isLarge || !isArena(new Int32Array(buffer as ArrayBuffer))) {
      throw new NotSupportedError(
        `Cannot attach to the memory given: it is no arena of version ${LAYOUT_VERSION}`,
      );
    }
    return new Arena(memory, buffer, layoutOf(pagesIn(buffer.byteLength)));
  }

  /** Whether other isolates can see it. */
  get shared(): boolean {
    return !(this.memory instanceof ArrayBuffer);
  }

  /** The mapping that it is in, if it is in one: then other processes can see it too. */
  get mapped(): Mapped | undefined {
    return "address" in this.memory ? this.memory : undefined;
  }

  /** Number of this process among those that map it. */
  get program(): number {
    return this.mapped?.program ?? FIRST_PROGRAM;
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

/** See {@linkcode Arena.create}. */
export interface ArenaOptions {
  /** About how many bytes. */
  readonly bytes?: number;
  /** What it is made of; default the best there is. */
  readonly backing?: Backing;
}

const MAKE: Readonly<Record<Backing, (bytes: number) => Memory>> = {
  mapped: makeMapped,
  shared: (bytes) => new SharedArrayBuffer(bytes),
  plain: (bytes) => new ArrayBuffer(bytes),
};

function bufferOf(memory: Memory): SharedArrayBuffer | ArrayBuffer {
  return "address" in memory ? openMapped(memory) : memory;
}

/** Whether memory holds an arena of this version and of its own size. */
export function isArena(words: Int32Array): boolean {
  return load(words, AT_MAGIC) === MAGIC && words[AT_VERSION] === LAYOUT_VERSION &&
    words[AT_PAGES] === pagesIn(words.byteLength);
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
