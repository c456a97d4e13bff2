// Runs in: worker
/**
 * `SIGINT` for a process of the operating system, such as Ctrl-C sends to all processes of a terminal: it
 * interrupts a function that runs in one, unless the user's code handles it. An actor leaves it to the
 * program, which stops its actors in order.
 *
 * @module
 */
import process from "node:process";

const handlers = new Set<() => void>();

/** Has `interrupt` called for each interruption that the user's code does not handle. */
export function onInterruption(interrupt: () => void): void {
  const { addSignalListener, removeSignalListener } = Deno;
  addSignalListener("SIGINT", () => {
    if (handlers.size === 0 && process.listenerCount("SIGINT") === 0) interrupt();
  });
  Deno.addSignalListener = (signal, handler) => {
    if (signal === "SIGINT") handlers.add(handler);
    addSignalListener(signal, handler);
  };
  Deno.removeSignalListener = (signal, handler) => {
    if (signal === "SIGINT") handlers.delete(handler);
    removeSignalListener(signal, handler);
  };
}
