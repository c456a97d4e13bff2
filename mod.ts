// Runs in: any isolate
/**
 * Troupe: Python's `multiprocessing` re-imagined for Deno as typed actors.
 *
 * The entry point. What it offers is listed, and documented, in `troupe.ts`; what runs is made of that
 * by `deno task build`: one file, because a worker that has to load two hundred starts half as fast.
 *
 * @module
 */
// @ts-types="./troupe.ts"
export * from "./built/troupe.js";
