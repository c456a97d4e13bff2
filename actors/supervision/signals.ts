// Runs in: owner
/**
 * The end of a program by a signal: its tree is drained, and the exit code says how that went.
 *
 * @module
 */
import { NotSupportedError } from "../../errors.ts";
import { station } from "../station.ts";

/** What is drained: a supervisor. */
export interface Drainable {
  /** See `Supervisor`. */
  drain(options: { timeout: number }): Promise<void>;
}

/** Numbers of signals, for exit codes as shells know them. */
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * From now on SIGTERM and Ctrl-C (SIGINT) drain the tree of `supervisor` and end the program: with exit
 * code 0 when all messages that waited were handled within `timeout` milliseconds; with 128 and the
 * number of the signal (143, 130) when some had to be killed, or when a second signal came, which ends
 * the program at once. Only in the first isolate.
 *
 * @param options `timeout`: default 10,000, below what platforms usually grant.
 * @returns Dispose it to leave signals to others again.
 * @throws NotSupportedError in a worker
 *
 * @example A service
 * ```ts ignore
 * import { child, drainOnSignals, supervise } from "@troupe/troupe";
 * import { Counter } from "./counter.ts";
 *
 * const top = await supervise({ children: { counter: child(Counter, { args: [1] }) } });
 * drainOnSignals(top);
 * ```
 */
export function drainOnSignals(
  supervisor: Drainable,
  { timeout = 10_000 }: { timeout?: number } = {},
): Disposable {
  if (!station().isolate.isRoot) {
    throw new NotSupportedError("Cannot listen for signals in a worker: the first isolate does");
  }
  let state: "waiting" | "draining" = "waiting";
  const onSignal = async (code: number) => {
    if (state === "draining") Deno.exit(code);
    state = "draining";
    const timer = setTimeout(() => late = code, timeout);
    let late = 0;
    try {
      await supervisor.drain({ timeout });
    } catch (error) {
      console.error("Cannot drain:", error);
      late = code;
    }
    clearTimeout(timer);
    Deno.exit(late);
  };
  const listeners = Object.entries(NUMBERS).map(([signal, number]) => {
    const listener = () => void onSignal(128 + number);
    Deno.addSignalListener(signal as Deno.Signal, listener);
    return () => Deno.removeSignalListener(signal as Deno.Signal, listener);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}
