// Runs in: any isolate
/**
 * From a key to one of so many places: the same key always to the same place, keys evenly, and when
 * there is one place more, only its share of the keys moves.
 *
 * Sources: J. Lamping, E. Veach, "A fast, minimal memory, consistent hash algorithm", 2014
 * (https://arxiv.org/abs/1406.2294); the idea is from D. Karger et al., "Consistent hashing and random
 * trees", 1997 (https://doi.org/10.1145/258533.258660). The text's hash is FNV-1a of G. Fowler,
 * L. Noll, K.-P. Vo (https://www.rfc-editor.org/rfc/rfc9923).
 *
 * @module
 */

const MASK = (1n << 64n) - 1n;

/** The place of `key` among `places`. */
export function seatOf(key: string, places: number): number {
  let hash = hashOf(key);
  let place = -1;
  for (let next = 0; next < places;) {
    place = next;
    hash = (hash * 2862933555777941757n + 1n) & MASK;
    next = Math.floor((place + 1) * (2 ** 31 / (Number(hash >> 33n) + 1)));
  }
  return place;
}

/** 64 bits that depend on all of the text. */
function hashOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index++) {
    hash = ((hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n) & MASK;
  }
  return hash;
}
