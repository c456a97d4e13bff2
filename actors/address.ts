// Runs in: any isolate
/**
 * Sending to an actor: tell, ask and stream by message name, without types. `ref.ts` puts the types
 * and the looks on top.
 *
 * @module
 */
import { ClosedError, FullError, TimeoutError } from "../errors.ts";
import { across } from "../memory/handle.ts";
import { MAX_DELAY } from "../memory/line.ts";
import type { Ending } from "../memory/slots.ts";
import { knownAs } from "../channels/codec/refusal.ts";
import { Arrival } from "../channels/arrival.ts";
import type { Letter } from "../channels/parcel.ts";
import { DONE, Sender } from "../channels/port.ts";
import type { SendOptions } from "../channels/sendable.ts";
import { Incoming } from "../channels/stream.ts";
import { type Awaited, exitError } from "./awaited.ts";
import { asker } from "./asker.ts";
import { LATER } from "./bridge/crossing.ts";
import { buryLetter } from "./events.ts";
import { ASK, kindIn, markOf, type MessageKind, senderIn, STREAM, TELL, timeMark } from "./head.ts";
import { CANCEL, FAILURE, type Received } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Answered, Message, Sending } from "./message.ts";
import { Place } from "./place.ts";
import type { Station } from "./station.ts";
import { summon } from "./summons.ts";
import { type Waits, waitsOf } from "./waits.ts";
import { remoteError } from "./wire_error.ts";

export type { Answered, Message, Sending } from "./message.ts";

const NO_OPTIONS: SendOptions = {};

/** An actor's address in this isolate. */
export class Address {
  /** The actor's mailbox. */
  readonly mailbox: Mailbox;
  /** For errors. */
  readonly id: string;
  readonly #station: Station;
  readonly #sender: Sender;

