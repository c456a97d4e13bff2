/**
 * Rules about the text of files: what must be there, and what must not.
 */
import {
  type Files,
  isLibrary,
  isNoTest,
  isScript,
  type Rule,
  scripts,
  search,
  searchText,
} from "./files.ts";
import { codeLines, functionsOf } from "./source.ts";

/** Most lines of a file, and of a function, that have code. */
export const MAX_FILE = 250;
export const MAX_FUNCTION = 60;

/** The first line says where a file runs. */
export const runsIn: Rule = (files) =>
  [...files].filter(([path]) => isLibrary(path))
    .filter(([, text]) => !/^\/\/ Runs in: (?:any isolate|owner|worker)\n/.test(text))
    .map(([path]) => `${path}:1: must be "// Runs in: any isolate", "… owner" or "… worker"`);

/** A dangerous thing, and the one place where it may be. */
interface Door {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: (path: string) => boolean;
}

const DOORS: readonly Door[] = [
  {
    what: "Atomics belongs to memory/atomics.ts",
    pattern: /\bAtomics\b/g,
    allowed: (path) => path === "memory/atomics.ts",
  },
  {
    what: "self belongs to actors/entry.ts",
    pattern: /(?<![.\w$#])self\./g,
    allowed: (path) => path === "actors/entry.ts",
  },
  {
    what: "a Worker is made in actors/",
    pattern: /\bnew\s+Worker\b/g,
    allowed: (path) => path.startsWith("actors/"),
  },
  {
    what: "Deno.dlopen belongs to memory/",
    pattern: /\bDeno\s*\.\s*dlopen\b/g,
    allowed: (path) => path.startsWith("memory/"),
  },
];

/** Each dangerous thing has one door. */
export const doors: Rule = (files) => {
  const found = DOORS.flatMap(({ what, pattern, allowed }) =>
    search(files, (path) => isLibrary(path) && !allowed(path), pattern, what)
  );
  return [
    ...found,
    ...oneFile(files, /\bnew\s+Worker\b/, "makes Workers", true),
    ...oneFile(files, /\bDeno\s*\.\s*dlopen\b/, "calls Deno.dlopen", false),
  ];
};

/** At most one file (exactly one, if there must be one) has a thing. */
function oneFile(files: Files, pattern: RegExp, what: string, must: boolean): string[] {
  const having = [...scripts(files, isLibrary)].filter(([, { bare }]) => pattern.test(bare));
  if (having.length === 0 && must) return [`actors:1: no file ${what}`];
  return having.slice(1).map(([path]) => `${path}:1: ${what}, and so does ${having[0][0]}`);
}

/** Folders say what is in them. */
export const folderNames: Rule = (files) =>
  [...files.keys()]
    .filter((path) => /(?:^|\/)(?:utils?|helpers?|common|core|internal|src)\//.test(path))
    .map((path) => `${path}:1: is in a folder whose name says nothing`);

/** Nothing is left for later in the text. Put together here so as not to find itself. */
export const nothingForLater: Rule = (files) =>
  searchText(
    files,
    /\.(?:tsx?|md|jsonc?|css|html)$/,
    new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`, "g"),
    "leaves something for later",
  );

/** Files stay small. */
export const fileSize: Rule = (files) => {
  const found: string[] = [];
  for (const [path, source] of scripts(files, isNoTest)) {
    const length = codeLines(source);
    if (length > MAX_FILE) found.push(`${path}:1: has ${length} lines of code, over ${MAX_FILE}`);
  }
  return found;
};

/** Functions stay small. */
export const functionSize: Rule = (files) => {
  const found: string[] = [];
  for (const [path, source] of scripts(files, isNoTest)) {
    for (const { line, length } of functionsOf(source)) {
      if (length <= MAX_FUNCTION) continue;
      found.push(`${path}:${line}: a function of ${length} lines, over ${MAX_FUNCTION}`);
    }
  }
  return found;
};

/** Each export has one name. A server's example has to export its handler as default. */
export const noDefaultExports: Rule = (files) =>
  search(
    files,
    (path) => isScript(path) && !path.startsWith("examples/"),
    /\bexport\s+default\b|\bas\s+default\b/g,
    "a default export",
  );

/** Unions of strings and modules do the same without code of their own. */
export const noEnumsOrNamespaces: Rule = (files) => [
  ...search(
    files,
    isScript,
    /^[ \t]*(?:export\s+|declare\s+|const\s+)*enum\s+\w+\s*\{/gm,
    "an enum",
  ),
  ...search(
    files,
    isScript,
    /^[ \t]*(?:export\s+|declare\s+)*(?:namespace|module)\s+[\w.]+\s*\{/gm,
    "a namespace",
  ),
];

/** Files of protocol that have no invariants of their own: constants, aliases, interfaces. */
const NO_INVARIANTS = new Set([
  "memory/atomics.ts",
  "memory/handle.ts",
  "memory/layout.ts",
  "channels/codec/kinds.ts",
]);
const HAS_INVARIANTS =
  /^(?:memory\/.*|channels\/codec(?:\/.*|\.ts)|actors\/(?:mailbox|supervisor)\.ts|pool\/work_queue\.ts)$/;

/** Protocols state what is always true: I1, I2 … at the head of the file. */
export const invariants: Rule = (files) => {
  const found: string[] = [];
  for (const [path, { text, code }] of scripts(files, (path) => HAS_INVARIANTS.test(path))) {
    if (NO_INVARIANTS.has(path)) continue;
    const first = code.search(/\S/);
    const head = first < 0 ? text : text.slice(0, first);
    const numbers = [...head.matchAll(/^ \*\s+(?:- )?I(\d+)[.:] /gm)].map((match) => +match[1]);
    if (numbers.length === 0) found.push(`${path}:2: states no invariant I1`);
    else if (numbers.some((number, index) => number !== index + 1)) {
      found.push(`${path}:2: counts its invariants ${numbers.join(", ")}`);
    }
  }
  return found;
};

/** No address of somebody's machine. */
export const noMachinePaths: Rule = (files) =>
  searchText(
    files,
    /\.(?:tsx?|md|jsonc?|txt|ya?ml|html|css)$/,
    new RegExp(
      `(?<![\\w.])/(?:${["work", "root", "home", "Users"].join("|")})/|[A-Z]:\\\\Users`,
      "g",
    ),
    "a path of somebody's machine",
  );

/** Hosts of registries, in parts so that this file does not name them. */
const REGISTRIES = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["jsr", "io"],
  ["deno", "land"],
  ["esm", "sh"],
  ["unpkg", "com"],
  ["jsdelivr", "net"],
];

/** No address of a registry: packages are named in deno.json, and `deno.lock` knows where they are. */
export const noRegistryHosts: Rule = (files) =>
  searchText(
    files,
    /\.(?:tsx?|md|jsonc?)$/,
    new RegExp(`\\b(?:${REGISTRIES.map((host) => host.join("\\.")).join("|")})\\b`, "g"),
    "the address of a registry",
  );
