// Runs in: owner
/**
 * Where a process of the operating system writes to.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";

/**
 * Where the text that a process writes goes: where the program's goes, nowhere, or into a stream. Several
 * may write to one stream; it stays open, and must not be locked. One that fails is written to no more.
 */
export type OutputTo = "inherit" | "null" | WritableStream<Uint8Array>;

/** What a process's two outputs lead to. */
export interface Output {
  /** Its standard output. Default `"inherit"`. */
  readonly stdout?: OutputTo;
  /** Its errors. Default `"inherit"`. */
  readonly stderr?: OutputTo;
}

/**
 * @throws TypeError for what nothing can be written to
 * @throws NotSupportedError for a stream in a worker: the first isolate makes the processes
 */
export function checkOutput({ stdout, stderr }: Output, isRoot: boolean): void {
  for (const one of [stdout, stderr]) {
    if (one === undefined || one === "inherit" || one === "null") continue;
    if (!(one instanceof WritableStream) || one.locked) {
      throw new TypeError(`Cannot write a process's output to ${Deno.inspect(one)}`);
    }
    if (isRoot) continue;
    throw new NotSupportedError("Cannot write a process's output to a stream of a worker");
  }
}

/** What Deno is told. */
export function pipingOf(
  { stdout, stderr }: Output,
): Pick<Deno.CommandOptions, "stdout" | "stderr"> {
  return { stdout: kindOf(stdout), stderr: kindOf(stderr) };
}

function kindOf(to: OutputTo = "inherit"): "inherit" | "null" | "piped" {
  return typeof to === "string" ? to : "piped";
}

/** Writes what a process writes to where it goes; resolves when that is over, and never rejects. */
export async function pour(
  child: Pick<Deno.ChildProcess, "stdout" | "stderr">,
  { stdout, stderr }: Output,
): Promise<void> {
  await Promise.allSettled([
    stdout instanceof WritableStream && pourInto(stdout, child.stdout),
    stderr instanceof WritableStream && pourInto(stderr, child.stderr),
  ]);
}

/** Whoever has the stream hears of its failure; the process is told by Linux, as with any closed pipe. */
async function pourInto(
  to: WritableStream<Uint8Array>,
  from: ReadableStream<Uint8Array>,
): Promise<void> {
  for await (const chunk of from) {
    const writer = to.getWriter();
    const written = writer.write(chunk);
    writer.releaseLock();
    await written;
  }
}
