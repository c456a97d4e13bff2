// Runs in: any isolate
/**
 * One end of a bridge: two programs with memories of their own, of which each has a slot in the other's.
 * Whatever is written to that slot, or to the stand-in of an actor, goes across in a frame.
 *
 * - I1: frames are handled in the order in which they were sent.
 * - I2: once it is closed nothing is sent and nothing is handled.
 *
 * @module
 */
import { across } from "../../memory/handle.ts";
import { type Ending, type Life, REASONS } from "../../memory/slots.ts";
import { decode } from "../../channels/codec/decoder.ts";
import {
  CANCEL,
  CREDIT,
  FAILURE,
  ITEM,
  LAST_WORDS,
  type LetterKind,
  type Received,
  REPLY,
  STOP,
} from "../inbox.ts";
import type { BlockHandle } from "../../memory/arena.ts";
import type { Station } from "../station.ts";
import { sendableError } from "../wire_error.ts";
import { Askers } from "./askers.ts";
import { Deputy } from "./deputy.ts";
import {
  ANSWER,
  BYE,
  ENDED,
  type Frame,
  type FrameHead,
  frameOf,
  FrameReader,
  LETTER,
  MESSAGE,
  NOTE,
  WANT,
} from "./frames.ts";
import { Landing } from "./landing.ts";
import type { Side } from "./side.ts";
import { Tables } from "./tables.ts";
import type { Wire } from "./wire.ts";

/** What the one who has an end does with what is its own affair. */
export interface LinkRules {
  /** A letter to the other side; `true`: it was seen to. */
  sending(letter: Received): boolean;
  /** A letter from the other side, for this one. */
  arrived(letter: Omit<Received, "from">): void;
  /** The process ends; `isIdle`: its actor has no message in hand. */
  ends?(ending: Ending, isIdle: boolean): void;
}

/** Where the other side is. */
export interface LinkPlace {
  /** The slot that stands for it. */
  readonly peer: Life;
  /** The way there. */
  readonly wire: Wire;
}

/** One end of a bridge. */
export class Link implements Side {
  readonly station: Station;
  readonly peer: Life;
  readonly askers: Askers = new Askers();
  /** The actors known on both sides. */
  readonly tables: Tables = new Tables(this);
  readonly #landing = new Landing(this, this.tables);
  readonly #wire: Wire;
  readonly #rules: LinkRules;
  readonly #deputy: Deputy;
  readonly #frames = new FrameReader();
  readonly #lookNoMore: () => void;
  #state: "open" | "closed" = "open";

  /** Opens an end. */
  constructor(station: Station, { peer, wire }: LinkPlace, rules: LinkRules) {
    this.station = station;
    this.peer = peer;
    this.#wire = wire;
    this.#rules = rules;
    this.#deputy = new Deputy(station, peer, (letter) => this.#sendLetter(letter));
    this.#lookNoMore = station.onDeath(() => this.tables.lookForEnded());
    wire.onPiece((piece) => {
      for (const frame of this.#frames.read(piece)) this.#receive(frame);
    });
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  send(head: FrameHead, value?: unknown): void {
    if (this.isOpen) this.#wire.write(across(this.tables, () => frameOf(head, value)));
  }

  /** Sends all that is written to the other side so far. */
  flush(): void {
    this.tables.flush();
    this.#deputy.serve();
  }

  /** The other side is gone. */
  close(ending: Ending): void {
    if (!this.isOpen) return;
    this.#state = "closed";
    this.#deputy.close();
    this.#lookNoMore();
    this.#landing.close();
    this.tables.close(ending);
  }

  #receive(frame: Frame): void {
    if (!this.isOpen) return;
    let value: unknown;
    try {
      const { body } = frame;
      value = across(this.tables, () => decode(body, 0, body.length));
    } catch (error) {
      return this.#receiveUnreadable(frame, error);
    }
    this.#handle(frame, value);
  }

  #handle(frame: Frame, value: unknown): void {
    const { what, kind, number, id } = frame;
    if (what === MESSAGE) this.#landing.receive(frame, value as [string]);
    else if (what === ANSWER) this.#answered(frame, value);
    else if (what === NOTE) this.#landing.note(frame, value);
    else if (what === WANT) this.tables.feed(number)?.more();
    else if (what === ENDED) this.tables.hasEnded(number, endingIn(frame));
    else if (what === BYE) this.#rules.ends?.(endingIn(frame), number === 1);
    else if (what === LETTER && kind === STOP) this.#stop(value as [number, unknown]);
    else if (what === LETTER) this.#rules.arrived({ kind, id, value });
  }

  /** Whoever waits for it hears why it cannot be read. */
  #receiveUnreadable(frame: Frame, error: unknown): void {
    const { what, kind, id } = frame;
    if (what === MESSAGE) this.#landing.answer(id, FAILURE, error);
    else if (what === ANSWER) this.#answered({ ...frame, kind: FAILURE }, error);
    else if (what === LETTER) {
      this.#rules.arrived({ kind, id, value: undefined, unreadable: error });
    }
  }

  #answered({ id, kind }: Frame, value: unknown): void {
    const asker = this.askers.of(id);
    if (asker === undefined) return;
    if (kind !== ITEM) this.askers.settle(id);
    this.station.inbox.send(asker.from, { kind, id: asker.id, value });
  }

  #sendLetter(letter: Received): void {
    const { kind, id, from, value } = letter;
    if (kind === CANCEL || kind === CREDIT) this.#sendNote(letter);
    else if (kind === STOP) this.#sendStop(value as [BlockHandle, unknown]);
    else if (!this.#rules.sending(letter)) this.sendSafely({ kind, id, from, value });
  }

  /** Sends a letter, or why it cannot be sent. */
  sendSafely({ kind, id, value }: Received): void {
    try {
      this.send({ what: LETTER, kind, id }, value);
    } catch (error) {
      const told = kind === REPLY || kind === ITEM ? error : sendableError(value);
      this.send({ what: LETTER, kind: failureOf(kind), id }, told);
    }
  }

  #sendNote({ kind, id, from, value }: Received): void {
    const number = this.askers.numberOf(from, id);
    if (number !== undefined) this.send({ what: NOTE, kind, id: number }, value);
    else if (kind === CANCEL) this.tables.forget(from, id);
    if (number !== undefined && kind === CANCEL) this.askers.settle(number);
  }

  #sendStop([region, reason]: [BlockHandle, unknown]): void {
    const number = this.tables.numberOfTheirs(region);
    if (number === undefined) return;
    try {
      this.send({ what: LETTER, kind: STOP }, [number, reason]);
    } catch {
      this.send({ what: LETTER, kind: STOP }, [number, String(reason)]);
    }
  }

  #stop([number, reason]: [number, unknown]): void {
    const known = this.tables.known(number);
    if (known === undefined) return;
    const { mailbox, address } = known;
    address.write(STOP, 0, [mailbox.region, reason]);
    if (!mailbox.isGuarded) return;
    mailbox.lives.wantStop();
    mailbox.tellOfEnd();
  }
}

function endingIn({ kind, id }: Frame): Ending {
  return { reason: REASONS[kind], exitCode: id };
}

function failureOf(kind: LetterKind): LetterKind {
  return kind === LAST_WORDS ? LAST_WORDS : FAILURE;
}
