// Runs in: any isolate
/**
 * What a pipeline will be when it runs, in words.
 *
 * @module
 */
import type { Outline, StageSpec } from "./stage.ts";

/** A line for each stage, those of branches indented, and how many items may be on their way. */
export function explain(stages: readonly StageSpec[]): string {
  const outlines = stages.map(({ outline }) => outline);
  const lines = linesOf(outlines, "");
  const unbounded = namesOfUnbounded(outlines);
  const bound = unbounded.length > 0
    ? `No bound on items on their way: ${unbounded.join(", ")}`
    : `At most ${itemsOf(outlines)} items are on their way`;
  return [...lines, bound].join("\n");
}

function linesOf(outlines: readonly Outline[], indent: string): string[] {
  return outlines.flatMap((outline, index) => {
    const line = `${indent}${index + 1}. ${textOf(outline)}`;
    const branches = [...outline.branches ?? []].flatMap(([name, stages]) => [
      `${indent}   ${name}:`,
      ...linesOf(stages, `${indent}     `),
    ]);
    return [line, ...branches];
  });
}

function textOf({ name, where, workers, ordered, items }: Outline): string {
  const place = where === "here" ? "in this isolate" : "in a pool";
  const many = workers === 1 ? "one at a time" : `up to ${workers} at a time`;
  const order = workers === 1 ? "" : ordered ? ", in order" : ", as they are done";
  return `${name}: ${place}, ${many}${order}; holds ${items === Infinity ? "any number" : items}`;
}

function itemsOf(outlines: readonly Outline[]): number {
  let items = 0;
  for (const outline of outlines) {
    items += outline.items;
    for (const stages of outline.branches?.values() ?? []) items += itemsOf(stages);
  }
  return items;
}

function namesOfUnbounded(outlines: readonly Outline[]): string[] {
  return outlines.flatMap(({ name, items, branches }) => [
    ...(items === Infinity ? [name] : []),
    ...[...branches?.values() ?? []].flatMap(namesOfUnbounded),
  ]);
}
