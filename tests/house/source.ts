/**
 * Reading sources without a parser. Comments, strings, templates and regular expressions are
 * blanked out, character for character, so that what is left can be searched and lines still count.
 *
 * What it cannot see: a regular expression that follows `)` or `}` is taken for a division.
 */

/** A source as it is, and without what is no code. All three have the same length. */
export interface Source {
  readonly text: string;
  /** Without the text of comments. */
  readonly code: string;
  /** Without the text of comments, strings, templates and regular expressions; quotes stay. */
  readonly bare: string;
}

/** What stands before a regular expression, and not before a division. */
const BEFORE_REGEX = /^(?:|[([{,;=:!&|?+*%<>~^-]|return|typeof|case|in|of|throw|else|do|yield)$/;

/** Blanks out what is no code. */
export function sourceOf(text: string): Source {
  const comments: Range[] = [];
  const literals: Range[] = [];
  /** For each `${` that is open: how many braces are open in it. */
  const holes: number[] = [];
  /** The last word or sign, and whether a space came after it. */
  let last = "";
  let gap = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const comment = endOfComment(text, at);
    const closesHole = char === "}" && holes.at(-1) === 0;
    if (comment !== undefined) {
      comments.push([at, comment]);
      at = comment - 1;
      gap = true;
    } else if (closesHole || char === '"' || char === "'" || char === "`") {
      if (closesHole) holes.pop();
      const end = endOfString(text, at + 1, closesHole ? "`" : char);
      literals.push([at + 1, end]);
      const opensHole = text[end] === "$";
      if (opensHole) holes.push(0);
      at = opensHole ? end + 1 : end;
      last = opensHole ? "{" : char;
    } else if (char === "/" && BEFORE_REGEX.test(last)) {
      const end = endOfRegex(text, at + 1);
      literals.push([at + 1, end]);
      at = end;
      last = "/";
    } else if (/\s/.test(char)) {
      gap = true;
    } else {
      if (holes.length > 0) holes[holes.length - 1] += char === "{" ? 1 : char === "}" ? -1 : 0;
      last = /\w/.test(char) && /\w$/.test(last) && !gap ? last + char : char;
      gap = false;
    }
  }
  const code = blank(text, comments);
  return { text, code, bare: blank(code, literals) };
}

/** From the first character to the one after the last. */
type Range = readonly [start: number, end: number];

/** Where a comment that starts here ends; `undefined` when none does. */
function endOfComment(text: string, at: number): number | undefined {
  const isLine = text.startsWith("//", at);
  if (!isLine && !text.startsWith("/*", at)) return undefined;
  const end = isLine ? text.indexOf("\n", at) : text.indexOf("*/", at + 2);
  return end < 0 ? text.length : isLine ? end : end + 2;
}

/** Where a string ends: at its quote, or at `${` in a template. */
function endOfString(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at;
    else if (quote === "`" && text.startsWith("${", at)) return at;
  }
  return text.length;
}

/** Where a regular expression ends; a slash in brackets is part of it. */
function endOfRegex(text: string, from: number): number {
  let inBrackets = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "\n") return at;
    else if (text[at] === "[") inBrackets = true;
    else if (text[at] === "]") inBrackets = false;
    else if (text[at] === "/" && !inBrackets) return at;
  }
  return text.length;
}

/** The text with spaces in the ranges; line ends stay. */
function blank(text: string, ranges: readonly Range[]): string {
  let result = "";
  let from = 0;
  for (const [start, end] of ranges) {
    result += text.slice(from, start) + text.slice(start, end).replace(/[^\n]/g, " ");
    from = end;
  }
  return result + text.slice(from);
}

/** The line, from 1, of a position. */
export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** What a file imports or re-exports, types included. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** All imports of a source: static, re-exports, dynamic, and `typeof import()`. */
export function importsOf({ code, bare }: Source): Import[] {
  const patterns = [
    /\b(?:import|export)\b[^;"'()=]*?\bfrom\s*["']( *)["']/g,
    /\bimport\s*["']( *)["']/g,
    /\bimport\s*\(\s*["']( *)["']/g,
  ];
  return patterns.flatMap((pattern) =>
    [...bare.matchAll(pattern)].map((match) => {
      const end = match.index + match[0].length - 1;
      return {
        specifier: code.slice(end - match[1].length, end),
        line: lineOf(bare, match.index),
      };
    })
  );
}

/** The path that a relative specifier means, or `undefined` for all others. */
export function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** How many lines have code. */
export function codeLines({ code }: Source): number {
  return code.split("\n").filter((line) => line.trim() !== "").length;
}

/** A function's body as it stands in the source. */
export interface FunctionBody {
  readonly line: number;
  /** Lines with code, the first and the last included. */
  readonly length: number;
}

/** Blocks with a head in parentheses that are no functions. */
const NO_FUNCTION =
  /^\s*(?:\} |\w+: )?(?:if|else|for|while|switch|case|catch|with|do|try|(?:export |abstract )*class)\b/;

/**
 * The functions of a formatted source: blocks whose head ends in `) {`, `): Type {` or `=> {`. What
 * has no block, or stands on one line, is not seen.
 */
export function functionsOf({ code, bare }: Source): FunctionBody[] {
  const lines = bare.split("\n");
  const all = code.split("\n");
  const found: FunctionBody[] = [];
  for (const [index, line] of lines.entries()) {
    if (!/(?:\)(?:: .+)?|=>) \{$/.test(line)) continue;
    const indent = line.search(/\S/);
    const isAtIndent = (other: string) => other.search(/\S/) === indent;
    const isTail = /^\s*\)(?:: .+?)?(?: =>)? \{$/.test(line);
    const head = isTail
      ? lines.findLastIndex((other, at) => at < index && isAtIndent(other))
      : index;
    if (head < 0 || NO_FUNCTION.test(lines[head])) continue;
    const end = lines.findIndex((other, at) =>
      at > index && isAtIndent(other) && other[indent] === "}"
    );
    const length = all.slice(head, end + 1).filter((other) => other.trim() !== "").length;
    found.push({ line: head + 1, length });
  }
  return found;
}
