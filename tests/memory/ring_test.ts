import "../loaded.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { NotOwnerError } from "../../errors.ts";
import type { Isolate } from "../../memory/isolate.ts";
import { PENDING } from "../../memory/line.ts";
import {
  formatRing,
  NONE,
  recoverRing,
  Ring,
  ringBytes,
  type RingSize,
  type RingUse,
  SEALED,
  sealingAt,
} from "../../memory/ring.ts";
import { HUNG_MS, isolatesIn, untilAsleep } from "./support.ts";

const MANY: RingUse = { writers: "many", readers: "many" };
const USES: readonly RingUse[] = [
  MANY,
  { writers: "many", readers: "one" },
  { writers: "one", readers: "many" },
  { writers: "one", readers: "one" },
];

function ringIn({ arena, heap }: Isolate, size: Partial<RingSize> = {}): number {
  const whole = { cells: 4, cellBytes: 16, ...size };
  const block = heap.require(ringBytes(whole));
  const at = arena.wordOf(block);
  arena.words.fill(0, at, at + ringBytes(whole) / 4);
  formatRing(arena, at, whole);
  return at;
}

function send({ arena }: Isolate, ring: Ring, value: number): boolean {
  const cell = ring.claim();
  if (cell < 0) return false;
  arena.words[ring.frameAt(cell) >> 2] = value;
  ring.commit(cell, 4);
  return true;
}

function receive({ arena }: Isolate, ring: Ring): number | undefined {
  const cell = ring.take();
  if (cell < 0) return undefined;
  assertEquals(ring.metaOf(cell), 4);
  const value = arena.words[ring.frameAt(cell) >> 2];
  ring.release(cell);
  return value;
}

for (const use of USES) {
  const kind = `${use.writers} to ${use.readers}`;

  Deno.test(`Ring.take() gives frames in order, and none twice, ${kind}`, () => {
    const [me, other] = isolatesIn(2);
    const at = ringIn(me);
    const writer = new Ring(me, at, use);
    const reader = new Ring(other, at, use);
    for (let value = 0; value < 20; value++) {
      assertEquals(send(me, writer, value), true);
      assertEquals(receive(other, reader), value);
    }
    assertEquals(reader.take(), NONE);
  });

  for (const limit of [1, 3, 4]) {
    Deno.test(`cells I5: Ring.claim() gives NONE at the limit of ${limit} of 4, ${kind}`, () => {
      const [me, other] = isolatesIn(2);
      const at = ringIn(me, { limit });
      const writer = new Ring(me, at, use);
      const reader = new Ring(other, at, use);
      assertEquals([writer.limit, writer.size], [limit, 0]);
      for (let round = 0; round < 3; round++) {
        for (let value = 0; value < limit; value++) assertEquals(send(me, writer, value), true);
        assertEquals(writer.claim(), NONE);
        assertEquals(writer.size, limit);
        for (let value = 0; value < limit; value++) assertEquals(receive(other, reader), value);
        assertEquals(reader.size, 0);
      }
    });
  }

  Deno.test(`ring I1: a waiting reader and a waiting writer go on, ${kind}`, async () => {
    const [me, other] = isolatesIn(2);
    const at = ringIn(me, { cells: 2 });
    const writer = new Ring(me, at, use);
    const reader = new Ring(other, at, use);
    const received = reader.readers.until({
      attempt: () => receive(other, reader) ?? PENDING,
      operation: "receive",
      timeout: HUNG_MS,
    });
    await untilAsleep(other);
    send(me, writer, 1);
    assertEquals(await received, 1);
    while (send(me, writer, 2));
    const sent = writer.writers.until({
      attempt: () => send(me, writer, 3) || PENDING,
      operation: "send",
      timeout: HUNG_MS,
    });
    await untilAsleep(me);
    receive(other, reader);
    assertEquals(await sent, true);
  });

  Deno.test(`Ring tickets and frames are right when they wrap at 20 bits, ${kind}`, () => {
    const [me] = isolatesIn(1, { backing: "plain" });
    const at = ringIn(me, { cells: 2 });
    const ring = new Ring(me, at, use);
    const frames = (1 << 20) + 5;
    let wrong = 0;
    for (let value = 0; value < frames; value++) {
      send(me, ring, value);
      if (receive(me, ring) !== value) wrong++;
    }
    assertEquals([wrong, ring.take(), ring.size], [0, NONE, 0]);
  });
}

