// Runs in: owner
/**
 * A lease in the hands of a worker: sent alone or together with others, heard of, taken back, abandoned.
 *
 * - I1: a lease that was handed over comes back once: with its result, with an error, or not begun.
 * - I2: what is taken back is never begun; a word in the worker's mailbox decides, not the pool.
 * - I3: a worker that goes on with an abandoned task beyond its grace is killed.
 *
 * @module
 */
import { ExitError, TimeoutError } from "../errors.ts";
import { MAX_DELAY } from "../memory/line.ts";
import type { Ending } from "../memory/slots.ts";
import { knownAs } from "../channels/codec/refusal.ts";
import { DONE } from "../channels/port.ts";
import type { Address } from "../actors/address.ts";
import type { Awaited } from "../actors/awaited.ts";
import { FAILURE, ITEM, type Received } from "../actors/inbox.ts";
import type { Station } from "../actors/station.ts";
import { remoteError } from "../actors/wire_error.ts";
import type { Hold, Lease } from "./lease.ts";
import type { FromTask, ToTask } from "./letters.ts";
import type { LeaseOrder } from "./order.ts";
import { guarded } from "./result.ts";

/** Milliseconds that an abandoned task may go on, unless its options say otherwise. */
export const GRACE_MS = 1000;

/** Where the arguments are in the message of one lease. */
const ARGS = "$[0][2]";

/** What came of a lease that was handed over. */
export type Outcome =
  | { readonly value: unknown }
  | { readonly error: unknown }
  | { readonly exit: ExitError }
  | { readonly gaveWay: number };

/** Whoever has leases in hand. */
export interface Holder {
  /** Where it takes orders. */
  readonly address: Address;
  /** Whose answers are waited for there. */
  readonly station: Station;
  /** It gives one back. */
  gaveBack(handover: Handover, outcome: Outcome): void;
  /** One was taken back from it. */
  lost(handover: Handover): void;
  /** Nobody wants one of those any more that it had not begun. */
  freed(): void;
  /** Writes to a task that it has. */
  write(number: number, what: ToTask): void;
  /** Ends it, because it goes on with what nobody wants. */
  overstayed(handover: Handover): void;
}

/** A lease in the hands of a worker. */
export class Handover implements Awaited, Hold {
  readonly lease: Lease;
  /** The number under which the worker speaks of it. */
  readonly order: number;
  /**
   * Its place among those that can be taken back; -1 for a generator that goes on, and for a worker beyond
   * this memory, who is handed one lease at a time.
   */
  readonly place: number;
  readonly #holder: Holder;
  readonly #grace: number;
  #isTakenBack = false;
  #gaveWay: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Hands `lease` to `holder`. */
  constructor(holder: Holder, lease: Lease) {
    this.#holder = holder;
    this.lease = lease;
    this.order = holder.station.awaited.add(this);
    const { mailbox } = holder.address;
    this.place = lease.isSuspended || mailbox.isFar ? -1 : mailbox.recalls.offer();
    const { timeout = Infinity, grace = GRACE_MS } = lease.terms;
    this.#grace = grace;
    if (timeout < Infinity) this.#limit(timeout);
  }

  get who(): string {
    return `worker "${this.#holder.address.id}"`;
  }

  get isStarted(): boolean {
    return this.place < 0 || this.#holder.address.mailbox.recalls.wasBegun(this.place);
  }

  ending(): Ending | undefined {
    return this.#holder.address.mailbox.ending;
  }

  maybeExecuted(): boolean {
    return this.place < 0 || !this.#holder.address.mailbox.recalls.takeBack(this.place);
  }

  /** What the worker is told. */
  get content(): LeaseOrder {
    const { lease, order, place } = this;
    const { pace, mode, args, attempts, traced } = lease;
    const content = [pace!.number, mode, args, order, attempts, place] as const;
    return traced === undefined ? content : [...content, [lease.name, traced.carrier]];
  }

