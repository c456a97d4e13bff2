// Runs in: owner
/**
 * Processes of the operating system: how an isolate gets one and loses it. It maps the same arena as
 * its parent, or has its own and a bridge (`bridge/link.ts`), and runs the same entry as a thread. It can
 * be killed at any instruction, has a heap of its own, and may be allowed less.
 *
 * - I1: a slot is swept once for each life, after Linux reported the end of its process.
 * - I2: the parent is told of each end, after the sweep.
 * - I3: a process whose life was declared over gets SIGTERM or SIGKILL at once, and SIGKILL after
 *   {@linkcode GRACE_MS}.
 * - I4: no process outlives the one that started it: Linux kills it then, or it ends itself.
 *
 * @module
 */
import { load, store } from "../memory/atomics.ts";
import { openToOthers, sweepDead } from "../memory/programs.ts";
import {
  declareDead,
  endingOf,
  isAlive,
  type Life,
  sayFar,
  SLOT_PID,
  SLOT_PROGRAM,
} from "../memory/slots.ts";
import { sweep } from "../memory/sweep.ts";
import { type Child, startFar } from "./bridge/far_child.ts";
import { OwnerEnd } from "./bridge/owner_end.ts";
import { bury, endChildrenOf, type Found } from "./burial.ts";
import { configOf } from "./config.ts";
import { type Confinement, flagsOf, keepsForeign } from "./confinement.ts";
import { type Output, pipingOf, pour } from "./output.ts";
import { preferredForm, type ProcessForm, processForm } from "./process_form.ts";
import type { Station } from "./station.ts";
import { moduleOf, WHOLE } from "./whole.ts";

/** Milliseconds that a process that was told to end has before it is killed. */
export const GRACE_MS = 500;

/** Under this name a process finds its {@linkcode ProcessBoot}. */
export const PROCESS_BOOT = Symbol.for("troupe.process");

/** Where the memory of its parent is, and its place there. */
export interface MappedPlace {
  /** Number that the arena's file has in the process that started it. */
  readonly file: number;
  /** Size of the arena. */
  readonly bytes: number;
  /** Its slot and life. */
  readonly life: Life;
}

/** What a process is started with. */
export interface ProcessBoot {
  /** Id of the process that started it. */
  readonly pid: number;
  /** Where its memory is; absent: it has its own, and two sockets. */
  readonly mapped?: MappedPlace;
  /** How processes that it starts come together with it, if that was asked for. */
  readonly form: ProcessForm | undefined;
  /** The configuration file in use, for processes that it starts. */
  readonly config: string | undefined;
  /** Whether it may call foreign functions once it has mapped the arena. */
  readonly foreign: boolean;
  /** It has no order yet and tells when it is up. */
  readonly spare: boolean;
}

/** How a process is started. */
export interface ProcessStart extends Confinement, Output {
  /** How it and this program come together. */
  readonly form: ProcessForm;
  /** The module that it will run something of: its code may be loaded without `--allow-read`. */
  readonly module: string;
  /** It has no order yet. */
  readonly spare?: boolean;
}

/** Whether what was started for any module will do. */
export function isOrdinary(start: ProcessStart): boolean {
  const { memoryLimitMb, permissions, stdout, stderr } = start;
  return [memoryLimitMb, permissions, stdout, stderr].every((one) => one === undefined);
}

interface Running {
  readonly life: Life;
  readonly child: Child;
  /** Its end of a bridge here, when it has a memory of its own. */
  readonly end?: OwnerEnd;
  reaper?: ReturnType<typeof setTimeout>;
}

/** Makes and buries the processes that one isolate started. */
export class OsProcesses {
  readonly #station: Station;
  readonly #running = new Map<number, Running>();
  /** Called when a process is gone and its slot is free. */
  onBuried: (life: Life) => void = () => {};
  /** Called when one is gone, before what it left is seen to. */
  onGone: (life: Life) => void = () => {};

