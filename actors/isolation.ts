// Runs in: any isolate
/**
 * Where something runs: in this isolate, in a thread, or in a process of the operating system; and
 * whether that can be had here.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { whatIsMissing } from "../memory/libc.ts";
import type { CodeRef } from "./code.ts";
import { checkConfinement, type Confinement, whatForbidsProcesses } from "./confinement.ts";
import type { Host, Isolation } from "./contract.ts";
import type { Place } from "./mailbox_region.ts";
import type { ProcessStart } from "./os_process.ts";
import { checkOutput, type Output } from "./output.ts";
import { processForm, whatForbidsMapping } from "./process_form.ts";
import { type Station, station } from "./station.ts";

/** Where `isolation` leads here: `auto` is a worker if the memory can be shared with one. */
export function isInline(here: Station, isolation: Isolation = "auto"): boolean {
  if (isolation === "inline") return true;
  const lack = isolation === "process" ? undefined : whatForbidsWorkers(here);
  if (lack === undefined) return false;
  if (isolation === "auto") return true;
  throw new NotSupportedError(`Cannot start a worker: ${lack}`);
}

/** A worker maps what the program has mapped: that is what a process may not do that is allowed less. */
function whatForbidsWorkers({ isolate: { arena } }: Station): string | undefined {
  if (!arena.shared) return "this platform has no shared memory";
  return arena.mapped === undefined ? undefined : whatIsMissing();
}

/**
 * @throws TypeError for what is no isolation
 * @throws NotSupportedError for one that is not supported here, and for a confinement of what is no
 * process of its own
 */
export function checkIsolation(
  isolation: Isolation | undefined,
  confinement: Confinement & Output = {},
): void {
  if (isolation === "process") return checkProcess(confinement);
  if (isolation !== undefined && !["auto", "worker", "inline"].includes(isolation)) {
    throw new TypeError(
      `Cannot start: isolation "${isolation}" is none of auto, worker, process, inline`,
    );
  }
  for (const name of ["permissions", "memoryLimitMb", "stdout", "stderr"] as const) {
    if (confinement[name] === undefined) continue;
    throw new NotSupportedError(`Cannot start with ${name}: that takes isolation "process"`);
  }
}

function checkProcess(confinement: Confinement & Output): void {
  const form = processForm();
  const lack = whatForbidsProcesses() ?? (form === "mapped" ? whatForbidsMapping() : undefined);
  if (lack !== undefined) {
    throw new NotSupportedError(`Cannot start with isolation "process": ${lack}`);
  }
  checkConfinement(confinement, form);
  checkOutput(confinement, station().isolate.isRoot);
}

/** Where something shall run. */
export interface Where extends Confinement, Output {
  /** As in the options of processes and actors. */
  readonly isolation?: Isolation;
}

/** Of options, those that say where. */
export function whereOf({ isolation, memoryLimitMb, permissions, stdout, stderr }: Where): Where {
  return { isolation, memoryLimitMb, permissions, stdout, stderr };
}

/** How a process is started; nothing when it is none. */
export function processStart(
  { url }: CodeRef,
  { isolation, memoryLimitMb, permissions, stdout, stderr }: Where,
): ProcessStart | undefined {
  if (isolation !== "process") return undefined;
  return { form: processForm(), module: url, memoryLimitMb, permissions, stdout, stderr };
}

/** Where an actor is, as its mailbox has to know. */
export function placeOf({ host, where }: { host?: Host; where?: Where }): Place | undefined {
  if (host !== undefined) return "host";
  return where?.isolation === "process" && processForm() === "socket" ? "far" : undefined;
}
