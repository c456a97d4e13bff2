import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { z } from "zod";
import {
  ClosedError,
  EmptyError,
  ExitError,
  FullError,
  NotSendableError,
  StillRunningError,
  ValidationError,
} from "../../errors.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { load } from "../../actors/load.ts";
import { Process } from "../../actors/process.ts";
import {
  closeIt,
  getForEver,
  Grenade,
  produce,
  produceSync,
  putAndLeave,
  putBytes,
  putForEver,
  putInto,
  putLargeForEver,
  sum,
  waitForItem,
} from "../fixtures/channels.ts";
import {
  isPending,
  program,
  rejection,
  rejectsWith,
  sleepers,
  traces,
  troupeTest,
  turn,
  until,
} from "../support.ts";

const SOAK = Deno.env.get("TROUPE_SOAK") === "1";

troupeTest("QUEUE-01 a full queue refuses in each style, with the item", async () => {
  await using queue = new Queue<string>({ maxsize: 2 });
  await queue.put("a");
  await queue.put("b");
  assertEquals([queue.full(), queue.empty(), queue.qsize()], [true, false, 2]);
  assertEquals(assertThrows(() => queue.putNowait("c"), FullError).value, "c");
  for (const timeout of [0, -1]) {
    assertEquals((await rejectsWith(queue.put("d", { timeout }), FullError)).value, "d");
  }
  const begin = performance.now();
  assertEquals((await rejectsWith(queue.put("e", { timeout: 200 }), FullError)).value, "e");
  assert(performance.now() - begin >= 190);
  assertEquals([queue.qsize(), await queue.get(), await queue.get()], [2, "a", "b"]);
});

troupeTest("QUEUE-01 a put that waits goes on when there is room", async () => {
  await using queue = new Queue<number>({ maxsize: 1 });
  await queue.put(1);
  const put = queue.put(2, { timeout: 60_000 });
  assertEquals(await isPending(put), true);
  assertEquals(await queue.get(), 1);
  await put;
  assertEquals(await queue.get(), 2);
});

troupeTest("QUEUE-03 an empty queue refuses in each style", async () => {
  await using queue = new Queue<string>({ maxsize: 2 });
  assertEquals([queue.full(), queue.empty(), queue.qsize()], [false, true, 0]);
  assertThrows(() => queue.getNowait(), EmptyError);
  for (const timeout of [0, -1]) await rejectsWith(queue.get({ timeout }), EmptyError);
  const begin = performance.now();
  await rejectsWith(queue.get({ timeout: 200 }), EmptyError);
  assert(performance.now() - begin >= 190);
});

troupeTest("QUEUE-03 a get that waits goes on when there is an item", async () => {
  await using queue = new Queue<number>();
  const got = queue.get({ timeout: 60_000 });
  assertEquals(await isPending(got), true);
  await queue.put(5);
  assertEquals(await got, 5);
});

troupeTest("QUEUE-04 six items of all styles fit into a queue of six, and no seventh", async () => {
  await using queue = new Queue<number>({ maxsize: 6 });
  await queue.put(1);
  await queue.put(2, {});
  await queue.put(3, { timeout: undefined });
  await queue.put(4, { timeout: 0 });
  queue.putSync(5, { timeout: 0 });
  queue.putNowait(6);
  assertEquals(queue.qsize(), 6);
  await rejectsWith(queue.put(7, { timeout: 0 }), FullError);
  await rejectsWith(queue.put(7, { timeout: 20 }), FullError);
  assertThrows(() => queue.putNowait(7), FullError);
  assertThrows(() => queue.putSync(7, { timeout: 0 }), FullError);
  for (let n = 1; n <= 6; n++) assertEquals(queue.getNowait(), n);
});

for (const maxsize of [undefined, 0, -1, 5]) {
  troupeTest(`QUEUE-05 qsize counts with maxsize ${maxsize}`, async () => {
    await using queue = new Queue<string>({ maxsize });
    const sizes = [queue.qsize()];
    for (const item of ["a", "b"]) sizes.push((await queue.put(item), queue.qsize()));
    for (const _ of ["a", "b"]) sizes.push((await queue.get(), queue.qsize()));
    assertEquals(sizes, [0, 1, 2, 1, 0]);
  });
}

