// Runs in: owner
/**
 * How the benchmarks measure: all contenders of one contest take turns in one process, so that
 * whatever else the machine does hits them alike, and the median of the rounds counts.
 *
 * @module
 */

/** Whoever is measured. */
export interface Contender {
  /** For the table. */
  readonly name: string;
  /** Runs one round and gives its figure, in the unit of the contest. */
  round(): Promise<number> | number;
}

/** What is measured. */
export interface Contest {
  /** For the table. */
  readonly title: string;
  /** Unit of the figures; rates are better when higher, times when lower. */
  readonly unit: "ns" | "us" | "ms" | "k/s" | "GB/s" | "KiB";
  /** Those compared; the last one is the rival that the ratios refer to. */
  readonly contenders: readonly Contender[];
  /** Rounds that count; default 9. */
  readonly rounds?: number;
  /** Rounds before those; default 2. */
  readonly warmup?: number;
}

/** What came out of a contest. */
export interface Result {
  /** See {@linkcode Contest.title}. */
  readonly title: string;
  /** See {@linkcode Contest.unit}. */
  readonly unit: Contest["unit"];
  /** One line for each contender. */
  readonly lines: readonly Line[];
}

/** How one contender did. */
export interface Line {
  /** Who. */
  readonly name: string;
  /** Median of the rounds. */
  readonly median: number;
  /** Best round. */
  readonly best: number;
  /** Worst round. */
  readonly worst: number;
  /** How many times better than the rival, by the medians; 1 for the rival itself. */
  readonly ratio: number;
}

/** Runs a contest. */
export async function contest(what: Contest): Promise<Result> {
  const { title, unit, contenders, rounds = 9, warmup = 2 } = what;
  const figures = contenders.map((): number[] => []);
  for (let round = -warmup; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const figure = await contender.round();
      if (round >= 0) figures[index].push(figure);
    }
  }
  const isRate = unit.endsWith("/s");
  const rival = median(figures[figures.length - 1]);
  const lines = contenders.map(({ name }, index): Line => {
    const sorted = figures[index].toSorted((a, b) => isRate ? b - a : a - b);
    const middle = median(sorted);
    const ratio = isRate ? middle / rival : rival / middle;
    return { name, median: middle, best: sorted[0], worst: sorted[sorted.length - 1], ratio };
  });
  const result = { title, unit, lines };
  if (!Deno.args.includes("--json")) console.log(table([result]));
  return result;
}

/** Prints results for `run.ts`, when it asked. */
export function report(results: readonly Result[]): void {
  if (Deno.args.includes("--json")) console.log(JSON.stringify(results));
}

/** Middle of the numbers; they need not be sorted. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Results as text. */
export function table(results: readonly Result[]): string {
  return results.map(({ title, unit, lines }) =>
    [
      title,
      ...lines.map(({ name, median, best, worst, ratio }) =>
        `  ${name.padEnd(44)} ${digits(median).padStart(9)} ${unit.padEnd(4)}` +
        ` (${digits(best)} … ${digits(worst)})`.padEnd(24) + `${digits(ratio)}x`.padStart(8)
      ),
    ].join("\n")
  ).join("\n");
}

/** A number with about three digits. */
export function digits(value: number): string {
  if (value >= 1000) return value.toFixed(0);
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** Microseconds for each of `count` steps. */
export async function perStep(count: number, steps: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await steps();
  return (performance.now() - start) * 1000 / count;
}

/** Thousands of steps a second. */
export async function perSecond(count: number, steps: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await steps();
  return count / (performance.now() - start);
}

/** Resolves after some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
