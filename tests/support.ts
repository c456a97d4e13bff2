/**
 * What the behaviour tests share: `troupeTest`, which after each test looks whether anything is left
 * behind, and a few things to wait for.
 *
 * @module
 */
import "./loaded.ts";
import v8 from "node:v8";
import vm from "node:vm";
import { assertEquals } from "@std/assert";
import { load } from "../memory/atomics.ts";
import { here } from "../memory/isolate.ts";
import { whatIsMissing } from "../memory/libc.ts";
import { openToOthers } from "../memory/programs.ts";
import { INBOX_REGION, NAMES_REGION, REGION_TYPE } from "../memory/region.ts";
import { ASLEEP } from "../memory/bell.ts";
import { isAlive, lifeIn, SLOT_BELL } from "../memory/slots.ts";
import { MAX_ISOLATES } from "../memory/layout.ts";
import { SHARED } from "../memory/arena.ts";
import { blocksOf, countBlocks } from "../memory/sweep.ts";
import { Queue } from "../channels/queue.ts";
import { childrenOf } from "../actors/children.ts";
import { names } from "../actors/names.ts";
import { activeChildren } from "../actors/process.ts";
import { preferForm } from "../actors/process_form.ts";
import { station } from "../actors/station.ts";
import { HUNG_MS, Patience, whenOver } from "./patience.ts";

v8.setFlagsFromString("--expose-gc");
/** Collects the garbage now, so that finalizers run in the next turns of the event loop. */
export const collectGarbage: () => void = vm.runInNewContext("gc");

/** All that a test must give back. */
interface Traces {
  /** Processes that run. */
  children: number;
  /** Threads that are not buried. */
  threads: number;
  /** Slots with a living isolate. */
  isolates: number;
  /** Waits that keep the program alive. */
  waits: number;
  /** Replies, results and starts waited for. */
  awaited: number;
  /** Blocks of the arena, but for the inboxes and the directory of names, which stay for ever. */
  held: number;
  loose: number;
  part: number;
  regions: number;
}

/** What there is at this moment. */
export function traces(): Traces {
  const { arena, park } = here();
  let regions = 0;
  for (const { handle, word } of blocksOf(arena)) {
    if ((word & 7) !== SHARED) continue;
    const type = load(arena.words, arena.wordOf(handle) + REGION_TYPE);
    if (type !== INBOX_REGION && type !== NAMES_REGION) regions++;
  }
  let isolates = 0;
  for (let slot = 0; slot < MAX_ISOLATES; slot++) {
    if (isAlive(arena, lifeIn(arena, slot))) isolates++;
  }
  const { held, loose, part } = countBlocks(arena);
  return {
    children: activeChildren().length,
    threads: childrenOf(station()).threads,
    isolates,
    waits: park.keepAlive.count,
    awaited: station().awaited.size,
    held,
    loose,
    part,
    regions,
  };
}

/** Types of the regions there are, each with its count and the first word of its holders. */
function regionsLeft(): string {
  const { arena } = here();
  const found: string[] = [];
  for (const { handle, word } of blocksOf(arena)) {
    if ((word & 7) !== SHARED) continue;
    const at = arena.wordOf(handle);
    found.push([0, 1, 2].map((offset) => load(arena.words, at + offset)).join(" "));
  }
  return found.join(", ");
}

/** How many other isolates sleep on their doorbells. */
export function sleepers(): number {
  const { arena, slot } = here();
  let count = 0;
  for (let other = 0; other < MAX_ISOLATES; other++) {
    if (other === slot || !isAlive(arena, lifeIn(arena, other))) continue;
    if (load(arena.words, arena.slotAt(other) + SLOT_BELL) === ASLEEP) count++;
  }
  return count;
}

/** One turn of the event loop, or a delay that a test needs to show that nothing happens in it. */
export function turn(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until it is so, looking after each turn; throws when that takes for ever. */
export async function until(isSo: () => boolean, what = "it"): Promise<void> {
  const patience = new Patience();
  while (!isSo()) {
    if (patience.isOver()) throw waitedInVain(HUNG_MS, what);
    await turn(1);
  }
}

/**
 * The promise, for those that do not keep the program alive, such as `ref.exited`; it rejects when it
 * stays open for ever.
 */
export function awake<T>(promise: Promise<T>, what = "it"): Promise<T> {
  return within(HUNG_MS, promise, what);
}

async function within<T>(milliseconds: number, promise: Promise<T>, what: string): Promise<T> {
  const hung = Promise.withResolvers<never>();
  const callOff = whenOver(() => hung.reject(waitedInVain(milliseconds, what)), milliseconds);
  try {
    return await Promise.race([promise, hung.promise]);
  } finally {
    callOff();
  }
}

function waitedInVain(milliseconds: number, what: string): Error {
  return new Error(`Waited ${milliseconds} ms in vain for ${what}`);
}

/** Whether a promise is still open after `ms` milliseconds. */
export async function isPending(promise: Promise<unknown>, ms = 100): Promise<boolean> {
  const open = Symbol();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => timer = setTimeout(resolve, ms, open));
  const first = await Promise.race([promise.catch(() => {}), late]);
  clearTimeout(timer);
  return first === open;
}