troupeTest("QUEUE-05 sizes that are no power of two are exact", async () => {
  for (const maxsize of [1, 2, 3, 5, 100, 2.9]) {
    await using queue = new Queue<number>({ maxsize });
    let accepted = 0;
    while (!queue.full()) queue.putNowait(accepted++);
    assertEquals(accepted, Math.floor(maxsize));
    assertThrows(() => queue.putNowait(0), FullError);
    for (let n = 0; n < accepted; n++) assertEquals(queue.getNowait(), n);
  }
});

troupeTest("QUEUE-05 wrong sizes are refused", () => {
  assertThrows(() => new Queue({ maxsize: 262_145 }), RangeError);
  assertThrows(() => new Queue({ maxsize: NaN }), TypeError);
  assertThrows(() => new Queue({ maxsize: "5" as never }), TypeError);
  assertThrows(() => new Queue({ schema: 5 as never }), TypeError);
});

troupeTest("QUEUE-05 the largest bounded queue works, and Infinity is no bound", async () => {
  await using large = new Queue<number>({ maxsize: 262_144 });
  await using unbounded = new Queue<number>({ maxsize: Infinity });
  for (const queue of [large, unbounded]) {
    await queue.put(1);
    assertEquals([await queue.get(), queue.full()], [1, false]);
  }
});

troupeTest("QUEUE-06 what was put here can be got here at once, 200 times", async () => {
  await using queue = new Queue<number>();
  for (let n = 0; n < 200; n++) {
    await queue.put(n);
    assertEquals([queue.empty(), queue.getNowait()], [false, n]);
  }
});

for (
  const [name, target] of [["put", produce], ["putSync", produceSync as typeof produce]] as const
) {
  troupeTest(
    `QUEUE-08 items of three producers that ${name} arrive once, in each one's order`,
    async () => {
      await using queue = new Queue<[number, number]>({ maxsize: 16 });
      const producers = [0, 1, 2].map((who) =>
        new Process({ target, args: [queue, who, 200] }).start()
      );
      const next = [0, 0, 0];
      for (let n = 0; n < 600; n++) {
        const [who, index] = await queue.get();
        assertEquals(index, next[who]++);
      }
      assertEquals([next, queue.empty()], [[200, 200, 200], true]);
      await Promise.all(producers.map((one) => one.join()));
    },
  );
}

troupeTest("QUEUE-08 three consumers share the items of three producers", async () => {
  await using queue = new Queue<number>({ maxsize: 16 });
  const consumers = [0, 1, 2].map(() => new Process({ target: sum, args: [queue] }).start());
  let total = 0;
  for (let n = 1; n <= 1000; n++) {
    await queue.put(n);
    total += n;
  }
  for (const _ of consumers) await queue.put(0);
  const sums = await Promise.all(consumers.map((one) => one.result));
  assertEquals(sums.reduce((a, b) => a + b), total);
  await Promise.all(consumers.map((one) => one.join()));
});

troupeTest("QUEUE-10 items put here and then in a worker come in that order", async () => {
  await using queue = new Queue<unknown>();
  for (let n = 0; n < 10; n++) await queue.put(n);
  const items = Array.from({ length: 10 }, (_, n) => n + 10);
  const one = new Process({ target: putAndLeave, args: [queue, items, ""] }).start();
  await one.join();
  for (let n = 0; n < 20; n++) assertEquals(await queue.get(), n);
  await rejectsWith(queue.get({ timeout: 0 }), EmptyError);
});

troupeTest(
  "QUEUE-11 an item that cannot be sent is refused by put, and takes no room",
  async () => {
    await using queue = new Queue<unknown>({ maxsize: 2 });
    for (let n = 0; n < 3; n++) {
      const error = await rejectsWith(queue.put({ list: [1, () => {}] }), NotSendableError);
      assert(error.path.includes("list"), error.path);
      assertThrows(() => queue.putNowait(Symbol()), NotSendableError);
      assertThrows(() => queue.putSync(() => {}), NotSendableError);
    }
    assertEquals(queue.qsize(), 0);
    await queue.put("a", { timeout: 0 });
    await queue.put("b", { timeout: 0 });
    assertEquals([await queue.get(), await queue.get()], ["a", "b"]);
  },
);

