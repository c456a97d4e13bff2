// Runs in: any isolate
/**
 * Where all of Troupe is, for those who are to load it: `mod.ts`, or the bundle that this text is in.
 *
 * @module
 */
const unbundled = /\/actors\/whole(\.\w+)$/.exec(new URL(import.meta.url).pathname);

/** Whether all of Troupe, and perhaps the user's code, is in one file. */
export const isBundled: boolean = unbundled === null;

/** The module to import. */
export const WHOLE: string = unbundled === null
  ? import.meta.url
  : new URL(`../mod${unbundled[1]}`, import.meta.url).href;

/** The address of a module with this text. */
export function moduleOf(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
