// Runs in: any isolate
/**
 * Where everything is in the arena. Addresses count 32-bit words from its start, sizes are in bytes
 * unless a name says otherwise. All isolates of a program must agree on this file: its version is in
 * the arena's head.
 *
 * ```text
 * head | isolate slots | page words | block words | heap: pages of 64 KiB
 * ```
 *
 * @module
 */

/** First word of every arena. */
export const MAGIC = 0x54726f75;
/** Changes whenever anything here does. */
export const LAYOUT_VERSION = 2;
/** Words of the head. */
export const HEAD_WORDS = 64;
/** Word of the head: see {@linkcode MAGIC}. */
export const AT_MAGIC = 0;
/** Word of the head: see {@linkcode LAYOUT_VERSION}. */
export const AT_VERSION = 1;
/** Word of the head: number of pages. */
export const AT_PAGES = 2;
/** Word of the head: deaths so far; whoever waits for the end of an isolate looks when it changed. */
export const AT_DEATHS = 4;
/** Word of the head: unit of the directory of names plus 1, or 0. */
export const AT_NAMES = 20;

/** Word of the head: 1 once other processes may be here, whose rings come another way. */
export const AT_OPEN = 5;

/** First of the words of the head that say what a program must know to join; see `named_arena.ts`. */
export const AT_PROOF = 8;
/** Words of the proof. */
export const PROOF_WORDS = 8;

/** Most isolates at a time. */
export const MAX_ISOLATES = 256;
/** Words of an isolate slot. */
export const SLOT_WORDS = 32;
/** Address of the first isolate slot. */
export const SLOTS_AT = HEAD_WORDS;

/** Address of the first page word. */
export const PAGES_AT = SLOTS_AT + MAX_ISOLATES * SLOT_WORDS;
/** Bytes of a page, as a power of two. */
export const PAGE_SHIFT = 16;
/** Bytes of a page. */
export const PAGE_BYTES = 1 << PAGE_SHIFT;
/** Bytes of the smallest block, as a power of two; handles count blocks of this size. */
export const UNIT_SHIFT = 6;
/** Bytes of the smallest block. */
export const UNIT_BYTES = 1 << UNIT_SHIFT;
/** Smallest blocks in a page, as a power of two. */
export const UNITS_SHIFT = PAGE_SHIFT - UNIT_SHIFT;

/** Bytes of an arena unless asked otherwise. Only pages that were touched cost memory. */
export const DEFAULT_ARENA_BYTES = 256 << 20;
/** Least bytes of an arena. */
export const MIN_ARENA_BYTES = 1 << 20;
/** Most bytes of an arena: what handles can name. */
export const MAX_ARENA_BYTES = 2 ** 32;

/** Where the parts of an arena of `pages` pages begin. */
export interface Layout {
  /** Number of heap pages. */
  readonly pages: number;
  /** Address of the first block word. */
  readonly blocksAt: number;
  /** Byte offset of the heap. */
  readonly heapAt: number;
}

/** The layout of an arena with this many pages. */
export function layoutOf(pages: number): Layout {
  const blocksAt = PAGES_AT + pages;
  const heapAt = Math.ceil(((blocksAt + (pages << UNITS_SHIFT)) * 4) / PAGE_BYTES) * PAGE_BYTES;
  return { pages, blocksAt, heapAt };
}

/** How many pages fit into an arena of `bytes` bytes. */
export function pagesIn(bytes: number): number {
  let pages = Math.floor(bytes / PAGE_BYTES);
  while (pages > 0 && layoutOf(pages).heapAt + pages * PAGE_BYTES > bytes) pages--;
  return pages;
}
