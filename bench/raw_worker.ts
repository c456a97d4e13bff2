// Runs in: worker
/**
 * The rival: a bare worker that does with `postMessage` what the actors do. It runs as a Web Worker
 * and as one of `node:worker_threads`.
 *
 * @module
 */
import { fibonacci, sampleOf } from "./actors.ts";

/** What the rival is told. */
export interface Demand {
  /** Send this back. */
  readonly echo?: unknown;
  /** Send so many of a sample, by name. */
  readonly flood?: { readonly what: string; readonly count: number };
  /** Compute this number of Fibonacci's. */
  readonly compute?: number;
}

interface Post {
  postMessage(message: unknown): void;
}

/** Serves one demand. */
export async function serve({ echo, flood, compute }: Demand, port: Post): Promise<void> {
  if (compute !== undefined) return port.postMessage(fibonacci(compute));
  if (flood === undefined) return port.postMessage(echo);
  const value = sampleOf(flood.what);
  for (let i = 0; i < flood.count; i++) {
    port.postMessage(value);
    // Without a pause now and then the messages would pile up and nothing would be sent meanwhile.
    if (i % 8192 === 8191) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

const scope = globalThis as unknown as Post & { onmessage: (event: MessageEvent<Demand>) => void };
scope.onmessage = ({ data }) => void serve(data, scope);
