// Runs in: owner
/**
 * One worker of a pool, as the pool sees it: what it was handed, what it says, how it is made to stop.
 *
 * - I1: leases reach the worker in the order in which they were handed over.
 * - I2: the first lease of a worker that has none goes at once; more of them go together, at the latest
 *   before anything else happens in the event loop.
 *
 * @module
 */
import { CancelledError } from "../errors.ts";
import type { ActorRef, Protocol } from "../actors/actor.ts";
import type { Address } from "../actors/address.ts";
import { untyped } from "../actors/ref.ts";
import { type Station, station } from "../actors/station.ts";
import type { Pace } from "./pace.ts";
import { Handover, type Holder, type Outcome, sendTogether } from "./handover.ts";
import type { Hold, Lease } from "./lease.ts";
import { TO_TASK, type ToTask } from "./letters.ts";
import type { PoolWorker } from "./worker.ts";

/** Most leases in one message. */
const MOST_TOGETHER = 256;
/** A worker that may hold so many is filled up only when it has half of them left. */
export const MANY = 16;

/** Milliseconds after which what a worker has not begun is taken back, if what it has in hand is short. */
export const LATE_MS = 10;
/** The same as a multiple of what it has in hand. */
const LATE_TIMES = 2;

/** The address of a pool's worker. */
export type PoolWorkerRef = ActorRef<Protocol<typeof PoolWorker>>;

/** Whoever handed over is told what came of it. */
export interface MemberEvents {
  /** It came back. */
  returned(member: Member, handover: Handover, outcome: Outcome): void;
  /** It was taken back, or abandoned while it was suspended: the worker has one less. */
  freed(member: Member): void;
}

/** A worker. */
export class Member implements Holder {
  readonly ref: PoolWorkerRef;
  readonly address: Address;
  readonly station: Station = station();
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
  readonly #events: MemberEvents;
  readonly #known = new Set<number>();
  #unsent: Handover[] = [];
  /** The pace of all that it holds; `undefined` if they differ. */
  #pace: Pace | undefined;
  #filling: "up" | "later" = "up";
  readonly #sendSoon = () => this.#send();

  /** The worker at `ref`. */
  constructor(ref: PoolWorkerRef, events: MemberEvents) {
    this.ref = ref;
    this.address = untyped(ref).address;
    this.#events = events;
  }

  /** Whether orders to it can be taken back; not if too many were that it has not passed over yet. */
  get hasPlace(): boolean {
    return this.address.mailbox.recalls.hasRoom;
  }

  /** Milliseconds that what it has in hand may take before the rest is taken back. */
  get lateMs(): number {
    const expected = this.#pace?.lease ?? 0;
    return expected === Infinity ? LATE_MS : Math.max(LATE_MS, LATE_TIMES * expected);
  }

  /** Whether it may have one more lease, of which `most` may be held. */
  hasRoom(most: number): boolean {
    const { length } = this.held;
    if (length === 0) return this.hasPlace;
    if (this.address.mailbox.isFar) return false;
    const full = Math.min(this.limit, most);
    const room = this.#filling === "later" && full >= MANY ? full >> 1 : full;
    return length < room && this.hasPlace;
  }

  /** Hands a lease over; while it holds this one it may hold `most`. */
  give(lease: Lease, most: number): void {
    if (this.held.length === 0) this.lastChange = performance.now();
    const isLike = this.held.length === 0 || this.#pace === lease.pace;
    this.limit = isLike ? most : Math.min(this.limit, most);
    this.#pace = isLike ? lease.pace : undefined;
    const handover = new Handover(this, lease);
    this.held.push(handover);
    if (this.held.length >= this.limit) this.#filling = "later";
    this.taken++;
    lease.handOut(handover);
    if (lease.isSuspended) return this.#resume(handover);
    lease.number = handover.order;
    this.#define(lease);
    this.#unsent.push(handover);
    if (this.held.length === 1 || this.#unsent.length === MOST_TOGETHER) this.#send();
    else if (this.#unsent.length === 1) queueMicrotask(this.#sendSoon);
  }

  /** Takes back all that it has not begun; gives it in order. */
  takeBack(): Lease[] {
    const back = [...this.held].filter((handover) => handover.takeBack()).map(({ lease }) => lease);
    for (const lease of back) lease.takeBack("not begun");
    this.limit = Math.min(this.limit, this.held.length);
    return back;
  }

  gaveBack(handover: Handover, outcome: Outcome): void {
    if ("exit" in outcome) {
      this.state = "dead";
      this.#unsent = [];
    }
    this.#events.returned(this, handover, outcome);
  }

  lost(handover: Handover): void {
    this.held.splice(this.held.indexOf(handover), 1);
    this.taken--;
    const unsent = this.#unsent.indexOf(handover);
    if (unsent < 0) return;
    this.#unsent.splice(unsent, 1);
    handover.withdraw();
  }

  freed(): void {
    this.#events.freed(this);
  }

  overstayed(handover: Handover): void {
    if (this.held.includes(handover)) this.ref.kill();
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
    if (this.held.length * 2 < this.limit) this.#filling = "up";
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
        this.#events.freed(this);
      },
    };
  }

  write(number: number, what: ToTask): void {
    try {
      this.address.write(TO_TASK, number, what);
    } catch {
      this.address.write(TO_TASK, number, ["abort", new CancelledError(String(what[1]))]);
    }
  }

  /** Sends what was handed over since the last time. */
  #send(): void {
    const handovers = this.#unsent;
    if (handovers.length === 0) return;
    this.#unsent = [];
    sendTogether(this, handovers);
  }

  #resume(handover: Handover): void {
    this.suspended--;
    this.#send();
    handover.resume();
  }

  /** A worker is told once what a number stands for; its mailbox keeps the order. */
  #define({ code: { url, name }, pace }: Lease): void {
    const { number } = pace!;
    if (this.#known.has(number)) return;
    this.#known.add(number);
    this.ref.tell.define([number, url, name]).catch(() => {});
  }
}
