// Runs in: any isolate
/**
 * Messages from beyond a bridge: each is sent on in the name of the isolate that has this end, which
 * hears of the answer, or of the end of whoever should have answered, and passes that on.
 *
 * - I1: every ask from there gets a last answer, unless the bridge ends first.
 *
 * @module
 */
import type { Ending } from "../../memory/slots.ts";
import type { Address, Message } from "../address.ts";
import { type Awaited, exitError } from "../awaited.ts";
import { buryLetter } from "../events.ts";
import { STREAM, TELL } from "../head.ts";
import { CANCEL, FAILURE, ITEM, type LetterKind, type Received } from "../inbox.ts";
import { Place } from "../place.ts";
import type { Carrier } from "../tracing.ts";
import { sendableError } from "../wire_error.ts";
import { ANSWER, type Frame, WANT } from "./frames.ts";
import type { Side } from "./side.ts";
import { ITSELF, type Known, type Tables } from "./tables.ts";

const NEVER_MET: Ending = { reason: "lost", exitCode: 1 };

/** Where messages from the other side arrive. */
export class Landing {
  readonly #side: Side;
  readonly #tables: Tables;
  readonly #open = new Map<number, { readonly address: Address; readonly id: number }>();

  /** Of one end. */
  constructor(side: Side, tables: Tables) {
    this.#side = side;
    this.#tables = tables;
  }

  /** A message arrives. */
  receive({ kind, number, id }: Frame, parts: readonly [string, unknown?, Carrier?]): void {
    const known = this.#tables.known(number);
    if (known === undefined) return this.answer(id, FAILURE, exitError("actor", NEVER_MET, false));
    const { address } = known;
    const [name, payload, trace] = parts;
    const message: Message = { name, payload: parts.length > 1 ? [payload] : [], trace };
    if (kind === TELL) {
      address.tell(message, {}).catch(() => {
        const lost = { type: name, payload };
        buryLetter(this.#side.station, address.id, { message: lost, reason: "stopped" });
      }).then(() => this.#placed(number));
      return;
    }
    const place = new Place(address.mailbox);
    const { awaited } = this.#side.station;
    const own = awaited.add(this.#relay(known, { place, id }));
    this.#open.set(id, { address, id: own });
    const placed = () => place.note();
    const sent = kind === STREAM
      ? address.open(own, { message, options: {}, placed })
      : address.request(own, message, placed);
    sent.catch((error) => {
      if (awaited.remove(own)) this.#last(id, FAILURE, error);
    }).then(() => this.#placed(number));
  }

  /** What whoever asked has to say to the actor: it wants no more, or has room for more. */
  note({ kind, id }: Frame, value: unknown): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    if (kind !== CANCEL) return open.address.write(kind, open.id, value);
    this.#open.delete(id);
    open.address.cancel(open.id);
  }

  /** Nobody there waits any more. */
  close(): void {
    for (const { address, id } of this.#open.values()) address.cancel(id);
    this.#open.clear();
  }

  /** Sends an answer, or why it cannot be sent. */
  answer(id: number, kind: LetterKind, value: unknown): void {
    if (id === 0) return;
    try {
      this.#side.send({ what: ANSWER, kind, id }, value);
    } catch (error) {
      const told = kind === FAILURE ? sendableError(value) : error;
      this.#side.send({ what: ANSWER, kind: FAILURE, id }, told);
    }
  }

  #relay({ address }: Known, { place, id }: { place: Place; id: number }): Awaited {
    return {
      who: `actor "${address.id}"`,
      background: true,
      ending: () => place.ending,
      maybeExecuted: () => place.wasTaken,
      fail: (error: Error) => this.#last(id, FAILURE, error),
      hear: ({ kind, value }: Received) => {
        if (kind !== ITEM) this.#last(id, kind, value);
        else this.answer(id, kind, value);
        return kind !== ITEM;
      },
    };
  }

  #last(id: number, kind: LetterKind, value: unknown): void {
    this.#open.delete(id);
    this.answer(id, kind, value);
  }

  /** The actor of the process itself says by itself when it wants more. */
  #placed(number: number): void {
    if (number !== ITSELF) this.#side.send({ what: WANT, number });
  }
}
