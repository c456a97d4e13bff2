// Runs in: owner
/**
 * A progress bar for a terminal. The library that draws it is loaded when the first bar is drawn, so
 * workers never load it.
 *
 * @module
 */

import process from "node:process";

/** What cli-progress makes. */
interface Bar {
  start(total: number, done: number, payload: { label: string }): void;
  setTotal(total: number): void;
  update(done: number): void;
  stop(): void;
}

/**
 * Makes an `onProgress` that draws a bar on the terminal's error stream, by cli-progress
 * (https://github.com/npkgz/cli-progress). Without a terminal it draws nothing, and loads nothing.
 *
 * @param label What stands before the bar.
 *
 * @example
 * ```ts ignore
 * await pool.map(shrink, images, { onProgress: progressBar("images") });
 * ```
 */
export function progressBar(label = ""): (done: number, total: number | undefined) => void {
  if (!Deno.stderr.isTerminal()) return () => {};
  let latest = { done: 0, total: 0 };
  let bar: Bar | "loading" | "stopped" | undefined;
  const draw = () => {
    if (bar === undefined || typeof bar === "string") return;
    bar.setTotal(Math.max(latest.total, latest.done));
    bar.update(latest.done);
    if (latest.total === 0 || latest.done < latest.total) return;
    bar.stop();
    bar = "stopped";
  };
  return (done, total) => {
    latest = { done, total: total ?? 0 };
    if (bar !== undefined) return draw();
    bar = "loading";
    loadBar(label).then((loaded) => {
      bar = loaded;
      bar.start(latest.total, latest.done, { label });
      draw();
    }, (error) => console.error("Cannot draw a progress bar:", error));
  };
}

async function loadBar(label: string): Promise<Bar> {
  const { default: progress } = await import("cli-progress");
  const format = `${
    label === "" ? "" : "{label} "
  }{bar} {percentage} % | {value}/{total} | {eta} s`;
  return new progress.SingleBar(
    { format, stream: process.stderr },
    progress.Presets.shades_classic,
  );
}
