// Runs in: worker
/**
 * The smallest Web Worker that answers.
 *
 * @module
 */
interface Scope {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
}

const scope = globalThis as unknown as Scope;
scope.onmessage = ({ data }) => scope.postMessage(data);

export {};
