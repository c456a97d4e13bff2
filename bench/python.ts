// Runs in: owner
/**
 * Python's `multiprocessing` as a rival in the same run, where there is a Python.
 *
 * @module
 */
import { MeasuringChild } from "./child.ts";
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
  readonly #child: MeasuringChild;

  private constructor(child: MeasuringChild) {
    this.#child = child;
  }

  /** Starts it; `undefined`, with a note, where there is none. */
  static start(): Python | undefined {
    const args = [new URL("./python_rival.py", import.meta.url).pathname];
    const child = MeasuringChild.start({ command: "python3", args });
    return child && new Python(child);
  }

  /** Thousands a second, gigabytes a second for bytes, microseconds for `trip` and `apply`. */
  measure({ how, what = "", count }: PythonDemand): Promise<number> {
    return this.#child.measure(`${how}\t${what}\t${count}`);
  }

  /** Ends it, and with it the processes that it started. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
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