for (const readers of ["one", "many"] as const) {
  Deno.test(`Ring.take() skips what Ring.abandon() gave up, ${readers} reading`, () => {
    const [me, other] = isolatesIn(2);
    const at = ringIn(me, { cells: 2 });
    const writer = new Ring(me, at, { writers: "many", readers });
    const reader = new Ring(other, at, { writers: "many", readers });
    for (let value = 0; value < 9; value++) {
      writer.abandon(writer.claim());
      assertEquals(send(me, writer, value), true);
      assertEquals(receive(other, reader), value);
    }
    assertEquals(reader.take(), NONE);
  });

  Deno.test(`Ring.claim() finds room when all was given up and nobody reads, ${readers} reading`, () => {
    const [me, other] = isolatesIn(2);
    const use = { writers: "many", readers } as const;
    const at = ringIn(me, { cells: 2 });
    const writer = new Ring(me, at, use);
    for (let times = 0; times < 9; times++) writer.abandon(writer.claim());
    send(me, writer, 7);
    assertEquals(receive(other, new Ring(other, at, use)), 7);
  });
}

Deno.test("cells I4: Ring.take() waits for the oldest claim when a later frame is committed", () => {
  const [me, other] = isolatesIn(2);
  const at = ringIn(me);
  const [slow, fast] = [new Ring(me, at, MANY), new Ring(other, at, MANY)];
  const cell = slow.claim();
  send(other, fast, 2);
  assertEquals(fast.take(), NONE);
  me.arena.words[slow.frameAt(cell) >> 2] = 1;
  slow.commit(cell, 4);
  assertEquals([receive(other, fast), receive(other, fast)], [1, 2]);
});

Deno.test("ring I2: Ring.resume() finds the positions of the one before", () => {
  const [me, other, heir] = isolatesIn(3);
  const use = { writers: "one", readers: "one" } as const;
  for (let done = 0; done < 9; done++) {
    const at = ringIn(me);
    const [writer, reader] = [new Ring(me, at, use), new Ring(other, at, use)];
    for (let value = 0; value < done; value++) {
      send(me, writer, value);
      receive(other, reader);
    }
    send(me, writer, 100);
    const resumed = new Ring(heir, at, use);
    send(heir, resumed, 101);
    assertEquals([receive(heir, resumed), receive(heir, resumed)], [100, 101]);
    assertEquals(resumed.take(), NONE);
  }
});

Deno.test("ring I2: a frame that was taken and not released is read again by the next only reader", () => {
  const [me, dead, heir] = isolatesIn(3);
  const use = { writers: "many", readers: "one" } as const;
  const at = ringIn(me);
  const writer = new Ring(me, at, use);
  send(me, writer, 1);
  send(me, writer, 2);
  const reader = new Ring(dead, at, use);
  assertEquals(reader.take() >= 0, true);
  const next = new Ring(heir, at, use);
  assertEquals([receive(heir, next), receive(heir, next)], [1, 2]);
});

Deno.test("cells I6: recoverRing() buries what the dead claimed and names what it had taken", () => {
  const [dead, me] = isolatesIn(2);
  assertEquals(dead.slot, 0, "slot 0 is also what a cell without an owner says");
  const at = ringIn(me);
  const [theirs, mine] = [new Ring(dead, at, MANY), new Ring(me, at, MANY)];
  send(me, mine, 1);
  send(dead, theirs, 2);
  const taken = theirs.take();
  const claimed = theirs.claim();
  send(me, mine, 3);
  const found: number[] = [];
  recoverRing(me.arena, at, { dead: dead.slot, taken: (cell) => found.push(cell) });
  assertEquals(found, [taken]);
  assertEquals([receive(me, mine), receive(me, mine), receive(me, mine)], [2, 3, undefined]);
  assertThrows(() => theirs.commit(claimed, 4), NotOwnerError);
  recoverRing(me.arena, at, { dead: dead.slot, taken: () => found.push(-1) });
  assertEquals(found.length, 1);
});

