// Runs in: owner
/**
 * Which sections of a site are asked for most, from a log of any size: a pipeline that reads, parses,
 * enriches and sums up blocks of the file in all processors, and keeps no more of it than it works on.
 *
 * `deno run --allow-read --allow-write examples/log_analysis.ts <file> [--make <megabytes>] [--top <n>]`
 *
 * @module
 */
import { cpuCount, pipeline } from "@troupe/troupe";
import { makeLog } from "./log_analysis/make_log.ts";
import {
  add,
  type Block,
  enrich,
  parse,
  readLines,
  summarise,
  type Summary,
  type Sums,
} from "./log_analysis/stages.ts";

/** Bytes of a block. */
const BLOCK = 256 << 10;

/** The blocks of a file, one after the other. */
function* blocksOf(path: string): Generator<Block> {
  const { size } = Deno.statSync(path);
  for (let from = 0; from < size; from += BLOCK) {
    yield { path, from, to: Math.min(size, from + BLOCK) };
  }
}

/** The four tasks run one after the other in the same worker; only blocks go there, and sums come back. */
const analysis = pipeline<Block>()
  .map(readLines, { workers: cpuCount(), ordered: false, retry: { attempts: 3, on: "exit" } })
  .map(parse)
  .map(enrich)
  .map(summarise)
  .fold({ initial: (): Summary => ({ sections: new Map(), requests: 0, skipped: 0 }), step: join });

function join(all: Summary, { sections, requests, skipped }: Summary): Summary {
  for (const [section, sums] of sections) add(all.sections, section, sums);
  return {
    sections: all.sections,
    requests: all.requests + requests,
    skipped: all.skipped + skipped,
  };
}

/** The largest by what `weigh` says, largest first. */
function top<T>(items: Iterable<T>, count: number, weigh: (item: T) => number): T[] {
  return [...items].sort((a, b) => weigh(b) - weigh(a)).slice(0, count);
}

function row([section, { requests, errors, bytes, ms, slowest }]: [string, Sums]): string {
  return [
    section.padEnd(10),
    requests.toLocaleString("en").padStart(12),
    `${(100 * errors / requests).toFixed(1)}%`.padStart(8),
    `${(bytes / 2 ** 20).toFixed(1)} MiB`.padStart(14),
    `${(ms / requests).toFixed(1)} ms`.padStart(10),
    `${slowest} ms`.padStart(9),
  ].join("");
}

/** Runs the analysis and prints what came out. */
async function main(path: string, count: number): Promise<void> {
  const begun = performance.now();
  let memory = 0;
  const watch = setInterval(() => memory = Math.max(memory, Deno.memoryUsage().rss), 20);
  const run = analysis.collect(blocksOf(path));
  const [{ sections, requests, skipped }] = await run;
  clearInterval(watch);
  const seconds = (performance.now() - begun) / 1000;
  const [{ busy }] = run.stats();
  console.log("section       requests  errors          bytes      mean  slowest");
  for (const line of top(sections, count, ([, sums]) => sums.requests).map(row)) console.log(line);
  const megabytes = Deno.statSync(path).size / 2 ** 20;
  console.log(`\nrequests  ${requests.toLocaleString("en")}`);
  console.log(`skipped   ${skipped.toLocaleString("en")} lines`);
  console.log(`time      ${seconds.toFixed(2)} s, ${(megabytes / seconds).toFixed(0)} MiB/s`);
  console.log(`workers   ${cpuCount()}, ${(busy / seconds / 10 / cpuCount()).toFixed(0)}% busy`);
  console.log(`memory    ${(memory / 2 ** 20).toFixed(0)} MiB at most`);
}

if (import.meta.main) {
  const option = (name: string) => {
    const at = Deno.args.indexOf(name);
    return at < 0 ? undefined : Number(Deno.args[at + 1]);
  };
  const path = Deno.args[0];
  const megabytes = option("--make");
  if (path === undefined || path.startsWith("--")) {
    console.error("Which log? Give the path of a file, and --make 100 to have it written first.");
    Deno.exit(1);
  }
  if (megabytes !== undefined) makeLog(path, megabytes);
  await main(path, option("--top") ?? 5);
}
