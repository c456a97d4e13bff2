import "../loaded.ts";
// Each type of region is put right by its own module.
import "../../troupe.ts";
import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ClosedError } from "../../errors.ts";
import { HELD, SHARED } from "../../memory/arena.ts";
import { NO_ROOM } from "../../memory/heap.ts";
import type { Isolate } from "../../memory/isolate.ts";
import { PAGE_BYTES } from "../../memory/layout.ts";
import {
  BARRIER_REGION,
  checkRegion,
  dropRegion,
  forgetRegion,
  holdRegion,
  holdsRegion,
  LOCK_REGION,
  makeRegion,
  MEMORY_REGION,
  nameRegion,
  QUEUE_REGION,
  receiveRegion,
  REGION_WORDS,
  sendRegion,
  unnameRegion,
  VALUE_REGION,
  wasLast,
} from "../../memory/region.ts";
import { declareDead } from "../../memory/slots.ts";
import { sweep } from "../../memory/sweep.ts";
import { isolatesIn } from "./support.ts";

function regionOf({ arena, heap, slot }: Isolate, bytes = 256): number {
  return makeRegion(arena, heap, { type: QUEUE_REGION, bytes, slot });
}

Deno.test("makeRegion() zeroes the content when the block was used before", () => {
  const [me] = isolatesIn(1);
  const { arena, heap } = me;
  const old = heap.require(320);
  arena.bytes.fill(255, arena.offsetOf(old), arena.offsetOf(old) + 320);
  heap.free(old);
  const at = arena.wordOf(regionOf(me)) + REGION_WORDS;
  assertEquals(arena.words.subarray(at, at + 64).every((word) => word === 0), true);
});

Deno.test("makeRegion() gives NO_ROOM when the arena is full", () => {
  const [me] = isolatesIn(1);
  while (me.heap.allocate(PAGE_BYTES) !== NO_ROOM);
  assertEquals(regionOf(me), NO_ROOM);
});

Deno.test("holdRegion() counts a holder once when it holds twice", () => {
  const [me, other] = isolatesIn(2);
  const region = regionOf(me);
  holdRegion(me.arena, region, other.slot);
  holdRegion(me.arena, region, other.slot);
  assertEquals(holdsRegion(me.arena, region, other.slot), true);
  assertEquals(dropRegion(me.arena, region, other.slot), false);
  assertEquals(holdsRegion(me.arena, region, other.slot), false);
  assertEquals(dropRegion(me.arena, region, other.slot), false, "a second drop is none");
  assertEquals(dropRegion(me.arena, region, me.slot), true);
});

Deno.test("region I1: a message on its way keeps the region when its sender drops it", () => {
  const [me, other] = isolatesIn(2);
  const region = regionOf(me);
  sendRegion(me.arena, region);
  assertEquals(dropRegion(me.arena, region, me.slot), false);
  receiveRegion(me.arena, region, other.slot);
  assertEquals(dropRegion(me.arena, region, other.slot), true);
});

Deno.test("region I3: what a dead isolate had to free, and had not, the sweep after it frees", () => {
  for (const type of [MEMORY_REGION, VALUE_REGION, LOCK_REGION, BARRIER_REGION]) {
    const [me, dead] = isolatesIn(2);
    const { arena, heap } = dead;
    const [held, named] = [1, 2].map(() =>
      makeRegion(arena, heap, { type, bytes: 4096, slot: dead.slot })
    );
    nameRegion(arena, named);
    assertEquals(dropRegion(arena, held, dead.slot), true);
    assertEquals(dropRegion(arena, named, dead.slot), false);
    assertEquals(unnameRegion(arena, named, dead.slot), true);
    assertEquals(unnameRegion(arena, named, me.slot), false, "only once");
    assertEquals([held, named].map((one) => wasLast(arena, one, dead.slot)), [true, true]);
    assertEquals([held, named].map((one) => wasLast(arena, one, me.slot)), [false, false]);
    declareDead(arena, dead.life, "killed");
    sweep(me, dead.life);
    assertEquals([held, named].map((one) => arena.isLive(one)), [false, false]);
  }
});

Deno.test("region I2: forgetRegion() sees the last drop when the message never arrives", () => {
  const [me] = isolatesIn(1);
  const region = regionOf(me);
  sendRegion(me.arena, region);
  assertEquals(dropRegion(me.arena, region, me.slot), false);
  assertEquals(forgetRegion(me.arena, region), true);
});

Deno.test("region I1, I2: the last drop is seen once, whatever is sent, received, held and dropped", () => {
  const step = fc.record({
    what: fc.constantFrom("send", "receive", "forget", "hold", "drop"),
    who: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const isolates = isolatesIn(4, { backing: "plain" });
      const [{ arena }] = isolates;
      const region = regionOf(isolates[0]);
      const holders = new Set([isolates[0].slot]);
      let onTheWay = 0;
      for (const { what, who } of steps) {
        const { slot } = isolates[who];
        let last = false;
        if (what === "send" && holders.has(slot)) sendRegion(arena, region), onTheWay++;
        if (what === "hold" && holders.size > 0) holdRegion(arena, region, slot), holders.add(slot);
        if (what === "receive" && onTheWay > 0) {
          receiveRegion(arena, region, slot);
          holders.add(slot);
          onTheWay--;
        }
        if (what === "forget" && onTheWay > 0) last = forgetRegion(arena, region), onTheWay--;
        if (what === "drop") last = dropRegion(arena, region, slot), holders.delete(slot);
        const isGone = holders.size + onTheWay === 0;
        assertEquals(last, isGone);
        if (isGone) return;
      }
    }),
    { seed: 20250101 },
  );
});

Deno.test("checkRegion() throws ClosedError when the handle is stale, of another type, or none", () => {
  const [me] = isolatesIn(1);
  const { arena, heap } = me;
  const region = regionOf(me);
  checkRegion(arena, region, QUEUE_REGION);
  const refused = (handle: number, type = QUEUE_REGION) =>
    assertThrows(() => checkRegion(arena, handle, type), ClosedError);
  refused(region, QUEUE_REGION + 1);
  for (const none of [NaN, -1, 0.5, Infinity, 2 ** 53 - 1, 2 ** 26 - 1]) refused(none);
  assertEquals(arena.changeKind(region, { from: SHARED, to: HELD }), true);
  heap.free(region);
  refused(region);
  assertNotEquals(regionOf(me), region);
  refused(region);
});
