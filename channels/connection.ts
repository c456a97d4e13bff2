// Runs in: any isolate
/**
 * What one end of a pipe can do.
 *
 * @module
 */
import type { Handle } from "../memory/handle.ts";
import type { WaitOptions } from "../memory/line.ts";
import type { EndingOffer, Waitable, waitable } from "../memory/waitable.ts";
import type { Accepting } from "./offers.ts";
import type { SchemaOutput, StandardSchemaV1 } from "./schema.ts";
import type { CheckSendable, SendOptions } from "./sendable.ts";

/** Options of the methods that block: milliseconds; 0 does not wait, absent waits for ever. */
export interface BlockOptions {
  /** Milliseconds. */
  timeout?: number;
}

/**
 * One end of a pipe, made by `pipe()`. Python: `multiprocessing.connection.Connection`.
 *
 * Messages arrive whole, once, in order. An end belongs to one isolate; sent in a message it moves
 * there, and the sender's object says `ClosedError` from then on. When the peer is closed, or its
 * isolate dies, what it sent can still be received, then `recv` says `EndOfChannelError`; `send` says
 * `BrokenPipeError` at once.
 *
 * @typeParam Send What this end sends.
 * @typeParam Recv What it receives.
 */
export interface Connection<Send, Recv>
  extends Handle, Waitable<Recv>, Accepting<Send>, AsyncIterable<Recv>, Disposable {
  /** How `wait` and `select` receive from it. @throws NotSupportedError when it only sends */
  [waitable](): EndingOffer<Recv>;
  /** Whether this end was closed or moved away. Python: `closed`. */
  readonly closed: boolean;
  /**
   * Sends a copy of `value`, made now. Waits while the pipe is full: by default over 1,024 messages, or
   * 512 KiB of messages over 100 bytes that the peer has not read. Python: `send`.
   *
   * @throws BrokenPipeError when the peer is gone; it carries the value
   * @throws ClosedError when this end is closed; it carries the value
   * @throws NotSendableError when the value cannot be sent
   * @throws NotSupportedError when this end only receives
   * @throws TimeoutError when there was no room within `timeout`
   */
  send(value: Send & CheckSendable<Send>, options?: SendOptions): Promise<void>;
  /** As `send`, but blocks this isolate: for workers. */
  sendSync(value: Send & CheckSendable<Send>, options?: BlockOptions): void;
  /**
   * Receives the next message; waits for it. Python: `recv`.
   *
   * @throws EndOfChannelError when the peer is gone and all it sent was received
   * @throws ClosedError when this end is closed
   * @throws DecodeError when the message cannot be read; it is skipped, the pipe goes on
   * @throws TimeoutError when none came within `timeout`
   */
  recv(options?: WaitOptions): Promise<Recv>;
  /** As `recv`, but blocks this isolate: for workers. */
  recvSync(options?: BlockOptions): Recv;
  /**
   * Whether `recv` would not wait: there is a message, or the end. Waits `timeout` milliseconds for it,
   * default 0, `Infinity` for ever. Python: `poll`.
   */
  poll(timeout?: number): Promise<boolean>;
  /**
   * Sends `size` bytes of `bytes` from `offset`. Python: `send_bytes`.
   *
   * @throws RangeError when `offset` or `size` is negative or reaches beyond the end
   * @throws TypeError when `bytes` is no `Uint8Array`
   */
  sendBytes(bytes: Uint8Array, offset?: number, size?: number): Promise<void>;
  /**
   * Receives bytes that `sendBytes` sent. Python: `recv_bytes`.
   *
   * @throws BufferTooShortError when they are more than `maxLength`; it carries them
   * @throws DecodeError when the message is no bytes; it is skipped
   */
  recvBytes(maxLength?: number): Promise<Uint8Array>;
  /**
   * Receives bytes into `target` from `offset`; gives how many. Python: `recv_bytes_into`.
   *
   * @throws BufferTooShortError when they do not fit; it carries them, `target` is unchanged
   */
  recvBytesInto(target: Uint8Array, offset?: number): Promise<number>;
  /**
   * Checks each message received here from now on; `this` has the type that the schema gives. A message
   * that it refuses is gone, and `recv` rejects with `ValidationError`. Schemas do not move with an end.
   *
   * @throws TypeError when `schema` is none
   */
  withSchema<S extends StandardSchemaV1>(schema: S): Connection<Send, SchemaOutput<S>>;
  /** Receives what is there now, one after the other, without waiting for more. */
  drain(): AsyncIterableIterator<Recv>;
  /**
   * What is received, as a stream; it ends with the pipe. A message is received when it is read;
   * cancelling closes this end.
   */
  readonly readable: ReadableStream<Recv>;
  /** What is sent, as a stream; each write waits as `send` does. Closing or aborting closes this end. */
  readonly writable: WritableStream<Send>;
  /** Closes this end. A second call does nothing. */
  close(): void;
}