troupeTest(
  "QUEUE-11 an item that cannot be sent is refused even when the queue is full",
  async () => {
    await using queue = new Queue<unknown>({ maxsize: 1 });
    await queue.put(1);
    await rejectsWith(queue.put(() => {}, { timeout: 50 }), NotSendableError);
  },
);

troupeTest(
  "QUEUE-13 an item that cannot be read rejects one get, and gives its room back",
  async () => {
    await using queue = new Queue<unknown>({ maxsize: 1 });
    for (let n = 0; n < 3; n++) {
      await queue.put(new Grenade(true), { timeout: 0 });
      await rejectsWith(queue.get(), Error);
      await queue.put([new Grenade(true), new Uint8Array(1000)], { timeout: 0 });
      assertThrows(() => queue.getNowait());
    }
    await queue.put("fine", { timeout: 0 });
    assertEquals(await queue.get(), "fine");
  },
);

troupeTest("QUEUE-14 after close nothing works but what tells of the queue", async () => {
  const queue = new Queue<number>({ maxsize: 1 });
  await queue.put(1);
  await rejectsWith(queue.joinThread(), StillRunningError);
  queue.close();
  queue.close();
  assertEquals((await rejectsWith(queue.put(5), ClosedError)).value, 5);
  await rejectsWith(queue.get(), ClosedError);
  assertThrows(() => queue.putNowait(1), ClosedError);
  assertThrows(() => queue.getNowait(), ClosedError);
  assertThrows(() => queue.putSync(1), ClosedError);
  assertThrows(() => queue.getSync(), ClosedError);
  assertThrows(() => queue.empty(), ClosedError);
  assertThrows(() => queue.full(), ClosedError);
  await queue.joinThread();
  queue.cancelJoinThread();
});

troupeTest("QUEUE-14 after close qsize does not read memory that is somebody else's", async () => {
  const queue = new Queue<number>({ maxsize: 4 });
  await queue.put(1);
  queue.close();
  // Others take the memory; the closed queue must neither throw nor tell of theirs.
  const others = Array.from({ length: 3 }, () => new Queue<number>({ maxsize: 4 }));
  for (const other of others) for (let n = 0; n < 3; n++) await other.put(n);
  const size = queue.qsize();
  for (const other of others) other.close();
  assert(size === 0 || size === 1, `qsize() of the closed queue is ${size}`);
});

troupeTest("QUEUE-14 closing ends what waits here", async () => {
  const queue = new Queue<number>({ maxsize: 1 });
  const got = rejection(queue.get());
  await turn();
  queue.close();
  assertInstanceOf(await got, ClosedError);
  const full = new Queue<number>({ maxsize: 1 });
  await full.put(1);
  const put = rejection(full.put(2));
  await turn();
  full.close();
  assertInstanceOf(await put, ClosedError);
});

troupeTest("QUEUE-14 a queue that is closed in one isolate goes on in the others", async () => {
  await using queue = new Queue<unknown>();
  await queue.put("before");
  const one = new Process({ target: closeIt, args: [queue] }).start();
  await one.join();
  assertEquals(await queue.get(), "before");
  await queue.put("after");
  assertEquals(await queue.get(), "after");
});

troupeTest("QUEUE-14 items put before the close are delivered to the others", async () => {
  const queue = new Queue<number>();
  await using ready = new Queue<string>();
  const one = new Process({ target: waitForItem, args: [queue, ready] }).start();
  await ready.get();
  await queue.put(5);
  queue.close();
  assertEquals(await one.result, 5);
  await one.join();
});

troupeTest("QUEUE-14 iteration ends when the queue is closed", async () => {
  const queue = new Queue<number>();
  for (let n = 0; n < 3; n++) await queue.put(n);
  const got: number[] = [];
  for await (const item of queue) {
    got.push(item);
    if (item === 2) setTimeout(() => queue.close(), 1);
  }
  assertEquals(got, [0, 1, 2]);
});

