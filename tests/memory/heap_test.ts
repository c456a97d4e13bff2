import "../loaded.ts";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { FullError } from "../../errors.ts";
import { Arena, blockWord, FREEING, generationIn } from "../../memory/arena.ts";
import { load, store } from "../../memory/atomics.ts";
import {
  classOf,
  freeRun,
  Heap,
  LARGEST_CUT,
  NO_ROOM,
  ORPHAN,
  PAGE_CUT,
  PAGE_FREE,
  PAGE_RUN,
  pageWord,
  usedBytes,
} from "../../memory/heap.ts";
import { PAGE_BYTES, PAGES_AT, UNITS_SHIFT } from "../../memory/layout.ts";
import { blocksOf } from "../../memory/sweep.ts";
import { isolatesIn } from "./support.ts";

/** A heap for each of `count` isolates in one arena. */
function heapsIn(count: number, bytes = 2 << 20): { arena: Arena; heaps: Heap[] } {
  const arena = Arena.create({ bytes, backing: "plain" });
  return { arena, heaps: Array.from({ length: count }, (_, slot) => new Heap(arena, slot)) };
}

/** Allocates until there is no room. */
function fill(heap: Heap, bytes: number): number[] {
  const blocks: number[] = [];
  for (let block = heap.allocate(bytes); block !== NO_ROOM; block = heap.allocate(bytes)) {
    blocks.push(block);
  }
  return blocks;
}

Deno.test("classOf() gives the smallest class that is large enough", () => {
  for (let bytes = 1; bytes <= LARGEST_CUT; bytes++) {
    const size = 64 << classOf(bytes);
    assert(size >= bytes && (size === 64 || size / 2 < bytes), `${bytes} in ${size}`);
  }
});

Deno.test("Heap.allocate() gives blocks that do not overlap when sizes are mixed", () => {
  const { arena, heaps: [heap] } = heapsIn(1);
  const blocks: [start: number, end: number][] = [];
  for (const bytes of [1, 64, 65, 100, 4096, LARGEST_CUT, LARGEST_CUT + 1, PAGE_BYTES * 3, 64, 1]) {
    const start = arena.offsetOf(heap.require(bytes));
    blocks.push([start, start + bytes]);
  }
  blocks.sort(([one], [other]) => one - other);
  blocks.slice(1).forEach(([start], index) => assert(start >= blocks[index][1]));
});

Deno.test("Heap.allocate() gives NO_ROOM when the arena is full, and a block again after a free", () => {
  const { arena, heaps: [heap] } = heapsIn(1);
  const blocks = fill(heap, LARGEST_CUT);
  assertEquals(blocks.length, arena.layout.pages * 2);
  assertEquals(heap.allocate(64), NO_ROOM);
  assertEquals(heap.allocate(PAGE_BYTES), NO_ROOM);
  heap.free(blocks[3]);
  assertNotEquals(heap.allocate(LARGEST_CUT), NO_ROOM);
});

Deno.test("Heap.require() throws FullError when the arena is full", () => {
  const { heaps: [heap] } = heapsIn(1);
  fill(heap, PAGE_BYTES);
  assertThrows(() => heap.require(100), FullError, "Cannot allocate 100 bytes");
});

Deno.test("Heap.allocate() gives NO_ROOM when a run is longer than the arena", () => {
  const { arena, heaps: [heap] } = heapsIn(1);
  assertEquals(heap.allocate(arena.layout.pages * PAGE_BYTES + 1), NO_ROOM);
  const all = heap.allocate(arena.layout.pages * PAGE_BYTES);
  assertNotEquals(all, NO_ROOM);
  assertEquals(usedBytes(arena), arena.layout.pages * PAGE_BYTES);
  heap.free(all);
  assertEquals(usedBytes(arena), 0);
});

for (const bytes of [64, PAGE_BYTES, 3 * PAGE_BYTES]) {
  Deno.test(`heap I2: Heap.free() frees a block of ${bytes} bytes once, and never a later one`, () => {
    const { heaps: [heap, other] } = heapsIn(2);
    const old = heap.require(bytes);
    assertEquals(other.free(old), true);
    assertEquals(heap.free(old), false);
    const next = heap.require(bytes);
    assertEquals(heap.free(old), false);
    assertEquals(heap.free(next), true);
  });
}

Deno.test("arena I2: Heap.allocate() gives another handle when a block is used again", () => {
  const { arena, heaps: [heap] } = heapsIn(1);
  const handles = new Set<number>();
  for (let life = 0; life < 2000; life++) {
    const block = heap.require(LARGEST_CUT);
    handles.add(block);
    heap.free(block);
  }
  assertEquals(handles.size, 2000);
  assert(usedBytes(arena) <= PAGE_BYTES);
});

