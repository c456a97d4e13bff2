// Runs in: owner
/**
 * What the demo prints.
 *
 * @module
 */
import type { Pass, PooledPass } from "./pooled.ts";

const TOP = 10;

/** Facts that are not in the pass. */
export interface Circumstances {
  /** Workers at a time. */
  readonly workers: number;
  /** Most memory in bytes. */
  readonly peak: number;
}

/** The index, and how it came to be. */
export function printIndex(
  { words, figures, milliseconds, ...pass }: PooledPass,
  { workers, peak }: Circumstances,
): void {
  console.log(`\nterm${" ".repeat(20)}count`);
  for (const [term, count] of words.top(TOP)) {
    console.log(`${term.padEnd(20)} ${number(count).padStart(8)}`);
  }
  table([
    ["files", `${number(figures.files)} of text`],
    ["not read", `${figures.binaries} binary, ${figures.unreadable.length} unreadable`],
    ["tokens", `${number(figures.tokens)}, ${number(words.size)} different`],
    ["bytes", number(figures.bytes)],
    ["time", `${seconds(milliseconds)}, ${rate(figures.bytes, milliseconds)}`],
    ["workers", number(workers)],
    ["tasks", `${number(pass.tasks)}, added up in ${seconds(pass.merging)}`],
    ["workers killed", number(pass.killed)],
    ["workers restarted", number(pass.restarts)],
    ["tasks lost", number(pass.lost.length)],
    ["peak memory", mebibytes(peak)],
  ]);
  for (const error of pass.lost) console.error(error);
}

/** The plain pass beside it. */
export function printComparison(pooled: PooledPass, plain: Pass, peak: number): void {
  const { bytes } = plain.figures;
  console.log("\nThe same without workers:");
  table([
    ["time", `${seconds(plain.milliseconds)}, ${rate(bytes, plain.milliseconds)}`],
    ["counts", pooled.words.differenceTo(plain.words) === undefined ? "equal" : "not equal"],
    ["speed-up", speedUp(plain.milliseconds / pooled.milliseconds)],
    ["peak memory", mebibytes(peak)],
  ]);
}

function table(rows: readonly (readonly [string, string])[]): void {
  console.log();
  for (const [name, value] of rows) console.log(`${name.padEnd(20)} ${value}`);
}

const number = (value: number) => value.toLocaleString("en");
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

function speedUp(times: number): string {
  return times.toFixed(2) + (times < 1 ? ", read before workers can start" : "");
}

function rate(bytes: number, milliseconds: number): string {
  return `${(bytes / 1000 / Math.max(milliseconds, 0.001)).toFixed(1)} MB/s`;
}