troupeTest(
  "QUEUE-16 a producer ends although nobody has read its items, which are kept",
  async () => {
    await using queue = new Queue<Uint8Array>();
    const one = new Process({ target: putBytes, args: [queue, 1 << 20] }).start();
    assertEquals(await one.join(), true);
    const item = await queue.get();
    assert(item.length === 1 << 20 && item.every((byte) => byte === 7));
  },
);

troupeTest("QUEUE-16 a program ends although nobody has read 1 MB in its queue", async () => {
  assertEquals(await program("run_unread_queue.ts"), { code: 0, stdout: "end\n", stderr: "" });
});

for (const [how, exitCode] of [["exit 3", 3], ["throw", 1]] as const) {
  troupeTest(`QUEUE-17 QUEUE-18 what was put before ${how} is delivered`, async () => {
    await using queue = new Queue<unknown>();
    const items = ["before the crash", new Uint8Array(10_000)];
    const one = new Process({ target: putAndLeave, args: [queue, items, how] }).start();
    await one.join();
    assertEquals(one.exitCode, exitCode);
    assertEquals([await queue.get(), await queue.get()], items);
  });
}

troupeTest("QUEUE-17 what was put before a kill is delivered", async () => {
  await using queue = new Queue<unknown>();
  const items = ["first", new Uint8Array(10_000), { deep: [1] }];
  const one = new Process({ target: putAndLeave, args: [queue, items, "wait"] }).start();
  await until(() => queue.qsize() === 3, "the items");
  one.kill();
  await one.join();
  for (const item of items) assertEquals(await queue.get(), item);
});

troupeTest("QUEUE-20 QUEUE-21 a producer killed while it puts 5 MB spoils nothing", async () => {
  await using queue = new Queue<Uint8Array>({ maxsize: 2 });
  for (let round = 0; round < 3; round++) {
    await using ready = new Queue<string>();
    const one = new Process({ target: putLargeForEver, args: [queue, ready] }).start();
    for (let n = 0; n < 4; n++) await queue.get();
    await ready.get();
    one.kill();
    await until(() => traces().threads === 0, "its burial");
    for (;;) {
      const item = await queue.get({ timeout: 0 }).catch((error) => error);
      if (item instanceof EmptyError) break;
      assert(item.length === 5 << 20 && item.every((byte: number) => byte === item[0]), "torn");
    }
    await one.join();
    await queue.put(new Uint8Array([round]), { timeout: 0 });
    assertEquals(await queue.get(), new Uint8Array([round]));
  }
});

troupeTest("all that a producer put before it was killed is delivered once, in order", async () => {
  await using queue = new Queue<number>();
  await using accepted = new Queue<number>();
  const one = new Process({ target: putForEver, args: [queue, accepted] }).start();
  let last = 0;
  while (last < 500) assertEquals(await queue.get(), ++last);
  one.kill();
  await one.join();
  await until(() => traces().threads === 0, "its burial");
  for (;;) {
    const item = await queue.get({ timeout: 0 }).catch(() => undefined);
    if (item === undefined) break;
    assertEquals(item, ++last);
  }
  const told = accepted.qsize();
  assert(last === told || last === told + 1, `${told} were accepted, ${last} arrived`);
});

troupeTest(
  "a consumer that is killed loses at most the item in its hand, and no item comes twice",
  async () => {
    await using queue = new Queue<number>({ maxsize: 64 });
    const seen = new Map<number, number>();
    const note = (item: number) => seen.set(item, (seen.get(item) ?? 0) + 1);
    await using got = new Queue<number>();
    let n = 1;
    for (let round = 0; round < 3; round++) {
      const consumer = new Process({ target: getForEver, args: [queue, got] }).start();
      const putting = (async () => {
        for (const end = n + 1000; n < end; n++) await queue.put(n);
      })();
      for (let count = 0; count < 200; count++) note(await got.get());
      consumer.kill();
      await consumer.join();
      const last = putting.then(() => queue.put(0));
      for (let item = await queue.get(); item !== 0; item = await queue.get()) note(item);
      await last;
      while (!got.empty()) note(await got.get());
    }
    const twice = [...seen].filter(([, times]) => times > 1);
    assertEquals(twice, []);
    assert(n - 1 - seen.size <= 3, `${n - 1 - seen.size} of ${n - 1} items were lost in 3 kills`);
  },
);

