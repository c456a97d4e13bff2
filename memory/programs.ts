// Runs in: owner
/**
 * Several operating system processes in one arena. Each has a number, and holds the lock of the byte of
 * that number in the arena's file for as long as it lives. So Linux itself says which of them are alive,
 * and whoever gets the lock of one that has isolates in the arena has proof that they are dead, and is
 * the only one who sweeps up after them.
 *
 * - I1: a number is held by one process; it is not taken while slots of its last holder are left.
 * - I2: what a dead process left is swept by one survivor; if that dies over it, by the next.
 *
 * @module
 */
import { FullError, NotSupportedError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { load, store } from "./atomics.ts";
import { tryLockByte, unlockByte } from "./file_lock.ts";
import type { Isolate } from "./isolate.ts";
import { AT_OPEN, MAX_ISOLATES, SLOT_WORDS, SLOTS_AT } from "./layout.ts";
import { cText, libc } from "./libc.ts";
import { FIRST_PROGRAM, mapFile, type Mapped } from "./mapping.ts";
import {
  declareDead,
  isLifeOf,
  type Life,
  lifeIn,
  NO_PROGRAM,
  ringEverybody,
  SLOT_PROGRAM,
  vacateSlot,
} from "./slots.ts";
import { sweep } from "./sweep.ts";

/** Most processes in one arena. */
export const MAX_PROGRAMS = 255;
const WATCH_MS = 100;
const READ_AND_WRITE_CLOSE_ON_EXEC = 0o2000002;
const SET_DEATH_SIGNAL = 1;
const SIGKILL = 9;

/** Takes a number that nobody has. `words` is the arena's memory. @throws FullError */
export function takeProgram(words: Int32Array, file: number, slotsAt: SlotsAt): number {
  for (let program = FIRST_PROGRAM; program <= MAX_PROGRAMS; program++) {
    if (!tryLockByte(file, program)) continue;
    if (slotsOf(words, slotsAt).get(program) === undefined) return program;
    unlockByte(file, program);
  }
  throw new FullError(`Cannot join the arena: ${MAX_PROGRAMS} programs have`);
}

/** Maps the arena of the process that started this one. @throws NotSupportedError when it is gone */
export function mapOf({ pid, file, bytes }: ArenaOfParent): Mapped {
  const own = libc().open(cText(`/proc/${pid}/fd/${file}`), READ_AND_WRITE_CLOSE_ON_EXEC, 0);
  if (own < 0) throw new NotSupportedError("Cannot join the arena: whoever has it is gone");
  return mapFile(own, bytes, (words) => {
    return takeProgram(words, own, (slot) => SLOTS_AT + slot * SLOT_WORDS);
  });
}

/** Where the arena of another process is. */
export interface ArenaOfParent {
  /** Id of the process. */
  readonly pid: number;
  /** Number that the arena's file has there. */
  readonly file: number;
  /** Its size. */
  readonly bytes: number;
}

/** Has Linux kill this process when the one that started it ends, however it ends. */
export function dieWith(parent: number): void {
  libc().prctl(SET_DEATH_SIGNAL, SIGKILL, 0, 0, 0);
  if (libc().getppid() !== parent) Deno.exit(1);
}

/** Where the slot of a number is. */
export type SlotsAt = (slot: number) => number;

/** The slots that are taken, by the number of the process that has them. */
function slotsOf(words: Int32Array, slotsAt: SlotsAt): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (let slot = 0; slot < MAX_ISOLATES; slot++) {
    const program = load(words, slotsAt(slot) + SLOT_PROGRAM);
    if (program === NO_PROGRAM) continue;
    slots.set(program, [...slots.get(program) ?? [], slot]);
  }
  return slots;
}

/** Lets other processes in: from here on their rings are heard and their ends are noticed. */
export function openToOthers(isolate: Isolate): void {
  const { arena, park } = isolate;
  const { file, program } = arena.mapped!;
  if (watching.has(arena)) return;
  watching.add(arena);
  tryLockByte(file, program);
  store(arena.words, AT_OPEN, 1);
  ringEverybody(arena, 0);
  let suspects = new Set<number>();
  const look = () => {
    const dead = deadPrograms(arena);
    // Whoever started a process hears of its end by itself, and knows more of it: that one goes first.
    for (const one of dead) if (suspects.has(one)) sweepDead(isolate, one);
    suspects = new Set(dead);
  };
  park.whileBlocked = look;
  Deno.unrefTimer(setInterval(look, WATCH_MS));
}

const watching = new WeakSet<Arena>();

/** Processes that have slots and are dead. */
function deadPrograms(arena: Arena): number[] {
  const { file, program: own } = arena.mapped!;
  return [...slotsOf(arena.words, (slot) => arena.slotAt(slot)).keys()].filter((program) => {
    if (program === own || !tryLockByte(file, program)) return false;
    unlockByte(file, program);
    return true;
  });
}

/** Sweeps up after a process if it is dead and nobody else is at it. */
export function sweepDead(isolate: Isolate, program: number): void {
  const { arena } = isolate;
  const { file } = arena.mapped!;
  if (!tryLockByte(file, program)) return;
  for (const life of livesOf(arena, program)) {
    declareDead(arena, life, "lost");
    // A slot that the dead process was only just taking, or giving back, is nobody's life.
    if (isLifeOf(arena, life)) sweep(isolate, life);
    else vacateSlot(arena, life);
  }
  unlockByte(file, program);
  isolate.park.heardOfDeath();
}

/** Read again under the lock: another survivor may have swept them meanwhile. */
function livesOf(arena: Arena, program: number): Life[] {
  const slots = slotsOf(arena.words, (slot) => arena.slotAt(slot)).get(program) ?? [];
  return slots.map((slot) => lifeIn(arena, slot));
}
