// Runs in: owner
/**
 * One worker of a pool, as the pool sees it: what it was handed, what it says, how it is made to stop.
 *
 * - I1: a lease that was handed over comes back once: with its result, with an error, or not begun.
 * - I2: what is taken back is never begun; the worker's mailbox decides, not the pool.
 * - I3: a worker that goes on with an abandoned task beyond its grace is killed.
 *
 * @module
 */
import { CancelledError, ExitError, TimeoutError } from "../errors.ts";
import { MAX_DELAY } from "../memory/line.ts";
import type { Ending } from "../memory/slots.ts";
import type { ActorRef, Protocol } from "../actors/actor.ts";
import type { Address } from "../actors/address.ts";
import type { Awaited } from "../actors/awaited.ts";
import { FAILURE, ITEM, type Received } from "../actors/inbox.ts";
import { untyped } from "../actors/ref.ts";
import { type Station, station } from "../actors/station.ts";
import { remoteError } from "../actors/wire_error.ts";
import type { Hold, Lease } from "./lease.ts";
import { type FromTask, TO_TASK, type ToTask } from "./letters.ts";
import type { LeaseOrder } from "./order.ts";
import type { Pace } from "./pace.ts";
import { guarded } from "./result.ts";
import type { PoolWorker } from "./worker.ts";

/** Milliseconds that an abandoned task may go on, unless its options say otherwise. */
export const GRACE_MS = 1000;

/** The address of a pool's worker. */
export type PoolWorkerRef = ActorRef<Protocol<typeof PoolWorker>>;

/** What came of a lease that was handed over. */
export type Outcome =
  | { readonly value: unknown }
  | { readonly error: unknown }
  | { readonly exit: ExitError }
  | { readonly gaveWay: number };

/** Whoever handed over is told what came of it. */
export interface MemberEvents {
  /** It came back. */
  returned(handover: Handover, outcome: Outcome): void;
  /** It was taken back, or abandoned while it was suspended: the worker has one less. */
  freed(member: Member): void;
}

/** A worker. */
export class Member {
  readonly ref: PoolWorkerRef;
  readonly address: Address;
  readonly station: Station = station();
  readonly events: MemberEvents;
  /** What it has, in the order in which it will begin it. */
  readonly held: Handover[] = [];
  /** Leases that it may hold, as long as it holds those that it has. */
  limit = 0;
  /** Leases that it was handed. */
  taken = 0;
  /** Generators that are suspended in it. */
  suspended = 0;
  /** Whether it takes leases, is to be replaced when it has nothing in hand, or has ended. */
  state: "working" | "retiring" | "dead" = "working";
  /** When it was up. */
  readonly born: number = performance.now();
  /** When it last got its first lease, or gave one back. */
  lastChange: number = this.born;
  /** Milliseconds that it had something in hand. */
  busyMs = 0;
  /** Runs while it may have been idle for long. */
  idleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #known = new Set<number>();

  /** The worker at `ref`. */
  constructor(ref: PoolWorkerRef, events: MemberEvents) {
    this.ref = ref;
    this.address = untyped(ref).address;
    this.events = events;
  }

  /** Hands a lease over. */
  give(lease: Lease, pace: Pace): void {
    if (this.held.length === 0) this.#becomesBusy();
    const handover = new Handover(this, lease, pace);
    this.held.push(handover);
    this.taken++;
    lease.handOut(handover);
    if (!lease.isSuspended) {
      lease.number = handover.order;
      this.#define(lease, pace);
      const order: LeaseOrder = [
        pace.number,
        lease.mode,
        lease.args,
        handover.order,
        lease.attempts,
      ];
      handover.send("run", order);
    } else {
      this.suspended--;
      handover.send("resume", [lease.number, handover.order]);
    }
  }

  /** Takes back all that it has not begun; gives it in order. */
  takeBack(): Lease[] {
    const back = [...this.held].filter((handover) => handover.takeBack()).map(({ lease }) => lease);
    for (const lease of back) lease.takeBack("not begun");
    this.limit = Math.min(this.limit, this.held.length);
    return back;
  }

