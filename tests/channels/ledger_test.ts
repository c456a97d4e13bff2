/** A consumer or producer of a joinable queue that dies after each of its steps. */
import { assertEquals } from "@std/assert";
import type { BlockHandle } from "../../memory/arena.ts";
import type { Isolate } from "../../memory/isolate.ts";
import { store } from "../../memory/atomics.ts";
import { holdRegion } from "../../memory/region.ts";
import { declareDead } from "../../memory/slots.ts";
import { countBlocks, sweep } from "../../memory/sweep.ts";
import {
  type JoinablePort,
  makeJoinableRegion,
  openJoinable,
} from "../../channels/joinable_region.ts";
import { DONE, Ledger } from "../../channels/ledger.ts";
import { Receiver, Sender } from "../../channels/port.ts";
import { isolatesIn } from "../memory/support.ts";

/** A queue in two isolates of this thread, the second of which will die. */
interface Scene {
  readonly me: Isolate;
  readonly other: Isolate;
  readonly region: BlockHandle;
  readonly mine: JoinablePort;
  readonly theirs: JoinablePort;
}

function scene(maxDeliveries = 3): Scene {
  const [me, other] = isolatesIn(2);
  const region = makeJoinableRegion(me, { maxsize: 4, mostDeliveries: maxDeliveries });
  holdRegion(me.arena, region, other.slot);
  return { me, other, region, mine: openJoinable(me, region), theirs: openJoinable(other, region) };
}

function putter(isolate: Isolate, port: JoinablePort): Sender {
  return new Sender(isolate, port.ring, { operation: "put", check() {} });
}

function getOne(isolate: Isolate, { ring, leases }: JoinablePort): unknown {
  return new Receiver(isolate, ring, {
    operation: "get",
    check() {},
    ended() {},
    taking: (cell) => leases.keep(cell),
  }).tryReceive();
}

/** Gets all that is there, and says of each that it is done. */
function getAll(isolate: Isolate, port: JoinablePort): unknown[] {
  const items: unknown[] = [];
  for (let item; typeof (item = getOne(isolate, port)) !== "symbol";) {
    items.push(item);
    port.leases.finish();
  }
  return items;
}

function die({ me, other }: Scene): void {
  declareDead(me.arena, other.life, "killed");
  sweep(me, other.life);
  sweep(me, other.life);
}

/** What the living isolate finds after the death: the items, and that nothing is left. */
function expectLeft(stage: Scene, items: unknown[], lost = 0): void {
  die(stage);
  const { me, mine } = stage;
  assertEquals(mine.leases.unfinished, items.length);
  assertEquals([getAll(me, mine), mine.leases.unfinished, mine.leases.lost], [items, 0, lost]);
  mine.leave();
  const { held, loose, shared } = countBlocks(me.arena);
  // Whoever sent more than a number or a short text keeps a desk.
  assertEquals([held <= 1, loose, shared], [true, 0, 0]);
}

const LONG = new Uint8Array(3000).fill(5);
for (const [kind, item] of [["text", "item"], ["short", ["item"]], ["long", LONG]] as const) {
  Deno.test(`ledger I2: a consumer that dies after it took the cell: ${kind}`, () => {
    const stage = scene();
    putter(stage.me, stage.mine).trySend({ value: item });
    stage.theirs.ring.take();
    expectLeft(stage, [item]);
  });

  Deno.test(`ledger I2: a consumer that dies after it kept the item: ${kind}`, () => {
    const stage = scene();
    putter(stage.me, stage.mine).trySend({ value: item });
    stage.theirs.leases.keep(stage.theirs.ring.take());
    expectLeft(stage, [item]);
  });

  Deno.test(`ledger I2: a consumer that dies after it gave the cell back: ${kind}`, () => {
    const stage = scene();
    putter(stage.me, stage.mine).trySend({ value: item });
    getOne(stage.other, stage.theirs);
    expectLeft(stage, [item]);
  });

  Deno.test(`ledger I2: a consumer that dies after it said that the item is done: ${kind}`, () => {
    const stage = scene();
    putter(stage.me, stage.mine).trySend({ value: item });
    assertEquals(getAll(stage.other, stage.theirs), [item]);
    expectLeft(stage, []);
  });

  Deno.test(`ledger I2: a consumer that dies between the count and the list: ${kind}`, () => {
    const stage = scene();
    const { me, other, region, theirs } = stage;
    putter(me, stage.mine).trySend({ value: item });
    getOne(other, theirs);
    // As a death in finish(): the item counts as done, and is still in the list.
    const at = me.arena.wordOf(region);
    store(me.arena.words, at + DONE + other.slot, new Ledger(other, at).nextNumber + 1);
    expectLeft(stage, []);
  });

  Deno.test(`ledger I3: an item that comes back too often is given up: ${kind}`, () => {
    const stage = scene(1);
    putter(stage.me, stage.mine).trySend({ value: item });
    stage.theirs.leases.keep(stage.theirs.ring.take());
    expectLeft(stage, [], 1);
  });
}

Deno.test("ledger I1: a producer that dies before it commits what it counted", () => {
  const stage = scene();
  const { me, other, region, theirs } = stage;
  putter(me, stage.mine).trySend({ value: "mine" });
  const ledger = new Ledger(other, me.arena.wordOf(region));
  ledger.putting(theirs.ring.claim());
  assertEquals(ledger.unfinished, 2);
  expectLeft(stage, ["mine"]);
});

Deno.test("ledger I1: a producer that dies after it committed what it counted", () => {
  const stage = scene();
  const { me, other, region, theirs } = stage;
  putter(other, theirs).trySend({ value: "theirs" });
  // As a death in commit(): the aim still stands, at a cell that was committed.
  const { words } = me.arena;
  const cell = theirs.ring.claim();
  const ledger = new Ledger(other, me.arena.wordOf(region));
  ledger.putting(cell);
  words[cell + 1] = 0;
  theirs.ring.commit(cell, 0);
  assertEquals(ledger.unfinished, 3);
  die(stage);
  // putting() was called twice for the second item; the sweep believes the last aim, which was reached.
  assertEquals(stage.mine.leases.unfinished, 3);
});

Deno.test("ledger: a producer that dies before it counts leaves nothing to wait for", () => {
  const stage = scene();
  stage.theirs.ring.claim();
  putter(stage.me, stage.mine).trySend({ value: "mine" });
  expectLeft(stage, ["mine"]);
});
