// Runs in: any isolate
/**
 * Regions that are found by a name, by all isolates of an arena that others can map. A name is kept as
 * 256 bits made of it, and lives as long as the arena; so does what it names.
 *
 * ```text
 * region's unit + 1 | its generation | eight words of the name's digest
 * ```
 *
 * - I1: a name is entered once: under the lock of the arena's file.
 * - I2: an entry is there when its first word is not 0, which is written last: who dies before it has
 *   entered nothing.
 *
 * @module
 */
import { FullError, NotSupportedError } from "../errors.ts";
import { type BlockHandle, blockHandle, generationOf, unitOf } from "./arena.ts";
import { load, store } from "./atomics.ts";
import { exclusively } from "./file_lock.ts";
import type { Isolate } from "./isolate.ts";
import { MAX_NAMES, NAME_WORDS, NAMES_AT } from "./layout.ts";
import { sendRegion } from "./region.ts";

const UNIT = 0;
const GENERATION = 1;
const DIGEST = 2;
const DIGEST_WORDS = 8;

/**
 * The region of a name; it is made if there is none.
 *
 * @throws NotSupportedError in an arena that no other process can map
 * @throws FullError when there are {@linkcode MAX_NAMES} names
 */
export async function named(
  isolate: Isolate,
  name: string,
  make: () => BlockHandle,
): Promise<BlockHandle> {
  const { arena } = isolate;
  const what = `the name "${name}"`;
  if (arena.mapped === undefined) {
    throw new NotSupportedError(`Cannot use ${what}: that takes memory that can be mapped`);
  }
  const digest = new Int32Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name)),
  );
  return await exclusively(arena.mapped.file, what, () => {
    const at = entryOf(arena.words, digest);
    if (at === undefined) throw new FullError(`Cannot use ${what}: there are ${MAX_NAMES} names`);
    const unit = load(arena.words, at + UNIT);
    if (unit !== 0) return blockHandle(unit - 1, load(arena.words, at + GENERATION));
    const region = make();
    sendRegion(arena, region);
    arena.words.set(digest, at + DIGEST);
    store(arena.words, at + GENERATION, generationOf(region));
    store(arena.words, at + UNIT, unitOf(region) + 1);
    return region;
  });
}

/** The entry of a name, or the first that is free. */
function entryOf(words: Int32Array, digest: Int32Array): number | undefined {
  for (let index = 0; index < MAX_NAMES; index++) {
    const at = NAMES_AT + index * NAME_WORDS;
    if (load(words, at + UNIT) === 0) return at;
    const isSame = (word: number, offset: number) => words[at + DIGEST + offset] === word;
    if (digest.every(isSame) && digest.length === DIGEST_WORDS) return at;
  }
  return undefined;
}