  /** One of those it has came back. Gives the milliseconds since the one before. */
  forget(handover: Handover): number {
    const now = performance.now();
    const took = now - this.lastChange;
    this.lastChange = now;
    this.busyMs += took;
    const at = this.held.indexOf(handover);
    if (at === 0) this.held.shift();
    else if (at > 0) this.held.splice(at, 1);
    return took;
  }

  /** A generator that it has gave way: it keeps it until it goes on, or is abandoned. */
  suspend({ number }: Lease): Hold {
    this.suspended++;
    return {
      isStarted: true,
      grant: (items) => this.write(number, ["credit", items]),
      abandon: (reason) => {
        this.suspended--;
        this.write(number, ["abort", reason]);
        this.events.freed(this);
      },
    };
  }

  /** Writes to a task that it has. */
  write(number: number, what: ToTask): void {
    try {
      this.address.write(TO_TASK, number, what);
    } catch {
      this.address.write(TO_TASK, number, ["abort", new CancelledError(String(what[1]))]);
    }
  }

  #becomesBusy(): void {
    this.lastChange = performance.now();
  }

  /** A worker is told once what a number stands for; its mailbox keeps the order. */
  #define({ code: { url, name } }: Lease, { number }: Pace): void {
    if (this.#known.has(number)) return;
    this.#known.add(number);
    this.ref.tell.define([number, url, name]).catch(() => {});
  }
}

/** A lease in the hands of a worker. */
export class Handover implements Awaited, Hold {
  readonly member: Member;
  readonly lease: Lease;
  readonly pace: Pace;
  /** The number under which the worker speaks of it. */
  readonly order: number;
  #ticket = -1;
  #gaveWay: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #grace: number;

  /** Hands `lease` to `member`. */
  constructor(member: Member, lease: Lease, pace: Pace) {
    this.member = member;
    this.lease = lease;
    this.pace = pace;
    this.order = member.station.awaited.add(this);
    const { timeout = Infinity, grace = GRACE_MS } = lease.terms;
    this.#grace = grace;
    if (timeout < Infinity) this.#limit(timeout);
  }

  get who(): string {
    return `worker "${this.member.ref.id}"`;
  }

  get isStarted(): boolean {
    return this.#ticket >= 0 && this.member.address.mailbox.wasStarted(this.#ticket);
  }

  ending(): Ending | undefined {
    return this.member.address.mailbox.ending;
  }

  maybeExecuted(): boolean {
    return this.lease.isSuspended || this.isStarted;
  }

  /** Sends the order. */
  send(name: "run" | "resume", payload: unknown): void {
    const { address, station } = this.member;
    const placed = () => this.#ticket = address.mailbox.ring.lastTicket;
    address.request(this.order, { name, payload: [payload] }, placed).catch((error) => {
      if (station.awaited.remove(this.order)) this.fail(error);
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
    if (!(error instanceof ExitError)) return this.#return({ error });
    this.member.state = "dead";
    this.#return({ exit: error });
  }

  /** Takes it back if it was not begun. */
  takeBack(): boolean {
    const { address, station } = this.member;
    if (this.#ticket < 0 || this.lease.isSuspended) return false;
    if (!address.mailbox.takeBack(this.#ticket)) return false;
    station.awaited.remove(this.order);
    clearTimeout(this.#timer);
    this.member.held.splice(this.member.held.indexOf(this), 1);
    this.member.taken--;
    return true;
  }

  abandon(reason: unknown): void {
    const { member, lease } = this;
    clearTimeout(this.#timer);
    if (this.takeBack()) return member.events.freed(member);
    member.write(lease.number, ["abort", reason]);
    if (this.#grace === Infinity) return;
    this.#timer = setTimeout(() => {
      if (member.held.includes(this) && !lease.isWanted) member.ref.kill();
    }, Math.min(this.#grace, MAX_DELAY));
  }

  grant(items: number): void {
    this.member.write(this.lease.number, ["credit", items]);
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
    this.member.events.returned(this, outcome);
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
