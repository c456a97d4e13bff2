// Runs in: owner
/**
 * Indexes all text of a folder on all processors, while workers are killed on purpose; then does the
 * same again without workers, and compares.
 *
 * `deno task demo [folder] [--kill N] [--workers N]`: this repository, 1, and one for each processor
 * unless told otherwise.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cpuCount } from "@troupe/troupe";
import { cut, list } from "./index_tree/batches.ts";
import { addFigures, countInto, noFigures } from "./index_tree/count.ts";
import { indexInPool, type Pass } from "./index_tree/pooled.ts";
import { PeakMemory } from "./index_tree/memory.ts";
import { printComparison, printIndex } from "./index_tree/report.ts";
import { WordTable } from "./index_tree/words.ts";

/** What was asked for. */
interface Wishes {
  readonly folder: string;
  readonly kills: number;
  readonly workers: number;
}

/** Does both passes; gives the exit code. */
async function main(args: string[]): Promise<number> {
  const wishes = read(args);
  if (typeof wishes === "string") return fail(wishes);
  const { folder, kills, workers } = wishes;
  const obstacle = obstacleAt(folder);
  if (obstacle !== undefined) return fail(`Cannot index ${folder}: ${obstacle}`);
  // Cut finely enough that there is something to do before, between and after the kills.
  const parts = Math.max(4 * workers, kills + 1);
  const memory = new PeakMemory();
  const pooled = await indexInPool(folder, { kills, workers, parts });
  printIndex(pooled, { workers, peak: memory.peak });
  const plain = indexPlainly(folder, parts);
  memory.end();
  printComparison(pooled, plain, memory.peak);
  if (pooled.lost.length > 0) return fail(`${pooled.lost.length} tasks were lost`);
  const difference = pooled.words.differenceTo(plain.words);
  if (difference === undefined && pooled.figures.tokens === plain.figures.tokens) return 0;
  return fail(`the two passes do not agree: ${difference ?? "numbers of tokens"}`);
}

function read(args: string[]): Wishes | string {
  try {
    const { values, positionals } = parseArgs({
      args: args.filter((arg) => arg !== "--"),
      options: {
        kill: { type: "string", default: "1" },
        workers: { type: "string", default: String(cpuCount()) },
      },
      allowPositionals: true,
    });
    const [kills, workers] = [Number(values.kill), Number(values.workers)];
    if (!(Number.isInteger(kills) && kills >= 0)) return "--kill takes a whole number from 0 on";
    if (!(Number.isInteger(workers) && workers >= 1)) return "--workers takes a number from 1 on";
    if (positionals.length > 1) return "Give one folder";
    const folder = positionals[0] ?? fileURLToPath(new URL("..", import.meta.url));
    return { folder, kills, workers };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why a folder cannot be indexed, if so. */
function obstacleAt(folder: string): string | undefined {
  try {
    if (!Deno.statSync(folder).isDirectory) return "it is no folder";
    for (const _ of Deno.readDirSync(folder)) break;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "there is no such folder" : String(error);
  }
}

/** The same without a pool: one table, one batch after the other. */
function indexPlainly(folder: string, parts: number): Pass {
  const begun = performance.now();
  const words = new WordTable();
  const figures = noFigures();
  for (const batch of cut(list(folder), parts)) addFigures(figures, countInto(words, batch));
  return { words, figures, milliseconds: performance.now() - begun };
}

function fail(text: string): number {
  console.error(text);
  return 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