for (const what of ["once it is buried", "from the moment of the kill"]) {
  troupeTest(`a consumer that is killed while it waits takes nothing ${what}`, async () => {
    await using queue = new Queue<unknown>();
    await using ready = new Queue<string>();
    const one = new Process({ target: waitForItem, args: [queue, ready] }).start();
    await ready.get();
    await until(() => sleepers() > 0, "its sleep");
    one.kill();
    if (what === "once it is buried") await until(() => traces().threads === 0, "its burial");
    await queue.put("for the living");
    await one.join();
    await until(() => traces().threads === 0, "its burial");
    assertEquals(await queue.get({ timeout: 0 }), "for the living");
  });
}

troupeTest("QUEUE-23 a queue is sent through a pipe", async () => {
  const [here, there] = pipe<unknown>();
  await using queue = new Queue<unknown>();
  const one = new Process({ target: putInto, args: [there, "through a pipe"] }).start();
  await here.send(queue);
  assertEquals(await queue.get(), "through a pipe");
  here.close();
  await one.join();
});

troupeTest("QUEUE-23 a queue is sent through a queue", async () => {
  await using carrier = new Queue<unknown>();
  await using queue = new Queue<unknown>();
  const one = new Process({ target: putInto, args: [carrier, "through a queue"] }).start();
  await carrier.put(queue);
  assertEquals(await queue.get(), "through a queue");
  await one.join();
});

troupeTest("QUEUE-23 a queue that comes back is the same object", async () => {
  await using carrier = new Queue<unknown>();
  await using queue = new Queue<unknown>();
  await carrier.put([queue, queue]);
  const [first, second] = await carrier.get() as unknown[];
  assertStrictEquals(first, queue);
  assertStrictEquals(second, queue);
});

troupeTest("QUEUE-23 a queue that is closed cannot be sent", async () => {
  await using carrier = new Queue<unknown>();
  const queue = new Queue<number>();
  queue.close();
  const error = await rejection(carrier.put(queue)) as Error;
  assert(error instanceof ClosedError || error instanceof NotSendableError, String(error));
  assertEquals(carrier.qsize(), 0);
});

troupeTest(
  "QUEUE-23 a queue whose sender closed it on its way arrives with its items",
  async () => {
    await using carrier = new Queue<unknown>();
    const queue = new Queue<number>();
    await queue.put(5);
    await carrier.put(queue);
    queue.close();
    await using again = await carrier.get() as Queue<number>;
    assertEquals(await again.get(), 5);
  },
);

troupeTest("QUEUE-23 a queue in an item that nobody gets is given back", async () => {
  const carrier = new Queue<unknown>();
  const queue = new Queue<unknown>();
  await queue.put(new Uint8Array(5000));
  await carrier.put({ queue, more: new Uint8Array(1000) });
  await carrier.put(queue);
  queue.close();
  carrier.close();
});

troupeTest("QUEUE-23 a queue inside itself can be got out", async () => {
  await using queue = new Queue<unknown>();
  await queue.put(queue);
  assertStrictEquals(await queue.get(), queue);
});

troupeTest("QUEUE-32 a queue is used while a module is loading", async () => {
  const url = new URL("../fixtures/uses_queue_at_load.ts", import.meta.url);
  const { read } = load<{ read: () => number }>(url);
  const one = new Process({ target: read }).start();
  assertEquals(await one.result, 5);
  await one.join();
});

troupeTest("get that is called off leaves nothing behind and takes nothing", async () => {
  await using queue = new Queue<number>();
  const off = new AbortController();
  const reason = new Error("no more");
  const got = [queue.get({ signal: off.signal }), queue.get()];
  off.abort(reason);
  assertStrictEquals(await rejection(got[0]), reason);
  assertStrictEquals(await rejection(queue.get({ signal: off.signal })), reason);
  await queue.put(1);
  assertEquals(await got[1], 1);
});

