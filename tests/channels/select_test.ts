import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { z } from "zod";
import {
  BrokenPipeError,
  ClosedError,
  EndOfChannelError,
  NotSendableError,
  NotSupportedError,
  TimeoutError,
  ValidationError,
} from "../../errors.ts";
import { Process } from "../../actors/process.ts";
import type { Connection } from "../../channels/connection.ts";
import { after } from "../../channels/moments.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { otherwise, select, selectSync, sending } from "../../channels/select.ts";
import { here } from "../../memory/isolate.ts";
import { PENDING } from "../../memory/line.ts";
import { type Waitable, waitable } from "../../memory/waitable.ts";
import { sayAndClose } from "../fixtures/selecting.ts";
import { getForEver, produce, sendX } from "../fixtures/channels.ts";
import {
  isPending,
  rejection,
  rejectsWith,
  sleepers,
  traces,
  troupeTest,
  turn,
  until,
} from "../support.ts";

type End = Connection<unknown, unknown>;

function closeAll(...ends: { close(): void }[]): void {
  for (const end of ends) end.close();
}

troupeTest("I01 a receive of what is empty waits, with a default arm it does not", async () => {
  await using queue = new Queue<number>();
  const selecting = select({ queue });
  assertEquals(await isPending(selecting, 20), true);
  assertEquals((await select({ queue, idle: otherwise() })).arm, "idle");
  await queue.put(1);
  assertEquals(await selecting, { arm: "queue", done: false, value: 1 });
  await queue.put(2);
  const got = await select({ queue, idle: otherwise() });
  assertEquals([got.arm, got.value], ["queue", 2]);
});

troupeTest("I02 a send into what is full waits, with a default arm it does not", async () => {
  for (const maxsize of [1, 2, 5]) {
    await using queue = new Queue<number>({ maxsize });
    for (let n = 0; n < maxsize; n++) {
      assertEquals((await select({ put: sending(queue, n), full: otherwise() })).arm, "put");
    }
    assertEquals([queue.full(), queue.qsize()], [true, maxsize]);
    assertEquals((await select({ put: sending(queue, 9), full: otherwise() })).arm, "full");
    const selecting = select({ put: sending(queue, 9) });
    assertEquals(await isPending(selecting, 20), true);
    assertEquals(await queue.get(), 0);
    assertEquals(await selecting, { arm: "put", done: false, value: undefined });
    assertEquals(queue.qsize(), maxsize);
  }
});

troupeTest(
  "I03 what was sent before the end is selected in order, then the end for ever",
  async () => {
    const [a, b] = pipe<number>();
    for (const n of [1, 2, 3]) await b.send(n);
    b.close();
    for (const n of [1, 2, 3]) {
      assertEquals(await select({ a }), { arm: "a", done: false, value: n });
    }
    for (let n = 0; n < 3; n++) {
      assertEquals(await select({ a }), { arm: "a", done: true, value: undefined });
    }
    a.close();
  },
);

troupeTest("I04 the end of the peer ends a select that waits", async () => {
  const [a, b] = pipe<number>();
  await using queue = new Queue<number>();
  const selecting = select({ a, queue });
  assertEquals(await isPending(selecting, 20), true);
  b.close();
  assertEquals(await selecting, { arm: "a", done: true, value: undefined });
  a.close();
});

troupeTest("I05 a send after the close is refused; a second close does nothing", async () => {
  const queue = new Queue<number>();
  const [a, b] = pipe<number>();
  await using open = new Queue<number>();
  closeAll(queue, queue, b, b);
  await rejectsWith(select({ put: sending(queue, 1), open }), ClosedError);
  await rejectsWith(select({ queue, open }), ClosedError);
  const error = await rejectsWith(select({ send: sending(a, 5), open }), BrokenPipeError);
  assertEquals(error.value, 5);
  a.close();
  await rejectsWith(select({ a, open }), ClosedError);
});

