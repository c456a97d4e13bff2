// Runs in: any isolate
/**
 * What an actor has to handle besides its mailbox: what it sends itself (timers, news of those it
 * watches), and messages that it had put aside. Nobody else can fill it, and it ends with the life.
 *
 * - I1: what an actor sends itself is handled after the messages that were in its mailbox by then.
 * - I2: messages that were put aside come back in their order, before all others.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import type { Life } from "../memory/slots.ts";
import type { Envelope } from "./contract.ts";
import { TELL } from "./head.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { keyOf, type Taken } from "./taken.ts";

/** Most messages put aside. */
const MOST_ASIDE = 10_000;

/** A message of an actor to itself. */
interface Own {
  readonly message: Taken;
  /** Messages in the mailbox that come first. */
  behind: number;
  readonly timer?: string;
}

/** An actor's messages to itself, and those put aside. */
export class Lane {
  readonly #station: Station;
  readonly #mailbox: Mailbox;
  readonly #own: Own[] = [];
  #running: Map<string, ReturnType<typeof setTimeout>> | undefined;
  #keys = 0;
  #state: "open" | "closed" = "open";
  #back: Taken[] = [];
  #aside: Taken[] = [];
  readonly #wake: () => void;

  /** Of the actor of `mailbox`; `wake` is called when there is something to handle. */
  constructor(station: Station, mailbox: Mailbox, wake: () => void) {
    this.#station = station;
    this.#mailbox = mailbox;
    this.#wake = wake;
  }

  get #timers(): Map<string, ReturnType<typeof setTimeout>> {
    return this.#running ??= new Map();
  }

  /** The next message that is due. */
  take(): Taken | undefined {
    if (this.#back.length > 0) return this.#back.shift();
    const first = this.#own[0];
    if (first === undefined || (first.behind > 0 && this.#mailbox.depth > 0)) return undefined;
    return this.#own.shift()!.message;
  }

  /** A message came out of the mailbox. */
  passed(): void {
    if (this.#own.length === 0) return;
    for (const own of this.#own) own.behind--;
  }

  /** The actor sends itself a message. */
  post({ type, payload }: Envelope, timer?: string): void {
    if (this.#state === "closed") return;
    const from = this.#station.isolate.life;
    const message = { kind: TELL, id: 0, from, name: type, payload };
    this.#own.push({ message, behind: this.#mailbox.depth, timer });
    this.#wake();
  }

  /** The same, in so many milliseconds. */
  after(ms: number, message: Envelope, key = this.#newKey()): void {
    if (this.#state === "closed") return;
    this.cancel(key);
    const ring = () => {
      this.#timers.delete(key);
      this.post(message, key);
    };
    this.#timers.set(key, setTimeout(ring, ms));
  }

  /** The same, again and again; one that was not handled yet is not followed by a second one. */
  every(ms: number, message: Envelope, key = this.#newKey()): void {
    if (this.#state === "closed") return;
    this.cancel(key);
    const ring = () => {
      if (!this.#own.some(({ timer }) => timer === key)) this.post(message, key);
    };
    this.#timers.set(key, setInterval(ring, ms));
  }

  /** Calls a timer off, also when its message waits already. */
  cancel(key: string): boolean {
    clearTimeout(this.#timers.get(key));
    const queued = this.#own.findIndex(({ timer }) => timer === key);
    if (queued >= 0) this.#own.splice(queued, 1);
    return this.#timers.delete(key) || queued >= 0;
  }

  /** Puts a message aside; ask {@linkcode Lane.checkRoom} first. */
  putAside(message: Taken): void {
    this.#aside.push(message);
  }

  /** @throws FullError when no more can be put aside */
  checkRoom(): void {
    if (this.#aside.length < MOST_ASIDE) return;
    throw new FullError(`Cannot stash a message: there are ${MOST_ASIDE} already`);
  }

  /** Brings back what was put aside. */
  bringBack(): void {
    this.#back = [...this.#aside, ...this.#back];
    this.#aside = [];
    this.#wake();
  }

  /** Whoever asked wants no answer any more; `true` when the message was here. */
  forget(from: Life, id: number): boolean {
    const key = keyOf(from, id);
    const isOther = (message: Taken) =>
      message.kind === TELL || keyOf(message.from, message.id) !== key;
    const before = this.#aside.length + this.#back.length;
    this.#aside = this.#aside.filter(isOther);
    this.#back = this.#back.filter(isOther);
    return this.#aside.length + this.#back.length < before;
  }

  /** The life ends: timers are off, and nothing more comes. Gives what was put aside and never came back. */
  close(): readonly Taken[] {
    this.#state = "closed";
    for (const timer of this.#running?.values() ?? []) clearTimeout(timer);
    this.#running = undefined;
    this.#own.length = 0;
    const left = [...this.#back, ...this.#aside];
    this.#back = this.#aside = [];
    return left;
  }

  /** For a timer without a key; no user's key is a number behind a space. */
  #newKey(): string {
    return ` ${++this.#keys}`;
  }
}