  /** Sends to `mailbox` in the name of this isolate. */
  constructor(station: Station, mailbox: Mailbox, id: string) {
    this.#station = station;
    this.mailbox = mailbox;
    this.id = id;
    this.#sender = new Sender(station.isolate, mailbox.entry, {
      operation: `send to actor "${id}"`,
      check: () => this.#check(),
      full: (value) => this.#full(value),
      refused: inPayload,
    });
  }

  /** Sends; resolves once the mailbox has the message. */
  tell(message: Message, options: SendOptions): Promise<void> {
    return this.#send(TELL, 0, { message, options });
  }

  /** Sends and waits for the reply. */
  ask(message: Message, options: SendOptions): Promise<unknown> {
    const { signal, timeout, priority } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const sending = signal === undefined && priority === undefined
      ? NO_OPTIONS
      : { signal, priority };
    return new Promise((resolve, reject) => {
      const asking = new Asking(this, resolve, reject);
      const id = this.#station.awaited.add(asking);
      if (signal !== undefined || timeout !== undefined) this.#limit(asking, id, message, options);
      this.#sendAsk(asking, id, { message, options: sending });
    });
  }

  /** Sends; one of the two is called with the reply, or why there is none. Gives what calls that off. */
  begin(message: Message, { resolve, reject }: Answered): (reason: unknown) => void {
    const asking = new Asking(this, resolve, reject);
    const id = this.#station.awaited.add(asking);
    this.#sendAsk(asking, id, { message, options: NO_OPTIONS });
    return (reason) => void (this.#giveUp(id) && asking.fail(reason));
  }

  #sendAsk(asking: Asking, id: number, { message, options }: Sending): void {
    const sent = this.#send(ASK, id, { message, options, placed: () => asking.place.note() });
    if (sent === DONE) return;
    sent.catch((error) => {
      if (this.#station.awaited.remove(id)) asking.fail(error);
    });
  }

  /** Where it is noted whom the actor that asks here waits for. */
  get asks(): Waits | undefined {
    const who = asker();
    return who && waitsOf(this.#station.isolate, who);
  }

  /** Has a wait for a reply called off by its signal or timeout. */
  #limit(asking: Asking, id: number, { name }: Message, { signal, timeout }: SendOptions): void {
    const giveUp = (reason: unknown) => this.#giveUp(id) && asking.fail(reason);
    const abort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (timeout !== undefined && timeout < Infinity) {
      const late = () => giveUp(new TimeoutError(`ask "${name}" of actor "${this.id}"`, timeout));
      timer = setTimeout(late, Math.min(timeout, MAX_DELAY));
    }
    asking.settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
  }

  /** Sends, with its number for the reply already known; for streams. */
  open(id: number, sending: Sending): Promise<void> {
    return this.#send(STREAM, id, sending);
  }

  /** Asks under a number that is waited for already; resolves once the mailbox has the message. */
  request(id: number, message: Message, placed?: () => void): Promise<void> {
    return this.#send(ASK, id, { message, options: NO_OPTIONS, placed });
  }

  /** Stops waiting for a reply and tells the actor; `false` when it was settled before. */
  cancel(id: number): boolean {
    return this.#giveUp(id);
  }

  /** Writes to the isolate that runs the actor. */
  write(kind: number, id: number, value?: unknown): void {
    this.#station.inbox.send(this.mailbox.host, { kind, id, value });
  }

  /** An entry of what is waited for, which ends when the actor, or the life of it that answers, does. */
  awaited(place: Place, rest: Pick<Awaited, "hear" | "fail">): Awaited {
    return {
      who: `actor "${this.id}"`,
      ending: () => place.ending,
      maybeExecuted: () => place.wasTaken,
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
    const { name, payload, trace } = message;
    const { priority = 0 } = options;
    const { isHosted, isFar } = this.mailbox;
    if (priority !== 0) this.mailbox.prioritise();
    const value = trace !== undefined
      ? [name, payload[0], trace]
      : payload.length === 0
      ? [name]
      : [name, payload[0]];
    const letter: Letter = {
      value,
      head: [markOf(kind, slot, priority), id, incarnation, timeMark()],
      placed: isHosted || isFar ? () => this.#placed(placed) : placed,
    };
    if (isFar) return across(LATER, () => this.#sendNear(letter, { kind, options }));
    return this.#sendNear(letter, { kind, options });
  }

  #sendNear(
    letter: Letter,
    { kind, options }: { kind: MessageKind; options: SendOptions },
  ): Promise<void> {
    if (this.mailbox.overflow === "wait") return this.#sender.send(letter, options);
    return this.#sendOrDrop(letter, kind);
  }

  /** A message for an actor in a host, or far away, has its place: whoever takes it is called. */
  #placed(placed: (() => void) | undefined): void {
    placed?.();
    if (this.mailbox.isHosted) summon(this.#station, this.mailbox);
    this.mailbox.filled?.();
  }

  /** For mailboxes that never make their senders wait. */
  #sendOrDrop(letter: Letter, kind: MessageKind): Promise<void> {
    try {
      const { overflow, ring } = this.mailbox;
      while (!this.#sender.trySend(letter)) {
        if (overflow === "drop-newest" && kind === TELL) {
          this.#lost(letter.value);
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
    if (value instanceof Incoming) {
      this.#lost(["?"]);
      return value.discard();
    }
    this.#lost(value);
    const head = arrival.head!;
    if (kindIn(head) === TELL) return;
    const failure = { kind: FAILURE, id: head[1], value: this.#full(undefined) };
    this.#station.inbox.send(senderIn(head), failure);
  }

  /** A message is thrown away because the mailbox is full. */
  #lost(value: unknown): void {
    this.mailbox.drop();
    const [type, payload] = value as [string, unknown];
    buryLetter(this.#station, this.id, { message: { type, payload }, reason: "full" });
  }

  #full(value: unknown): Error {
    const text = `Cannot send to actor "${this.id}": its mailbox is full`;
    return new FullError(text, { value: Array.isArray(value) ? value[1] : undefined });
  }

  #check(): void {
    const { ending } = this.mailbox;
    if (ending !== undefined) throw exitError(`actor "${this.id}"`, ending, false);
    if (!this.mailbox.isDraining) return;
    throw new ClosedError(`Cannot send to actor "${this.id}": it takes no more messages`);
  }
}

/** One ask while its reply is waited for. */
class Asking implements Awaited {
  /** Where its message is. */
  readonly place: Place;
  /** Called once there is a reply or an error. */
  settled: (() => void) | undefined;
  readonly #address: Address;
  readonly #waits: Waits | undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;

  /** An ask of the actor at `address`. */
  constructor(
    address: Address,
    resolve: (value: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#address = address;
    this.place = new Place(address.mailbox);
    this.#waits = address.asks;
    this.#waits?.begin(address.id);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get who(): string {
    return `actor "${this.#address.id}"`;
  }

  ending(): Ending | undefined {
    return this.place.ending;
  }

  maybeExecuted(): boolean {
    return this.place.wasTaken;
  }

  hear({ kind, value }: Received): boolean {
    if (kind === FAILURE) this.fail(remoteError(value, `Actor "${this.#address.id}"`));
    else {
      this.#settle();
      this.#resolve(value);
    }
    return true;
  }

  fail(reason: unknown): void {
    this.#settle();
    this.#reject(reason);
  }

  #settle(): void {
    this.settled?.();
    this.#waits?.end(this.#address.id);
  }
}

/** Of a payload that cannot be sent, the error that names the part of the payload, not of the letter. */
const inPayload = (error: unknown) => knownAs(error, "$[1]", "$");