troupeTest("I05 closing here ends a select that waits, for each kind of arm", async () => {
  const full = new Queue<number>({ maxsize: 1 });
  await full.put(0);
  const empty = new Queue<number>();
  const [a, b] = pipe<number>();
  for (
    const [arms, close] of [
      [{ empty, put: sending(full, 1) }, () => full.close()],
      [{ a, empty }, () => empty.close()],
      [{ a }, () => a.close()],
    ] as const
  ) {
    const ended = rejection(select(arms));
    await turn(5);
    close();
    assertInstanceOf(await ended, ClosedError);
  }
  b.close();
});

troupeTest("I07 four producers and four consumers that select: each value once", async () => {
  await using a = new Queue<[number, number]>({ maxsize: 8 });
  await using b = new Queue<[number, number]>({ maxsize: 8 });
  const workers = [0, 1, 2, 3].map((who) =>
    new Process({ target: produce, args: [who % 2 ? a : b, who, 1000] }).start()
  );
  const seen = new Set<string>();
  const consume = async () => {
    const last = [-1, -1, -1, -1];
    while (seen.size < 4000) {
      const got = await select({ a, b, late: after(200) });
      if (got.arm === "late") continue;
      const [who, n] = got.value;
      assert(!seen.has(`${who} ${n}`), "twice");
      seen.add(`${who} ${n}`);
      assert(n > last[who], "order");
      last[who] = n;
    }
  };
  await Promise.all([consume(), consume(), consume(), consume()]);
  assertEquals(seen.size, 4000);
  await Promise.all(workers.map((one) => one.join()));
});

troupeTest("I09 biased takes the first arm that is ready, always", async () => {
  await using a = new Queue<number>();
  await using b = new Queue<number>();
  for (let n = 0; n < 200; n++) {
    await a.put(n);
    await b.put(n);
  }
  for (let n = 0; n < 200; n++) {
    assertEquals((await select({ b, a }, { biased: true })).arm, "b");
  }
  assertEquals([a.qsize(), b.qsize()], [200, 0]);
});

troupeTest("several arms that are ready win about as often, sends included", async () => {
  await using a = new Queue<number>();
  await using b = new Queue<number>();
  await using c = new Queue<number>();
  for (let n = 0; n < 3000; n++) for (const queue of [a, b]) queue.putNowait(n);
  const wins = { a: 0, b: 0, put: 0 };
  for (let n = 0; n < 3000; n++) wins[(await select({ a, b, put: sending(c, n) })).arm]++;
  for (const count of Object.values(wins)) assert(count > 800 && count < 1200, String(count));
  assertEquals([a.qsize(), b.qsize(), c.qsize()], [3000 - wins.a, 3000 - wins.b, wins.put]);
});

troupeTest("I10 a put and a get of the same queue: one of them happens", async () => {
  await using queue = new Queue<number>({ maxsize: 1 });
  assertEquals((await select({ put: sending(queue, 1), get: queue })).arm, "put");
  assertEquals(await select({ put: sending(queue, 2), get: queue }), {
    arm: "get",
    done: false,
    value: 1,
  });
  assertEquals(queue.qsize(), 0);
});

troupeTest(
  "I11 arms that are undefined are never ready, and no arms at all are refused",
  async () => {
    await using queue = new Queue<number>();
    const off = undefined as Queue<string> | undefined;
    await queue.put(1);
    const got = await select({ off, queue });
    assertEquals(got.arm, "queue");
    assertEquals((await select({ off, idle: otherwise() })).arm, "idle");
    await assertRejects(() => select({}), TypeError, "no arms");
    await assertRejects(() => select({ off }), TypeError, "no arms");
    await assertRejects(() => select({ off: 5 as never }), TypeError, "Cannot select a number");
  },
);

troupeTest(
  "I12 an item that arrives on b is taken from b, a later one on a stays there",
  async () => {
    await using a = new Queue<string>();
    await using b = new Queue<string>();
    const selecting = select({ a, b });
    assertEquals(await isPending(selecting, 10), true);
    await b.put("on b");
    await a.put("on a");
    const got = await selecting;
    assertEquals([got.arm, got.value], ["b", "on b"]);
    assertEquals([a.qsize(), b.qsize(), await a.get()], [1, 0, "on a"]);
  },
);

