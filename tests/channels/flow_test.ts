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
  DecodeError,
  EndOfChannelError,
  NotSendableError,
  ValidationError,
} from "../../errors.ts";
import { Process } from "../../actors/process.ts";
import type { Connection } from "../../channels/connection.ts";
import { pipe } from "../../channels/pipe.ts";
import { PipeEnd } from "../../channels/pipe_end.ts";
import { type EndName, ringFrom } from "../../channels/pipe_region.ts";
import { Queue } from "../../channels/queue.ts";
import { select } from "../../channels/select.ts";
import { wait } from "../../channels/wait.ts";
import { Event } from "../../memory/locks/event.ts";
import { handleKind } from "../../memory/handle.ts";
import { here } from "../../memory/isolate.ts";
import { pollAndReturn, sayAndClose } from "../fixtures/selecting.ts";
import { isPending, rejection, rejectsWith, troupeTest, turn } from "../support.ts";

type End = Connection<unknown, unknown>;

function closeAll(...ends: { close(): void }[]): void {
  for (const end of ends) end.close();
}

troupeTest(
  "QUEUE-15 a queue closed before it was used is empty, one that was used is closed",
  async () => {
    const fresh = new Queue<number>();
    fresh.close();
    assertEquals(fresh.empty(), true);
    await rejectsWith(fresh.get(), ClosedError);
    assertEquals(fresh.empty(), true);
    for (
      const use of [
        (q: Queue<number>) => q.putNowait(1),
        (q: Queue<number>) => rejection(q.get({ timeout: 0 })),
      ]
    ) {
      const used = new Queue<number>();
      await use(used);
      used.close();
      assertThrows(() => used.empty(), ClosedError);
    }
  },
);

troupeTest("CONN-23 the close of a worker that got the end is the end", async () => {
  const [near, far] = pipe<unknown>();
  const worker = new Process({ target: sayAndClose, args: [far as End] }).start();
  assertEquals(await near.recv(), "last");
  await rejectsWith(near.recv(), EndOfChannelError);
  near.close();
  await worker.join();
});

troupeTest("CONN-26 what an end says that was sent to another isolate", async () => {
  const [a, b] = pipe<unknown>();
  const [c, d] = pipe<unknown>({ duplex: false });
  const [reader, writer] = pipe<unknown>();
  await writer.send([b, c]);
  const text = "it was sent to another isolate";
  for (
    const operation of [
      () => b.send(1),
      () => b.recv(),
      () => b.sendBytes(new Uint8Array(1)),
      () => b.recvBytes(),
      () => b.poll(),
      () => c.send(1),
      () => c.recv(),
      () => wait([b]),
      () => select({ b }),
    ]
  ) {
    const error = await rejectsWith(operation(), ClosedError);
    assert(error.message.endsWith(text), error.message);
  }
  assertThrows(() => b.sendSync(1), ClosedError, text);
  assertThrows(() => c.sendSync(1), ClosedError, text);
  assertThrows(() => c.recvSync(), ClosedError, text);
  const refused = await rejectsWith(writer.send(b), NotSendableError);
  assert(refused.message.includes(text), refused.message);
  assertEquals([b.closed, c.closed], [true, true]);
  const [b2, c2] = await reader.recv() as [End, End];
  await b2.send("from its new place");
  assertEquals(await a.recv(), "from its new place");
  closeAll(a, b2, c2, d, reader, writer);
});

troupeTest("CONN-26 an end that moves ends what waits on it here", async () => {
  const [a, b] = pipe<unknown>();
  const [reader, writer] = pipe<unknown>();
  const ended = [rejection(b.recv()), rejection(wait([b, reader])), rejection(select({ b }))];
  await turn(5);
  await writer.send(b);
  for (const one of ended) assertInstanceOf(await one, ClosedError);
  closeAll(await reader.recv() as End, a, reader, writer);
});

troupeTest(
  "CONN-31 a poll in one isolate takes nothing from the next owner of the end",
  async () => {
    const [near, far] = pipe<unknown>();
    const [control, there] = pipe<unknown>();
    const worker = new Process({ target: pollAndReturn, args: [there] }).start();
    await control.send(far);
    await near.send("first");
    await near.send("second");
    const [isReady, end] = await control.recv() as [boolean, End];
    near.close();
    assertEquals([isReady, await end.recv(), await end.recv()], [true, "first", "second"]);
    await rejectsWith(end.recv(), EndOfChannelError);
    await control.send("end");
    closeAll(end, control);
    await worker.join();
  },
);

