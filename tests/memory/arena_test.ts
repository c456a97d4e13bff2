import "../loaded.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NotSupportedError } from "../../errors.ts";
import { Arena, blockHandle, FREE, HELD, LOOSE } from "../../memory/arena.ts";
import {
  AT_PAGES,
  AT_VERSION,
  LAYOUT_VERSION,
  layoutOf,
  MAX_ARENA_BYTES,
  MIN_ARENA_BYTES,
  PAGE_BYTES,
  pagesIn,
} from "../../memory/layout.ts";
import { isolatesIn } from "./support.ts";

Deno.test("Arena.create() throws RangeError when the size is none", () => {
  for (const bytes of [0, -1, NaN, 1.5, Infinity, MIN_ARENA_BYTES - 1, MAX_ARENA_BYTES + 1]) {
    assertThrows(() => Arena.create({ bytes }), RangeError, `${bytes} bytes`);
  }
});

Deno.test("Arena.create() makes an arena of about the size when it is no multiple of anything", () => {
  const { buffer, layout } = Arena.create({ bytes: MIN_ARENA_BYTES + 1 });
  assertEquals(buffer.byteLength, MIN_ARENA_BYTES);
  assertEquals(layout.heapAt + layout.pages * PAGE_BYTES <= buffer.byteLength, true);
});

Deno.test("layoutOf() leaves each part room when the arena has any size", () => {
  for (let bytes = MIN_ARENA_BYTES; bytes <= 1 << 30; bytes = Math.floor(bytes * 1.37)) {
    const pages = pagesIn(bytes);
    const { heapAt, blocksAt } = layoutOf(pages);
    assertEquals(heapAt % PAGE_BYTES, 0);
    assertEquals((blocksAt + pages * 1024) * 4 <= heapAt, true);
    assertEquals(heapAt + pages * PAGE_BYTES <= bytes, true);
  }
});

Deno.test("Arena.attach() sees what the maker wrote when it is given the buffer", () => {
  const made = Arena.create({ bytes: MIN_ARENA_BYTES });
  const attached = Arena.attach(made.memory);
  made.words[100] = 42;
  assertEquals(attached.words[100], 42);
  assertEquals(attached.layout, made.layout);
  assertStrictEquals(attached.layout.heapAt, made.layout.heapAt);
});

Deno.test("arena I1: Arena.attach() throws NotSupportedError when the memory is no arena", () => {
  const { buffer, words } = Arena.create({ bytes: MIN_ARENA_BYTES, backing: "plain" });
  const rubbish = [0, 3, 4, 100, 255, 256, MIN_ARENA_BYTES - 1, MIN_ARENA_BYTES].map((bytes) =>
    new ArrayBuffer(bytes)
  );
  rubbish.push((buffer as ArrayBuffer).slice(0, MIN_ARENA_BYTES - PAGE_BYTES));
  for (const memory of rubbish) assertThrows(() => Arena.attach(memory), NotSupportedError);
  words[AT_VERSION] = LAYOUT_VERSION + 1;
  assertThrows(() => Arena.attach(buffer), NotSupportedError, `version ${LAYOUT_VERSION}`);
  words[AT_VERSION] = LAYOUT_VERSION;
  words[AT_PAGES]++;
  assertThrows(() => Arena.attach(buffer), NotSupportedError);
});

Deno.test("Arena.shared says whether others can see it", () => {
  assertEquals(Arena.create({ bytes: MIN_ARENA_BYTES }).shared, true);
  assertEquals(Arena.create({ bytes: MIN_ARENA_BYTES, backing: "plain" }).shared, false);
});

Deno.test("arena I2: Arena.changeKind() does nothing when the handle is stale or of another kind", () => {
  const [{ arena, heap }] = isolatesIn(1);
  const old = heap.require(64);
  heap.free(old);
  const block = heap.require(64);
  assertEquals(arena.changeKind(old, { from: HELD, to: LOOSE }), false);
  assertEquals(arena.changeKind(block, { from: FREE, to: LOOSE }), false);
  assertEquals(arena.changeKind(block, { from: HELD, to: LOOSE }), true);
});

Deno.test("arena I2: Arena.isLive() refuses handles when they name nothing that lives", () => {
  const [{ arena, heap }] = isolatesIn(1);
  const block = heap.require(64);
  assertEquals(arena.isLive(block), true);
  assertEquals(arena.isLive(blockHandle(arena.layout.pages * 1024, 0)), false);
  assertEquals(arena.isLive(block + 1), false);
  heap.free(block);
  assertEquals(arena.isLive(block), false);
});
