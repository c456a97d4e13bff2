import { assert, assertEquals } from "@std/assert";
import { usedBytes } from "../memory/heap.ts";
import { here } from "../memory/isolate.ts";
import { FullError, Queue, spawn } from "../troupe.ts";
import { Slow } from "./fixtures/overload.ts";
import { troupeTest } from "./support.ts";

const SENT = 5_000;
const CAPACITY = 32;

for (const overflow of ["wait", "reject", "drop-newest", "drop-oldest"] as const) {
  troupeTest(
    `O1 overload with overflow "${overflow}": every message is accounted for`,
    async () => {
      const ref = await spawn(Slow, { mailbox: { capacity: CAPACITY, overflow } });
      let rejected = 0;
      let deepest = 0;
      for (let n = 0; n < SENT; n++) {
        await ref.tell.work(n).catch((error) => {
          assert(error instanceof FullError);
          assertEquals(error.value, n);
          rejected++;
        });
        deepest = Math.max(deepest, (await ref.stats()).mailbox);
      }
      const last = overflow === "drop-newest" || overflow === "reject"
        ? await retryUntilAccepted(() => ref.ask.seen(), () => rejected++)
        : await ref.ask.seen();
      const { handled, dropped } = await ref.stats();
      assert(deepest <= CAPACITY, `the mailbox held ${deepest}`);
      assertEquals(last.count + dropped + rejected - last.refusedAsks, SENT);
      assert(handled <= SENT + 1 + last.refusedAsks);
      assert(last.ascending, "order");
      if (overflow === "wait") assertEquals([dropped, rejected], [0, 0]);
      await ref.stop();
    },
  );
}

troupeTest(
  "O1 a bounded queue holds its producer back: memory does not grow with the flood",
  async () => {
    const queue = new Queue<Uint8Array>({ maxsize: 16 });
    const sink = await spawn(Slow, {});
    const before = usedBytes(here().arena);
    let deepest = 0;
    const item = new Uint8Array(100_000);
    const draining = sink.ask.drain({ queue, count: 2_000 });
    for (let n = 0; n < 2_000; n++) {
      await queue.put(item);
      assert(queue.qsize() <= 16);
      deepest = Math.max(deepest, usedBytes(here().arena) - before);
    }
    assertEquals(await draining, 2_000);
    assert(deepest <= 20 * 131_072, `${deepest} bytes of the arena`);
    await sink.stop();
    queue.close();
  },
);

/** An ask may be refused too; how often is part of the sum. */
async function retryUntilAccepted<T>(
  ask: () => Promise<T>,
  refused: () => void,
): Promise<T & { refusedAsks: number }> {
  for (let refusedAsks = 0;; refusedAsks++) {
    try {
      return { ...await ask(), refusedAsks };
    } catch (error) {
      if (!(error instanceof FullError)) throw error;
      refused();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}
