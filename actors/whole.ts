// Runs in: any isolate
/**
 * Where all of Troupe is, for those who are to load it: the files that `deno task build` made, the
 * sources, or the bundle of a program that this text is in.
 *
 * @module
 */
/** This very file, or the one that it was made part of. */
const here = import.meta.url.split("#")[0].split("?")[0];
const isSource = here.endsWith("/actors/whole.ts");
const isBuilt = here.endsWith("/built/troupe_1.js");

/** Whether the user's code is in the same file. */
export const isBundled: boolean = !isSource && !isBuilt;

/** The module to import. */
export const WHOLE: string = isSource
  ? here.slice(0, -"actors/whole.ts".length) + "troupe.ts"
  : import.meta.url;

/** The address of a module with this text. */
export function moduleOf(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
