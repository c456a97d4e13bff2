// Runs in: owner
/**
 * Shows how far it is: a bar on a terminal, else a line now and then.
 *
 * @module
 */
import process from "node:process";
import { SingleBar } from "cli-progress";

/** Shows progress. */
export interface Progress {
  /** So many bytes are done. */
  show(done: number): void;
  /** No more. */
  end(): void;
}

/** For a work of `bytes` bytes. */
export function showProgress(bytes: number): Progress {
  if (bytes === 0) return { show() {}, end() {} };
  return Deno.stdout.isTerminal() ? bar(bytes) : lines(bytes);
}

function bar(bytes: number): Progress {
  const format = "indexing {bar} {percentage}% | {mb} MB";
  const mb = (done: number) => ({ mb: (done / 1e6).toFixed(1) });
  const shown = new SingleBar({ format, stream: process.stdout, clearOnComplete: true });
  shown.start(bytes, 0, mb(0));
  return {
    show: (done) => shown.update(done, mb(done)),
    end: () => shown.stop(),
  };
}

function lines(bytes: number): Progress {
  let shown = 0;
  return {
    show(done) {
      const quarter = Math.floor(4 * done / bytes);
      if (quarter > shown) console.log(`indexing ${(shown = quarter) * 25}%`);
    },
    end() {},
  };
}
