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
import { type Decode, decodeInto } from "./codec/decoder.ts";
import { Receiver, Sender } from "./port.ts";
import type { BlockOptions, Connection } from "./connection.ts";
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
  readonly #sender: Sender | undefined;
  readonly #receiver: Receiver | undefined;
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
    this.#sender = this.#outgoing && new Sender(isolate, this.#outgoing, {
      operation: "send on the connection",
      check: (value) => this.#checkSend(value),
      full: () => new TimeoutError("send on the connection", 0),
      bytes: flow,
    });
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
    return this.#receiver.receive(options);
  }

  recvSync({ timeout }: BlockOptions = {}): unknown {
    if (this.#receiver === undefined) throw this.#writeOnly();
    const value = this.#receiver.receiveSync(timeout);
    if (value === PENDING) throw new TimeoutError("receive from the connection", timeout ?? 0);
    return value;
  }

  poll(timeout = 0): Promise<boolean> {
    if (this.#receiver === undefined) return Promise.reject(this.#writeOnly());
    return this.#receiver.poll(() => this.#isReady(), timeout);
  }

  sendBytes(bytes: Uint8Array, offset = 0, size?: number): Promise<void> {
    if (!(bytes instanceof Uint8Array)) {
      return Promise.reject(new TypeError("Cannot send bytes: the value is no Uint8Array"));
    }
    const length = size ?? bytes.length - offset;
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      const text = `Cannot send ${length} bytes from ${offset}: there are ${bytes.length}`;
      return Promise.reject(new RangeError(text));
    }
    return this.send(bytes.subarray(offset, offset + length));
  }

  async recvBytes(maxLength = Infinity): Promise<Uint8Array> {
    if (!(maxLength >= 0)) {
      throw new RangeError(`Cannot receive at most ${maxLength} bytes: the number is negative`);
    }
    const bytes = await this.#receiveBytes();
    if (bytes.length <= maxLength) return bytes;
    const text = `Cannot receive at most ${maxLength} bytes: the message has ${bytes.length}`;
    throw new BufferTooShortError(text, { bytes });
  }

  async recvBytesInto(target: Uint8Array, offset = 0): Promise<number> {
    if (!(offset >= 0 && offset <= target.length)) {
      throw new RangeError(
        `Cannot receive from ${offset} on: the buffer has ${target.length} bytes`,
      );
    }
    const bytes = await this.#receiveBytes(decodeInto(target.subarray(offset)));
    if (bytes.buffer === target.buffer) return bytes.length;
    if (bytes.length > target.length - offset) {
      const text = `Cannot receive into ${
        target.length - offset
      } bytes: the message has ${bytes.length}`;
      throw new BufferTooShortError(text, { bytes });
    }
    target.set(bytes, offset);
    return bytes.length;
  }

  get readable(): ReadableStream<unknown> {
    return new ReadableStream<unknown>({
      pull: async (controller) => {
        try {
          controller.enqueue(await this.recv());
        } catch (error) {
          if (!isEnd(error)) throw error;
          controller.close();
        }
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  get writable(): WritableStream<unknown> {
    return new WritableStream<unknown>({
      write: (value) => this.send(value),
      close: () => this.close(),
      abort: () => this.close(),
    });
  }

  close(): void {
    if (this.#leave("closed")) closeEnd(this.#isolate, this.#name);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    if (this.#receiver === undefined) throw this.#writeOnly();
    return this.#receiver.iterate(isEnd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  static {
    registerHandle<PipeEnd>("connection", {
      pack(end) {
        if (end.#state !== "open") {
          throw new NotSendableError(`Cannot send the connection: it is ${end.#state}`, {
            path: "$",
          });
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
    this.#incoming?.readers.stir();
    this.#outgoing?.writers.stir();
    return true;
  }

  #checkOpen(operation: string, value?: unknown): void {
    if (this.#state === "open") return;
    const how = this.#state === "moved" ? "it was sent to another isolate" : "it is closed";
    throw new ClosedError(`Cannot ${operation} the connection: ${how}`, { value });
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
      return new ClosedError(`Cannot ${operation} the connection: it is closed`);
    }
    return new NotSupportedError(`Cannot ${operation} the connection: it is ${how}`);
  }
}

const collected = new FinalizationRegistry<{ isolate: Isolate; name: EndName }>(
  ({ isolate, name }) => closeEnd(isolate, name),
);

function isEnd(error: unknown): boolean {
  return error instanceof EndOfChannelError || error instanceof ClosedError;
}
