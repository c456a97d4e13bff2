/**
 * Rules about `troupe.ts`, the list of what users see.
 */
import { type Files, type Rule, scan } from "./files.ts";
import { lineOf } from "./source.ts";

/** `troupe.ts` re-exports, name by name, and ends with the file in which a worker's life begins. */
export const modOnlyReexports: Rule = (files) => {
  const text = files.get("troupe.ts");
  if (text === undefined) return [];
  const { bare } = scan(text);
  const rest = bare.replace(
    /export\s+(?:type\s+)?\{[^}]*\}\s*from\s*"[^"]*";?|import\s*"[^"]*";\s*$/g,
    (match) => match.replace(/[^\n]/g, " "),
  );
  const at = rest.search(/\S/);
  return at < 0 ? [] : [`troupe.ts:${lineOf(rest, at)}: is no \`export { … } from\``];
};

/** The names that `troupe.ts` exports, sorted; types are marked. */
export function publicNames(files: Files): string[] {
  const { bare } = scan(files.get("troupe.ts") ?? "");
  const names: string[] = [];
  for (const [, type, list] of bare.matchAll(/export\s+(type\s+)?\{([^}]*)\}/g)) {
    for (const entry of list.split(",").map((part) => part.trim()).filter(Boolean)) {
      const isType = type !== undefined || entry.startsWith("type ");
      const name = entry.replace(/^type /, "").replace(/^.*\bas\s+/, "");
      names.push(isType ? `type ${name}` : name);
    }
  }
  const nameOf = (entry: string) => entry.replace(/^type /, "");
  return names.sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
}

/** The public names are those that were agreed on. */
export const publicNamesAgree: Rule = (files) => {
  const now = new Set(publicNames(files));
  const agreed = (files.get("tests/public_names.txt") ?? "").split("\n").filter(Boolean);
  const at = (name: string) => agreed.indexOf(name) + 1;
  return [
    ...[...now].filter((name) => !agreed.includes(name))
      .map((name) => `troupe.ts:1: exports ${name}, which tests/public_names.txt does not have`),
    ...agreed.filter((name) => !now.has(name))
      .map((name) =>
        `tests/public_names.txt:${at(name)}: has ${name}, which troupe.ts does not export`
      ),
  ];
};
