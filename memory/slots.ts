// Runs in: any isolate
/**
 * The table of isolates. Each has a slot: its state, its doorbell, how it ended. State, reason and
 * incarnation share one word, so an isolate is declared dead once, by one operation.
 *
 * - I1: a slot is taken by one isolate at a time; its incarnation grows with each.
 * - I2: a slot goes STARTING -> RUNNING -> DEAD -> FREE; only proof of death leads from DEAD to FREE.
 *   It is a process's own before it is STARTING and until it is FREE: whatever instruction a process is
 *   killed at, each slot that it had says so.
 * - I3: whoever waits for the end of an isolate is rung after its slot says DEAD.
 *
 * @module
 */
import type { ExitReason } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { add, compareExchange, load, store } from "./atomics.ts";
import { DEATH, ring } from "./bell.ts";
import { AT_DEATHS, MAX_ISOLATES } from "./layout.ts";
import { RUNG_FROM } from "./processor.ts";
import { PIPE_FILE, PIPE_PROCESS } from "./wake_pipe.ts";

/** Nobody has the slot. */
export const VACANT = 0;
/** Its isolate is coming up. */
export const STARTING = 1;
/** Its isolate runs. */
export const RUNNING = 2;
/** Declared dead; its thread may still be running. */
export const DEAD = 3;

/** Offset in a slot: `incarnation << 7 | reason << 3 | state`. */
export const SLOT_STATE = 0;
/** Offset in a slot: what its owner wants of it; see the entry of the worker. */
export const SLOT_COMMAND = 1;
/** Offset in a slot: exit code, written by the isolate itself as its last act. */
export const SLOT_EXIT_CODE = 2;
/** Offset in a slot: 1 once the isolate wrote its exit code. */
export const SLOT_EXIT_SAID = 3;
/** Offset in a slot: slot of the isolate that asked for it. */
export const SLOT_PARENT = 4;
/** Offset in a slot: which life of the parent's slot. */
export const SLOT_PARENT_LIFE = 7;
/** Offset in a slot: 1 once the code that its isolate runs is loaded. */
export const SLOT_LOADED = 13;
/** Offset in a slot: 1 when its isolate is in a process that has a memory of its own. */
export const SLOT_FAR = 14;
/** Offset in a slot: unit of its inbox's block, and in the next word the generation. */
export const SLOT_INBOX = 5;
/** Offset in a slot: a wait list that nobody but the doorbell's `DEATH` bit rings. */
export const SLOT_DEATHS = 20;
/** Offset in a slot: its doorbell, on a cache line of its own; the next word says how it sleeps. */
export const SLOT_BELL = 16;
/** Offset in a slot: number of the process that has it, or {@linkcode NO_PROGRAM}. */
export const SLOT_PROGRAM = 18;
/** Offset in a slot: the id of that process. */
export const SLOT_PID = SLOT_BELL + PIPE_PROCESS;

/** Offset in a slot: which pipe wakes its isolate; see `wake_pipe.ts`. */
export const SLOT_PIPE = SLOT_BELL + PIPE_FILE;

/** No process has the slot. */
export const NO_PROGRAM = 0;

/** Reasons by their number in the arena. */
export const REASONS: readonly ExitReason[] = [
  "normal",
  "shutdown",
  "terminated",
  "killed",
  "error",
  "exit",
  "lost",
];
const INCARNATIONS = 1 << 25;
const CLEARED = [
  SLOT_COMMAND,
  SLOT_EXIT_CODE,
  SLOT_EXIT_SAID,
  SLOT_BELL,
  SLOT_PID,
  SLOT_PIPE,
  SLOT_BELL + RUNG_FROM,
  SLOT_LOADED,
  SLOT_FAR,
];

/** One life of one slot. */
export interface Life {
  /** The slot. */
  readonly slot: number;
  /** Which life of it. */
  readonly incarnation: number;
}

/** How an isolate ended. */
export interface Ending {
  /** Why. */
  readonly reason: ExitReason;
  /** Its exit code: what it gave itself, -15 terminated, -9 killed. */
  readonly exitCode: number;
}

/** Takes a free slot for an isolate to be; `undefined` when all are taken. */
export function takeSlot(arena: Arena, parent: Life): Life | undefined {
  const { words } = arena;
  for (let slot = 0; slot < MAX_ISOLATES; slot++) {
    const at = arena.slotAt(slot);
    if (load(words, at + SLOT_PROGRAM) !== NO_PROGRAM) continue;
    if (compareExchange(words, at + SLOT_PROGRAM, NO_PROGRAM, arena.program) !== NO_PROGRAM) {
      continue;
    }
    for (const field of CLEARED) store(words, at + field, 0);
    const incarnation = ((load(words, at + SLOT_STATE) >>> 7) + 1) % INCARNATIONS;
    adopt(arena, { slot, incarnation }, parent);
    store(words, at + SLOT_STATE, (incarnation << 7) | STARTING);
    return { slot, incarnation };
  }
  return undefined;
}

