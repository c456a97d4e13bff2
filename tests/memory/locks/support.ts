/**
 * What the tests of locks share.
 *
 * @module
 */
import { here } from "../../../memory/isolate.ts";
import { UNIT_BYTES } from "../../../memory/layout.ts";

/** Words of the arena that all isolates read and write without care. */
export interface PlainWords extends Disposable {
  /** Address of the first. */
  readonly at: number;
  /** The first so many. */
  read(count: number): number[];
}

/** So many words, all 0. */
export function plainWords(count: number): PlainWords {
  const { arena, heap } = here();
  const block = heap.require(Math.max(UNIT_BYTES, count * 4));
  const at = arena.wordOf(block);
  arena.words.fill(0, at, at + count);
  return {
    at,
    read: (most) => Array.from(arena.words.subarray(at, at + most)),
    [Symbol.dispose]: () => heap.free(block),
  };
}
