// Runs in: worker
/**
 * Where a worker begins. It joins the arena, sees to it that every way to end is noticed, and does what
 * the order in its inbox says: run a function once, or an actor until it ends.
 *
 * - I1: the isolate says how it ended before it ends: its exit code in its slot, its error to its parent.
 * - I2: whatever can be sent can be read here: all kinds of handles are loaded.
 * - I3: user code runs only while the lock is held by which the owner knows that this thread lives.
 *
 * @module
 */
import process from "node:process";
import { workerData } from "node:worker_threads";
import { Arena } from "../memory/arena.ts";
import { Isolate, settle } from "../memory/isolate.ts";
import { refuseForeign } from "../memory/libc.ts";
import { dieWith, mapOf } from "../memory/programs.ts";
import { declareDead, type Ending, isAlive, parentOf, sayExitCode } from "../memory/slots.ts";
import "../channels/pipe_end.ts";
import "../channels/queue.ts";
import { useConfig } from "./config.ts";
import { exitCodeOf } from "./exit_code.ts";
import { identity } from "./identity.ts";
import { FAILURE, LAST_WORDS, ORDER, READY, type Received, REPLY } from "./inbox.ts";
import { type Order, runOrder } from "./order.ts";
import type { ProcessBoot } from "./os_process.ts";
import { rehearse } from "./rehearsal.ts";
import { type Station, station } from "./station.ts";
import { type Boot, EXIT_NOW, takeCommand } from "./thread.ts";
import { sendableError } from "./wire_error.ts";

const exitForReal = Deno.exit.bind(Deno);

/** Makes this thread an isolate of the program that started it. */
export async function boot(): Promise<void> {
  const { memory, life, root, lock, spare } = workerData as Boot;
  await holdForLife(lock);
  const here = begin(new Isolate(Arena.attach(memory), life, root));
  if (!spare) return;
  await rehearse();
  here.inbox.send(parentOf(here.isolate.arena, life), { kind: READY, id: 0 });
}

/** Makes this process an isolate of the program that started it. */
export function bootProcess({ life, config, foreign, ...place }: ProcessBoot): void {
  dieWith(place.pid);
  useConfig(config);
  const isolate = new Isolate(Arena.attach(mapOf(place)), life);
  if (!foreign) refuseForeign();
  begin(isolate);
}

/** From here on it hears orders and commands. */
function begin(isolate: Isolate): Station {
  settle(isolate);
  const here = station();
  here.inbox.on(ORDER, (letter) => obey(here, letter));
  isolate.park.onCommand = () => {
    if (takeCommand(here) === EXIT_NOW || !isAlive(isolate.arena, isolate.life)) exitForReal(1);
  };
  isolate.park.keepAlive.add();
  interceptEnds(here);
  return here;
}

/** Runs the order; whatever comes of it, the isolate ends with it. */
async function obey(here: Station, { id, from, value, unreadable }: Received): Promise<void> {
  const order = value as Order;
  try {
    if (unreadable !== undefined) throw unreadable;
    const ending = await runOrder(here, order, (reply) => {
      here.inbox.send(from, { kind: REPLY, id, value: reply });
    });
    end(here, ending);
  } catch (error) {
    sayFailure(here, { kind: FAILURE, id, to: from }, error);
    fail(here, error);
  }
}

/** An error that nobody caught: printed as the platform would, told to the parent, then the end. */
function fail(here: Station, error: unknown): void {
  console.error(`Process ${identity().name}:\n`, error);
  const to = parentOf(here.isolate.arena, here.isolate.life);
  sayFailure(here, { kind: LAST_WORDS, id: 0, to }, error);
  end(here, { reason: "error", exitCode: 1 });
}

interface Saying {
  readonly kind: number;
  readonly id: number;
  readonly to: { readonly slot: number; readonly incarnation: number };
}

function sayFailure(here: Station, { kind, id, to }: Saying, error: unknown): void {
  try {
    here.inbox.send(to, { kind, id, value: error });
  } catch {
    here.inbox.send(to, { kind, id, value: sendableError(error) });
  }
}

/** The last act. */
function end({ isolate }: Station, { reason, exitCode }: Ending): void {
  sayExitCode(isolate.arena, isolate.slot, exitCode);
  declareDead(isolate.arena, isolate.life, reason);
  exitForReal(exitCode & 255);
}

/** Every way in which user code can end the isolate leads through {@linkcode end}. */
function interceptEnds(here: Station): void {
  const exit = (code?: unknown) => {
    const { exitCode, text } = exitCodeOf(code);
    if (text !== undefined) console.error(text);
    end(here, { reason: "exit", exitCode });
  };
  Deno.exit = exit as never;
  process.exit = exit as never;
  Object.assign(globalThis, { self: globalThis, close: () => exit(0) });
  const uncaught = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    fail(here, "reason" in event ? event.reason : event.error ?? event.message);
  };
  globalThis.addEventListener("error", uncaught);
  globalThis.addEventListener("unhandledrejection", uncaught);
}

/** Holds a Web Lock until the thread ends, however it ends. */
function holdForLife(lock: string): Promise<void> {
  const { locks } = navigator as unknown as {
    locks: { request(name: string, held: () => Promise<never>): Promise<never> };
  };
  return new Promise((resolve) => {
    locks.request(lock, () => {
      resolve();
      return new Promise<never>(() => {});
    });
  });
}