troupeTest("I14 the same queue in several arms: one wins, and the queue works on", async () => {
  await using queue = new Queue<number>();
  const selecting = select({ a: queue, b: queue, c: queue });
  assertEquals(await isPending(selecting, 10), true);
  await queue.put(1);
  await queue.put(2);
  assertEquals((await selecting).value, 1);
  assertEquals([await queue.get(), queue.empty()], [2, true]);
  await using full = new Queue<number>({ maxsize: 1 });
  await full.put(0);
  const sendingBoth = select({ a: sending(full, 1), b: sending(full, 2) });
  await turn(5);
  await full.get();
  const { arm } = await sendingBoth;
  assertEquals([full.qsize(), await full.get()], [1, arm === "a" ? 1 : 2]);
});

troupeTest(
  "I15 a select with a default arm over two queues, one of which has an item",
  async () => {
    await using a = new Queue<number>();
    await using b = new Queue<number>();
    await a.put(0);
    for (let n = 0; n < 20_000; n++) {
      const [from, to] = n % 2 === 0 ? [a, b] : [b, a];
      to.putNowait(n);
      from.getNowait();
      const got = await select({ a, b, none: otherwise() });
      assert(got.arm !== "none", `round ${n}`);
      (got.arm === "a" ? a : b).putNowait(n);
    }
  },
);

troupeTest(
  "I16 a point in time ends a select on a silent queue; nobody waits there then",
  async () => {
    await using queue = new Queue<number>();
    const begin = performance.now();
    const got = await select({ queue, late: after(50) });
    assert(performance.now() - begin >= 49);
    assertEquals(got, { arm: "late", done: false, value: undefined });
    const error = await rejectsWith(select({ queue }, { timeout: 20 }), TimeoutError);
    assertEquals([error.operation, error.timeout], ["select", 20]);
    await rejectsWith(select({ queue }, { timeout: 0 }), TimeoutError);
    assertEquals(here().park.keepAlive.count, 0);
    await queue.put(1);
    assertEquals(await queue.get(), 1);
  },
);

troupeTest("I17 the end of a process wins once, beside a queue", async () => {
  await using queue = new Queue<number>();
  const [a, b] = pipe<unknown>();
  const worker = new Process({ target: sayAndClose, args: [b as End] }).start();
  const seen: unknown[] = [];
  let down: Promise<number> | undefined = worker.sentinel;
  while (seen.length < 3) {
    const got = await select({ queue, down, a });
    if (got.arm === "down") down = undefined;
    seen.push(got.arm === "down" ? `down ${got.value}` : got.done ? "end" : got.value);
    if (got.done) break;
  }
  if (down !== undefined) seen.push(`down ${(await select({ queue, down })).value}`);
  assertEquals(seen.toSorted(), ["down 0", "end", "last"]);
  a.close();
  await worker.join();
});

troupeTest(
  "I18 four queues and ten tasks that mix sends and receives: the counts agree",
  async () => {
    const queues = Array.from({ length: 4 }, () => new Queue<number>({ maxsize: 2 }));
    let sum = 0;
    let sent = 0;
    let got = 0;
    const tasks = Array.from({ length: 10 }, async (_, who) => {
      for (let n = 0; n < 200; n++) {
        const [a, b] = [queues[(who + n) % 4], queues[(who * 3 + n + 1) % 4]];
        const won = await select({ put: sending(a, n), get: b, late: after(5) });
        if (won.arm === "put") (sent++, sum += n);
        if (won.arm === "get") (got++, sum -= won.value);
      }
    });
    await Promise.all(tasks);
    for (const queue of queues) for await (const n of queue.drain()) (got++, sum -= n);
    assertEquals([sent - got, sum], [0, 0]);
    closeAll(...queues);
  },
);