Deno.test("cells I7: a sealed ring gives all its frames, then SEALED, and takes no more", () => {
  const [me, other] = isolatesIn(2);
  const at = ringIn(me);
  const [writer, reader] = [new Ring(me, at, MANY), new Ring(other, at, MANY)];
  send(me, writer, 1);
  me.arena.words[sealingAt(at)] = 1;
  assertEquals(writer.claim(), SEALED);
  assertEquals(receive(other, reader), 1);
  assertEquals([reader.take(), reader.take(), writer.claim()], [SEALED, SEALED, SEALED]);
});

Deno.test("Ring agrees with an array whatever is sent, given up and received", () => {
  const step = fc.constantFrom("send", "abandon", "receive");
  const scene = fc.record({
    use: fc.constantFrom(...USES),
    limit: fc.integer({ min: 1, max: 4 }),
    steps: fc.array(step, { maxLength: 100 }),
  });
  fc.assert(
    fc.property(scene, ({ use, limit, steps }) => {
      const [me, other] = isolatesIn(2, { bytes: 1 << 20, backing: "plain" });
      const at = ringIn(me, { limit });
      const [writer, reader] = [new Ring(me, at, use), new Ring(other, at, use)];
      const expected: number[] = [];
      let next = 1;
      for (const what of steps) {
        if (what === "receive") assertEquals(receive(other, reader), expected.shift());
        else if (what === "abandon") {
          const cell = writer.claim();
          if (cell >= 0) writer.abandon(cell);
        } else if (send(me, writer, next)) expected.push(next++);
        assertEquals(expected.length <= limit, true);
      }
      for (const value of expected) assertEquals(receive(other, reader), value);
      assertEquals(reader.take(), NONE);
    }),
    { seed: 20250101, numRuns: 200 },
  );
});

Deno.test("Ring I2: hints that lag behind mislead neither a count nor an heir", () => {
  const [me, other] = isolatesIn(2);
  const use: RingUse = { writers: "one", readers: "one" };
  for (const [sent, taken] of [[40, 10], [63, 33], [64, 0], [7, 7], [64, 64]]) {
    const at = ringIn(me, { cells: 64 });
    const [writer, reader] = [new Ring(me, at, use), new Ring(other, at, use)];
    for (let round = 0; round < 5; round++) {
      for (let value = 0; value < sent; value++) assertEquals(send(me, writer, value), true);
      for (let value = 0; value < taken; value++) assertEquals(receive(other, reader), value);
      assertEquals([writer.size, reader.size], [sent - taken, sent - taken]);
      const heir = new Ring(me, at, use);
      for (let value = taken; value < sent; value++) assertEquals(receive(me, heir), value);
      assertEquals([receive(me, heir), heir.size], [undefined, 0]);
      writer.resume();
      reader.resume();
    }
  }
});

Deno.test("Ring I3: who looks ahead stops exactly where the ring is full or empty", () => {
  const [me, other] = isolatesIn(2);
  const at = ringIn(me, { cells: 64 });
  const use: RingUse = { writers: "one", readers: "one" };
  const [writer, reader] = [new Ring(me, at, use), new Ring(other, at, use)];
  let [sent, got] = [0, 0];
  for (const step of [64, 1, 63, 20, 50, 9, 8, 7, 16, 64]) {
    while (send(me, writer, sent)) sent++;
    assertEquals(sent - got, 64);
    for (let left = step; left > 0; left--) assertEquals(receive(other, reader), got++);
    if (step === 64) assertEquals(receive(other, reader), undefined);
  }
});
