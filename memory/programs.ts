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
import { FullError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { load, store } from "./atomics.ts";
import { tryLockByte, unlockByte } from "./file_lock.ts";
import type { Isolate } from "./isolate.ts";
import { AT_OPEN, MAX_ISOLATES } from "./layout.ts";
import { FIRST_PROGRAM } from "./mapping.ts";
import {
  declareDead,
  type Life,
  lifeIn,
  ringEverybody,
  SLOT_PROGRAM,
  SLOT_STATE,
  VACANT,
} from "./slots.ts";
import { sweep } from "./sweep.ts";

/** Most processes in one arena. */
export const MAX_PROGRAMS = 255;
const WATCH_MS = 100;

/** Takes a number that nobody has. `words` is the arena's memory. @throws FullError */
export function takeProgram(words: Int32Array, file: number, slotsAt: SlotsAt): number {
  for (let program = FIRST_PROGRAM; program <= MAX_PROGRAMS; program++) {
    if (!tryLockByte(file, program)) continue;
    if (slotsOf(words, slotsAt).get(program) === undefined) return program;
    unlockByte(file, program);
  }
  throw new FullError(`Cannot join the arena: ${MAX_PROGRAMS} programs have`);
}

/** Where the slot of a number is. */
export type SlotsAt = (slot: number) => number;

/** The slots that are taken, by the number of the process that has them. */
function slotsOf(words: Int32Array, slotsAt: SlotsAt): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (let slot = 0; slot < MAX_ISOLATES; slot++) {
    const at = slotsAt(slot);
    if ((load(words, at + SLOT_STATE) & 7) === VACANT) continue;
    const program = load(words, at + SLOT_PROGRAM);
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
  const look = () => sweepDead(isolate);
  park.whileBlocked = look;
  Deno.unrefTimer(setInterval(look, WATCH_MS));
}

const watching = new WeakSet<Arena>();

/** Sweeps up after processes that are dead; how many isolates that were. */
export function sweepDead(isolate: Isolate): number {
  const { arena } = isolate;
  const { file, program: own } = arena.mapped!;
  let swept = 0;
  for (const program of slotsOf(arena.words, (slot) => arena.slotAt(slot)).keys()) {
    if (program === own || !tryLockByte(file, program)) continue;
    for (const life of livesOf(arena, program)) {
      declareDead(arena, life, "lost");
      sweep(isolate, life);
      swept++;
    }
    unlockByte(file, program);
  }
  if (swept > 0) isolate.park.heardOfDeath();
  return swept;
}

/** Read again under the lock: another survivor may have swept them meanwhile. */
function livesOf(arena: Arena, program: number): Life[] {
  const slots = slotsOf(arena.words, (slot) => arena.slotAt(slot)).get(program) ?? [];
  return slots.map((slot) => lifeIn(arena, slot));
}
