// Runs in: owner
/**
 * Runs the benchmarks, each in a process of its own, and prints what came out.
 *
 * Run: `deno task bench [name ...] [--write]`; `--write` also writes `bench/RESULTS.md`.
 *
 * @module
 */
import { cpus, release, totalmem } from "node:os";
import { digits, type Result, table } from "./measure.ts";

const BENCHMARKS = [
  "ask",
  "inflight",
  "oneway",
  "many",
  "bytes",
  "channels_flat",
  "load",
  "spawn",
  "restart",
  "hosts",
  "pool",
  "pool_peers",
  "pipeline",
  "locks",
  "values",
  "processes",
  "process_forms",
  "edge",
  "edge_overload",
];
/** Longest that one may take, in milliseconds; it is killed then. */
const LONGEST_MS = 5 * 60_000;

const chosen = Deno.args.filter((arg) => !arg.startsWith("--"));
const machine = machineInfo();
console.log(machine + "\n");

const results: Result[] = [];
let failed = 0;
for (const name of chosen.length > 0 ? chosen : BENCHMARKS) {
  const found = await run(name);
  if (found === undefined) failed++;
  else {
    results.push(...found);
    console.log(table(found));
  }
}
if (Deno.args.includes("--write")) {
  await Deno.writeTextFile(new URL("./RESULTS.md", import.meta.url), markdown(results));
  console.log("\nWritten: bench/RESULTS.md");
}
Deno.exit(failed > 0 ? 1 : 0);

/** The results of one benchmark; `undefined` when it failed. */
async function run(name: string): Promise<Result[] | undefined> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-lock",
      "--v8-flags=--expose-gc",
      new URL(`./${name}.ts`, import.meta.url).href,
      "--json",
    ],
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(LONGEST_MS),
  }).spawn();
  const { success, stdout } = await child.output();
  const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
  if (success && last?.startsWith("[")) return JSON.parse(last);
  console.error(`bench/${name}.ts failed`);
  return undefined;
}

/** What the figures depend on. */
function machineInfo(): string {
  const { os, arch } = Deno.build;
  const { deno, v8 } = Deno.version;
  const load = Deno.loadavg()[0].toFixed(1);
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `${cpus().length} × ${cpus()[0]?.model.trim() || "unknown processor"}, ${memory} GiB, ` +
    `${os} ${release()} ${arch}, load ${load}; Deno ${deno}, V8 ${v8}`;
}

/** The results as a document. */
function markdown(all: readonly Result[]): string {
  const rows = all.flatMap(({ title, unit, lines }) =>
    lines.map(({ name, median, best, worst, ratio }, index) =>
      `| ${index === 0 ? title : ""} | ${name} | ${digits(median)} ${unit} | ` +
      `${digits(best)} … ${digits(worst)} | ${digits(ratio)} |`
    )
  );
  return [
    "# Benchmark results",
    "",
    `Machine: ${machine}.`,
    "",
    "All contenders of a group took turns in one process; the median of the rounds counts. The ratio",
    "says how many times better than the last line of its group. Absolute figures vary with the",
    "machine and its load: compare ratios. To measure again: `deno task bench --write`.",
    "",
    "| what | contender | median | best … worst | ratio |",
    "| --- | --- | ---: | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}
