// Runs in: owner
/**
 * A program that measures what it is told, line by line, so that rivals in other runtimes and languages take
 * turns with Troupe.
 *
 * @module
 */

/** How one is started. */
export interface ChildStart {
  /** The program. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its folder; default: this one. */
  readonly cwd?: string;
}

/** A program that reads a line and answers with a number. */
export class MeasuringChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it; `undefined`, with a note, where there is none. */
  static start({ command, args, cwd }: ChildStart): MeasuringChild | undefined {
    try {
      const child = new Deno.Command(command, {
        args: [...args],
        cwd,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      return new MeasuringChild(child);
    } catch (error) {
      const why = (error as Error).message;
      console.error(`(${command} cannot be started and is left out: ${why})`);
      return undefined;
    }
  }

  /** Its answer. */
  async measure(line: string): Promise<number> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    let answer = "";
    while (!answer.endsWith("\n")) {
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error("Cannot measure: the program has ended");
      answer += value;
    }
    return Number(answer);
  }

  /** Ends it, and with it the processes that it started. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#child.status;
  }
}
