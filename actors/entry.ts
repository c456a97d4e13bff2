// Runs in: worker
/**
 * Where a worker begins. Loaded last of all Troupe and before any code of the user, it looks whether this
 * is a worker that Troupe has started. Then it joins the arena, sees to it that every way to end is
 * noticed, and does what the order in its inbox says: run a function once, or an actor until it ends.
 *
 * - I1: the isolate says how it ended before it ends: its exit code in its slot, its error to its parent.
 * - I2: whatever can be sent can be read here: all of Troupe is loaded before an order is obeyed.
 * - I3: user code runs only while the lock is held without which an endless loop could not be stopped; what
 *   a function has left behind when it returns goes on without.
 *
 * @module
 */
import process from "node:process";
import { workerData } from "node:worker_threads";
import { CancelledError } from "../errors.ts";
import { Arena } from "../memory/arena.ts";
import { Isolate, settle } from "../memory/isolate.ts";
import { refuseForeign } from "../memory/libc.ts";
import { dieWith, mapOf } from "../memory/programs.ts";
import { declareDead, type Ending, isAlive, parentOf, sayExitCode } from "../memory/slots.ts";
import { holdLifeline } from "./bridge/lifeline.ts";
import { OwnEnd, ownIsolate } from "./bridge/own_end.ts";
import { useConfig } from "./config.ts";
import { exitCodeOf } from "./exit_code.ts";
import { identity, whileLoading } from "./identity.ts";
import { onInterruption } from "./interruption.ts";
import { FAILURE, LAST_WORDS, ORDER, READY, type Received, REPLY } from "./inbox.ts";
import { type Order, runOrder } from "./order.ts";
import { type MappedPlace, PROCESS_BOOT, type ProcessBoot } from "./os_process.ts";
import { preferForm } from "./process_form.ts";
import { rehearse } from "./rehearsal.ts";
import { type Station, station } from "./station.ts";
import { BOOT, type Boot, EXIT_NOW, takeCommand } from "./thread.ts";
import { isBundled } from "./whole.ts";
import { sendableError } from "./wire_error.ts";

const exitForReal = Deno.exit.bind(Deno);

/** Makes this thread an isolate of the program that started it. */
async function boot({ memory, life, root, lock, spare }: Boot): Promise<void> {
  const arena = Arena.attach(memory);
  if (!isAlive(arena, life)) exitForReal(1);
  const letGo = holdForLife(lock);
  const isolate = new Isolate(arena, life, root);
  const takeOver = isolate.park.keepAlive.relieve();
  letGoOfLife = () => {
    takeOver();
    letGo();
  };
  const { here, ready } = begin(isolate);
  await ready;
  if (spare) await sayReady(here);
}

/** `navigator.locks`, which Deno has and its types do not. */
const locks = (navigator as unknown as {
  locks: { request(name: string, held: () => Promise<void>): Promise<void> };
}).locks;

/**
 * Holds a lock from here on: the platform notes the request before it returns. It keeps the thread alive.
 * Gives what lets it go.
 */
function holdForLife(lock: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  locks.request(lock, () => promise);
  return resolve;
}

/** Makes this process an isolate of the program that started it. */
async function bootProcess(boot: ProcessBoot): Promise<void> {
  const { pid, mapped, form, config, foreign, spare } = boot;
  if (mapped === undefined) letGoOfLife = holdLifeline();
  else dieWith(pid);
  preferForm(form);
  useConfig(config);
  const isolate = mapped === undefined ? ownIsolate(pid) : mappedIsolate(pid, mapped);
  if (mapped !== undefined && !foreign) refuseForeign();
  const { here, ready } = begin(isolate);
  if (mapped === undefined) bridge = new OwnEnd(here, () => exitForReal(1));
  onInterruption(() => {
    if (!isFunction) return;
    const text = `Cannot go on in process "${identity().name}": it was interrupted`;
    fail(here, new CancelledError(text));
  });
  await ready;
  if (spare) await sayReady(here);
}

function mappedIsolate(pid: number, { life, ...place }: MappedPlace): Isolate {
  return new Isolate(Arena.attach(mapOf({ pid, ...place })), life);
}

/** A spare tells that it is up. */
async function sayReady({ inbox, isolate }: Station): Promise<void> {
  await rehearse();
  inbox.send(parentOf(isolate.arena, isolate.life), { kind: READY, id: 0 });
}

/** A life that begins; `ready` when all that is loaded with Troupe is evaluated. */
interface Beginning {
  readonly here: Station;
  readonly ready: Promise<unknown>;
}

