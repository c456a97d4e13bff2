// Runs in: owner
/**
 * Threads: how an isolate gets one and loses it. All threads are made by the first isolate, which is
 * also the one that buries them: a thread made inside a worker starts half a second late on Deno.
 *
 * A thread is a `node:worker_threads` worker (still a Deno worker: exit codes, `unref`, and a hard kill
 * while it holds a Web Lock, which it does for life). That it is gone is proved by its
 * {@linkcode watchDeath | death watch}, not by what the platform says when its end is ordered.
 *
 * - I1: a slot is swept once for each life, after proof that its thread is gone.
 * - I2: the parent is told of each end, after the sweep.
 * - I3: a thread whose life was declared over is asked to exit, then, after {@linkcode DEAF_MS} if it does
 *   not hear and {@linkcode GRACE_MS} in any case, made to.
 *
 * @module
 */
import { SHARE_ENV, Worker, workerData } from "node:worker_threads";
import { NotSupportedError } from "../errors.ts";
import type { Memory } from "../memory/arena.ts";
import { compareExchange, load, store } from "../memory/atomics.ts";
import { COMMAND, ring } from "../memory/bell.ts";
import {
  declareDead,
  isAlive,
  isLoaded,
  type Life,
  SLOT_BELL,
  SLOT_COMMAND,
} from "../memory/slots.ts";
import { endWaits } from "../memory/futex.ts";
import { sweep } from "../memory/sweep.ts";
import { bury, endChildrenOf } from "./burial.ts";
import { type DeathWatch, watchDeath } from "./death_watch.ts";
import type { Station } from "./station.ts";
import { isBundled, moduleOf, WHOLE } from "./whole.ts";

/**
 * Milliseconds that a thread declared dead has to exit by itself: a hard stop while the platform loads one
 * of its modules can bring the program down.
 */
export const GRACE_MS = 250;
/** Milliseconds after which one that has loaded its code and does not hear its command is stopped. */
export const DEAF_MS = 40;
/** Command to a worker: exit at once. */
export const EXIT_NOW = 1;

/** Under this name a thread finds its {@linkcode Boot}. */
export const BOOT = "troupe";

/**
 * The worker's script: all of Troupe, which finds its {@linkcode Boot}. A program in one file is imported
 * by one, so that it does not take itself for the main module.
 */
const SCRIPT = isBundled ? moduleOf(`import ${JSON.stringify(WHOLE)};`) : WHOLE;

/** Why a worker whose {@linkcode Boot} nobody took cannot go on. */
const INCOMPLETE =
  "Cannot start in this worker: its bundle has no part of Troupe in which workers begin";

/** What a thread is started with. */
export interface Boot {
  /** The arena's memory. */
  readonly memory: Memory;
  /** Its slot and life. */
  readonly life: Life;
  /** The first isolate of this process. */
  readonly root: Life;
  /** Name of the Web Lock that it holds for life. */
  readonly lock: string;
  /** Closes when it is gone. */
  readonly lifeline: DeathWatch["lifeline"];
  /** It has no order yet and tells when it is up. */
  readonly spare: boolean;
}

interface Thread {
  readonly life: Life;
  readonly worker: Worker;
  readonly watch: DeathWatch;
  reaper?: ReturnType<typeof setTimeout>;
  error?: string;
}

/** Makes and buries the threads of a program. */
export class Threads {
  readonly #station: Station;
  readonly #secret = crypto.randomUUID();
  readonly #threads = new Map<number, Thread>();
  #burying = 0;
  /** Called when a thread is gone and its slot is free. */
  onBuried: (life: Life) => void = () => {};
  /** Called when one is gone, before what it left is seen to. */
  onGone: (life: Life) => void = () => {};

