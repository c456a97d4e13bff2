// Runs in: owner
/**
 * Makes the files that `mod.ts` and `edge/mod.ts` load of the sources, with esbuild: all of Troupe with
 * neither types nor comments. Names stay, so that traces can be read.
 *
 * Run: `deno task build`
 *
 * @module
 */
import * as esbuild from "esbuild";
import { compiledFirst } from "./eager.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const BUILT = `${ROOT}built/`;
/** What esbuild calls a file of what others share. */
const SHARED = /troupe_[A-Z0-9]{8}\.js/g;

/**
 * Whoever loads the edge gets all of Troupe: so all of it is in the one file that both share, and a worker
 * has one to load.
 */
const ALL_IN_ONE: esbuild.Plugin = {
  name: "all in one",
  setup({ onLoad }) {
    onLoad({ filter: /\/edge\/edge\.ts$/ }, async ({ path }) => {
      return { loader: "ts", contents: `import "../troupe.ts";${await Deno.readTextFile(path)}` };
    });
  },
};

/** The names of the functions that the start of a worker runs; `first_run.ts` writes them. */
export const FIRST_RUN = `${BUILT}first_run.txt`;

/** The files that the sources give, by their paths in `built/`. */
export async function build(): Promise<Map<string, string>> {
  const first = new Set((await Deno.readTextFile(FIRST_RUN)).split("\n"));
  return new Map([...await bundle()].map(([path, text]) => [path, compiledFirst(text, first)]));
}

/** The same, in which V8 compiles each function when it is first called. */
export async function bundle(): Promise<Map<string, string>> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ["troupe.ts", "edge/edge.ts"],
    outdir: BUILT,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: "troupe_[hash]",
    format: "esm",
    platform: "neutral",
    target: "esnext",
    external: ["node:*", "hono", "hono/*", "cli-progress"],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    plugins: [ALL_IN_ONE],
  });
  await esbuild.stop();
  const texts = outputFiles.map(({ path, text }) =>
    [path.slice(BUILT.length), withOwnNames(text)] as const
  );
  return withLastingNames(new Map(texts));
}

/** Which files of `built/` are not what the sources give. */
export async function stale(): Promise<string[]> {
  const wanted = await build();
  const paths = new Set([...wanted.keys(), ...await builtFiles()]);
  const there = await Promise.all([...paths].map(async (path) => [path, await textOf(path)]));
  return there.flatMap(([path, text]) => wanted.get(path!) === text ? [] : [path!]);
}

/** A class that speaks of itself is `X = class _X`: users would see that name. */
function withOwnNames(text: string): string {
  const names = new Set([...text.matchAll(/(\w+)=class _\1\b/g)].map(([, name]) => name));
  return text.replace(/\b_([A-Z]\w*)\b/g, (all, name) => names.has(name) ? name : all);
}

/** What others share is `troupe_1.js` and so on: its name stays when its text changes. */
function withLastingNames(texts: ReadonlyMap<string, string>): Map<string, string> {
  const shared = new Set([...texts.values()].flatMap((text) => text.match(SHARED) ?? []));
  const names = new Map([...shared].map((name, index) => [name, `troupe_${index + 1}.js`]));
  const renamed = (text: string) => text.replace(SHARED, (name) => names.get(name)!);
  return new Map([...texts].map(([path, text]) => [renamed(path), renamed(text)]));
}

/** Paths of the scripts in `built/`. */
async function builtFiles(folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(BUILT + folder)) {
    if (isDirectory) paths.push(...await builtFiles(`${folder}${name}/`));
    else if (name.endsWith(".js")) paths.push(folder + name);
  }
  return paths;
}

function textOf(path: string): Promise<string | undefined> {
  return Deno.readTextFile(BUILT + path).catch(() => undefined);
}

if (import.meta.main) {
  for (const path of await builtFiles()) await Deno.remove(BUILT + path);
  for (const [path, text] of await build()) {
    await Deno.mkdir(new URL(".", `file://${BUILT}${path}`), { recursive: true });
    await Deno.writeTextFile(BUILT + path, text);
  }
}
