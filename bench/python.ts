// Runs in: owner
/**
 * Python's `multiprocessing` as a rival in the same run, where there is a Python.
 *
 * @module
 */
import type { Contender } from "./measure.ts";

/** What Python is asked to measure. */
export interface PythonDemand {
  /**
   * A stream through a `Pipe`, or four processes that put into and four that get from a `Queue`; round trips
   * through a `Pipe`; tasks that do nothing in a `Pool` of 2, by `apply_async`, `map` or `apply`.
   */
  readonly how: "pipe" | "many" | "trip" | "submit" | "map" | "apply";
  /** Name of the sample, or `bytes` for 16 MiB; for round trips the pause before each, in seconds. */
  readonly what?: string;
  /** How many messages, trips, tasks. */
  readonly count: number;
}

/** A Python that measures what it is asked. */
export class Python implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it; `undefined`, with a note, where there is none. */
  static start(): Python | undefined {
    try {
      const child = new Deno.Command("python3", {
        args: [new URL("./python_rival.py", import.meta.url).pathname],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      return new Python(child);
    } catch (error) {
      console.error("(python3 cannot be started and is left out:", (error as Error).message + ")");
      return undefined;
    }
  }

  /** Thousands a second, gigabytes a second for bytes, microseconds for `trip` and `apply`. */
  async measure({ how, what = "", count }: PythonDemand): Promise<number> {
    await this.#writer.write(new TextEncoder().encode(`${how}\t${what}\t${count}\n`));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error("Cannot measure: Python has ended");
      line += value;
    }
    return Number(line);
  }

  /** Ends it, and with it the processes that it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}

const NAMES = {
  pipe: "Python multiprocessing.Pipe",
  many: "Python multiprocessing.Queue",
  trip: "Python: Pipe to a process",
  submit: "Python multiprocessing.Pool",
  map: "Python multiprocessing.Pool",
  apply: "Python multiprocessing.Pool",
};

/** Python as a contender, or none. */
export function pythonContender(python: Python | undefined, demand: PythonDemand): Contender[] {
  if (python === undefined) return [];
  return [{ name: NAMES[demand.how], round: () => python.measure(demand) }];
}
