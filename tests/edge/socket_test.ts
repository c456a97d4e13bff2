import { assert, assertEquals } from "@std/assert";
import { hc } from "hono/client";
import { spawn } from "../../troupe.ts";
import { actorRoutes, Observatory, type RouteOptions } from "../../edge/edge.ts";
import { Service } from "../fixtures/edge.ts";
import { troupeTest, turn } from "../support.ts";
import { serve } from "./support.ts";

interface Frame {
  id: number;
  kind: string;
  // deno-lint-ignore no-explicit-any -- of each kind another
  payload: any;
}

/** A socket with its frames in the order in which they come. */
async function open(url: string) {
  const socket = new WebSocket(url.replace("http", "ws") + "/ws");
  const frames: Frame[] = [];
  let wake = () => {};
  let close: CloseEvent | undefined;
  socket.onmessage = ({ data }) => {
    frames.push(JSON.parse(data));
    wake();
  };
  const closed = new Promise<CloseEvent>((resolve) =>
    socket.onclose = (event) => {
      close = event;
      wake();
      resolve(event);
    }
  );
  await new Promise((resolve) => socket.onopen = resolve);
  return {
    socket,
    closed,
    send: (frame: object) => socket.send(JSON.stringify(frame)),
    async next(): Promise<Frame> {
      while (frames.length === 0 && close === undefined) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      if (frames.length === 0) throw new Error(`closed: ${close?.code} ${close?.reason}`);
      return frames.shift()!;
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}

const quiet = (options: RouteOptions = {}): RouteOptions => ({
  observed: new Observatory(),
  onError() {},
  websocket: true,
  ...options,
});

troupeTest("a socket carries asks, tells and streams side by side", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet()));
  await using line = await open(server.url);
  line.send({ id: 1, kind: "ask", type: "add", payload: { by: 2 } });
  assertEquals(await line.next(), { id: 1, kind: "reply", payload: 2 });
  line.send({ id: 2, kind: "tell", type: "add", payload: { by: 3 } });
  assertEquals(await line.next(), { id: 2, kind: "accepted", payload: null });
  line.send({ id: 3, kind: "stream", type: "count", payload: { to: 2 } });
  assertEquals(await line.next(), { id: 3, kind: "item", payload: { n: 1 } });
  assertEquals(await line.next(), { id: 3, kind: "item", payload: { n: 2 } });
  assertEquals(await line.next(), { id: 3, kind: "end", payload: null });
  line.send({ id: 4, kind: "stream", type: "forever", payload: {} });
  line.send({ id: 5, kind: "ask", type: "add", payload: { by: 1 } });
  const kinds = new Set<string>();
  while (kinds.size < 2) {
    const { id, kind } = await line.next();
    kinds.add(`${id} ${kind}`);
  }
  assertEquals(kinds, new Set(["4 item", "5 reply"]));
  line.send({ id: 4, kind: "cancel" });
  while ((await line.next()).kind !== "problem");
  while (await ref.ask.aborted() < 1);
});

troupeTest("a socket's failures are problems under the same id; rubbish closes it", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet({ maxBody: 1000 })));
  await using line = await open(server.url);
  const problem = async (frame: object) => {
    line.send(frame);
    const { kind, payload } = await line.next();
    return [kind, payload.status, payload.code];
  };
  assertEquals(await problem({ id: 1, kind: "ask", type: "internal", payload: "x" }), [
    "problem",
    404,
    "UNKNOWN_MESSAGE",
  ]);
  assertEquals(await problem({ id: 1, kind: "ask", type: "__proto__" }), [
    "problem",
    404,
    "UNKNOWN_MESSAGE",
  ]);
  assertEquals(await problem({ id: 1, kind: "ask", type: "add", payload: {} }), [
    "problem",
    400,
    "VALIDATION",
  ]);
  assertEquals(await problem({ id: 1, kind: "ask", type: "count", payload: { to: 1 } }), [
    "problem",
    400,
    "NOT_SUPPORTED",
  ]);
  assertEquals(await problem({ id: 1, kind: "ask", type: "throws", payload: { secret: "x" } }), [
    "problem",
    500,
    "REMOTE",
  ]);
  for (
    const [rubbish, code] of [
      ["{", 1007],
      ['{"id":{},"kind":"ask","type":"add"}', 1007],
      ['{"id":1,"kind":"shout","type":"add"}', 1007],
      ["[".repeat(100), 1007],
      ["x".repeat(1001), 1009],
    ] as const
  ) {
    const other = await open(server.url);
    other.socket.send(rubbish);
    assertEquals((await other.closed).code, code, rubbish.slice(0, 40));
  }
  line.send({ id: 9, kind: "ask", type: "add", payload: { by: 1 } });
  assertEquals((await line.next()).payload, 1);
});

/** A text as a client's frame, under a mask that changes nothing. */
function framed(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const { length } = payload;
  return new Uint8Array([0x81, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0, ...payload]);
}

troupeTest("H1 whoever asks without reading is closed before it fills the memory", async () => {
  await using ref = await spawn(Service);
  await using server = serve(actorRoutes(Service, ref, quiet()));
  using tcp = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const head = ["GET /ws HTTP/1.1", "host: localhost", "upgrade: websocket", "connection: upgrade"];
  const key = ["sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-version: 13", "", ""];
  await tcp.write(new TextEncoder().encode([...head, ...key].join("\r\n")));
  const payload = "x".repeat(20_000);
  let [sent, still] = [0, 0];
  const flood = (async () => {
    for (; sent < 3_000; sent++) {
      const frame = framed(JSON.stringify({ id: sent, kind: "ask", type: "echo", payload }));
      for (let at = 0; at < frame.length;) at += await tcp.write(frame.subarray(at));
      still = 0;
    }
  })().catch(() => {});
  while (++still < 10) await turn(100);
  const chunk = new Uint8Array(1 << 16);
  let read = 0;
  for (let n: number | null; (n = await tcp.read(chunk).catch(() => null)) !== null;) read += n;
  await flood;
  assert(read < 30e6, `${read} bytes came`);
});

troupeTest("a socket that closes ends what was on its way", async () => {
  await using ref = await spawn(Service);
  const app = actorRoutes(Service, ref, quiet());
  await using server = serve(app);
  const line = await open(server.url);
  line.send({ id: 1, kind: "stream", type: "forever", payload: {} });
  await line.next();
  line.socket.close();
  await line.closed;
  while (await ref.ask.aborted() < 1);
});

troupeTest("hc knows the socket", async () => {
  await using ref = await spawn(Service);
  const app = actorRoutes(Service, ref, quiet());
  await using server = serve(app);
  const socket = hc<typeof app>(server.url).ws.$ws();
  await new Promise((resolve) => socket.onopen = resolve);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  assert(await closed);
  assertEquals((await app.request("/ws")).status, 400);
});
