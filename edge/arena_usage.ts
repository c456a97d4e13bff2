// Runs in: any isolate
/**
 * How much of the shared memory is in use, by the page.
 *
 * @module
 */
import { load } from "../memory/atomics.ts";
import { here } from "../memory/isolate.ts";
import { PAGE_BYTES, PAGES_AT } from "../memory/layout.ts";

/** Bytes of pages that somebody has, and of all pages. */
export function arenaUsage(): { used: number; size: number } {
  const { words, layout } = here().arena;
  let pages = 0;
  for (let page = 0; page < layout.pages; page++) {
    if ((load(words, PAGES_AT + page) & 7) !== 0) pages++;
  }
  return { used: pages * PAGE_BYTES, size: layout.pages * PAGE_BYTES };
}