troupeTest("I20 leaving an iteration takes nothing, also while it waits", async () => {
  await using queue = new Queue<number>();
  await queue.put(1);
  for await (const item of queue) {
    assertEquals(item, 1);
    break;
  }
  const items = queue[Symbol.asyncIterator]();
  const next = items.next();
  assertEquals(await isPending(next, 10), true);
  await items.return!();
  assertEquals(await next, { done: true, value: undefined });
  assertEquals(here().park.keepAlive.count, 0);
  await queue.put(2);
  assertEquals(await queue.get(), 2);
});

troupeTest("select() that is called off takes and sends nothing", async () => {
  await using empty = new Queue<number>();
  await using full = new Queue<Uint8Array>({ maxsize: 1 });
  await full.put(new Uint8Array(1));
  const held = traces().held;
  for (let round = 0; round < 50; round++) {
    const controller = new AbortController();
    const long = new Uint8Array(100_000);
    const arms = { empty, put: sending(full, long) };
    const selecting = rejection(select(arms, { signal: controller.signal }));
    if (round % 2 === 0) await turn();
    const reason = new Error("off");
    controller.abort(reason);
    assertStrictEquals(await selecting, reason);
    assertStrictEquals(await rejection(select(arms, { signal: controller.signal })), reason);
  }
  assertEquals([traces().held - held, full.qsize(), here().park.keepAlive.count], [0, 1, 0]);
});

troupeTest(
  "select() leaves the ends in the values of the arms that lose with their owner",
  async () => {
    await using free = new Queue<unknown>({ maxsize: 1 });
    await using full = new Queue<unknown>({ maxsize: 1 });
    await full.put(0);
    const [a, b] = pipe<string>();
    const [c, d] = pipe<string>();
    await select({ lost: sending(full, { end: a }), won: sending(free, { end: c }) });
    assertEquals([a.closed, c.closed], [false, true]);
    const { end } = await free.get() as { end: typeof c };
    await end.send("moved");
    await a.send("stayed");
    assertEquals([await d.recv(), await b.recv()], ["moved", "stayed"]);
    closeAll(a, b, d, end);
  },
);

troupeTest("select() refuses values that cannot be sent, and prepares no other arm", async () => {
  await using queue = new Queue<unknown>({ maxsize: 1 });
  const held = traces().held;
  for (let n = 0; n < 20; n++) {
    const arms = { good: sending(queue, new Uint8Array(5000)), bad: sending(queue, () => {}) };
    await rejectsWith(select(arms), NotSendableError);
  }
  assertEquals([queue.qsize(), traces().held - held], [0, 0]);
  const [reader, writer] = pipe<number>({ duplex: false });
  await rejectsWith(select({ writer: writer as never as End }), NotSupportedError);
  await rejectsWith(select({ send: sending(reader as never as End, 1) }), NotSupportedError);
  closeAll(reader, writer);
});

troupeTest("select() encodes a value when it is called", async () => {
  await using queue = new Queue<{ n: number }>({ maxsize: 1 });
  await queue.put({ n: 0 });
  const value = { n: 1 };
  const selecting = select({ put: sending(queue, value) });
  value.n = 2;
  await queue.get();
  await selecting;
  assertEquals(await queue.get(), { n: 1 });
});

troupeTest(
  "select() checks what it takes with the schema, and rejects what is refused",
  async () => {
    await using queue = new Queue<unknown>().withSchema(z.object({ n: z.number() }));
    await queue.put({ n: 1 });
    await queue.put("wrong" as never);
    await queue.put({ n: 2 });
    const late = z.number().refine((n) => Promise.resolve(n > 0));
    await using slow = new Queue<unknown>().withSchema(late);
    assertEquals((await select({ queue, slow })).value, { n: 1 });
    await rejectsWith(select({ queue, slow }), ValidationError);
    assertEquals((await select({ queue, slow })).value, { n: 2 });
    await slow.put(3);
    await slow.put(-3);
    assertEquals((await select({ queue, slow })).value, 3);
    await rejectsWith(select({ queue, slow }), ValidationError);
  },
);