/** What a promise rejects with. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It did not reject but gave ${Deno.inspect(value)}`);
    },
    (error) => error,
  );
}

/** As {@linkcode rejection}, for an error of a class. */
export async function rejectsWith<E extends Error>(
  promise: Promise<unknown>,
  // deno-lint-ignore no-explicit-any -- errors are made with all kinds of arguments
  kind: abstract new (...args: any[]) => E,
): Promise<E> {
  const error = await rejection(promise);
  if (error instanceof kind) return error;
  throw new Error(`It rejected with ${Deno.inspect(error)} instead of ${kind.name}`, {
    cause: error,
  });
}

/** Waits until all that a test left was given back; collects garbage on the way. */
async function settled(before: Traces): Promise<Traces> {
  const patience = new Patience();
  const isClean = (now: Traces) => JSON.stringify(now) === JSON.stringify(before);
  for (let round = 0;; round++) {
    const now = atLeast(before, traces());
    if (isClean(now) || patience.isOver()) return now;
    if (round % 10 === 3) collectGarbage();
    await turn(round < 10 ? 0 : 5);
  }
}

/** What an earlier test left to the collector may go meanwhile. */
function atLeast(before: Traces, now: Traces): Traces {
  const larger = ([key, value]: [string, number]) => [key, Math.max(value, before[key as "held"])];
  return Object.fromEntries(Object.entries(now).map(larger)) as unknown as Traces;
}

/** After a failure: ends what the test started, so that the next one starts afresh. */
async function abandon(before: Traces): Promise<void> {
  for (const process of activeChildren()) process.kill();
  const patience = new Patience(1000);
  while (traces().threads > before.threads && !patience.isOver()) await turn(5);
}

/** What an isolate makes once and keeps. */
function warmUp(): void {
  const queue = new Queue<number[]>({ maxsize: 1 });
  queue.putNowait([1]);
  queue.getNowait();
  queue.close();
  childrenOf(station());
  names.list();
}

let rest: Partial<Deno.TestDefinition> = {};

/**
 * For files of which some tests have processes of the operating system, before the first test: see
 * {@linkcode listeningTest}.
 */
export function listenToProcesses(): void {
  rest = { sanitizeOps: false };
}

/** Longest that a test may take, in milliseconds; ten times what the longest takes. */
const LONGEST_MS = 150_000;

/**
 * A test that fails, too, when it leaves a thread, a wait, a block or a region behind, or does not end:
 * then what it started is ended, and the others go on.
 */
export function troupeTest(
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
  options: Omit<Deno.TestDefinition, "name" | "fn"> = {},
): void {
  Deno.test({
    ...rest,
    ...options,
    name,
    async fn(context) {
      warmUp();
      const before = traces();
      try {
        await within(LONGEST_MS, Promise.resolve(fn(context)), "the end of the test");
      } catch (error) {
        await abandon(before);
        throw error;
      }
      const left = await settled(before);
      assertEquals(left, before, `left behind; regions: ${regionsLeft()}`);
    },
  });
}

/**
 * As {@linkcode troupeTest}, for files with processes of the operating system: from the first one on an
 * isolate listens in the background for rings of others, for as long as it lives.
 */
export function listeningTest(
  name: string,
  fn: (context: Deno.TestContext) => void | Promise<void>,
): void {
  if (here().arena.mapped !== undefined) openToOthers(here());
  troupeTest(name, fn, { sanitizeOps: false });
}

/** A test of processes of the operating system; it says why it is skipped where there are none. */
export function osTest(name: string, fn: () => Promise<void>): void {
  const lack = whatIsMissing() ??
    (here().arena.mapped === undefined ? "this run's memory is not mapped" : undefined);
  if (lack === undefined) listeningTest(name, fn);
  else Deno.test({ name: `${name} (skipped: ${lack})`, ignore: true, fn });
}

/** As {@linkcode osTest}, for processes that have a memory of their own, and sockets. */
export function socketTest(name: string, fn: () => Promise<void>): void {
  troupeTest(`${name}, over a socket`, async () => {
    preferForm("socket");
    try {
      await fn();
    } finally {
      preferForm(undefined);
    }
  }, { sanitizeOps: false });
}

/** A test of processes of the operating system, of both forms. */
export function processTest(
  name: string,
  fn: (form: "mapped" | "socket") => Promise<void>,
): void {
  osTest(name, () => fn("mapped"));
  socketTest(name, () => fn("socket"));
}

/** What a program of its own did. */
export interface Ran {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained of. */
  readonly stderr: string;
}

/** Runs a module of tests/fixtures as a program of its own, and waits for its end. */
export async function program(name: string, ...args: string[]): Promise<Ran> {
  const script = new URL(`./fixtures/${name}`, import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let isHung = false;
  const callOff = whenOver(() => (isHung = true, child.kill("SIGKILL")));
  const { code, stdout, stderr } = await child.output();
  callOff();
  const text = new TextDecoder();
  const ran = { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  if (isHung) {
    throw new Error(`${name} ${args.join(" ")} does not end:\n${ran.stdout}${ran.stderr}`);
  }
  return ran;
}