  /** For the first isolate's station. */
  constructor(station: Station) {
    if (workerData?.[BOOT] !== undefined) throw new NotSupportedError(INCOMPLETE);
    this.#station = station;
    station.onDeath(() => this.#reap());
  }

  /** Threads that were not buried yet. */
  get count(): number {
    return this.#threads.size + this.#burying;
  }

  /** Starts the thread of a slot; it reads its order from the slot's inbox. */
  start(life: Life, { daemon, spare = false }: { daemon: boolean; spare?: boolean }): void {
    const { arena, root } = this.#station.isolate;
    const lock = `troupe:${this.#secret}:${life.slot}`;
    const watch = watchDeath();
    const { lifeline } = watch;
    const boot: Boot = { memory: arena.memory, life, root, lock, lifeline, spare };
    const worker = new Worker(new URL(SCRIPT), {
      workerData: { [BOOT]: boot },
      transferList: [lifeline],
      env: SHARE_ENV,
    });
    const thread: Thread = { life, worker, watch };
    this.#threads.set(life.slot, thread);
    worker.on(
      "error",
      (error) => thread.error = error instanceof Error ? error.message : String(error),
    );
    worker.on("exit", (code) => this.#bury(thread, code));
    if (daemon) worker.unref();
  }

  /** Starts the thread of a spare. */
  startSpare(life: Life): void {
    this.start(life, { daemon: true, spare: true });
  }

  /** From here on the thread keeps the program alive, or does not. */
  setDaemon({ slot }: Life, daemon: boolean): void {
    const worker = this.#threads.get(slot)?.worker;
    if (daemon) worker?.unref();
    else worker?.ref();
  }

  /** Ends a thread that nobody uses. */
  dismiss(life: Life): void {
    declareDead(this.#station.isolate.arena, life, "shutdown");
    this.#station.isolate.park.heardOfDeath();
  }

  /** Sees to threads whose life was declared over but which are still there. */
  #reap(): void {
    const { arena } = this.#station.isolate;
    for (const thread of this.#threads.values()) {
      if (thread.reaper !== undefined || isAlive(arena, thread.life)) continue;
      commandExit(this.#station, thread.life);
      const stop = () => thread.worker.terminate();
      const stopDeaf = () => {
        if (isDeaf(this.#station, thread.life)) stop();
        else thread.reaper = setTimeout(stop, GRACE_MS - DEAF_MS);
      };
      thread.reaper = setTimeout(stopDeaf, DEAF_MS);
    }
  }

  async #bury(thread: Thread, code: number): Promise<void> {
    clearTimeout(thread.reaper);
    this.#threads.delete(thread.life.slot);
    this.#burying++;
    await thread.watch.gone();
    const { life, error } = thread;
    const { arena } = this.#station.isolate;
    this.onGone(life);
    bury(this.#station, life, {
      found: { reason: error === undefined ? "exit" : "error", exitCode: code, error },
      sweep: () => sweep(this.#station.isolate, life),
    });
    if (arena.mapped) endWaits(arena.words, arena.slotAt(life.slot) + SLOT_BELL, arena.mapped);
    this.#burying--;
    this.onBuried(life);
  }

  /** The children of an isolate that has ended end too. */
  endChildrenOf(parent: Life): void {
    endChildrenOf(this.#station, parent, [...this.#threads.values()].map(({ life }) => life));
  }
}

/**
 * Runs a script in a thread that is no isolate: the platform's own kind, which starts in a third of the
 * time. It keeps the program alive. Gives what ends it.
 */
export function runBeside(script: string): () => void {
  const worker = new globalThis.Worker(moduleOf(script), { type: "module" });
  return () => worker.terminate();
}

/** Tells an isolate to exit as soon as it looks. */
export function commandExit({ isolate }: Station, { slot }: Life): void {
  const { arena } = isolate;
  const at = arena.slotAt(slot);
  store(arena.words, at + SLOT_COMMAND, EXIT_NOW);
  ring(arena.words, at + SLOT_BELL, COMMAND);
}

/** Whether an isolate has loaded its code and not yet taken the command to exit. */
function isDeaf({ isolate: { arena } }: Station, life: Life): boolean {
  return isLoaded(arena, life) && load(arena.words, arena.slotAt(life.slot) + SLOT_COMMAND) !== 0;
}

/** Takes the command given to the isolate in `slot`, if there is one. */
export function takeCommand({ isolate }: Station): number {
  const { arena, slot } = isolate;
  const at = arena.slotAt(slot) + SLOT_COMMAND;
  const command = load(arena.words, at);
  compareExchange(arena.words, at, command, 0);
  return command;
}