troupeTest("select() with promises: a value, and a rejection", async () => {
  await using queue = new Queue<number>();
  const never = new Promise<string>(() => {});
  assertEquals((await select({ queue, never, now: Promise.resolve(5) })).value, 5);
  const { promise, reject } = Promise.withResolvers<string>();
  const selecting = rejection(select({ queue, promise }));
  await turn(5);
  reject(new RangeError("it failed"));
  assertInstanceOf(await selecting, RangeError);
  assertEquals((await select({ never, none: otherwise() })).arm, "none");
});

troupeTest("whatever has the method can be selected and waited for", async () => {
  let isSet = false;
  const waiting = new Set<{ attempt(): unknown; resolve(v: never): void }>();
  const flag: Waitable<"set"> = {
    [waitable]: () => ({
      room: {
        wanted: false,
        enter: (one) => waiting.add(one),
        leave: (one) => waiting.delete(one),
        stir() {},
        settled: (value) => Promise.resolve(value),
      },
      isReady: () => isSet,
      take: () => isSet ? "set" : PENDING,
    }),
  };
  await using queue = new Queue<number>();
  const selecting = select({ queue, flag });
  await turn(5);
  isSet = true;
  for (const one of [...waiting]) one.resolve(one.attempt() as never);
  assertEquals(await selecting, { arm: "flag", done: false, value: "set" });
  assertEquals(waiting.size, 0);
});

troupeTest("a peer that is killed ends the arms on it, of a select that waits", async () => {
  const [near, far] = pipe<unknown>();
  await using queue = new Queue<number>();
  const worker = new Process({ target: sendX, args: [far] }).start();
  assertEquals((await select({ near, queue })).value, "x");
  const selecting = select({ near, queue });
  assertEquals(await isPending(selecting, 10), true);
  worker.kill();
  assertEquals((await selecting).done, true);
  await rejectsWith(select({ send: sending(near, 1), queue }), BrokenPipeError);
  await rejectsWith(near.recv(), EndOfChannelError);
  near.close();
  await worker.join();
});

troupeTest("a long message is selected, and sent by select, through a pipe", async () => {
  const [a, b] = pipe<Uint8Array>();
  const bytes = new Uint8Array(300_000).map((_, index) => index);
  for (let n = 0; n < 5; n++) {
    const [sent, got] = await Promise.all([select({ send: sending(a, bytes) }), select({ b })]);
    assertEquals(sent.arm, "send");
    assertEquals(got.value, bytes);
  }
  // 512 KiB may be on their way; then an arm has to wait as a send does.
  let count = 0;
  while ((await select({ send: sending(a, bytes), full: otherwise() })).arm === "send") count++;
  assertEquals(count, 2);
  const selecting = select({ send: sending(a, bytes) });
  assertEquals(await isPending(selecting, 20), true);
  await b.recv();
  await selecting;
  closeAll(a, b);
});

troupeTest("selectSync() does not wait for promises, and may have a default arm", async () => {
  await using queue = new Queue<number>({ maxsize: 1 });
  assertEquals(selectSync({ queue, none: otherwise() }).arm, "none");
  assertEquals(selectSync({ put: sending(queue, 1) }).arm, "put");
  assertEquals(selectSync({ put: sending(queue, 2), get: queue }).value, 1);
  await assertRejects(
    async () => await selectSync({ p: Promise.resolve(1) as never }),
    NotSupportedError,
  );
  await assertRejects(async () => await selectSync({ queue }, { timeout: 10 }), TimeoutError);
});

troupeTest("items that workers select are shared among them, none lost", async () => {
  await using queue = new Queue<number>({ maxsize: 8 });
  await using got = new Queue<number>();
  const workers = [0, 1].map(() => new Process({ target: getForEver, args: [queue, got] }).start());
  await until(() => sleepers() === 2, "both to wait");
  for (let n = 0; n < 500; n++) {
    for (;;) {
      const { arm } = await select({ put: sending(queue, n), late: after(1000) });
      if (arm === "put") break;
    }
  }
  await until(() => got.qsize() === 500);
  const all: number[] = [];
  for await (const n of got.drain()) all.push(n);
  assertEquals(new Set(all).size, 500);
  for (const one of workers) one.kill();
  await Promise.all(workers.map((one) => one.join()));
});
