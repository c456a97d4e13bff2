import "../loaded.ts";
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { FullError } from "../../errors.ts";
import { Arena } from "../../memory/arena.ts";
import { load, or, store, waitAsync } from "../../memory/atomics.ts";
import { ASLEEP, DEATH, lieDown } from "../../memory/bell.ts";
import { Isolate } from "../../memory/isolate.ts";
import { AT_DEATHS, MAX_ISOLATES, MIN_ARENA_BYTES } from "../../memory/layout.ts";
import {
  declareDead,
  endingOf,
  isAlive,
  type Life,
  lifeIn,
  markRunning,
  NO_PROGRAM,
  ringEverybody,
  sayExitCode,
  SLOT_BELL,
  SLOT_PROGRAM,
  takeSlot,
  vacateSlot,
} from "../../memory/slots.ts";

const NOBODY: Life = { slot: 0, incarnation: 0 };

function arena(): Arena {
  return Arena.create({ bytes: MIN_ARENA_BYTES });
}

function bellOf({ words, slotAt }: Arena, slot: number): number {
  return load(words, slotAt(slot) + SLOT_BELL);
}

Deno.test("takeSlot() gives undefined when all 256 are taken, and a next life once one is free", () => {
  const memory = arena();
  const lives = Array.from({ length: MAX_ISOLATES }, () => takeSlot(memory, NOBODY)!);
  assertEquals(new Set(lives.map(({ slot }) => slot)).size, MAX_ISOLATES);
  assertEquals(takeSlot(memory, NOBODY), undefined);
  assertThrows(() => Isolate.join(memory), FullError, "all 256 slots are taken");
  declareDead(memory, lives[7], "normal");
  assertEquals(takeSlot(memory, NOBODY), undefined, "dead is not free");
  vacateSlot(memory, lives[7]);
  const next = takeSlot(memory, NOBODY)!;
  assertEquals(next, { slot: 7, incarnation: lives[7].incarnation + 1 });
});

Deno.test("slots I1: a life that is over stays over when the slot is taken again", () => {
  const memory = arena();
  const old = takeSlot(memory, NOBODY)!;
  declareDead(memory, old, "error");
  vacateSlot(memory, old);
  const next = takeSlot(memory, NOBODY)!;
  assertEquals(next.slot, old.slot);
  assertEquals([isAlive(memory, old), isAlive(memory, next)], [false, true]);
  assertEquals(markRunning(memory, old), false);
  assertEquals(declareDead(memory, old, "killed"), false);
  assertEquals(isAlive(memory, next), true);
  assertEquals(endingOf(memory, old), undefined);
});

Deno.test("slots I2: a slot that a process was killed over is not taken before it is given back", () => {
  const memory = arena();
  const old = takeSlot(memory, NOBODY)!;
  const word = memory.slotAt(old.slot) + SLOT_PROGRAM;
  vacateSlot(memory, old);
  assertEquals(load(memory.words, word), NO_PROGRAM);
  store(memory.words, word, 9);
  const other = takeSlot(memory, NOBODY)!;
  assertNotEquals(other.slot, old.slot);
  assertEquals([isAlive(memory, old), lifeIn(memory, old.slot)], [false, old]);
  vacateSlot(memory, lifeIn(memory, old.slot));
  assertEquals(takeSlot(memory, NOBODY), { slot: old.slot, incarnation: old.incarnation + 1 });
});

Deno.test("slots I2: declareDead() declares once when several try", () => {
  const memory = arena();
  const life = takeSlot(memory, NOBODY)!;
  assertEquals(declareDead(memory, life, "terminated"), true);
  assertEquals(declareDead(memory, life, "killed"), false);
  assertEquals(endingOf(memory, life), { reason: "terminated", exitCode: -15 });
  assertEquals(load(memory.words, AT_DEATHS), 1);
});

Deno.test("markRunning() gives false when the isolate was declared dead before it was up", () => {
  const memory = arena();
  const life = takeSlot(memory, NOBODY)!;
  declareDead(memory, life, "lost");
  assertEquals(markRunning(memory, life), false);
  assertEquals(isAlive(memory, life), false);
});

Deno.test("endingOf() gives the exit code the isolate said, and fixed ones when it was ended", () => {
  const memory = arena();
  for (const reason of ["normal", "shutdown", "error", "exit", "lost"] as const) {
    const life = takeSlot(memory, NOBODY)!;
    assertEquals(endingOf(memory, life), undefined);
    sayExitCode(memory, life.slot, 3);
    declareDead(memory, life, reason);
    assertEquals(endingOf(memory, life), { reason, exitCode: 3 });
  }
  const killed = takeSlot(memory, NOBODY)!;
  sayExitCode(memory, killed.slot, 3);
  declareDead(memory, killed, "killed");
  assertEquals(endingOf(memory, killed), { reason: "killed", exitCode: -9 });
});

Deno.test("takeSlot() leaves nothing of the life before", () => {
  const memory = arena();
  const old = takeSlot(memory, NOBODY)!;
  sayExitCode(memory, old.slot, 9);
  declareDead(memory, old, "exit");
  vacateSlot(memory, old);
  const next = takeSlot(memory, NOBODY)!;
  assertEquals(bellOf(memory, next.slot), 0);
  declareDead(memory, next, "exit");
  assertEquals(endingOf(memory, next), { reason: "exit", exitCode: 0 });
});

Deno.test("slots I3: declareDead() rings every isolate there is, and nobody else", () => {
  const memory = arena();
  const [watcher, dead, gone] = Array.from({ length: 3 }, () => takeSlot(memory, NOBODY)!);
  vacateSlot(memory, gone);
  lieDown(memory.words, memory.slotAt(watcher.slot) + SLOT_BELL);
  declareDead(memory, dead, "exit");
  assertEquals(bellOf(memory, watcher.slot), DEATH | ASLEEP);
  assertEquals(bellOf(memory, gone.slot), 0);
});

Deno.test("bell I3: ringEverybody() notifies again when a ringer died before it did", async () => {
  const memory = arena();
  const { slot } = takeSlot(memory, NOBODY)!;
  const bell = memory.slotAt(slot) + SLOT_BELL;
  lieDown(memory.words, bell);
  const woken = waitAsync(memory.words, bell, ASLEEP);
  or(memory.words, bell, 1);
  ringEverybody(memory, DEATH);
  assertEquals(await woken.value, "ok");
});