/** Says whose child an isolate is. */
export function adopt(arena: Arena, { slot }: Life, parent: Life): void {
  const at = arena.slotAt(slot);
  store(arena.words, at + SLOT_PARENT, parent.slot);
  store(arena.words, at + SLOT_PARENT_LIFE, parent.incarnation);
}

/** Whose child an isolate is. */
export function parentOf(arena: Arena, { slot }: Life): Life {
  const at = arena.slotAt(slot);
  return {
    slot: load(arena.words, at + SLOT_PARENT),
    incarnation: load(arena.words, at + SLOT_PARENT_LIFE),
  };
}

/** Id of the operating system process that an isolate is, or was, in; 0 while that is not known. */
export function pidOf(arena: Arena, { slot }: Life): number {
  return load(arena.words, arena.slotAt(slot) + SLOT_PID);
}

/** The present life of a slot. */
export function lifeIn(arena: Arena, slot: number): Life {
  return { slot, incarnation: load(arena.words, arena.slotAt(slot)) >>> 7 };
}

/** Gives a slot back. Only with proof that its isolate is dead, and after the sweep. */
export function vacateSlot(arena: Arena, { slot, incarnation }: Life): void {
  const at = arena.slotAt(slot);
  store(arena.words, at + SLOT_STATE, (incarnation << 7) | VACANT);
  store(arena.words, at + SLOT_PROGRAM, NO_PROGRAM);
}

/** The code that an isolate runs is loaded. */
export function sayLoaded(arena: Arena, slot: number): void {
  store(arena.words, arena.slotAt(slot) + SLOT_LOADED, 1);
}

/** Whether it is. */
export function isLoaded(arena: Arena, { slot }: Life): boolean {
  return load(arena.words, arena.slotAt(slot) + SLOT_LOADED) === 1;
}

/** The isolate of a slot has a memory of its own. */
export function sayFar(arena: Arena, { slot }: Life): void {
  store(arena.words, arena.slotAt(slot) + SLOT_FAR, 1);
}

/** Whether it has. */
export function isFar(arena: Arena, { slot }: Life): boolean {
  return load(arena.words, arena.slotAt(slot) + SLOT_FAR) === 1;
}

/** The isolate is up. `false` when it was declared dead before. */
export function markRunning(arena: Arena, { slot, incarnation }: Life): boolean {
  const starting = (incarnation << 7) | STARTING;
  const running = (incarnation << 7) | RUNNING;
  return compareExchange(arena.words, arena.slotAt(slot), starting, running) === starting;
}

/** Whether this life of the slot goes on. */
export function isAlive(arena: Arena, { slot, incarnation }: Life): boolean {
  if (slot < 0) return false;
  const seen = load(arena.words, arena.slotAt(slot));
  const state = seen & 7;
  return (seen >>> 7) === incarnation && (state === STARTING || state === RUNNING);
}

/** Whether the slot has not gone on from this life: it lives, or is dead and not yet swept. */
export function isLifeOf(arena: Arena, { slot, incarnation }: Life): boolean {
  const seen = load(arena.words, arena.slotAt(slot));
  return (seen >>> 7) === incarnation && (seen & 7) !== VACANT;
}

/** Declares an isolate dead and tells everybody who waits; `false` when it was dead already. */
export function declareDead(arena: Arena, life: Life, reason: ExitReason): boolean {
  const { words } = arena;
  const at = arena.slotAt(life.slot);
  for (;;) {
    const seen = load(words, at);
    if (!isAlive(arena, life)) return false;
    const dead = (life.incarnation << 7) | (REASONS.indexOf(reason) << 3) | DEAD;
    if (compareExchange(words, at, seen, dead) === seen) break;
  }
  add(words, AT_DEATHS, 1);
  ringEverybody(arena, DEATH);
  return true;
}

/** How a dead isolate ended; `undefined` while it lives, or when the slot has gone on to a next life. */
export function endingOf(arena: Arena, { slot, incarnation }: Life): Ending | undefined {
  const at = arena.slotAt(slot);
  const seen = load(arena.words, at);
  if ((seen >>> 7) !== incarnation || (seen & 7) !== DEAD) return undefined;
  const reason = REASONS[(seen >> 3) & 15];
  if (reason === "killed") return { reason, exitCode: -9 };
  if (reason === "terminated") return { reason, exitCode: -15 };
  return { reason, exitCode: load(arena.words, at + SLOT_EXIT_CODE) };
}

/** Writes the own exit code; the last thing an isolate does. */
export function sayExitCode(arena: Arena, slot: number, exitCode: number): void {
  const at = arena.slotAt(slot);
  store(arena.words, at + SLOT_EXIT_CODE, exitCode);
  store(arena.words, at + SLOT_EXIT_SAID, 1);
}

/** Rings the doorbell of every isolate there is. */
export function ringEverybody(arena: Arena, bits: number): void {
  for (let slot = 0; slot < MAX_ISOLATES; slot++) {
    const at = arena.slotAt(slot);
    if ((load(arena.words, at) & 7) !== VACANT) ring(arena.words, at + SLOT_BELL, bits);
  }
}
