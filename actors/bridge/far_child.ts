// Runs in: owner
/**
 * Starts a process with three sockets besides its usual outputs: one for frames in each direction, and
 * one on which nothing is ever said, so that its end tells the process that its parent is gone. Only
 * `node:child_process` gives a child more than the usual ones; its `spawn()` would take `--allow-env`.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import process from "node:process";
import { StartError } from "../../errors.ts";
import { type Output, pipingOf } from "../output.ts";
import type { Wire } from "./wire.ts";

/** A process as its owner has it; Deno's own are such, too. */
export type Child = Pick<
  Deno.ChildProcess,
  "pid" | "status" | "stdout" | "stderr" | "kill" | "ref" | "unref"
>;

/** Number, in the process, of the socket for frames to it. */
export const FROM_PARENT = 3;
/** Number of the socket for frames from it, which is written to without waiting for the event loop. */
export const TO_PARENT = 4;
/** Number of the socket that says by its end that the parent is gone. */
export const LIFELINE = 5;

/** What Node has and its types have not. */
interface Spawnable {
  spawn(options: {
    file: string;
    args: readonly string[];
    envPairs: readonly string[];
    stdio: readonly (string | number)[];
  }): void;
}

/** Starts `deno` with these arguments. @throws StartError when the platform has no process to give */
export function startFar(
  args: readonly string[],
  output: Output,
): { child: Child; wire: Wire } {
  // Loaded when it is needed: it takes as long as half of Troupe.
  const one = new (process.getBuiltinModule("node:child_process").ChildProcess)();
  const file = Deno.execPath();
  (one as unknown as Spawnable).spawn({
    file,
    args: [file, ...args],
    envPairs: environment(),
    stdio: ["ignore", ...stdioOf(output), "pipe", "pipe", "pipe"],
  });
  // Without an id there is none; what the event says is told by the error.
  one.on("error", () => {});
  if (one.pid === undefined) {
    throw new StartError("Cannot start a process: the system refuses", { phase: "load" });
  }
  const [to, from, lifeline] = [FROM_PARENT, TO_PARENT, LIFELINE].map((number) =>
    one.stdio[number] as unknown as Socket
  );
  for (const socket of [to, from, lifeline]) {
    // What went wrong shows by its end, which is told.
    socket.on("error", () => {});
    socket.unref();
  }
  const status = statusOf(one);
  status.then(() => {
    to.destroy();
    lifeline.destroy();
  });
  return { child: childOf(one, status), wire: wireOf(to, from) };
}

/** Without the permission to read it, the environment of the process is empty. */
function environment(): string[] {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return [];
  return Object.entries(Deno.env.toObject()).map(([name, value]) => `${name}=${value}`);
}

function stdioOf(output: Output): (string | number)[] {
  const { stdout, stderr } = pipingOf(output);
  return [stdout, stderr].map((kind, index) => {
    if (kind === "inherit") return index + 1;
    return kind === "piped" ? "pipe" : "ignore";
  });
}

function statusOf(one: ChildProcess): Promise<Deno.CommandStatus> {
  const { promise, resolve } = Promise.withResolvers<Deno.CommandStatus>();
  const { constants } = process.getBuiltinModule("node:os");
  one.on("exit", (code, signal) => {
    const shown = signal === null ? code ?? 1 : 128 + constants.signals[signal];
    resolve({ success: shown === 0, code: shown, signal: signal as Deno.Signal | null });
  });
  return promise;
}

function childOf(one: ChildProcess, status: Promise<Deno.CommandStatus>): Child {
  const { Readable } = process.getBuiltinModule("node:stream");
  return {
    pid: one.pid!,
    status,
    get stdout() {
      return Readable.toWeb(one.stdout!) as unknown as Child["stdout"];
    },
    get stderr() {
      return Readable.toWeb(one.stderr!) as unknown as Child["stderr"];
    },
    kill: (signal) => void one.kill(signal as NodeJS.Signals),
    ref: () => one.ref(),
    unref: () => one.unref(),
  };
}

function wireOf(to: Socket, from: Socket): Wire {
  return {
    write: (bytes) => void (to.writable && to.write(bytes)),
    onPiece: (read) => void from.on("data", read),
    closed: new Promise((resolve) => from.on("close", () => resolve())),
  };
}
