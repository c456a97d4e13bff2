// Runs in: worker
/**
 * The end of a bridge in the process that was started. It has a memory of its own, in which the parent
 * has the first slot: whatever an isolate writes to its parent, or tells the first isolate, goes across.
 *
 * @module
 */
import { Arena } from "../../memory/arena.ts";
import { store } from "../../memory/atomics.ts";
import { Isolate } from "../../memory/isolate.ts";
import {
  type Ending,
  type Life,
  markRunning,
  parentOf,
  REASONS,
  sayFar,
  SLOT_PID,
  takeSlot,
} from "../../memory/slots.ts";
import { hearAll } from "../events.ts";
import { ensureInbox, ORDER, type Received } from "../inbox.ts";
import type { Mailbox } from "../mailbox.ts";
import { newMailbox } from "../mailboxes.ts";
import { Ref, typed } from "../ref.ts";
import type { Station } from "../station.ts";
import { BYE, WANT } from "./frames.ts";
import { Link } from "./link.ts";
import type { FarActor } from "./owner_end.ts";
import { OwnWire } from "./own_wire.ts";
import { ITSELF } from "./tables.ts";

const FIRST: Life = { slot: 0, incarnation: 0 };

/** The memory of this process: the parent has its first slot, this isolate the next. */
export function ownIsolate(parentPid: number): Isolate {
  const arena = Arena.create();
  const parent = takeSlot(arena, FIRST)!;
  const isolate = new Isolate(arena, takeSlot(arena, parent)!);
  ensureInbox(isolate, parent.slot);
  store(arena.words, arena.slotAt(parent.slot) + SLOT_PID, parentPid);
  markRunning(arena, parent);
  sayFar(arena, parent);
  hearAll(arena);
  return isolate;
}

/** Speaks for the parent in this memory. */
export class OwnEnd {
  readonly #station: Station;
  readonly #wire = new OwnWire();
  readonly #link: Link;
  #mailbox: Mailbox | undefined;

  /** `lost` is called when the parent is gone. */
  constructor(station: Station, lost: () => void) {
    this.#station = station;
    const { arena, life } = station.isolate;
    this.#link = new Link(station, { peer: parentOf(arena, life), wire: this.#wire }, {
      sending: () => false,
      arrived: (letter) => this.#arrived(letter),
    });
    this.#wire.closed.then(lost);
  }

  /** The last act of this process. */
  end({ reason, exitCode }: Ending): void {
    const isIdle = this.#mailbox?.isBusy === false;
    this.#link.flush();
    this.#link.send({
      what: BYE,
      kind: REASONS.indexOf(reason),
      number: isIdle ? 1 : 0,
      id: exitCode,
    });
  }

  #arrived({ kind, id, value, unreadable }: Omit<Received, "from">): void {
    const { isolate: { life }, inbox } = this.#station;
    const { peer: from } = this.#link;
    if (unreadable !== undefined) inbox.send(life, { kind, id, value: unreadable, from });
    else if (kind === ORDER) inbox.send(life, { kind, id, value: this.#orderOf(value), from });
    else inbox.send(life, { kind, id, value, from });
  }

  /** An order as isolates of one memory give it. */
  #orderOf(value: unknown): unknown {
    const { far, ...order } = value as { far?: FarActor };
    if (far === undefined) return order;
    const mailbox = newMailbox(this.#station, undefined);
    if (far.isGuarded) mailbox.guard(this.#link.peer);
    mailbox.setHost(this.#station.isolate.life);
    mailbox.supply = this.#supply();
    this.#mailbox = mailbox;
    this.#link.tables.beItself(mailbox, far.id);
    const ref = new Ref(this.#station, mailbox, { id: far.id, bare: [] });
    return { ...order, actor: typed(ref) };
  }

  /** The parent hands over one message at a time. */
  #supply(): Mailbox["supply"] {
    let isOwed = false;
    return {
      taken: () => isOwed = true,
      wanted: () => {
        if (!isOwed) return;
        isOwed = false;
        this.#link.send({ what: WANT, number: ITSELF });
      },
    };
  }
}
