// Runs in: owner
/**
 * Finds out which functions the start of a worker runs, until an actor in it has answered for the first
 * time: V8 writes down what it compiles. `build.ts` has those compiled with their module.
 *
 * Run: `deno run -A built/first_run.ts && deno task build`, when much about starts has changed
 *
 * @module
 */
import { bundle, FIRST_RUN } from "./build.ts";
import { functionsOf } from "./eager.ts";

const ACTOR = `import { defineActor } from "./built/troupe.js";
export const Echo = defineActor(import.meta, { init: () => 0, on: { echo: (_, order) => order } });`;
const START = `import { spawn } from "./built/troupe.js";
import { Echo } from "./echo.js";
const order = { id: 1, price: 1.5, paid: true, name: "Ann", lines: [{ sku: "a" }, { sku: "b" }] };
for (let life = 0; life < 2; life++) await (await spawn(Echo)).ask.echo(order);
Deno.exit();`;

/** Runs a start of these texts; gives what V8 wrote down, of each isolate. */
async function logsOf(texts: ReadonlyMap<string, string>): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  const files = [...texts].map(([path, text]) => [`built/${path}`, text]);
  await Deno.mkdir(`${folder}/built/edge`, { recursive: true });
  for (const [path, text] of [...files, ["echo.js", ACTOR], ["start.js", START]]) {
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  const flags = `--v8-flags=--log-function-events,--logfile-per-isolate,--logfile=${folder}/v8.log`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", flags, `${folder}/start.js`],
  }).output();
  if (!success) throw new Error("Cannot record a start: it failed");
  const paths = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith("v8.log"));
  return await Promise.all(paths.map(({ name }) => Deno.readTextFile(`${folder}/${name}`)));
}

/** Where the functions end that an isolate has compiled, by their files. */
function compiledIn(log: string): Map<string, Set<number>> {
  const paths = new Map<string, string>();
  const ends = new Map<string, Set<number>>();
  for (const line of log.split("\n")) {
    const [what, event, script, , end] = line.split(",");
    if (what === "script-details") paths.set(event, script.replace(/^.*\/built\//, ""));
    if (what !== "function" || event !== "parse-function") continue;
    const path = paths.get(script) ?? "";
    ends.set(path, (ends.get(path) ?? new Set()).add(Number(end)));
  }
  return ends;
}

const texts = await bundle();
const names = new Set<string>();
for (const log of await logsOf(texts)) {
  if (log.includes("/start.js")) continue;
  const compiled = compiledIn(log);
  for (const [path, text] of texts) {
    for (const { name, end } of functionsOf(text)) {
      if (compiled.get(path)?.has(end)) names.add(name);
    }
  }
}
await Deno.writeTextFile(FIRST_RUN, [...names].toSorted().join("\n") + "\n");
