// Runs in: any isolate
/**
 * Where all of Troupe is, for those who are to load it: the files that `deno task build` made, the
 * sources, or the bundle of a program that this text is in.
 *
 * @module
 */
const PLACES: readonly (readonly [RegExp, whole: string])[] = [
  [/\/built\/troupe(_\w+)?\.js$/, "troupe.js"],
  [/\/actors\/whole\.ts$/, "../troupe.ts"],
];
const path = new URL(import.meta.url).pathname;
const found = PLACES.find(([place]) => place.test(path));

/** Whether the user's code is in the same file. */
export const isBundled: boolean = found === undefined;

/** The module to import. */
export const WHOLE: string = found === undefined
  ? import.meta.url
  : new URL(found[1], import.meta.url).href;

/** The address of a module with this text. */
export function moduleOf(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
