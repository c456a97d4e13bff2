// Runs in: owner
/**
 * Proof that a thread is gone. A worker's `exit` comes, and its Web Locks are given back, when its end is
 * ordered; the thread itself runs on until it looks, and on a loaded machine that can be many milliseconds
 * in which it writes to memory that is no longer its own (`docs/decisions/threads.md`). A port that was
 * moved into the thread closes when the platform drops the thread's isolate, after its last instruction.
 *
 * @module
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";

/**
 * Milliseconds after which a thread whose end was ordered counts as gone without proof: it is in a call of
 * the platform that cannot be stopped, and ends when it comes back from there.
 */
const STUCK_MS = 5_000;

/** How one learns that a thread is gone. */
export interface DeathWatch {
  /** To be moved into the thread, which need not keep it: the platform does, until the isolate is dropped. */
  readonly lifeline: MessagePort;
  /** Resolves when the thread is gone, which must have been ordered; asked for once. */
  gone(): Promise<void>;
}

/** Begins to watch a thread that is about to be made. It keeps no program alive. */
export function watchDeath(): DeathWatch {
  const { port1, port2 } = new MessageChannel();
  const closed = new Promise<void>((resolve) => port1.once("close", resolve));
  port1.start();
  port1.unref();
  return { lifeline: port2, gone: () => soon(closed).finally(() => port1.close()) };
}

/** The promise, or {@linkcode STUCK_MS}. */
async function soon(promise: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STUCK_MS);
  // Whoever waits for the end keeps the program alive; the watch does not.
  Deno.unrefTimer(timer);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
