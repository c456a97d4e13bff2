// Runs in: owner
/**
 * Python's Pool as a contender: a process that runs a workload for each line it is sent.
 *
 * @module
 */

/** A Python process that runs `bench/pool_python.py`. */
export class PythonPool implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  /** Starts it. @throws Deno.errors.NotFound without Python */
  constructor() {
    const script = new URL("./pool_python.py", import.meta.url).pathname;
    this.#child = new Deno.Command("python3", {
      args: [script],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Runs a workload and gives its figure. */
  async run(workload: "submit" | "map" | "trip"): Promise<number> {
    await this.#writer.write(new TextEncoder().encode(`${workload}\n`));
    while (!this.#rest.includes("\n")) {
      const { done, value } = await this.#lines.read();
      if (done) throw new Error("Python's pool has ended");
      this.#rest += value;
    }
    const [line] = this.#rest.split("\n", 1);
    this.#rest = this.#rest.slice(line.length + 1);
    return Number(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}
