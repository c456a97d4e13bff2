// Runs in: any isolate
/**
 * Sending to an actor: tell, ask and stream by message name, without types. `ref.ts` puts the types
 * and the looks on top.
 *
 * @module
 */
import { FullError, NotSendableError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "../memory/line.ts";
import { Arrival } from "../channels/arrival.ts";
import type { Letter } from "../channels/parcel.ts";
import { type PortRing, Sender } from "../channels/port.ts";
import { Incoming } from "../channels/stream.ts";
import { type Awaited, exitError } from "./awaited.ts";
import { CANCEL, FAILURE } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { remoteError } from "./wire_error.ts";

/** Kinds of messages in a mailbox. */
export type MessageKind = number;
/** Nobody waits for a reply. */
export const TELL: MessageKind = 1;
/** One reply is waited for. */
export const ASK: MessageKind = 2;
/** A streamed reply is waited for. */
export const STREAM: MessageKind = 3;

/** A message by name. */
export interface Message {
  /** Its name. */
  readonly name: string;
  /** None, or the payload. */
  readonly payload: readonly unknown[];
}

const NOT_PLACED = -1;

interface Sending {
  readonly message: Message;
  readonly options: WaitOptions;
  readonly placed?: () => void;
}

/** An actor's address in this isolate. */
export class Address {
  /** The actor's mailbox. */
  readonly mailbox: Mailbox;
  /** For errors. */
  readonly id: string;
  readonly #station: Station;
  readonly #sender: Sender;
  #ticket = NOT_PLACED;

  /** Sends to `mailbox` in the name of this isolate. */
  constructor(station: Station, mailbox: Mailbox, id: string) {
    this.#station = station;
    this.mailbox = mailbox;
    this.id = id;
    this.#sender = new Sender(station.isolate, this.#ring(), {
      operation: `send to actor "${id}"`,
      check: () => this.#check(),
      full: (value) => this.#full(value),
      refused: inPayload,
    });
  }

  /** Sends; resolves once the mailbox has the message. */
  tell(message: Message, options: WaitOptions): Promise<void> {
    return this.#send(TELL, 0, { message, options });
  }

  /** Sends and waits for the reply. */
  ask(message: Message, options: WaitOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal, timeout } = options;
      if (signal?.aborted) return reject(signal.reason);
      let timer: ReturnType<typeof setTimeout> | undefined;
      let ticket = NOT_PLACED;
      const settle = <V>(how: (value: V) => void) => (value: V) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        how(value);
      };
      const fail = settle(reject);
      const succeed = settle(resolve);
      const awaited = this.#awaited(() => ticket, {
        fail,
        hear: ({ kind, value }) => {
          if (kind === FAILURE) fail(remoteError(value, `Actor "${this.id}"`));
          else succeed(value);
          return true;
        },
      });
      const id = this.#station.awaited.add(awaited);
      const giveUp = (reason: unknown) => this.#giveUp(id) && fail(reason);
      const abort = () => giveUp(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      if (timeout !== undefined && timeout < Infinity) {
        const late = () =>
          giveUp(new TimeoutError(`ask "${message.name}" of actor "${this.id}"`, timeout));
        timer = setTimeout(late, timeout);
      }
      const placed = () => ticket = this.#ticket;
      this.#send(ASK, id, { message, options: { signal }, placed }).catch((error) => {
        if (this.#station.awaited.remove(id)) fail(error);
      });
    });
  }

  /** Sends, with its number for the reply already known; for streams. */
  open(id: number, message: Message, signal: AbortSignal | undefined): Promise<void> {
    return this.#send(STREAM, id, { message, options: { signal } });
  }

  /** Stops waiting for a reply and tells the actor; `false` when it was settled before. */
  cancel(id: number): boolean {
    return this.#giveUp(id);
  }

  /** Writes to the isolate that runs the actor. */
  write(kind: number, id: number, value?: unknown): void {
    this.#station.inbox.send(this.mailbox.host, { kind, id, value });
  }

  /** An entry of what is waited for, which ends when the actor does. */
  awaited(rest: Pick<Awaited, "hear" | "fail">): Awaited {
    return this.#awaited(() => NOT_PLACED, rest);
  }

  #awaited(ticket: () => number, rest: Pick<Awaited, "hear" | "fail">): Awaited {
    const { mailbox, id } = this;
    return {
      who: `actor "${id}"`,
      ending: () => mailbox.ending,
      maybeExecuted: () => ticket() !== NOT_PLACED && mailbox.wasStarted(ticket()),
      ...rest,
    };
  }

  #giveUp(id: number): boolean {
    if (!this.#station.awaited.remove(id)) return false;
    this.write(CANCEL, id);
    return true;
  }

  #send(kind: MessageKind, id: number, { message, options, placed }: Sending): Promise<void> {
    const { slot, incarnation } = this.#station.isolate.life;
    const value = [message.name, ...message.payload];
    const letter: Letter = { value, head: [kind | (slot << 8), id, incarnation, 0], placed };
    const { overflow } = this.mailbox;
    if (overflow === "wait") return this.#sender.send(letter, options);
    return this.#sendOrDrop(letter, kind);
  }

  /** For mailboxes that never make their senders wait. */
  #sendOrDrop(letter: Letter, kind: MessageKind): Promise<void> {
    try {
      const { overflow, ring } = this.mailbox;
      while (!this.#sender.trySend(letter)) {
        if (overflow === "drop-newest" && kind === TELL) {
          this.mailbox.drop();
          return Promise.resolve();
        }
        if (overflow !== "drop-oldest") return this.#sender.send(letter, { timeout: 0 });
        const oldest = ring.take();
        if (oldest >= 0) this.#drop(oldest);
      }
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(inPayload(error));
    }
  }

  /** Throws a waiting message away; whoever asked it is told. */
  #drop(cell: number): void {
    const arrival = new Arrival(this.#station.isolate, this.mailbox.ring, true);
    const value = arrival.open(cell);
    this.mailbox.drop();
    if (value instanceof Incoming) return value.discard();
    const [mark, id, incarnation] = arrival.head!;
    if ((mark & 255) === TELL) return;
    const to = { slot: mark >> 8, incarnation };
    this.#station.inbox.send(to, { kind: FAILURE, id, value: this.#full(undefined) });
  }

  #full(value: unknown): Error {
    const text = `Cannot send to actor "${this.id}": its mailbox is full`;
    return new FullError(text, { value: Array.isArray(value) ? value[1] : undefined });
  }

  #check(): void {
    const { ending } = this.mailbox;
    if (ending !== undefined) throw exitError(`actor "${this.id}"`, ending, false);
  }

  /** The mailbox's ring, with an eye on the tickets that this isolate's messages get. */
  #ring(): PortRing {
    const { ring } = this.mailbox;
    return {
      room: ring.room,
      limit: ring.limit,
      readers: ring.readers,
      writers: ring.writers,
      claim: () => ring.claim(),
      commit: (cell, meta) => {
        this.#ticket = ring.ticketOf(cell);
        ring.commit(cell, meta);
      },
      take: () => ring.take(),
      release: (cell) => ring.release(cell),
      frameAt: (cell) => ring.frameAt(cell),
      metaOf: (cell) => ring.metaOf(cell),
    };
  }
}

/** Of a payload that cannot be sent, the error that names the part of the payload, not of the letter. */
function inPayload(error: unknown): unknown {
  if (!(error instanceof NotSendableError) || !error.path.startsWith("$[1]")) return error;
  const path = `$${error.path.slice("$[1]".length)}`;
  return new NotSendableError(error.message.replace(error.path, () => path), {
    path,
    cause: error.cause,
  });
}
