// Runs in: worker
/**
 * A thread that does nothing but wait for the end of the parent, and then ends the process, whatever
 * that is doing: without foreign functions nobody else can while the user's code is in an endless loop.
 *
 * @module
 */
import { runBeside } from "../thread.ts";
import { LIFELINE } from "./far_child.ts";

const SCRIPT = `
import { Socket } from "node:net";
import process from "node:process";
const line = new Socket({ fd: ${LIFELINE}, writable: false });
line.on("error", () => {});
line.on("close", () => process.kill(process.pid, "SIGKILL"));
line.resume();
`;

/**
 * From now on this process ends with the one that started it, and not before what this gives is called.
 * After that it still does when its event loop turns.
 */
export function holdLifeline(): () => void {
  return runBeside(SCRIPT);
}