Deno.test("heap I3: Heap.allocate() gives free pages back when another size needs them", () => {
  const { arena, heaps: [heap, other] } = heapsIn(2);
  const small = fill(heap, 64);
  assertEquals(usedBytes(arena), arena.layout.pages * PAGE_BYTES);
  assertEquals(heap.allocate(4096), NO_ROOM);
  for (const block of small.slice(1)) other.free(block);
  assertEquals(other.allocate(PAGE_BYTES), NO_ROOM, "only its owner may give a page back");
  assertNotEquals(heap.allocate(4096), NO_ROOM);
  assertEquals(fill(other, PAGE_BYTES).length, arena.layout.pages - 2);
});

Deno.test("Heap.allocate() adopts the pages of the dead, and goes on when those are full", () => {
  const { arena, heaps: [dead, heir] } = heapsIn(2);
  const blocks = fill(dead, LARGEST_CUT);
  for (const page of blocks.keys()) {
    if (page < arena.layout.pages) {
      store(arena.words, PAGES_AT + page, pageWord(PAGE_CUT, ORPHAN, classOf(LARGEST_CUT)));
    }
  }
  assertEquals(heir.allocate(LARGEST_CUT), NO_ROOM);
  heir.free(blocks[blocks.length - 1]);
  assertNotEquals(heir.allocate(LARGEST_CUT), NO_ROOM);
});

Deno.test("Heap.allocate() finds free pages when a full page is up for adoption", () => {
  const { arena, heaps: [dead, heir] } = heapsIn(2);
  const [first] = [dead.require(LARGEST_CUT), dead.require(LARGEST_CUT)];
  const page = PAGES_AT + (arena.unitOf(first) >> UNITS_SHIFT);
  store(arena.words, page, pageWord(PAGE_CUT, ORPHAN, classOf(LARGEST_CUT)));
  assertNotEquals(heir.allocate(LARGEST_CUT), NO_ROOM);
});

Deno.test("freeRun() takes no page from others when it goes on after a death in its middle", () => {
  const { arena, heaps: [dead, other] } = heapsIn(2);
  const run = dead.require(3 * PAGE_BYTES);
  const at = arena.blockWordAt(run);
  const page = PAGES_AT + (arena.unitOf(run) >> UNITS_SHIFT);
  store(arena.words, at, blockWord(generationIn(load(arena.words, at)), 0, FREEING));
  // As far as the dead one came: the run is shorter by a page, and that page is free.
  store(arena.words, page, pageWord(PAGE_RUN, 0, 2));
  store(arena.words, page + 2, PAGE_FREE);
  const taken = fill(other, PAGE_BYTES);
  freeRun(arena, run);
  const after = fill(other, PAGE_BYTES);
  assertEquals(after.length, 2);
  assertEquals([...blocksOf(arena)].length, taken.length + after.length);
  assertEquals(dead.free(run), false);
});

Deno.test("heap I1-I4: 5,000 random allocations and frees never overlap, and all comes back", () => {
  const sizes = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 2000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 2000, max: LARGEST_CUT }) },
    { weight: 1, arbitrary: fc.integer({ min: LARGEST_CUT + 1, max: 5 * PAGE_BYTES }) },
  );
  const steps = fc.array(fc.record({ who: fc.nat(1), bytes: sizes, free: fc.nat() }), {
    minLength: 500,
    maxLength: 500,
  });
  fc.assert(fc.property(steps, checkSteps), { numRuns: 10, seed: 20250101 });
});

type Step = { who: number; bytes: number; free: number };

function checkSteps(steps: readonly Step[]): void {
  const { arena, heaps } = heapsIn(2, 4 << 20);
  const alive: { block: number; bytes: number; tag: number }[] = [];
  const drop = (index: number, who: number) => {
    const [{ block, bytes, tag }] = alive.splice(index, 1);
    const from = arena.offsetOf(block);
    assert(arena.bytes.subarray(from, from + bytes).every((byte) => byte === tag), "overlap");
    assert(heaps[who].free(block));
    assert(!heaps[who].free(block));
  };
  for (const [index, { who, bytes, free }] of steps.entries()) {
    if (free % 5 < 2 && alive.length > 0) drop(free % alive.length, who);
    const block = heaps[who].allocate(bytes);
    if (block === NO_ROOM) continue;
    const tag = (index % 255) + 1;
    const from = arena.offsetOf(block);
    arena.bytes.fill(tag, from, from + bytes);
    alive.push({ block, bytes, tag });
  }
  while (alive.length > 0) drop(alive.length - 1, alive.length % 2);
  assertEquals([...blocksOf(arena)].length, 0);
  assertNotEquals(heaps[0].allocate(PAGE_BYTES), NO_ROOM);
}

Deno.test("usedBytes() counts whole pages, also of other isolates", () => {
  const [one, other] = isolatesIn(2);
  one.heap.require(64);
  other.heap.require(64);
  assertEquals(usedBytes(one.arena), 2 * PAGE_BYTES);
});
