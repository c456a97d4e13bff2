/**
 * Makes stepping code of shipped code. `raise` takes the text of the functions themselves and only
 * inserts: `*` after `function`, `yield*` before each call that takes steps, a note of the live
 * variables at the head of each loop. Nothing is copied or rewritten, so what is explored is what ships.
 *
 * @module
 */
import { m, type Steps } from "./local.ts";

const ATOMICS = [
  "load",
  "glance",
  "store",
  "add",
  "sub",
  "or",
  "and",
  "exchange",
  "compareExchange",
  "notify",
] as const;

/** Replaces one piece of the text by another: seeds a fault. */
export interface Fault {
  /** What is wrong with it. */
  readonly name: string;
  /** The function it is in. */
  readonly of: string;
  /** A piece of its text that occurs once; white space counts as one space. */
  readonly from: string;
  /** What takes its place. */
  readonly to: string;
}

/** Text put into shipped text. */
export interface Insertion {
  /** Where in the shipped text. */
  readonly at: number;
  /** What. */
  readonly text: string;
}

/** A module: constants and functions. */
export type Module = Readonly<Record<string, unknown>>;

// deno-lint-ignore no-explicit-any -- each raised function has the parameters of the shipped one
type Params<F> = F extends (...args: infer A) => any ? A : never;
// deno-lint-ignore no-explicit-any -- as above
type Returned<F> = F extends (...args: any[]) => infer R ? R : never;

/** The same functions in steps; those named by `Pure` touch no shared memory and stay as they are. */
export type Raised<M extends Module, Pure extends keyof M = never> = {
  readonly [K in keyof M]: K extends Pure ? M[K]
    : M[K] extends (...args: never[]) => unknown ? (...args: Params<M[K]>) => Steps<Returned<M[K]>>
    : M[K];
};

/** Makes stepping code of all functions of a module that touch shared memory. */
export function raise<M extends Module, Pure extends keyof M = never>(
  module: M,
  faults: readonly Fault[] = [],
): Raised<M, Pure> {
  const texts = textsOf(module, faults);
  const stepping = steppingIn(texts);
  const constants = Object.keys(module).filter((name) => !(name in texts));
  const code = Object.entries(texts).map(([name, text]) =>
    stepping.has(name) ? insert(text, insertionsIn(text, stepping)) : text
  );
  const exported = Object.keys(texts).map((name) =>
    stepping.has(name) ? `${name}: m.call(${name})` : name
  );
  const make = new Function(
    "m",
    ...constants,
    `"use strict";\n${code.join("\n")}\nreturn {${exported.join()}};`,
  );
  return { ...module, ...make(m, ...constants.map((name) => module[name])) };
}

/** The text of each function of a module, with the faults in it. */
export function textsOf(module: Module, faults: readonly Fault[] = []): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(module)) {
    if (typeof value === "function") texts[name] = String(value);
  }
  for (const { name, of, from, to } of faults) {
    const text = withoutComments(texts[of] ?? "").replace(/\s+/g, " ");
    if (text.split(from).length !== 2) {
      throw new Error(`Cannot seed the fault "${name}": not exactly once in ${of}:\n${text}`);
    }
    texts[of] = text.replace(from, () => to);
  }
  return texts;
}

/** Names of the functions that take steps: they call an atomic operation, or a function that does. */
export function steppingIn(texts: Readonly<Record<string, string>>): Set<string> {
  const stepping = new Set<string>(ATOMICS);
  for (let grown = true; grown;) {
    grown = false;
    for (const [name, text] of Object.entries(texts)) {
      if (stepping.has(name) || callsIn(bodyOf(text), stepping).length === 0) continue;
      stepping.add(name);
      grown = true;
    }
  }
  return stepping;
}

/** What has to be put into a function's text. */
export function insertionsIn(text: string, stepping: ReadonlySet<string>): Insertion[] {
  const { name, start, params } = headOf(text);
  checkParams(text.slice(start), params, name);
  const insertions: Insertion[] = [{ at: "function".length, text: "*" }];
  for (const { at, name: callee, end } of callsIn(text.slice(start), stepping)) {
    const atomic = (ATOMICS as readonly string[]).includes(callee);
    insertions.push({ at: start + at, text: atomic ? "(yield* m." : "(yield* m.call(" });
    if (!atomic) insertions.push({ at: start + at + callee.length, text: ")" });
    insertions.push({ at: start + end, text: ")" });
  }
  let loop = 0;
  for (const { index, 0: head } of text.matchAll(/for\s*\(;;\)\s*\{/g)) {
    const alive = [...text.slice(0, index).matchAll(/\b(?:let|const) (\w+)/g)].map((found) =>
      found[1]
    );
    const place = [`"${name}.${loop++}"`, ...alive].join(", ");
    insertions.push({ at: index + head.length, text: ` m.here(${place});` });
  }
  return insertions.sort((one, other) => one.at - other.at);
}

/** Puts the insertions into the text. */
export function insert(text: string, insertions: readonly Insertion[]): string {
  let result = "";
  let from = 0;
  for (const { at, text: more } of insertions) {
    result += text.slice(from, at) + more;
    from = at;
  }
  return result + text.slice(from);
}

interface Call {
  readonly name: string;
  readonly at: number;
  readonly end: number;
}

/** Blanks comments out, so that everything else stays where it is. */
function withoutComments(text: string): string {
  return text.replace(/\/\/[^\n]*/g, (comment) => " ".repeat(comment.length));
}

/** Calls in a text of any of the named functions, with where they begin and end. */
function callsIn(commented: string, names: ReadonlySet<string>): Call[] {
  const calls: Call[] = [];
  const text = withoutComments(commented);
  for (const { index, 0: found, 1: name } of text.matchAll(/(?<![.\w])(\w+)\(/g)) {
    if (!names.has(name)) continue;
    let depth = 1;
    let end = index + found.length;
    while (depth > 0) {
      const char = text[end++];
      if (char === undefined) throw new Error(`No end of the call in: ${text.slice(index)}`);
      depth += char === "(" ? 1 : char === ")" ? -1 : 0;
    }
    calls.push({ name, at: index, end });
  }
  return calls;
}

function headOf(text: string): { name: string; start: number; params: string[] } {
  const head = /^function (\w+)\(([^)]*)\)\s*\{/.exec(text);
  if (head === null) throw new Error(`Not a plain function: ${text.slice(0, 60)}`);
  return { name: head[1], start: head[0].length, params: head[2].match(/\w+/g) ?? [] };
}

function bodyOf(text: string): string {
  return text.startsWith("function ") ? text.slice(headOf(text).start) : "";
}

/** A loop's note leaves the parameters out, so nobody may change them. */
function checkParams(body: string, params: readonly string[], name: string): void {
  for (const param of params) {
    if (new RegExp(`(?<![.\\w])${param}\\s*([-+|&]?=(?!=)|\\+\\+|--)`).test(body)) {
      throw new Error(`${name} changes its parameter ${param}`);
    }
  }
}
