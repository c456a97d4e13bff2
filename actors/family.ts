// Runs in: any isolate
/**
 * The processes that this isolate did not start: itself and its parent; and running one here.
 *
 * @module
 */
import { isAlive, parentOf, pidOf } from "../memory/slots.ts";
import { identity } from "./identity.ts";
import { callable, foreignProcess } from "./embodiment.ts";
import { Process } from "./process.ts";
import { station } from "./station.ts";

let self: Process | undefined;
let parent: Process | undefined;

/**
 * The process that this code runs in; `MainProcess` in the program's first isolate. It cannot be
 * started, joined or terminated; closing it does nothing. Python: `current_process`.
 */
export function currentProcess(): Process {
  return self ??= foreignProcess(
    { identity: identity(), pid: Deno.pid, isAlive: () => true },
    () => new Process({}),
  );
}

/** The process that started this one; `null` in the first. Python: `parent_process`. */
export function parentProcess(): Process | null {
  const { parentName, path, authkey } = identity();
  if (parentName === null) return null;
  const { isolate } = station();
  const life = parentOf(isolate.arena, isolate.life);
  const who = {
    name: parentName,
    path: path.slice(0, -1),
    daemon: false,
    authkey,
    parentName: null,
  };
  const foreign = {
    identity: who,
    pid: pidOf(isolate.arena, life),
    isAlive: () => isAlive(isolate.arena, life),
  };
  return parent ??= foreignProcess(foreign, () => new Process({}));
}

/** Number of processors that the program may use, at least 1. Python: `cpu_count`. */
export function cpuCount(): number {
  return Math.max(1, navigator.hardwareConcurrency);
}

/** Runs what a process was started for, in its own isolate. */
export async function runOnce(code: unknown, args: readonly unknown[]): Promise<unknown> {
  const who = identity();
  if (!isProcessClass(code)) return await callable(code, who.name)(...args);
  const body = foreignProcess(
    { identity: who, pid: Deno.pid, isAlive: () => true },
    () => new code(...args),
  );
  self = body;
  return await body.run();
}

function isProcessClass(code: unknown): code is new (...args: readonly unknown[]) => Process {
  return typeof code === "function" && code.prototype instanceof Process;
}
