// Runs in: worker
/**
 * The smallest worker of `node:worker_threads` that answers.
 *
 * @module
 */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", (message: unknown) => parentPort?.postMessage(message));