  /** For the first isolate of a process. */
  constructor(station: Station) {
    this.#station = station;
    station.onDeath(() => this.#reap());
  }

  /** Processes that were not buried yet. */
  get count(): number {
    return this.#running.size;
  }

  /** Starts the process of a slot; it reads its order from the slot's inbox. */
  start(life: Life, { daemon, start }: { daemon: boolean; start: ProcessStart }): void {
    const { arena } = this.#station.isolate;
    const { child, wire } = start.form === "mapped"
      ? this.#startMapped(life, start)
      : startFar(argumentsOf(start), start);
    store(arena.words, arena.slotAt(life.slot) + SLOT_PID, child.pid);
    const end = wire && new OwnerEnd(this.#station, life, wire);
    const running: Running = { life, child, end };
    this.#running.set(life.slot, running);
    const read = Promise.all([pour(child, start), wire?.closed]);
    child.status.then(async (status) => {
      // A grandchild may have its output still.
      await Promise.race([read, soonEnough(running)]);
      this.#bury(running, status);
    });
    if (daemon) child.unref();
  }

  /** Starts the process of a spare. */
  startSpare(life: Life): void {
    const form = processForm();
    if (form === "socket") sayFar(this.#station.isolate.arena, life);
    this.start(life, { daemon: true, start: { form, module: WHOLE, spare: true } });
  }

  #startMapped(life: Life, start: ProcessStart): { child: Child; wire?: undefined } {
    const { isolate } = this.#station;
    openToOthers(isolate);
    const { file, bytes } = isolate.arena.mapped!;
    const args = argumentsOf(start, { file, bytes, life });
    const options = { args, stdin: "null", ...pipingOf(start) } as const;
    return { child: new Deno.Command(Deno.execPath(), options).spawn() };
  }

  /** Ends a process that nobody uses. */
  dismiss(life: Life): void {
    declareDead(this.#station.isolate.arena, life, "terminated");
    this.#station.isolate.park.heardOfDeath();
  }

  /** From here on the process keeps the program alive, or does not. */
  setDaemon({ slot }: Life, daemon: boolean): void {
    const child = this.#running.get(slot)?.child;
    if (daemon) child?.unref();
    else child?.ref();
  }

  /** The children of an isolate that has ended end too. */
  endChildrenOf(parent: Life): void {
    endChildrenOf(this.#station, parent, [...this.#running.values()].map(({ life }) => life));
  }

  /** Sees to processes whose life was declared over but which are still there. */
  #reap(): void {
    const { arena } = this.#station.isolate;
    for (const running of this.#running.values()) {
      const { life, child } = running;
      if (running.reaper !== undefined || isAlive(arena, life)) continue;
      const reason = endingOf(arena, life)?.reason;
      if (reason === "killed") signal(child, "SIGKILL");
      if (reason === "terminated") signal(child, "SIGTERM");
      running.reaper = setTimeout(() => signal(child, "SIGKILL"), GRACE_MS);
    }
  }

  #bury({ life, reaper, end }: Running, status: Deno.CommandStatus): void {
    clearTimeout(reaper);
    end?.close();
    this.#running.delete(life.slot);
    const { isolate } = this.#station;
    const { arena } = isolate;
    this.onGone(life);
    bury(this.#station, life, {
      found: foundBy(status),
      sweep() {
        const program = load(arena.words, arena.slotAt(life.slot) + SLOT_PROGRAM);
        // Not yet its own: it ended before it had joined.
        if (program === arena.program) sweep(isolate, life);
        else sweepDead(isolate, program);
      },
    });
    this.onBuried(life);
  }
}

/** Resolves when there was time enough to read what an ended process has written. */
function soonEnough(running: Running): Promise<void> {
  clearTimeout(running.reaper);
  return new Promise((resolve) => running.reaper = setTimeout(resolve, GRACE_MS));
}

function signal(child: Child, name: Deno.Signal): void {
  try {
    child.kill(name);
  } catch (error) {
    // It is gone already: its status is on the way.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** What a status tells: ends by a signal have its number as a negative exit code, as in Python. */
function foundBy({ code, signal }: Deno.CommandStatus): Found {
  if (signal === null) return { reason: "exit", exitCode: code };
  if (signal === "SIGKILL") return { reason: "killed", exitCode: -9 };
  if (signal === "SIGTERM") return { reason: "terminated", exitCode: -15 };
  return { reason: "lost", exitCode: 128 - code, error: `it ended by ${signal}` };
}

/** Arguments of the program that a process runs. */
function argumentsOf(start: ProcessStart, mapped?: MappedPlace): string[] {
  const config = configOf();
  const boot: ProcessBoot = {
    pid: Deno.pid,
    mapped,
    form: preferredForm(),
    config,
    foreign: keepsForeign(start),
    spare: start.spare === true,
  };
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-lock",
    ...(config === undefined ? [] : [`--config=${config}`]),
    ...flagsOf(start, start.form),
    scriptOf(boot, start.module),
    ...Deno.args,
  ];
}

/**
 * As for a thread; a process finds its {@linkcode ProcessBoot} under a symbol. The function is never
 * called: it tells Deno that the module belongs to the program.
 */
function scriptOf(boot: ProcessBoot, module: string): string {
  const given = `globalThis[Symbol.for("${PROCESS_BOOT.description}")] = ${JSON.stringify(boot)};`;
  const [first, whole, own] = [moduleOf(given), WHOLE, module].map((url) => JSON.stringify(url));
  return moduleOf(`import ${first};import ${whole};export const load = () => import(${own});`);
}
