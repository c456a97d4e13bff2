import { assertEquals, assertThrows } from "@std/assert";
import { FullError } from "../../errors.ts";
import { load, store } from "../../memory/atomics.ts";
import type { Isolate } from "../../memory/isolate.ts";
import { AT_NAMES } from "../../memory/layout.ts";
import {
  addName,
  countNames,
  dropName,
  holdNamed,
  LONGEST_NAME,
  type Named,
  nameRegions,
} from "../../memory/names/directory.ts";
import * as entry from "../../memory/names/entries.ts";
import { dropRegion, holdsRegion, makeRegion, REGION_WORDS } from "../../memory/region.ts";
import { declareDead } from "../../memory/slots.ts";
import { careFor, sweep } from "../../memory/sweep.ts";
import { isolatesIn } from "./support.ts";

const TYPE = 99;
nameRegions(TYPE, ({ heap }, region) => heap.free(region));
careFor(TYPE, ({ arena, heap }, region, dead) => {
  if (dropRegion(arena, region, dead)) heap.free(region);
});

const named = (name: string): Named => ({ name, type: TYPE });
const regionOf = ({ arena, heap, slot }: Isolate) =>
  makeRegion(arena, heap, { type: TYPE, bytes: 64, slot });
const die = (isolate: Isolate, by: Isolate) => {
  declareDead(isolate.arena, isolate.life, "killed");
  sweep(by, isolate.life);
};

Deno.test("addName() refuses a second region of the same name and type, until it is dropped", () => {
  const [me, other] = isolatesIn(2);
  const [one, two] = [regionOf(me), regionOf(other)];
  assertEquals(holdNamed(other, named("a")), undefined);
  assertEquals(addName(me, named("a"), one), true);
  assertEquals(addName(other, named("a"), two), false);
  assertEquals(addName(other, { name: "a", type: TYPE + 1 }, two), true, "types have their own");
  assertEquals(holdNamed(other, named("a")), one);
  assertEquals(holdsRegion(me.arena, one, other.slot), true);
  assertEquals(dropName(other, named("a"), two), false, "the name is another region's");
  assertEquals(dropName(other, named("a"), one), true);
  assertEquals(dropName(me, named("a"), one), false);
  assertEquals(holdNamed(other, named("a")), undefined);
  assertEquals(addName(me, named("a"), one), true);
});

Deno.test("directory I1: a name keeps its region, and the last of name and holders frees it", () => {
  const [me] = isolatesIn(1);
  const region = regionOf(me);
  addName(me, named("a"), region);
  assertEquals(dropRegion(me.arena, region, me.slot), false);
  assertEquals(holdNamed(me, named("a")), region);
  assertEquals(dropRegion(me.arena, region, me.slot), false);
  dropName(me, named("a"), region);
  assertEquals([me.arena.isLive(region), countNames(me)], [false, 0]);
});

Deno.test("directory I3: a dead isolate's name goes to another holder, else it goes", () => {
  const [me, maker, heir] = isolatesIn(3);
  const [kept, lost] = [regionOf(maker), regionOf(maker)];
  addName(maker, named("kept"), kept);
  addName(maker, named("lost"), lost);
  holdNamed(heir, named("kept"));
  die(maker, me);
  assertEquals([me.arena.isLive(kept), me.arena.isLive(lost)], [true, false]);
  assertEquals(holdNamed(me, named("lost")), undefined);
  assertEquals(holdNamed(me, named("kept")), kept);
  dropRegion(me.arena, kept, me.slot);
  die(heir, me);
  assertEquals([me.arena.isLive(kept), countNames(me)], [false, 0]);
});

Deno.test("directory I3: what a dead isolate claimed, pinned or was giving back is settled", () => {
  const [me, dead] = isolatesIn(2);
  const { words } = me.arena;
  const region = regionOf(me);
  addName(me, named("a"), region);
  const at = me.arena.wordOf(me.arena.handleOf(load(words, AT_NAMES) - 1));
  const entries = {
    added: at + REGION_WORDS,
    first: at + REGION_WORDS + 16,
    count: 1024,
    shift: 6,
    groups: 8,
  };
  entry.claim(words, entries, dead.slot);
  entry.pin(words, entries.first, dead.slot);
  const other = regionOf(me);
  addName(me, named("b"), other);
  const second = entry.entryAt(entries, 2);
  assertEquals(entry.drop(words, second), true);
  assertEquals(entry.giveBack(words, second, { me: dead.slot, groups: 8 }), true);
  assertEquals(dropName(me, named("a"), region), true);
  assertEquals(countNames(me), 3, "one is pinned, one claimed, one being given back");
  dropRegion(me.arena, region, me.slot);
  dropRegion(me.arena, other, me.slot);
  assertEquals([me.arena.isLive(region), me.arena.isLive(other)], [true, true]);
  die(dead, me);
  assertEquals([me.arena.isLive(region), me.arena.isLive(other)], [false, false]);
  assertEquals(countNames(me), 0);
});

Deno.test("the directory is freed when its maker died before the others saw it", () => {
  const [me, dead] = isolatesIn(2);
  addName(dead, named("a"), regionOf(dead));
  const directory = me.arena.handleOf(load(me.arena.words, AT_NAMES) - 1);
  die(dead, me);
  assertEquals([me.arena.isLive(directory), countNames(me)], [true, 0]);
  const [mine, gone] = isolatesIn(2);
  addName(gone, named("a"), regionOf(gone));
  const lost = mine.arena.handleOf(load(mine.arena.words, AT_NAMES) - 1);
  // As if it had died right before the directory was announced.
  store(mine.arena.words, AT_NAMES, 0);
  mine.arena.words[mine.arena.wordOf(lost) + 2] |= 1 << gone.slot;
  mine.arena.words[mine.arena.wordOf(lost) + 1] += 1;
  die(gone, mine);
  assertEquals(mine.arena.isLive(lost), false);
});

Deno.test("names are told apart by all their bytes, and refused when they are none", () => {
  const [me] = isolatesIn(1);
  const names = ["a", "aa", "ab", "a\0", "ä", "\0\0\0\0", "x".repeat(LONGEST_NAME)];
  const regions = names.map((name) => {
    const region = regionOf(me);
    assertEquals(addName(me, named(name), region), true);
    return region;
  });
  assertEquals(names.map((name) => holdNamed(me, named(name))), regions);
  assertThrows(() => addName(me, named(""), regions[0]), RangeError);
  assertThrows(() => addName(me, named("ä".repeat(95)), regions[0]), RangeError);
  assertThrows(() => holdNamed(me, named(5 as never)), TypeError);
  const full = isolatesIn(1, { bytes: 1 << 20 })[0];
  while (full.heap.allocate(64) >= 0);
  assertThrows(() => addName(full, named("a"), regions[0]), FullError);
});
