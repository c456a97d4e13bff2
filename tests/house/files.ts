/**
 * The files of the repository, sorted by what they are, and how rules search them.
 */
import { lineOf, type Source, sourceOf } from "./source.ts";

/** The files of a repository: path from its root, text. */
export type Files = ReadonlyMap<string, string>;
/** A rule: what is wrong. */
export type Rule = (files: Files) => string[];

/** The rooms from the lowest up; edge and remote are doors of their own, above the pool. */
export const LEVELS: Readonly<Record<string, number>> = {
  errors: 0,
  memory: 1,
  channels: 2,
  actors: 3,
  pool: 4,
  edge: 5,
  remote: 5,
};

/** Which room a file is in; `undefined` when it is in none. */
export function roomOf(path: string): string | undefined {
  const room = path === "errors.ts" ? "errors" : path.split("/")[0];
  return Object.hasOwn(LEVELS, room) ? room : undefined;
}

/** TypeScript. */
export const isScript = (path: string) => /\.tsx?$/.test(path);
/** What is above the rooms: the list of public names, and what loads them. */
export const isTop = (path: string) => path === "troupe.ts" || path === "mod.ts";
/** The library itself: the rooms and what is above them. */
export const isLibrary = (path: string) =>
  isScript(path) && (isTop(path) || roomOf(path) !== undefined);
/** All that is not a test: the library, examples, benchmarks. */
export const isNoTest = (path: string) => isScript(path) && !path.startsWith("tests/");

const sources = new Map<string, Source>();
/** A source, scanned once. */
export function scan(text: string): Source {
  const known = sources.get(text) ?? sourceOf(text);
  sources.set(text, known);
  return known;
}

/** Scans some of the files. */
export function* scripts(
  files: Files,
  which: (path: string) => boolean,
): Iterable<[string, Source]> {
  for (const [path, text] of files) if (which(path)) yield [path, scan(text)];
}

/** Reports each match of a pattern in the code of some files. */
export function search(
  files: Files,
  which: (path: string) => boolean,
  pattern: RegExp,
  what: string,
): string[] {
  const found: string[] = [];
  for (const [path, source] of scripts(files, which)) {
    for (const match of source.bare.matchAll(pattern)) {
      found.push(`${path}:${lineOf(source.text, match.index)}: ${what}`);
    }
  }
  return found;
}

/** Reports each match of a pattern in the whole text of files with a given end of name. */
export function searchText(files: Files, names: RegExp, pattern: RegExp, what: string): string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (!names.test(path)) continue;
    for (const { index } of text.matchAll(pattern)) {
      found.push(`${path}:${lineOf(text, index)}: ${what}`);
    }
  }
  return found;
}
