// Runs in: any isolate
/**
 * All messages of a service on one WebSocket. Frames are JSON: `{ id, kind, type, payload }`. The client
 * sends `ask`, `tell`, `stream` and `cancel`; it gets `reply`, `accepted`, `item`, `end` and `problem`
 * under the same id.
 *
 * @module
 */
import type { Context } from "hono";
import { isDeeper } from "./body.ts";
import type { RouteOptions } from "./options.ts";
import type { Gate } from "./gate.ts";
import { isForeign } from "./origin.ts";
import { problemOf, refusal } from "./problem.ts";
import type { Patience, Watch } from "./patience.ts";
import type { Payload, Published } from "./published.ts";

/** What a socket needs of its service. */
export interface SocketService {
  readonly published: ReadonlyMap<string, Published>;
  readonly pending: Gate;
  readonly streams: Gate;
  readonly settings: RouteOptions & { readonly maxBody: number; readonly maxDepth: number };
  call<T>(one: Published, given: unknown, run: (payload: Payload) => Promise<T>): Promise<T>;
  readonly watch: Watch;
  ask(one: Published, payload: Payload, patience: Patience): Promise<unknown>;
  grant(patience: Patience): Patience;
  seeOut(patience: Patience, now: number): void;
  crowded(): Error;
}

/** What a client sends. */
interface Frame {
  readonly id: number | string;
  readonly kind: "ask" | "tell" | "stream" | "cancel";
  readonly type: string;
  readonly payload?: unknown;
}

const KINDS: ReadonlySet<unknown> = new Set(["ask", "tell", "stream", "cancel"]);
/** Bytes that may wait for a slow client before its streams pause. */
const MOST_UNSENT = 256 << 10;
/** Bytes that may wait for a client that goes on asking; who reads nothing must not fill the memory. */
const MOST_UNREAD = 4 << 20;
/** Milliseconds after which a paused stream looks again. */
const PAUSE_MS = 20;

/** Answers the upgrade. @throws HTTPException when it is none, or comes from another site */
export function serveSocket(c: Context, service: SocketService): Response {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw refusal(400, "NOT_SUPPORTED", { detail: "This address takes WebSockets" });
  }
  if (!service.settings.cors && isForeign(c.req.raw)) throw refusal(403, "AUTHENTICATION");
  if (!service.streams.enter()) throw service.crowded();
  try {
    const { socket, response } = Deno.upgradeWebSocket(c.req.raw);
    new Line(socket, service);
    return response;
  } catch (error) {
    service.streams.leave();
    throw error;
  }
}

/** One open socket. */
class Line {
  readonly #socket: WebSocket;
  readonly #service: SocketService;
  /** What is on its way, by id. */
  readonly #calls = new Map<number | string, Patience>();

  /** Serves `socket`. */
  constructor(socket: WebSocket, service: SocketService) {
    this.#socket = socket;
    this.#service = service;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#close();
  }

  #close(): void {
    for (const patience of this.#calls.values()) patience.abandon();
    this.#service.streams.leave();
  }

  #receive(text: unknown): void {
    const { maxBody, maxDepth } = this.#service.settings;
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_UNREAD) {
      return this.#socket.close(1008, "Read your answers");
    }
    if (typeof text !== "string") return this.#socket.close(1003, "Send texts");
    if (text.length > maxBody) return this.#socket.close(1009, "Too large");
    if (isDeeper(text, maxDepth + 1)) return this.#socket.close(1007, "Nested too deep");
    const frame = frameOf(text);
    if (frame === undefined) return this.#socket.close(1007, "This is no frame");
    if (frame.kind === "cancel") return void this.#calls.get(frame.id)?.abandon();
    this.#serve(frame).catch((error) => this.#send(frame.id, "problem", problemOf(error)));
  }

  async #serve({ id, kind, type, payload }: Frame): Promise<void> {
    const one = this.#service.published.get(type);
    if (one === undefined) throw refusal(404, "UNKNOWN_MESSAGE");
    if (this.#calls.has(id)) throw refusal(400, "VALIDATION", { detail: "This id is in use" });
    const gate = this.#service[kind === "stream" ? "streams" : "pending"];
    if (!gate.enter()) throw this.#service.crowded();
    const patience = this.#service.watch.enter();
    this.#calls.set(id, patience);
    const run = (payload: Payload) => this.#run(one, { id, kind, payload, patience });
    try {
      await this.#service.call(one, payload, run);
    } finally {
      this.#calls.delete(id);
      this.#service.seeOut(patience, performance.now());
      gate.leave();
    }
  }

  async #run(
    one: Published,
    { id, kind, payload, patience }: Omit<Frame, "type"> & { payload: Payload; patience: Patience },
  ): Promise<void> {
    const verb = kind === "stream" && !one.isStream ? undefined : one[kind as "ask"];
    if (verb === undefined || (kind === "ask" && one.isStream)) {
      throw refusal(400, "NOT_SUPPORTED", { detail: `"${one.name}" does not take ${kind}` });
    }
    if (kind === "ask") {
      return this.#send(id, "reply", await this.#service.ask(one, payload, patience));
    }
    if (kind === "tell") {
      await one.tell!(payload, this.#service.grant(patience));
      return this.#send(id, "accepted");
    }
    for await (const item of one.stream!(payload, patience.signal)) {
      this.#send(id, "item", item);
      await this.#roomToSend();
    }
    this.#send(id, "end");
  }

  /** Waits while the client has too much to read. The platform has no event for it. */
  async #roomToSend(): Promise<void> {
    while (
      this.#socket.bufferedAmount > MOST_UNSENT && this.#socket.readyState === WebSocket.OPEN
    ) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #send(id: number | string, kind: string, payload: unknown = null): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ id, kind, payload }));
  }
}

/** A frame, or `undefined` for what is none. */
function frameOf(text: string): Frame | undefined {
  try {
    const { id, kind, type, payload } = JSON.parse(text);
    const isId = typeof id === "number" || (typeof id === "string" && id.length <= 64);
    if (!isId || !KINDS.has(kind)) return undefined;
    if (kind !== "cancel" && typeof type !== "string") return undefined;
    return { id, kind, type, payload };
  } catch {
    return undefined;
  }
}
