/**
 * Rules about who imports what.
 */
import { type Files, isLibrary, isNoTest, LEVELS, roomOf, type Rule, scripts } from "./files.ts";
import { importsOf, resolve } from "./source.ts";

/** Reports each import that a rule refuses. */
function refuseImports(
  files: Files,
  which: (path: string) => boolean,
  refuse: (path: string, specifier: string) => string | undefined,
): string[] {
  const found: string[] = [];
  for (const [path, source] of scripts(files, which)) {
    for (const { specifier, line } of importsOf(source)) {
      const why = refuse(path, specifier);
      if (why) found.push(`${path}:${line}: imports "${specifier}": ${why}`);
    }
  }
  return found;
}

/** Rooms import downwards only; edge and remote are doors of their own. */
export const importsGoDown: Rule = (files) =>
  refuseImports(files, isLibrary, (path, specifier) => {
    const target = resolve(path, specifier);
    if (target === undefined) return undefined;
    if (path === "mod.ts" || path === "edge/mod.ts") {
      return target.startsWith("built/") ? undefined : "it loads what was built, nothing else";
    }
    const [from, to] = [roomOf(path), roomOf(target)];
    if (to === undefined) return "that is in no room of the library";
    if (from === undefined) {
      return to === "edge" || to === "remote" ? "troupe.ts does not" : undefined;
    }
    return from === to || LEVELS[to] < LEVELS[from] ? undefined : `${from} is not above ${to}`;
  });

/** Examples use the library as a user does: by its entry points. Benchmarks may reach inside. */
export const outsidersUseEntryPoints: Rule = (files) => {
  const { exports = {} } = JSON.parse(files.get("deno.json") ?? "{}");
  const entries = new Set(
    (Object.values(exports) as string[]).map((path) => path.replace(/^\.\//, "")),
  );
  return refuseImports(files, (path) => /^examples\//.test(path), (path, specifier) => {
    const target = resolve(path, specifier);
    if (target === undefined || entries.has(target)) return undefined;
    return target.split("/")[0] === path.split("/")[0] ? undefined : "that is no entry point";
  });
};

/** No import cycle, not even of types. */
export const noCycles: Rule = (files) => {
  const graph = new Map<string, string[]>();
  for (const [path, source] of scripts(files, isNoTest)) {
    const targets = importsOf(source).map(({ specifier }) => resolve(path, specifier));
    graph.set(path, targets.filter((target) => target !== undefined));
  }
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]) => {
    if (above.includes(path)) {
      found.push(`${path}:1: cycle ${[...above.slice(above.indexOf(path)), path].join(" > ")}`);
    }
    if (done.has(path)) return;
    done.add(path);
    for (const target of graph.get(path) ?? []) visit(target, [...above, path]);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
};

/** Libraries that only one part of the house knows, or none. */
const LIBRARIES: readonly [RegExp, string | undefined, string][] = [
  [/^(?:npm:|jsr:)?(?:@zod\/)?zod\b/, undefined, "users choose their schemas"],
  [/^(?:npm:|jsr:)?@?hono\b/, "edge", "only edge/ may"],
  [/^(?:npm:|jsr:)?@?nats\b/, "remote", "only remote/ may"],
];

/** Libraries stay where they belong. */
export const libraries: Rule = (files) =>
  refuseImports(files, isLibrary, (path, specifier) => {
    const library = LIBRARIES.find(([name]) => name.test(specifier));
    return library && library[1] !== roomOf(path) ? library[2] : undefined;
  });
