// Runs in: owner
/**
 * Actors and pools as typed HTTP services on Hono. Listed and documented in `edge/edge.ts`; what runs is
 * made of that by `deno task build`, from the same files as the rest of Troupe.
 *
 * @module
 */
// @ts-types="./edge.ts"
export * from "../built/edge/edge.js";
