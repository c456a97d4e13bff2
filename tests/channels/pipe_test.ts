import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BrokenPipeError,
  BufferTooShortError,
  ClosedError,
  DecodeError,
  EndOfChannelError,
  NotSendableError,
  NotSupportedError,
  TimeoutError,
} from "../../errors.ts";
import type { Connection } from "../../channels/connection.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { Process } from "../../actors/process.ts";
import {
  directions,
  echoing,
  echoingSync,
  Grenade,
  sendOn,
  sendX,
  syncTimeouts,
} from "../fixtures/channels.ts";
import { isPending, rejection, rejectsWith, troupeTest, turn } from "../support.ts";

type End = Connection<unknown, unknown>;
/** A pipe whose ends take anything. */
const open = (options = {}) => pipe<unknown>(options) as [End, End];
/** The same; both ends are closed at the end of the block. */
const both = (options = {}) => {
  const [a, b] = open(options);
  return {
    a,
    b,
    [Symbol.dispose]() {
      a.close();
      b.close();
    },
  };
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (of: string) => new TextEncoder().encode(of);

troupeTest("CONN-01 values arrive equal, and send gives nothing", async () => {
  using ends = both();
  const { a, b } = ends;
  assertStrictEquals(await a.send([1, 2.25, null]), undefined);
  assertEquals(await b.recv(), [1, 2.25, null]);
  await a.sendBytes(bytes("hello world"));
  assertEquals(text(await b.recvBytes()), "hello world");
});

troupeTest("CONN-01 a worker sends back what it gets", async () => {
  const [a, b] = open();
  const one = new Process({ target: echoing, args: [b] }).start();
  for (const value of [[1, 2.25, null], bytes("hello world"), { deep: new Map([[1, [2]]]) }, ""]) {
    await a.send(value);
    assertEquals(await a.recv(), value);
  }
  a.close();
  assertEquals(await one.result, 4);
  await one.join();
});

troupeTest("CONN-02 a message is what its value was when it was sent", async () => {
  using ends = both();
  const { a, b } = ends;
  const list = [1, 2];
  await a.send(list);
  list.push(3);
  const got = await b.recv();
  assertEquals(got, [1, 2]);
  assertNotStrictEquals(got, list);
});

troupeTest(
  "CONN-02 a message that waits for room is what its value was when it was sent",
  async () => {
    using ends = both({ capacity: 2 });
    const { a, b } = ends;
    await Promise.all([a.send(1), a.send(2)]);
    const list = ["before"];
    const sent = a.send(list);
    list[0] = "after";
    assertEquals([await b.recv(), await b.recv(), await b.recv()], [1, 2, ["before"]]);
    await sent;
  },
);

troupeTest("CONN-03 each way keeps its own order", async () => {
  using ends = both();
  const { a, b } = ends;
  for (const n of [1, 2, 3]) await a.send(n);
  for (const s of ["x", "y"]) await b.send(s);
  assertEquals([await b.recv(), await a.recv(), await b.recv()], [1, "x", 2]);
  assertEquals([await a.recv(), await b.recv()], ["y", 3]);
});

troupeTest("CONN-05 an empty message is a message and not the end", async () => {
  using ends = both();
  const { a, b } = ends;
  await a.sendBytes(new Uint8Array());
  assertEquals([await b.poll(), await b.poll()], [true, true]);
  assertEquals((await b.recvBytes()).length, 0);
  assertEquals(await b.poll(), false);
});

troupeTest(
  "CONN-06 messages of mixed lengths arrive as they are while they are polled for",
  async () => {
    using ends = both();
    const { a, b } = ends;
    const words = ["hello", "", "a", "b", "", "bye", "", "lop"];
    const sent = (async () => {
      for (const word of words) {
        await a.sendBytes(bytes(word));
        await turn(5);
      }
    })();
    const got: string[] = [];
    while (got.length < words.length) if (await b.poll(10)) got.push(text(await b.recvBytes()));
    assertEquals(got, words);
    await sent;
  },
);

troupeTest("CONN-07 of a pipe that is not duplex, the first end only receives", async () => {
  using ends = both({ duplex: false });
  const { a: reader, b: writer } = ends;
  await writer.send(5);
  assertEquals(await reader.recv(), 5);
  await rejectsWith(reader.send(1), NotSupportedError);
  await rejectsWith(reader.sendBytes(bytes("x")), NotSupportedError);
  assertThrows(() => reader.sendSync(1), NotSupportedError);
});

troupeTest("CONN-07 of a pipe that is not duplex, the second end only sends", async () => {
  using ends = both({ duplex: false });
  const { b: writer } = ends;
  for (const wrong of [writer.recv(), writer.recvBytes(), writer.poll()]) {
    await rejectsWith(wrong, NotSupportedError);
  }
  await rejectsWith(writer.recvBytesInto(new Uint8Array(5)), NotSupportedError);
  assertThrows(() => writer.recvSync({ timeout: 0 }), NotSupportedError);
});

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
for (
  const [range, expected] of [
    [[], LETTERS],
    [[5], LETTERS.slice(5)],
    [[7, 8], LETTERS.slice(7, 15)],
    [[26], ""],
    [[26, 0], ""],
    [[0, 26], LETTERS],
  ] as const
) {
  troupeTest(`CONN-08 sendBytes(${range}) of 26 bytes sends ${expected.length}`, async () => {
    using ends = both();
    const { a, b } = ends;
    await a.sendBytes(bytes(LETTERS), ...range as [number, number]);
    assertEquals(text(await b.recvBytes()), expected);
  });
}

for (const range of [[27], [22, 5], [26, 1], [-1], [4, -1], [NaN]]) {
  troupeTest(`CONN-08 sendBytes(${range}) of 26 bytes is refused and sends nothing`, async () => {
    using ends = both();
    const { a, b } = ends;
    await rejectsWith(a.sendBytes(bytes(LETTERS), ...range as [number]), RangeError);
    assertEquals(await b.poll(), false);
  });
}

troupeTest("CONN-08 sendBytes of a text is refused", async () => {
  using ends = both();
  const { a } = ends;
  await rejectsWith(a.sendBytes("text" as never), TypeError);
});

troupeTest(
  "CONN-10 recvBytesInto a buffer that is too small carries the message and skips it",
  async () => {
    using ends = both();
    const { a, b } = ends;
    const target = new Uint8Array(10).fill(1);
    await a.sendBytes(bytes("thirteen byte"));
    await a.sendBytes(bytes("next"));
    const error = await rejectsWith(b.recvBytesInto(target), BufferTooShortError);
    assertEquals(text(error.bytes), "thirteen byte");
    assertEquals(target, new Uint8Array(10).fill(1));
    assertEquals(text(await b.recvBytes()), "next");
  },
);

troupeTest("recvBytesInto takes bytes only, and all that were sent", async () => {
  using ends = both();
  const { a, b } = ends;
  const target = new Uint8Array(100_000);
  for (const length of [0, 1, 99, 5000, 100_000]) {
    const bytes = new Uint8Array(length).map((_, i) => i);
    const sent = a.sendBytes(bytes);
    assertEquals(await b.recvBytesInto(target), length);
    assertEquals(target.subarray(0, length), bytes);
    await sent;
  }
  for (const value of [7, "text", [1], new Uint16Array(3), null]) {
    await a.send(value);
    await rejectsWith(b.recvBytesInto(target), DecodeError);
  }
});

troupeTest("CONN-10 recvBytesInto counts from the offset", async () => {
  using ends = both();
  const { a, b } = ends;
  const target = new Uint8Array(10);
  for (let n = 0; n < 3; n++) await a.sendBytes(bytes("12345"));
  await rejectsWith(b.recvBytesInto(target, 6), BufferTooShortError);
  assertEquals(await b.recvBytesInto(target, 5), 5);
  assertEquals(text(target), "\0\0\0\0\x0012345");
  for (const wrong of [11, -1, NaN]) await rejectsWith(b.recvBytesInto(target, wrong), RangeError);
  assertEquals(text(await b.recvBytes()), "12345");
});

troupeTest(
  "CONN-11 recvBytes(max) refuses a longer message, and only that one is lost",
  async () => {
    using ends = both();
    const { a, b } = ends;
    for (const word of ["four", "", "too long", "next"]) await a.sendBytes(bytes(word));
    assertEquals(text(await b.recvBytes(4)), "four");
    assertEquals((await b.recvBytes(0)).length, 0);
    await rejectsWith(b.recvBytes(-1), RangeError);
    const error = await rejectsWith(b.recvBytes(7), BufferTooShortError);
    assertEquals(text(error.bytes), "too long");
    assertEquals(text(await b.recvBytes(4)), "next");
    await b.send("and back");
    assertEquals(await a.recv(), "and back");
  },
);

troupeTest("CONN-12 poll without data waits as long as it was told and gives false", async () => {
  using ends = both();
  const { b } = ends;
  assertEquals([await b.poll(), await b.poll(0), await b.poll(-1)], [false, false, false]);
  const begin = performance.now();
  assertEquals(await b.poll(100), false);
  assert(performance.now() - begin >= 95);
});

troupeTest("CONN-12 poll with data gives true at once and takes nothing", async () => {
  using ends = both();
  const { a, b } = ends;
  await a.send(1);
  assertEquals([await b.poll(), await b.poll(5000), await b.poll(-1)], [true, true, true]);
  assertEquals(await b.recv(), 1);
  assertEquals(await b.poll(), false);
});

troupeTest("CONN-12 a message ends a poll", async () => {
  using ends = both();
  const { a, b } = ends;
  const polled = b.poll(Infinity);
  assertEquals(await isPending(polled), true);
  await a.send(1);
  assertEquals([await polled, await b.recv()], [true, 1]);
});

troupeTest(
  "CONN-13 the end of the peer ends a poll, and then there is nothing but the end",
  async () => {
    using ends = both();
    const { a, b } = ends;
    const polled = b.poll(Infinity);
    assertEquals(await isPending(polled), true);
    a.close();
    assertEquals(await polled, true);
    await rejectsWith(b.recv(), EndOfChannelError);
    await rejectsWith(b.recv(), EndOfChannelError);
    assertEquals([await b.poll(), await b.poll(5000)], [true, true]);
    assertEquals(b.closed, false);
  },
);

troupeTest("CONN-13 what was sent before the end is received before the end", async () => {
  using ends = both();
  const { a, b } = ends;
  for (let n = 0; n < 3; n++) await a.send(n);
  await a.send(new Uint8Array(1000));
  a.close();
  assertEquals([await b.recv(), await b.recv(), await b.recv()], [0, 1, 2]);
  assertEquals((await b.recv() as Uint8Array).length, 1000);
  await rejectsWith(b.recv(), EndOfChannelError);
});

troupeTest(
  "CONN-15 send to a peer that is closed rejects each time, and the own end stays open",
  async () => {
    using ends = both();
    const { a, b } = ends;
    b.close();
    for (let n = 0; n < 2; n++) {
      const error = await rejectsWith(a.send({ n }), BrokenPipeError);
      assertEquals(error.value, { n });
    }
    assertThrows(() => a.sendSync(1), BrokenPipeError);
    assertEquals(a.closed, false);
  },
);

troupeTest("CONN-15 a send that waits for room rejects when the peer closes", async () => {
  using ends = both({ capacity: 2 });
  const { a, b } = ends;
  await Promise.all([a.send(1), a.send(2)]);
  const sent = a.send(3);
  assertEquals(await isPending(sent), true);
  b.close();
  assertEquals((await rejectsWith(sent, BrokenPipeError)).value, 3);
});

troupeTest("CONN-16 nothing works on an end that is closed", async () => {
  using ends = both();
  const { a } = ends;
  a.close();
  a.close();
  assertEquals(a.closed, true);
  assertEquals((await rejectsWith(a.send(5), ClosedError)).value, 5);
  await rejectsWith(a.recv(), ClosedError);
  await rejectsWith(a.poll(), ClosedError);
  await rejectsWith(a.sendBytes(bytes("x")), ClosedError);
  await rejectsWith(a.recvBytes(), ClosedError);
  await rejectsWith(a.recvBytesInto(new Uint8Array(1)), ClosedError);
  assertThrows(() => a.sendSync(1), ClosedError);
  assertThrows(() => a.recvSync(), ClosedError);
});

troupeTest("CONN-16 closing the own end ends what waits on it", async () => {
  using ends = both({ capacity: 2 });
  const { a } = ends;
  await Promise.all([a.send(1), a.send(2)]);
  const waiting = [a.send(3), a.recv(), a.poll(Infinity)].map((one) => rejection(one));
  await turn();
  a.close();
  for (const error of await Promise.all(waiting)) assertInstanceOf(error, ClosedError);
});

troupeTest("CONN-17 ends are open inside the block and closed after it", async () => {
  let kept: End;
  {
    using ends = both();
    const { a, b } = ends;
    assertEquals([a.closed, b.closed], [false, false]);
    kept = a;
  }
  assertEquals(kept.closed, true);
  await rejectsWith(kept.recv(), ClosedError);
});

troupeTest(
  "CONN-19 a message that cannot be read rejects one recv, and the next arrives",
  async () => {
    using ends = both();
    const { a, b } = ends;
    await a.send({ grenade: new Grenade(true) });
    await a.send("after");
    await a.send(new Grenade(false));
    const error = await rejectsWith(b.recv(), Error);
    assert(error instanceof DecodeError || error.message.includes("It went off"), String(error));
    assertEquals(await b.recv(), "after");
    assertInstanceOf(await b.recv(), Grenade);
  },
);

troupeTest("CONN-19 a long message that cannot be read gives its memory back", async () => {
  using ends = both();
  const { a, b } = ends;
  await a.send([new Grenade(true), new Uint8Array(5000)]);
  await a.send("after");
  await rejection(b.recv());
  assertEquals(await b.recv(), "after");
});

troupeTest("CONN-20 a send of 2 MB waits until the peer reads", async () => {
  using ends = both();
  const { a, b } = ends;
  const sent = a.send(new Uint8Array(2 << 20));
  assertEquals(await isPending(sent, 300), true);
  assertEquals((await b.recv() as Uint8Array).length, 2 << 20);
  await sent;
});

troupeTest("CONN-20 a bounded number of messages of 1000 bytes is accepted", async () => {
  using ends = both();
  const { a, b } = ends;
  const message = new Uint8Array(1000);
  let accepted = 0;
  for (; accepted < 1000; accepted++) {
    const sent = a.send(message);
    if (!await isPending(sent, 20)) continue;
    for (let n = 0; n <= accepted; n++) await b.recv();
    await sent;
    break;
  }
  assert(accepted > 10 && accepted < 1000, `${accepted} were accepted`);
});

troupeTest("CONN-20 so many short messages are accepted as the pipe has room for", async () => {
  using ends = both({ capacity: 8 });
  const { a, b } = ends;
  for (let n = 0; n < 8; n++) await a.send(n, { timeout: 0 });
  await rejectsWith(a.send(8, { timeout: 0 }), TimeoutError);
  assertEquals(await b.recv(), 0);
  await a.send(8);
});

troupeTest("CONN-21 both sides send 2 MB before either reads", async () => {
  const [a, b] = open();
  const one = new Process({ target: echoing, args: [b] }).start();
  const big = new Uint8Array(2 << 20);
  await Promise.all([a.send(big), a.send(big)]);
  assertEquals((await a.recv() as Uint8Array).length, big.length);
  assertEquals((await a.recv() as Uint8Array).length, big.length);
  a.close();
  await one.join();
});

troupeTest("CONN-21 both ends of one isolate send 2 MB, then read", async () => {
  using ends = both();
  const { a, b } = ends;
  await Promise.all([a.send(new Uint8Array(2 << 20)), b.send(new Uint8Array(2 << 20))]);
  assertEquals((await a.recv() as Uint8Array).length, 2 << 20);
  assertEquals((await b.recv() as Uint8Array).length, 2 << 20);
});

troupeTest("CONN-22 a message of 16 MB comes back from a worker as it was", async () => {
  const [a, b] = open();
  const one = new Process({ target: echoing, args: [b] }).start();
  const big = Uint8Array.from({ length: 16 << 20 }, (_, index) => index % 251);
  const sent = a.send(big);
  const got = await a.recv() as Uint8Array;
  await sent;
  assert(got.length === big.length && got.every((byte, index) => byte === index % 251));
  a.close();
  await one.join();
});

for (const how of ["kill", "terminate"] as const) {
  troupeTest(
    `CONN-24 after a ${how} of the peer's worker recv tells the end, send a broken pipe`,
    async () => {
      const [a, b] = open();
      const one = new Process({ target: sendX, args: [b] }).start();
      assertEquals(await a.recv(), "x");
      const received = a.recv();
      one[how]();
      await rejectsWith(received, EndOfChannelError);
      await rejectsWith(a.send(1), BrokenPipeError);
      a.close();
      await one.join();
    },
  );
}

troupeTest("CONN-24 a send that waits rejects when the peer's worker is killed", async () => {
  const [a, b] = open({ capacity: 2 });
  const one = new Process({ target: sendX, args: [b] }).start();
  assertEquals(await a.recv(), "x");
  const waiting = Array.from(
    { length: 8 },
    (_, n) => a.send(n).then(() => "sent", (error) => error),
  );
  assertEquals(await isPending(Promise.all(waiting)), true);
  one.kill();
  const ends = await Promise.all(waiting);
  assertInstanceOf(ends.at(-1), BrokenPipeError);
  a.close();
  await one.join();
});

troupeTest(
  "CONN-25 an end that was given to a process is closed here, and works there",
  async () => {
    const [a, b] = open();
    const one = new Process({ target: echoing, args: [b] }).start();
    assertEquals(b.closed, true);
    b.close();
    await a.send("hello");
    assertEquals(await a.recv(), "hello");
    a.close();
    await one.join();
  },
);

troupeTest("CONN-26 an end sent through another pipe works there, and says so here", async () => {
  const [control, theirs] = open();
  const [a, b] = open();
  const one = new Process({ target: sendOn, args: [theirs as never] }).start();
  await control.send([b, "by the other end"]);
  const error = await rejectsWith(b.send("lost"), ClosedError);
  assertEquals(error.value, "lost");
  await rejectsWith(b.recv(), ClosedError);
  assertEquals([b.closed, await a.recv(), await control.recv()], [
    true,
    "by the other end",
    "done",
  ]);
  await rejectsWith(a.recv(), EndOfChannelError);
  a.close();
  control.close();
  await one.join();
});

troupeTest(
  "CONN-26 messages that were sent before the end moved arrive where it went",
  async () => {
    using others = both();
    const { a: control, b: other } = others;
    using ends = both();
    const { a, b } = ends;
    await a.send("early");
    await b.send("from the old place");
    await control.send(b);
    using moved = await other.recv() as End;
    assertEquals([await moved.recv(), await a.recv()], ["early", "from the old place"]);
    await moved.send("from the new place");
    assertEquals(await a.recv(), "from the new place");
  },
);

troupeTest("CONN-26 an end that has moved, or is closed, cannot be sent", async () => {
  using others = both();
  const { a: control, b: other } = others;
  using ends = both();
  const { a, b } = ends;
  await control.send(b);
  await rejectsWith(control.send(b), NotSendableError);
  using moved = await other.recv() as End;
  moved.close();
  a.close();
  await rejectsWith(control.send(a), NotSendableError);
});

troupeTest("CONN-26 an end in a message that nobody reads is closed with it", async () => {
  using others = both();
  const { a: control, b: other } = others;
  using ends = both();
  const { a, b } = ends;
  await control.send(b);
  const received = a.recv();
  other.close();
  await rejectsWith(received, EndOfChannelError);
});

troupeTest("CONN-26 an end sent through itself", async () => {
  using ends = both();
  const { a, b } = ends;
  const error = await rejection(
    a.send(a).then(() => {
      throw new Error("sent");
    }),
  ) as Error;
  // Whatever it does, the peer must not wait for ever.
  assert(error instanceof Error);
  a.close();
  await rejection((async () => {
    for (;;) await b.recv({ timeout: 1000 });
  })());
});

for (
  const [index, expected] of [[0, ["NOT_SUPPORTED", "ok"]], [1, ["ok", "NOT_SUPPORTED"]]] as const
) {
  troupeTest(`CONN-27 end ${index} of a one-way pipe keeps its direction in a worker`, async () => {
    const ends = open({ duplex: false });
    const mine = ends[1 - index];
    const one = new Process({ target: directions, args: [ends[index]] }).start();
    if (index === 0) await mine.send("from here");
    else assertEquals(await mine.recv(), "from there");
    assertEquals(await one.result, [...expected]);
    mine.close();
    await one.join();
  });
}

troupeTest("CONN-29 many sends at once on one end arrive whole and in order", async () => {
  const [a, b] = open();
  const one = new Process({ target: echoing, args: [b] }).start();
  const sent = Array.from({ length: 30 }, (_, n) => a.send(new Uint8Array(200_000).fill(n)));
  for (let n = 0; n < 30; n++) {
    const got = await a.recv() as Uint8Array;
    assert(got.length === 200_000 && got.every((byte) => byte === n), `message ${n}`);
  }
  await Promise.all(sent);
  a.close();
  await one.join();
});

troupeTest("many recvs at once get the messages in order", async () => {
  using ends = both();
  const { a, b } = ends;
  const got = [b.recv(), b.recv(), b.recv()];
  for (let n = 0; n < 3; n++) await a.send(n);
  assertEquals(await Promise.all(got), [0, 1, 2]);
});

troupeTest("iteration ends with the pipe", async () => {
  using ends = both();
  const { a, b } = ends;
  for (let n = 0; n < 3; n++) await a.send(n);
  a.close();
  assertEquals(await Array.fromAsync(b), [0, 1, 2]);
});

troupeTest("iteration that is left can be taken up again", async () => {
  using ends = both();
  const { a, b } = ends;
  for (let n = 0; n < 3; n++) await a.send(n);
  for await (const value of b) if (value === 0) break;
  assertEquals([await b.recv(), await b.recv()], [1, 2]);
});

troupeTest("readable gives what is received and ends with the pipe", async () => {
  using ends = both();
  const { a, b } = ends;
  for (let n = 0; n < 3; n++) await a.send(n);
  a.close();
  assertEquals(await Array.fromAsync(b.readable), [0, 1, 2]);
});

troupeTest("cancelling readable closes the end", async () => {
  using ends = both();
  const { a, b } = ends;
  await b.readable.cancel();
  assertEquals(b.closed, true);
  await rejectsWith(a.send(1), BrokenPipeError);
});

troupeTest("writable sends what is written; closing it closes the end", async () => {
  using ends = both();
  const { a, b } = ends;
  const writer = a.writable.getWriter();
  await writer.write("one");
  await writer.write("two");
  await writer.close();
  assertEquals(a.closed, true);
  assertEquals(await Array.fromAsync(b), ["one", "two"]);
});

troupeTest(
  "a stream that is piped into writable arrives at readable, with back-pressure",
  async () => {
    using ends = both({ capacity: 4 });
    const { a, b } = ends;
    let pulled = 0;
    const source = new ReadableStream<number>({
      pull(controller) {
        if (pulled === 100) controller.close();
        else controller.enqueue(pulled++);
      },
    }, { highWaterMark: 0 });
    const piped = source.pipeTo(a.writable);
    await turn(50);
    assert(pulled < 20, `${pulled} were pulled`);
    assertEquals((await Array.fromAsync(b.readable)).length, 100);
    await piped;
  },
);

troupeTest("a worker may block on an end", async () => {
  const [a, b] = open();
  const one = new Process({ target: echoingSync, args: [b] }).start();
  for (const value of [1, "two", new Uint8Array(100_000)]) {
    await a.send(value);
    assertEquals(await a.recv(), value);
  }
  a.close();
  assertEquals(await one.result, "EOF");
  await one.join();
});

troupeTest("operations that block keep their timeouts", async () => {
  const [a, b] = open();
  await using queue = new Queue<number>({ maxsize: 1 });
  const one = new Process({ target: syncTimeouts, args: [b, queue] }).start();
  assertEquals(await one.result, [
    ...["TIMEOUT", true, "TIMEOUT", false],
    ...["EMPTY", true, "EMPTY", false],
    ...["FULL", true, "FULL", false],
    ...[1, false],
  ]);
  a.close();
  await one.join();
});

troupeTest("recv that is called off takes nothing", async () => {
  using ends = both();
  const { a, b } = ends;
  const off = new AbortController();
  const received = b.recv({ signal: off.signal });
  const reason = new Error("no more");
  off.abort(reason);
  assertStrictEquals(await rejection(received), reason);
  assertStrictEquals(await rejection(b.recv({ signal: off.signal })), reason);
  await a.send(1);
  assertEquals(await b.recv(), 1);
});

troupeTest("recv that runs out of time takes nothing", async () => {
  using ends = both();
  const { a, b } = ends;
  const begin = performance.now();
  const error = await rejectsWith(b.recv({ timeout: 100 }), TimeoutError);
  assert(performance.now() - begin >= 95);
  assertEquals(error.timeout, 100);
  await rejectsWith(b.recv({ timeout: 0 }), TimeoutError);
  await a.send(1);
  assertEquals(await b.recv({ timeout: 0 }), 1);
});

troupeTest("send that is called off, or runs out of time, sends nothing", async () => {
  using ends = both({ capacity: 2 });
  const { a, b } = ends;
  const off = new AbortController();
  await Promise.all([a.send(1), a.send(2)]);
  const sent = a.send("aborted", { signal: off.signal });
  const late = a.send(new Uint8Array(5000), { timeout: 50 });
  off.abort(new Error("no more"));
  assertEquals((await rejectsWith(sent, Error)).message, "no more");
  await rejectsWith(late, TimeoutError);
  await rejectsWith(a.send("aborted before", { signal: off.signal }), Error);
  assertEquals([await b.recv(), await b.recv(), await b.poll()], [1, 2, false]);
});

troupeTest("send of 2 MB that is called off before it was read is taken back", async () => {
  using ends = both();
  const { a, b } = ends;
  const off = new AbortController();
  const sent = a.send(new Uint8Array(2 << 20), { signal: off.signal });
  assertEquals(await isPending(sent), true);
  off.abort(new Error("no more"));
  assertEquals((await rejectsWith(sent, Error)).message, "no more");
  await a.send("next");
  assertEquals(await b.recv(), "next");
});

troupeTest("an end in a message that is called off stays here", async () => {
  using ends = both({ capacity: 2 });
  const { a } = ends;
  using others = both();
  const { a: c, b: d } = others;
  await Promise.all([a.send(1), a.send(2)]);
  await rejectsWith(
    a.send({ end: d, payload: new Uint8Array(1000) }, { timeout: 50 }),
    TimeoutError,
  );
  await rejectsWith(a.send([d], { timeout: 0 }), TimeoutError);
  assertEquals(d.closed, false);
  await c.send("still here");
  assertEquals(await d.recv(), "still here");
});

troupeTest(
  "a value that cannot be sent is refused with its path, and the pipe goes on",
  async () => {
    using ends = both();
    const { a, b } = ends;
    const error = await rejectsWith(a.send({ user: { cb() {} } }), NotSendableError);
    assert(error.path.includes("user") && error.path.includes("cb"), error.path);
    assertThrows(() => a.sendSync(Symbol("no")), NotSendableError);
    await a.send("next");
    assertEquals(await b.recv(), "next");
  },
);

troupeTest("a pipe of a wrong size is refused", () => {
  for (const capacity of [0, -1, 1.5, NaN, 65_537, "5" as never]) {
    assertThrows(() => pipe({ capacity }), RangeError);
  }
});

troupeTest("recvBytes of a value is refused, and the next message arrives", async () => {
  using ends = both();
  const { a, b } = ends;
  await a.send("no bytes");
  await a.sendBytes(bytes("bytes"));
  await rejectsWith(b.recvBytes(), DecodeError);
  assertEquals(text(await b.recvBytes()), "bytes");
});

troupeTest("10,000 messages through a pipe of 16", async () => {
  const [a, b] = open({ capacity: 16 });
  const one = new Process({ target: echoing, args: [b] }).start();
  const sent = (async () => {
    for (let n = 0; n < 10_000; n++) await a.send(n);
  })();
  for (let n = 0; n < 10_000; n++) assertEquals(await a.recv(), n);
  await sent;
  a.close();
  assertEquals(await one.result, 10_000);
  await one.join();
});
