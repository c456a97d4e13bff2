// Runs in: any isolate
/**
 * The class behind both ends of a pipe.
 *
 * @module
 */
import {
  BrokenPipeError,
  BufferTooShortError,
  ClosedError,
  DecodeError,
  EndOfChannelError,
  NotSendableError,
  NotSupportedError,
  TimeoutError,
} from "../errors.ts";
import { handle, registerHandle } from "../memory/handle.ts";
import { here, type Isolate } from "../memory/isolate.ts";
import { PENDING, type WaitOptions } from "../memory/line.ts";
import type { Ring } from "../memory/ring.ts";
import { type EndingOffer, waitable } from "../memory/waitable.ts";
import { drainBy, isEnd, iterate, readableFrom, writableTo } from "./flow.ts";
import { accepting, receiveOffer, type SendOffer, sendOffer } from "./offers.ts";
import {
  closeEnd,
  endAt,
  type EndName,
  Flow,
  isEndClosed,
  landEnd,
  ringFrom,
  sendEnd,
  takeEnd,
} from "./pipe_region.ts";
import { partOf } from "./bytes.ts";
import { type Decode, decodeInto } from "./codec/decoder.ts";
import { Receiver, Sender, type SenderRules } from "./port.ts";
import type { BlockOptions, Connection } from "./connection.ts";
import { checkSchema, type StandardSchemaV1, validate } from "./schema.ts";
import type { SendOptions } from "./sendable.ts";

/** The class behind {@linkcode Connection}. */
export class PipeEnd implements Connection<unknown, unknown> {
  /** Marks it as something that can be sent. */
  readonly [handle]: string = "connection";
  readonly #isolate: Isolate;
  readonly #name: EndName;
  readonly #peer: EndName;
  readonly #peerAt: number;
  readonly #outgoing: Ring | undefined;
  readonly #incoming: Ring | undefined;
  readonly #rules: SenderRules;
  readonly #sender: Sender | undefined;
  readonly #receiver: Receiver | undefined;
  #schema: StandardSchemaV1 | undefined;
  #state: "open" | "closed" | "moved" = "open";

