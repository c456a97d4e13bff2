// Runs in: owner
/**
 * The owner's side of the rivals: bare workers and `postMessage`.
 *
 * @module
 */
import type { Demand } from "./raw_worker.ts";

/** A bare Web Worker; replies come in the order of the requests. */
export class Rival implements Disposable {
  readonly #worker: Worker;
  #heard: (value: unknown) => void = () => {};

  /** Starts it; by default the one that floods. */
  constructor(module = "./raw_worker.ts") {
    this.#worker = new Worker(new URL(module, import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#heard(data);
  }

  /** Posts whatever its module understands and waits for the reply: one at a time. */
  post(message: unknown): Promise<unknown> {
    return new Promise((resolve) => {
      this.#heard = resolve;
      this.#worker.postMessage(message);
    });
  }

  /** Asks for an echo: one at a time. */
  echo(value: unknown): Promise<unknown> {
    return this.post({ echo: value } satisfies Demand);
  }

  /** Asks for `count` echos, `window` of them in flight. */
  echoMany(value: unknown, count: number, window: number): Promise<void> {
    return new Promise((resolve) => {
      let heard = 0;
      let sent = 0;
      const send = () => {
        sent++;
        this.#worker.postMessage({ echo: value } satisfies Demand);
      };
      this.#heard = () => {
        if (++heard === count) resolve();
        else if (sent < count) send();
      };
      while (sent < window) send();
    });
  }

  /** Has it compute a number of Fibonacci's: one at a time. */
  compute(number: number): Promise<unknown> {
    return this.post({ compute: number } satisfies Demand);
  }

  /** Has `count` samples sent and waits for the last. */
  flood(what: string, count: number): Promise<void> {
    return new Promise((resolve) => {
      let heard = 0;
      this.#heard = () => {
        if (++heard === count) resolve();
      };
      this.#worker.postMessage({ flood: { what, count } } satisfies Demand);
    });
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
