import { assert, assertEquals } from "@std/assert";
import { CancelledError, NotSendableError, RemoteError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { newMailbox } from "../../actors/mailboxes.ts";
import { RECALLABLE } from "../../actors/mailbox_region.ts";
import { Recalls } from "../../actors/recall.ts";
import { station } from "../../actors/station.ts";
import { Pool } from "../../pool/pool.ts";
import { blockIf, logName, sometimes, spinOrBlock, square } from "../fixtures/pool_tasks.ts";
import { isPending, rejectsWith, troupeTest, until } from "../support.ts";

const range = (count: number) => Array.from({ length: count }, (_, n) => n);

const FREE = { gate: null, begun: null };

/** A worker that knows the task to be short is handed many at a time. */
async function warm(pool: Pool): Promise<void> {
  for (const _ of range(40)) await pool.apply(blockIf, FREE);
}

troupeTest("tasks submitted in one turn: each gets its own result, waited for or not", async () => {
  await using pool = new Pool({ size: 2 });
  const kinds = ["value", "promise", "error", "rejection"] as const;
  for (let round = 0; round < 3; round++) {
    const all = range(200).map((n) => pool.apply(sometimes, n, kinds[n % 4]));
    for (const [n, settled] of (await Promise.allSettled(all)).entries()) {
      if (n % 4 < 2) assertEquals(settled, { status: "fulfilled", value: n });
      else assert(settled.status === "rejected" && settled.reason instanceof RemoteError);
    }
  }
});

troupeTest("one argument that cannot be sent fails its task, not those sent with it", async () => {
  await using pool = new Pool({ size: 1 });
  for (const n of range(40)) await pool.apply(square, n);
  const all = range(100).map((n) => pool.apply(square, n === 50 ? Symbol() as never : n));
  const refused = await rejectsWith(all[50], NotSendableError);
  assertEquals(refused.path, "$.args[0]");
  const rest = await Promise.all(all.filter((_, n) => n !== 50));
  assertEquals(rest, range(100).filter((n) => n !== 50).map((n) => n * n));
});

troupeTest("the result of a task does not wait for the next one in its worker", async () => {
  await using begun = new Queue<string>();
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  await warm(pool);
  const before = range(20).map(() => pool.apply(blockIf, FREE));
  const slow = pool.apply(blockIf, { gate, begun });
  await Promise.all(before);
  assertEquals(await begun.get(), "begun");
  assert(await isPending(slow, 0), "it waits for the gate");
  await gate.put("go");
  await slow;
});

troupeTest("however many are cancelled while their worker is busy, none is begun", async () => {
  await using begun = new Queue<string>();
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  await warm(pool);
  const slow = pool.apply(blockIf, { gate, begun });
  await begun.get();
  for (const _ of range(3 * RECALLABLE)) {
    const result = pool.applyAsync(blockIf, [{ gate: null, begun }]);
    result.cancel();
    await rejectsWith(result, CancelledError);
  }
  await gate.put("go");
  await slow;
  assertEquals(await pool.map(square, range(9)), range(9).map((n) => n * n));
  assert(begun.empty(), "none of them was begun");
});

troupeTest("those behind a task that ends its worker run elsewhere, once", async () => {
  await using log = new Queue<string>();
  await using pool = new Pool({ size: 1 });
  for (const _ of range(40)) await pool.apply(sometimes, 1, "value");
  const lost = pool.apply(sometimes, 0, "exit").catch((error) => error.code);
  const rest = range(50).map((n) => pool.apply(logName, `${n}`, log));
  assertEquals([await lost, (await Promise.all(rest)).length], ["EXIT", 50]);
  const seen = new Set<string>();
  for (const _ of rest) seen.add(await log.get());
  assertEquals([seen.size, log.empty()], [50, true]);
});

troupeTest("K04 a result can be awaited again, and by others: it is the same", async () => {
  await using pool = new Pool({ size: 1 });
  const result = pool.applyAsync(sometimes, [1, "value"]);
  assertEquals(await Promise.all([result, result, result.get()]), [1, 1, 1]);
  const failed = pool.applyAsync(sometimes, [2, "error"]);
  const first = await rejectsWith(failed, RemoteError);
  assertEquals(await rejectsWith(failed.get(), RemoteError), first);
});

troupeTest(
  "Recalls: an order is begun or taken back, never both; its place is used again",
  async () => {
    const mailbox = newMailbox(station(), undefined);
    const { recalls } = mailbox;
    const [begun, back] = [recalls.offer(), recalls.offer()];
    assertEquals([recalls.begin(begun), recalls.takeBack(begun)], [true, false]);
    assertEquals([recalls.takeBack(back), recalls.takeBack(back)], [true, false]);
    assertEquals([recalls.wasBegun(begun), recalls.wasBegun(back)], [true, false]);
    const others = range(RECALLABLE - 2).map(() => recalls.offer());
    assertEquals([new Set([begun, back, ...others]).size, recalls.hasRoom], [RECALLABLE, false]);
    assertEquals(recalls.begin(back), false, "it is passed over");
    assertEquals([recalls.hasRoom, recalls.offer()], [true, back]);
    recalls.free(begun);
    assertEquals(recalls.offer(), begun);
    mailbox.close({ reason: "normal", exitCode: 0 });
    await until(() => mailbox.leave(), "to leave the mailbox");
  },
);

Deno.test("Recalls: of a mailbox that was left nothing is begun, and it is known what was", () => {
  const words = new Int32Array(RECALLABLE);
  const [pool, worker] = [new Recalls(words, 0), new Recalls(words, 0)];
  const [first, second] = [pool.offer(), pool.offer()];
  assert(worker.begin(first));
  pool.leave();
  assertEquals([worker.begin(second), pool.begin(second)], [false, false]);
  assertEquals([pool.takeBack(first), pool.takeBack(second)], [false, true]);
});

troupeTest("a chunk that waits behind a slow one is begun by whoever has nothing", async () => {
  await using gate = new Queue<string>();
  await using pool = new Pool({ size: 2 });
  const usual = { ms: 5, gate: null };
  await pool.map(spinOrBlock, range(8).map(() => usual), { chunksize: 1 });
  for (let round = 0; round < 3; round++) {
    const items = [{ ms: 0, gate }, ...range(7).map(() => usual)];
    const results = pool.imapUnordered(spinOrBlock, items);
    for (const _ of range(7)) assertEquals(await results.next(), { done: false, value: 5 });
    await gate.put("go");
    assertEquals(await results.next(), { done: false, value: 0 });
  }
});