troupeTest(
  "CONN-30 CONN-33 bytes that are no message are refused once, and the pipe goes on",
  async () => {
    const [a, b] = pipe<unknown>();
    const [region, side] = handleKind("connection")!.pack(a) as [number, 0 | 1];
    const name = { region, side } as EndName;
    const ring = ringFrom(here(), name)!;
    // Rubbish, half a number, and nothing at all.
    for (const rubbish of [[255, 254, 253], [6, 1], []]) {
      const cell = ring.claim();
      here().arena.bytes.set(rubbish, ring.frameAt(cell));
      ring.commit(cell, rubbish.length);
    }
    for (let n = 0; n < 3; n++) await rejectsWith(b.recv(), DecodeError);
    assertEquals(await b.poll(), false);
    const again = new PipeEnd(here(), name);
    await again.send("after");
    assertEquals(await b.recv(), "after");
    // What was sent as bytes is a value like any other.
    await again.sendBytes(new Uint8Array([1, 2]));
    assertEquals(await b.recv(), new Uint8Array([1, 2]));
    closeAll(again, b);
    assertThrows(() => a.sendSync(1));
  },
);

troupeTest("CONN-34 handles that name nothing are refused", async () => {
  const { unpack } = handleKind("connection")!;
  for (const packed of [[12_345_678, 0], [2 ** 40, 1], [0, 0]]) {
    assertThrows(() => unpack(packed), ClosedError);
  }
  const [a, b] = pipe<number>();
  const name = handleKind("connection")!.pack(a);
  closeAll(a, b);
  assertThrows(() => unpack(name), ClosedError);
  for (const region of [12_345_678, 2 ** 40, -1, 1.5, NaN]) {
    assertThrows(() => handleKind("queue")!.unpack(region), ClosedError);
  }
  await turn();
});

troupeTest("an Event is waited for and selected beside channels", async () => {
  await using queue = new Queue<number>();
  const event = new Event();
  assertEquals(await wait([queue, event], { timeout: 0 }), []);
  const waiting = wait([queue, event]);
  const selecting = select({ queue, event });
  assertEquals(await isPending(waiting, 10), true);
  event.set();
  assertEquals(await waiting, [event]);
  assertEquals(await selecting, { arm: "event", done: false, value: undefined });
  assertEquals(await wait([event]), [event]);
  event.clear();
  const late = select({ queue, event });
  assertEquals(await isPending(late, 10), true);
  await queue.put(1);
  assertEquals((await late).arm, "queue");
  // Who waits when it is set goes on, though it is cleared at once.
  const quick = wait([event]);
  await turn(5);
  event.set();
  event.clear();
  assertEquals(await quick, [event]);
});

troupeTest(
  "readable of a queue gets an item when it is read, and cancelling takes nothing",
  async () => {
    const queue = new Queue<number>();
    for (const n of [1, 2, 3]) await queue.put(n);
    const reader = queue.readable.getReader();
    await turn();
    assertEquals(queue.qsize(), 3);
    assertEquals(await reader.read(), { done: false, value: 1 });
    assertEquals(queue.qsize(), 2);
    assertEquals((await reader.read()).value, 2);
    assertEquals((await reader.read()).value, 3);
    const pending = reader.read();
    assertEquals(await isPending(pending, 10), true);
    await reader.cancel();
    assertEquals((await pending).done, true);
    await queue.put(4);
    assertEquals([queue.qsize(), await queue.get()], [1, 4]);
    const rest = Array.fromAsync(queue.readable);
    await queue.put(5);
    await turn(5);
    queue.close();
    assertEquals(await rest, [5]);
  },
);

troupeTest("writable of a queue waits for room; an abort calls the write off", async () => {
  await using queue = new Queue<number>({ maxsize: 1 });
  const writer = queue.writable.getWriter();
  await writer.write(1);
  const second = rejection(writer.write(2));
  assertEquals(await isPending(second, 10), true);
  const reason = new Error("no more");
  await writer.abort(reason);
  assertStrictEquals(await second, reason);
  assertEquals([queue.qsize(), await queue.get()], [1, 1]);
  const other = queue.writable.getWriter();
  await other.write(3);
  await other.close();
  assertEquals([queue.qsize(), await queue.get()], [1, 3]);
});

