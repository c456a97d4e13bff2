// Runs in: any isolate
/**
 * Takes messages out of a mailbox of this memory for an actor that is beyond a bridge.
 *
 * - I1: a message that was taken is under way or in hand there: the actor of an actor's own process is
 *   handed one at a time, so what it did not begin is still here when its process dies.
 * - I2: whoever asked hears of a message that cannot cross.
 *
 * @module
 */
import { PENDING } from "../../memory/line.ts";
import type { Source } from "../../memory/park.ts";
import { isAlive, type Life } from "../../memory/slots.ts";
import { Incoming } from "../../channels/stream.ts";
import { TELL } from "../head.ts";
import { Intake } from "../intake.ts";
import { tellDead } from "../leftover.ts";
import type { Mailbox } from "../mailbox.ts";
import { keyOf, replyFailure, type Taken, takenOf } from "../taken.ts";
import { MESSAGE } from "./frames.ts";
import type { Side } from "./side.ts";

/** Messages to an actor that was met, not started, on their way at most. */
export const WINDOW = 64;

/** What is fed. */
export interface Fed {
  /** The mailbox here. */
  readonly mailbox: Mailbox;
  /** Its number there. */
  readonly number: number;
  /** The actor's id. */
  readonly id: string;
  /** Messages that may be under way from the start. */
  readonly room: number;
}

/** Feeds one actor. */
export class Feed implements Source {
  armed = false;
  known = false;
  /** What is fed. */
  readonly fed: Fed;
  readonly #side: Side;
  readonly #intake: Intake;
  readonly #cancelled = new Set<string>();
  #room: number;
  #state: "open" | "receiving" | "closed" = "open";
  #drained: (() => void) | undefined;
  #messages: readonly string[] = [];
  #begun = 0;

  /** From now on messages go to the other side. */
  constructor(side: Side, fed: Fed) {
    this.fed = fed;
    this.#side = side;
    this.#room = fed.room;
    this.#intake = new Intake(side.station, fed.mailbox);
    fed.mailbox.filled = () => this.serve();
    this.#watch();
  }

  get list(): number {
    return this.fed.mailbox.ring.readers.list;
  }

  get topic(): number {
    return this.fed.mailbox.ring.readers.topic;
  }

  /** Whether a message could go now. */
  get wanted(): boolean {
    if (this.#state !== "open" || this.#room === 0 || !this.#side.isOpen) return false;
    // What is here when the process is declared dead is for the actor's next life.
    return isAlive(this.#side.station.isolate.arena, this.#side.peer);
  }

  serve(): boolean {
    let taken = false;
    while (this.wanted && this.#takeOne()) taken = true;
    return taken;
  }

  /** The actor is up; `messages` are those that it knows. */
  begin(messages: readonly string[]): void {
    this.#messages = messages;
    this.fed.mailbox.open();
    this.more();
  }

  /** One more may go: the last one was handled, or has its place. */
  more(): void {
    this.settle();
    this.#room++;
    this.#watch();
    this.serve();
  }

  /** What was handed over last was handled. */
  settle(): void {
    if (this.#begun === 0) return;
    const { mailbox } = this.fed;
    mailbox.count();
    mailbox.done();
    mailbox.took(performance.now() - this.#begun);
    this.#begun = 0;
  }

  /** Whoever asked under this number wants no answer any more, and it may be here still. */
  forget(from: Life, id: number): void {
    if (this.fed.mailbox.depth > 0) this.#cancelled.add(keyOf(from, id));
  }

  /** Sends all that is here, however much that is: nobody will later. */
  flush(): void {
    this.#room = Infinity;
    this.serve();
  }

  /** Has `drained` called when all that is here was handled. */
  drain(drained: () => void): void {
    this.#drained = drained;
    this.#lookIfDrained();
  }

  /** Takes nothing any more. */
  close(): void {
    this.#state = "closed";
    this.fed.mailbox.filled = undefined;
    this.#side.station.isolate.park.unwatch(this);
  }

  #watch(): void {
    if (!this.wanted) return;
    this.armed = false;
    this.#side.station.isolate.park.watch(this);
  }

  #takeOne(): boolean {
    let value: unknown;
    try {
      value = this.#intake.take();
    } catch (error) {
      this.#refuse(takenOf(["?", undefined], this.#intake.head), error);
      return true;
    }
    if (value === PENDING) {
      this.#cancelled.clear();
      this.#lookIfDrained();
      return false;
    }
    if (value instanceof Incoming) this.#takeStreamed(value);
    else this.#pass(takenOf(value, this.#intake.head));
    return true;
  }

  #takeStreamed(stream: Incoming): void {
    this.#state = "receiving";
    this.#intake.finish(stream).then(({ value, head }) => {
      if (this.#state !== "receiving") return;
      this.#state = "open";
      if (Array.isArray(value)) this.#pass(takenOf(value, head));
      this.#watch();
    });
  }

  #pass(message: Taken): void {
    const { mailbox, number } = this.fed;
    const { kind, name, payload, trace } = message;
    if (this.#cancelled.delete(keyOf(message.from, message.id))) return mailbox.done();
    const id = kind === TELL ? 0 : this.#side.askers.add(message);
    mailbox.hand(this.#messages.indexOf(name));
    try {
      const value = trace !== undefined
        ? [name, payload, trace]
        : payload === undefined
        ? [name]
        : [name, payload];
      this.#side.send({ what: MESSAGE, kind, number, id }, value);
      this.#room--;
      this.#begun = performance.now();
    } catch (error) {
      this.#side.askers.settle(id);
      this.#refuse(message, error);
    }
  }

  #refuse(message: Taken, error: unknown): void {
    const { mailbox, id } = this.fed;
    mailbox.count();
    mailbox.done();
    if (message.kind !== TELL) return replyFailure(this.#side.station, message, error);
    const { name: type } = message;
    tellDead(this.#side.station, { mailbox, id }, { message: { type }, reason: "stopped" });
  }

  #lookIfDrained(): void {
    if (this.#drained === undefined || this.#begun !== 0 || this.fed.mailbox.depth > 0) return;
    const drained = this.#drained;
    this.#drained = undefined;
    drained();
  }
}