/** From here on it hears orders and commands. */
function begin(isolate: Isolate): Beginning {
  settle(isolate);
  const here = station();
  const loaded = isBundled ? import(import.meta.url) : undefined;
  const ready = whileLoading(() => Promise.resolve(loaded)).catch((error) => fail(here, error));
  here.inbox.on(ORDER, async (letter) => {
    await ready;
    if (await obey(here, letter)) leave(here);
  });
  isolate.park.onCommand = () => {
    if (takeCommand(here) === EXIT_NOW || !isAlive(isolate.arena, isolate.life)) exitForReal(1);
  };
  isolate.park.keepAlive.add();
  interceptEnds(here);
  return { here, ready };
}

/** Runs the order. What remains is to wait for what a function left behind; an actor leaves nothing. */
async function obey(
  here: Station,
  { id, from, value, unreadable }: Received,
): Promise<boolean> {
  const order = value as Order;
  isFunction = order?.what === "process";
  let isAnswered = false;
  try {
    if (unreadable !== undefined) throw unreadable;
    if (order instanceof Error) throw order;
    const ending = await runOrder(here, order, (reply) => {
      isAnswered = true;
      here.inbox.send(from, { kind: REPLY, id, value: reply });
    });
    if (order.what === "process") return true;
    end(here, ending);
  } catch (error) {
    if (!isAnswered) sayFailure(here, { kind: FAILURE, id, to: from }, error);
    fail(here, error);
  }
  return false;
}

/** Ends when nothing is left to do: timers and requests that the function has begun go on till then. */
function leave(here: Station): void {
  process.once("exit", () => isEnding || say(here, { reason: "normal", exitCode: 0 }));
  here.isolate.park.keepAlive.remove();
  letGoOfLife();
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

let isEnding = false;
/** To the parent of a process with a memory of its own. */
let bridge: OwnEnd | undefined;
/** Lets go of what keeps this thread, or a process with a memory of its own, alive. */
let letGoOfLife = () => {};
/** Whether it runs a function, and not an actor. */
let isFunction = false;

/** The last act: after the exit hooks, which are run once and cannot prevent it. */
function end(here: Station, ending: Ending): void {
  if (!isEnding) {
    isEnding = true;
    try {
      process.emit("exit", ending.exitCode);
    } catch (error) {
      console.error(`Process ${identity().name}: an exit hook failed:\n`, error);
    }
  }
  say(here, ending);
  exitForReal(ending.exitCode & 255);
}

/** Says how the isolate ends; the first word counts. */
function say({ isolate }: Station, { reason, exitCode }: Ending): void {
  if (!isAlive(isolate.arena, isolate.life)) return;
  sayExitCode(isolate.arena, isolate.slot, exitCode);
  declareDead(isolate.arena, isolate.life, reason);
  bridge?.end({ reason, exitCode });
}

/** Input that ends at once: what there is is the first isolate's. Made when it is asked for. */
function noInput(): object {
  return {
    read: () => Promise.resolve(null),
    readSync: () => null,
    readable: new ReadableStream({ start: (controller) => controller.close() }),
    isTerminal: () => false,
    setRaw() {},
    close() {},
    [Symbol.dispose]() {},
  };
}

/** Every way in which user code can end the isolate leads through {@linkcode end}. */
function interceptEnds(here: Station): void {
  const exit = (code?: unknown) => {
    const { exitCode, text } = exitCodeOf(code);
    if (text !== undefined) console.error(text);
    end(here, { reason: "exit", exitCode });
  };
  Deno.exit = exit as never;
  let input: object | undefined;
  Object.defineProperty(Deno, "stdin", { get: () => input ??= noInput() });
  const nothing = () => process.getBuiltinModule("node:stream").Readable.from([]);
  Object.defineProperty(process, "stdin", { get: nothing });
  process.exit = exit as never;
  Object.assign(globalThis, { self: globalThis, close: () => exit(0) });
  const uncaught = (event: ErrorEvent | PromiseRejectionEvent) => {
    event.preventDefault();
    fail(here, "reason" in event ? event.reason : event.error ?? event.message);
  };
  globalThis.addEventListener("error", uncaught);
  globalThis.addEventListener("unhandledrejection", uncaught);
}

const place = globalThis as { [PROCESS_BOOT]?: ProcessBoot };
const [thread, own] = [workerData?.[BOOT] as Boot | undefined, place[PROCESS_BOOT]];
if (thread !== undefined) {
  delete workerData[BOOT];
  boot(thread);
} else if (own !== undefined) {
  delete place[PROCESS_BOOT];
  bootProcess(own);
}