troupeTest("pipeTo from a pipe through a stream into a queue, with its back-pressure", async () => {
  const [a, b] = pipe<number>();
  await using queue = new Queue<string>({ maxsize: 4 });
  const doubled = new TransformStream<number, string>({
    transform: (n, controller) => controller.enqueue(`${n * 2}`),
  });
  const piping = b.readable.pipeThrough(doubled).pipeTo(queue.writable);
  const sent = (async () => {
    for (let n = 0; n < 500; n++) await a.send(n);
    a.close();
  })();
  await sent;
  assert(queue.qsize() <= 4);
  for (let n = 0; n < 500; n++) assertEquals(await queue.get(), `${n * 2}`);
  await piping;
  assertEquals(b.closed, false);
  b.close();
});

troupeTest(
  "cancelling readable of a pipe with a signal closes the end, and its peer hears",
  async () => {
    const [a, b] = pipe<number>();
    const controller = new AbortController();
    const sink = new WritableStream<number>();
    const piping = rejection(b.readable.pipeTo(sink, { signal: controller.signal }));
    await a.send(1);
    await turn(5);
    controller.abort(new Error("enough"));
    await piping;
    assertEquals(b.closed, true);
    await rejectsWith(a.recv(), EndOfChannelError);
    a.close();
  },
);

troupeTest("drain() gives what is there and does not wait for more", async () => {
  const queue = new Queue<number>();
  const [a, b] = pipe<number>();
  assertEquals([await Array.fromAsync(queue.drain()), await Array.fromAsync(b.drain())], [[], []]);
  for (const n of [1, 2, 3]) {
    await queue.put(n);
    await a.send(n);
  }
  const got: number[] = [];
  for await (const n of queue.drain()) {
    got.push(n);
    await queue.put(n * 10);
  }
  assertEquals([got, queue.qsize()], [[1, 2, 3], 3]);
  assertEquals(await Array.fromAsync(b.drain()), [1, 2, 3]);
  await a.send(4);
  a.close();
  assertEquals(await Array.fromAsync(b.drain()), [4]);
  assertEquals(await Array.fromAsync(b.drain()), []);
  b.close();
  queue.close();
  assertEquals(await Array.fromAsync(queue.drain()), []);
});

troupeTest("I21 what nobody received can be had before the close, each value once", async () => {
  const queue = new Queue<{ n: number }>();
  for (const n of [1, 2, 3]) await queue.put({ n });
  assertEquals(await queue.get(), { n: 1 });
  const undelivered = await Array.fromAsync(queue.drain());
  queue.close();
  assertEquals(undelivered, [{ n: 2 }, { n: 3 }]);
});

troupeTest("schemas of a pipe check what arrives, each way, and say their types", async () => {
  const ping = z.object({ n: z.coerce.number() });
  const [a, b] = pipe({ schemas: [ping, z.string()] });
  await a.send({ n: "5" as unknown as number });
  const got: { n: number } = await b.recv();
  assertEquals(got, { n: 5 });
  await a.send("rubbish" as never);
  await a.send({ n: 6 });
  await rejectsWith(b.recv(), ValidationError);
  assertEquals((await select({ b })).value, { n: 6 });
  await b.send("text");
  await b.send(7 as never);
  const text: string = await a.recv();
  assertEquals(text, "text");
  assertThrows(() => a.recvSync(), ValidationError);
  const length = a.withSchema(z.string().transform((s) => s.length));
  await b.send("four");
  const four: number = await length.recv();
  assertEquals(four, 4);
  const late = a.withSchema(z.string().refine((s) => Promise.resolve(s !== "bad")));
  await b.send("good");
  await b.send("bad");
  assertEquals(await late.recv(), "good");
  assertThrows(() => late.recvSync(), TypeError, "asynchronous");
  closeAll(a, b);
  assertThrows(() => pipe({ schemas: [5 as never] }), TypeError);
  assertThrows(() => a.withSchema(5 as never), TypeError);
});

troupeTest("a queue has the type of its schema, also of one given later", async () => {
  await using typed = new Queue({ schema: z.object({ at: z.coerce.date() }) });
  await typed.put({ at: "2020-01-01" as unknown as Date });
  const item: { at: Date } = await typed.get();
  assertEquals(item.at.getFullYear(), 2020);
  await using plain = new Queue<unknown>();
  await plain.put("5");
  const numbers: Queue<number> = plain.withSchema(z.coerce.number());
  assertEquals(await numbers.get(), 5);
  assertStrictEquals(numbers as unknown, plain);
  assertThrows(() => plain.withSchema({} as never), TypeError);
});