  /** Sends the order in a message of its own, unless it was taken back. */
  sendAlone(): void {
    if (this.#isTakenBack) this.#freePlace();
    else this.#send("run", [this.content]);
  }

  /** Lets its generator go on. */
  resume(): void {
    this.#send("resume", [this.lease.number, this.order]);
  }

  /** It was taken back, and will not be sent. */
  withdraw(): void {
    this.#freePlace();
  }

  #send(name: "run" | "resume", payload: unknown): void {
    const { address, station } = this.#holder;
    request(address, { id: this.order, name, payload }, (error) => {
      if (station.awaited.remove(this.order)) this.fail(knownAs(error, ARGS, "$.args"));
    });
  }

  hear({ kind, value }: Received): boolean {
    if (kind === ITEM) return this.#heard(value as FromTask);
    if (kind === FAILURE) this.#return({ error: remoteError(value, "A worker") });
    else if (this.#gaveWay !== undefined) this.#return({ gaveWay: this.#gaveWay });
    else this.#return({ value });
    return true;
  }

  fail(error: unknown): void {
    this.#return(error instanceof ExitError ? { exit: error } : { error });
  }

  /** Takes it back if it was not begun. */
  takeBack(): boolean {
    const { address, station } = this.#holder;
    if (this.place < 0 || !address.mailbox.recalls.takeBack(this.place)) return false;
    this.#isTakenBack = true;
    station.awaited.remove(this.order);
    clearTimeout(this.#timer);
    this.#holder.lost(this);
    return true;
  }

  abandon(reason: unknown): void {
    clearTimeout(this.#timer);
    if (this.takeBack()) return this.#holder.freed();
    this.#holder.write(this.lease.number, ["abort", reason]);
    if (this.#grace === Infinity) return;
    const late = () => this.lease.isWanted || this.#holder.overstayed(this);
    this.#timer = setTimeout(late, Math.min(this.#grace, MAX_DELAY));
  }

  grant(items: number): void {
    this.#holder.write(this.lease.number, ["credit", items]);
  }

  #heard([what, ...content]: FromTask): boolean {
    const { lease } = this;
    if (what === "gave way") this.#gaveWay = content[0] as number;
    else if (what === "item") lease.terms.onItem?.(content[0]);
    else guarded(lease.terms.onProgress, content as [number, number | undefined]);
    return false;
  }

  #return(outcome: Outcome): void {
    clearTimeout(this.#timer);
    this.#freePlace();
    this.#holder.gaveBack(this, outcome);
  }

  #freePlace(): void {
    if (this.place >= 0) this.#holder.address.mailbox.recalls.free(this.place);
  }

  /** The task may run for so long. */
  #limit(timeout: number): void {
    const { lease } = this;
    this.#timer = setTimeout(() => {
      const error = new TimeoutError(`run task "${lease.code.name}"`, timeout);
      if (lease.fail(error)) this.abandon(error);
    }, Math.min(Math.max(0, timeout), MAX_DELAY));
  }
}

/**
 * Sends orders in one message. When it cannot be sent, or not be read there, each goes alone, so that only
 * the one to blame fails.
 */
export function sendTogether({ address, station }: Holder, handovers: readonly Handover[]): void {
  if (handovers.length === 1) return handovers[0].sendAlone();
  const apart = () => {
    for (const handover of handovers) handover.sendAlone();
  };
  const id = station.awaited.add({
    who: `worker "${address.id}"`,
    background: true,
    ending: () => address.mailbox.ending,
    maybeExecuted: () => true,
    hear: ({ kind, value }) => {
      if (kind === FAILURE) apart();
      else learnWork(handovers, value as number);
      return true;
    },
    fail() {},
  });
  request(address, { id, name: "run", payload: handovers.map(({ content }) => content) }, () => {
    if (station.awaited.remove(id)) apart();
  });
}

/** They took so long, one after the other; which says little when they were of several kinds. */
function learnWork(handovers: readonly Handover[], milliseconds: number): void {
  const { pace } = handovers[0].lease;
  if (handovers.some(({ lease }) => lease.pace !== pace)) return;
  pace!.learnWork(milliseconds / handovers.length);
}

/** A message to a worker. */
interface Request {
  readonly id: number;
  readonly name: string;
  readonly payload: unknown;
}

function request(
  address: Address,
  { id, name, payload }: Request,
  failed: (error: unknown) => void,
): void {
  const sent = address.request(id, { name, payload: [payload] });
  if (sent !== DONE) sent.catch(failed);
}