troupeTest("put that is called off leaves nothing behind and puts nothing", async () => {
  await using queue = new Queue<unknown>({ maxsize: 1 });
  await using inner = new Queue<number>();
  await queue.put(0);
  const off = new AbortController();
  const reason = new Error("no more");
  const put = queue.put({ inner, bytes: new Uint8Array(5000) }, { signal: off.signal });
  const late = queue.put("late");
  off.abort(reason);
  assertStrictEquals(await rejection(put), reason);
  assertStrictEquals(await rejection(queue.put(1, { signal: off.signal })), reason);
  assertEquals(await queue.get(), 0);
  await late;
  assertEquals([await queue.get(), queue.qsize()], ["late", 0]);
});

troupeTest("a signal that has been used a thousand times has no listeners left", async () => {
  await using queue = new Queue<number>();
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listeners++;
    return addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--;
    return removeEventListener.apply(signal, args as never);
  };
  for (let n = 0; n < 1000; n++) {
    const got = queue.get({ signal });
    await queue.put(n, { signal });
    assertEquals(await got, n);
  }
  assertEquals(listeners, 0);
});

troupeTest("those who wait get their items in the order in which they came", async () => {
  await using queue = new Queue<number>();
  const got = Array.from({ length: 10 }, () => queue.get());
  for (let n = 0; n < 10; n++) await queue.put(n);
  assertEquals(await Promise.all(got), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

troupeTest("those who wait for room put in the order in which they came", async () => {
  await using queue = new Queue<number>({ maxsize: 1 });
  const put = Array.from({ length: 10 }, (_, n) => queue.put(n));
  for (let n = 0; n < 10; n++) assertEquals(await queue.get(), n);
  await Promise.all(put);
});

troupeTest("a queue without a bound takes 100,000 items and gives them back in order", async () => {
  await using queue = new Queue<number>();
  for (let n = 0; n < 100_000; n++) await queue.put(n);
  assertEquals(queue.qsize(), 100_000);
  for (let n = 0; n < 100_000; n++) if (await queue.get() !== n) throw new Error(`at ${n}`);
  assertEquals([queue.qsize(), queue.empty()], [0, true]);
});

troupeTest("a queue without a bound that is closed with items inside is given back", async () => {
  const queue = new Queue<unknown>();
  for (let n = 0; n < 5000; n++) await queue.put(n % 10 === 0 ? new Uint8Array(500) : n);
  queue.close();
});

troupeTest("a queue without a bound grows and shrinks between isolates", async () => {
  await using queue = new Queue<[number, number]>();
  const producers = [0, 1].map((who) =>
    new Process({ target: produce, args: [queue, who, 5000] }).start()
  );
  await Promise.all(producers.map((one) => one.join()));
  assertEquals(queue.qsize(), 10_000);
  const next = [0, 0];
  for (let n = 0; n < 10_000; n++) {
    const [who, index] = await queue.get();
    if (index !== next[who]++) throw new Error(`item ${index} of ${who} came at ${next[who]}`);
  }
});

troupeTest("a schema checks and parses each item where it is got", async () => {
  await using queue = new Queue<number>({ schema: z.coerce.number() as never });
  await queue.put("5" as never);
  await queue.put("five" as never);
  await queue.put(6);
  assertEquals(await queue.get(), 5);
  const error = await rejectsWith(queue.get(), ValidationError);
  assertEquals(error.issues.length, 1);
  assertEquals([queue.getNowait(), queue.qsize()], [6, 0]);
});

troupeTest("an item that is larger than the arena is streamed", async () => {
  await using queue = new Queue<Uint8Array>();
  const size = 300 << 20;
  const one = new Process({ target: putBytes, args: [queue, size] }).start();
  const item = await queue.get();
  assertEquals(item.length, size);
  assertEquals([item[0], item[size >> 1], item[size - 1]], [7, 7, 7]);
  await one.join();
}, { ignore: !SOAK });

troupeTest("an item larger than the arena whose producer is killed is not got", async () => {
  await using queue = new Queue<Uint8Array>();
  const one = new Process({ target: putBytes, args: [queue, 300 << 20] }).start();
  const { result } = one;
  await until(() => queue.qsize() === 1, "the beginning");
  one.kill();
  await rejectsWith(result, ExitError);
  await one.join();
  await rejectsWith(queue.get({ timeout: 0 }), EmptyError);
}, { ignore: !SOAK });