  /** The end that this isolate owns. */
  constructor(isolate: Isolate, name: EndName) {
    this.#isolate = isolate;
    this.#name = name;
    this.#peer = { region: name.region, side: name.side === 0 ? 1 : 0 };
    this.#peerAt = endAt(isolate, this.#peer);
    this.#outgoing = ringFrom(isolate, name);
    this.#incoming = ringFrom(isolate, this.#peer);
    const flow = new Flow(isolate, name);
    this.#rules = {
      operation: "send on the connection",
      check: (value) => this.#checkSend(value),
      full: () => new TimeoutError("send on the connection", 0),
      bytes: flow,
    };
    this.#sender = this.#outgoing && new Sender(isolate, this.#outgoing, this.#rules);
    this.#receiver = this.#incoming && new Receiver(isolate, this.#incoming, {
      operation: "receive from the connection",
      check: () => this.#checkOpen("receive from"),
      ended: () => this.#checkEnd(),
      took: (longBytes) => flow.took(longBytes),
    });
    collected.register(this, { isolate, name }, this);
  }

  get closed(): boolean {
    return this.#state !== "open";
  }

  send(value: unknown, options?: SendOptions): Promise<void> {
    if (this.#sender === undefined) return Promise.reject(this.#oneWay("send on", "read-only"));
    return this.#sender.send({ value }, options);
  }

  sendSync(value: unknown, { timeout }: BlockOptions = {}): void {
    if (this.#sender === undefined) throw this.#oneWay("send on", "read-only");
    if (this.#sender.sendSync({ value }, timeout)) return;
    throw new TimeoutError("send on the connection", timeout ?? 0);
  }

  recv(options?: WaitOptions): Promise<unknown> {
    if (this.#receiver === undefined) return Promise.reject(this.#writeOnly());
    const value = this.#receiver.receive(options);
    return this.#schema === undefined ? value : value.then((one) => this.#accept(one));
  }

  recvSync({ timeout }: BlockOptions = {}): unknown {
    if (this.#receiver === undefined) throw this.#writeOnly();
    const value = this.#receiver.receiveSync(timeout);
    if (value === PENDING) throw new TimeoutError("receive from the connection", timeout ?? 0);
    const valid = this.#accept(value);
    if (this.#schema === undefined || !(valid instanceof Promise)) return valid;
    valid.catch(() => {});
    throw new TypeError("Cannot receive from the connection at once: its schema is asynchronous");
  }

  poll(timeout = 0): Promise<boolean> {
    if (this.#receiver === undefined) return Promise.reject(this.#writeOnly());
    return this.#receiver.poll(() => this.#isReady(), timeout);
  }

  async sendBytes(bytes: Uint8Array, offset = 0, size?: number): Promise<void> {
    await this.send(partOf(bytes, offset, { size }));
  }

  async recvBytes(maxLength = Infinity): Promise<Uint8Array> {
    const text = `Cannot receive at most ${maxLength} bytes`;
    if (!(maxLength >= 0)) throw new RangeError(`${text}: the number is negative`);
    const bytes = await this.#receiveBytes();
    if (bytes.length <= maxLength) return bytes;
    throw new BufferTooShortError(`${text}: the message has ${bytes.length}`, { bytes });
  }

  async recvBytesInto(target: Uint8Array, offset = 0): Promise<number> {
    if (!(offset >= 0 && offset <= target.length)) {
      const text = `Cannot receive from ${offset} on: the buffer has ${target.length} bytes`;
      throw new RangeError(text);
    }
    const bytes = await this.#receiveBytes(decodeInto(target.subarray(offset)));
    if (bytes.buffer === target.buffer) return bytes.length;
    const room = target.length - offset;
    if (bytes.length > room) {
      const text = `Cannot receive into ${room} bytes: the message has ${bytes.length}`;
      throw new BufferTooShortError(text, { bytes });
    }
    target.set(bytes, offset);
    return bytes.length;
  }

  withSchema(schema: StandardSchemaV1): never {
    checkSchema(schema, "Cannot use it for a connection: schema");
    this.#schema = schema;
    return this as never;
  }

  drain(): AsyncIterableIterator<unknown> {
    const limit = this.#state === "open" ? this.#incoming?.size ?? Infinity : Infinity;
    return drainBy((options) => this.recv(options), { limit, empty: "TIMEOUT" });
  }

  get readable(): ReadableStream<unknown> {
    return readableFrom((options) => this.recv(options), () => this.close());
  }

  get writable(): WritableStream<unknown> {
    return writableTo((value, options) => this.send(value, options), () => this.close());
  }

  close(): void {
    if (this.#leave("closed")) closeEnd(this.#isolate, this.#name);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this.#receiver === undefined) throw this.#writeOnly();
    if (this.#schema === undefined) return this.#receiver.iterate(isEnd);
    return iterate((options) => this.recv(options));
  }

  [waitable](): EndingOffer<unknown> {
    if (this.#receiver === undefined) throw this.#writeOnly();
    const offer = receiveOffer(this.#incoming!, this.#receiver, {
      isReady: () => (this.#checkOpen("wait for"), this.#isReady()),
      accept: (value) => this.#accept(value),
    });
    return { ...offer, ends: true };
  }

  [accepting](value: unknown): SendOffer {
    if (this.#outgoing === undefined) throw this.#oneWay("send on", "read-only");
    return sendOffer(this.#isolate, this.#outgoing, { rules: this.#rules, value });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static {
    registerHandle<PipeEnd>("connection", {
      pack(end) {
        if (end.#state !== "open") {
          const text = `Cannot send the connection: ${end.#why()}`;
          throw new NotSendableError(text, { path: "$" });
        }
        return [end.#name.region, end.#name.side];
      },
      depart(end) {
        sendEnd(end.#isolate, end.#name);
        end.#leave("moved");
        return () => landEnd(end.#isolate, end.#name);
      },
      unpack(packed) {
        const [region, side] = packed as [number, 0 | 1];
        const isolate = here();
        const isMine = isolate.arena.isLive(region) && takeEnd(isolate, { region, side });
        if (!isMine) {
          throw new ClosedError("Cannot receive the connection: it was closed on its way");
        }
        return new PipeEnd(isolate, { region, side });
      },
      discard(packed) {
        const [region, side] = packed as [number, 0 | 1];
        const isolate = here();
        if (isolate.arena.isLive(region) && takeEnd(isolate, { region, side })) {
          closeEnd(isolate, { region, side });
        }
      },
    });
  }

  /** Leaves this object for good; those who wait on it are told. */
  #leave(state: "closed" | "moved"): boolean {
    if (this.#state !== "open") return false;
    this.#state = state;
    collected.unregister(this);
    for (const line of [this.#incoming?.readers, this.#outgoing?.writers]) {
      if (line === undefined) continue;
      line.stir();
      this.#isolate.park.unwatch(line);
    }
    return true;
  }

  #checkOpen(operation: string, value?: unknown): void {
    if (this.#state === "open") return;
    throw new ClosedError(`Cannot ${operation} the connection: ${this.#why()}`, { value });
  }

  #why(): string {
    return this.#state === "moved" ? "it was sent to another isolate" : "it is closed";
  }

  #accept(value: unknown): unknown {
    if (this.#schema === undefined) return value;
    return validate(this.#schema, value, "receive from the connection");
  }

  #checkSend(value: unknown): void {
    this.#checkOpen("send on", value);
    // Not atomic: to see it a message later is as good, and it would cost more than the rest of this.
    if (this.#isolate.arena.words[this.#peerAt] !== 0) return;
    throw new BrokenPipeError("Cannot send on the connection: its peer is gone", { value });
  }

  #checkEnd(): void {
    if (isEndClosed(this.#isolate, this.#peer) && this.#incoming!.take() < 0) {
      throw new EndOfChannelError("Cannot receive from the connection: its peer is gone");
    }
  }

  #isReady(): boolean {
    return this.#incoming!.take() >= 0 || isEndClosed(this.#isolate, this.#peer);
  }

  async #receiveBytes(read?: Decode): Promise<Uint8Array> {
    if (this.#receiver === undefined) throw this.#writeOnly();
    const bytes = await this.#receiver.receive({}, read);
    if (bytes instanceof Uint8Array) return bytes;
    throw new DecodeError("Cannot receive bytes from the connection: the message is a value");
  }

  #writeOnly(): Error {
    return this.#oneWay("receive from", "write-only");
  }

  #oneWay(operation: string, how: string): Error {
    if (this.#state !== "open") {
      return new ClosedError(`Cannot ${operation} the connection: ${this.#why()}`);
    }
    return new NotSupportedError(`Cannot ${operation} the connection: it is ${how}`);
  }
}

const collected = new FinalizationRegistry<{ isolate: Isolate; name: EndName }>(
  ({ isolate, name }) => closeEnd(isolate, name),
);
