// Runs in: owner
/**
 * Hands out leases: which one is next, and to whom. A worker may hold a few short leases ahead, so that
 * it need not wait for the next; when it dies, those it had not begun go to others, and when it takes
 * longer than expected they are taken back.
 *
 * Nothing is put behind, or in front of, a function that is slow or was never seen to end: a worker holds
 * leases ahead only while all it holds are short.
 *
 * - I1: every lease handed out comes back: done, failed, or to be handed out again.
 * - I2: a lease waits behind another one in the same worker for no longer than {@linkcode Member.lateMs}
 *   while it could be anywhere else.
 * - I3: when workers cannot start, or die too often, all work fails with the reason.
 *
 * @module
 */
import { type Backlog, isBefore } from "./backlog.ts";
import { ahead, busiestFirst, firstBound, freest, overloaded } from "./choice.ts";
import { DRAINED, type Happening } from "./events.ts";
import { Gauges } from "./gauges.ts";
import {
  type Answerable,
  type Ended,
  type Failure,
  type Lease,
  lost,
  taskError,
  terminated,
} from "./lease.ts";
import { Lines } from "./lines.ts";
import { LATE_MS, type Member } from "./member.ts";
import type { Handover, Outcome } from "./handover.ts";
import { type Pace, Paces } from "./pace.ts";
import type { Policy } from "./policies/policy.ts";
import { Recycling, type RecyclingLimits } from "./recycling.ts";
import { type Seat, type SeatEvents, type SeatOptions, Seats } from "./seats.ts";

/** How a crew is made. */
export interface CrewOptions extends SeatOptions, RecyclingLimits {
  /** In which order leases are handed out. */
  readonly policy: Policy;
}

/** What happens in a crew that its pool wants to know. */
export interface CrewEvents {
  /** Fewer leases wait than before. */
  roomier(): void;
  /** Something happened. */
  happened(event: Happening): void;
}

/** The workers of a pool and what they do. */
export class Crew implements SeatEvents, Answerable {
  /** What is counted. */
  readonly gauges: Gauges = new Gauges();
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #policy: Policy;
  readonly #paces = new Paces();
  readonly #lines = new Lines();
  readonly #seats: Seats;
  readonly #recycling: Recycling;
  readonly #aheadOf = (lease: Lease) => this.#policy.ahead ? ahead(lease, lease.pace!.lease) : 1;
  #seq = 0;
  #unsettled = 0;
  #broken: { readonly error: unknown } | undefined;
  #state: "working" | "dismissed" = "working";
  #late: ReturnType<typeof setTimeout> | undefined;
  #idle: (() => void)[] = [];

  /** Starts the workers. */
  constructor(options: CrewOptions, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
    this.#policy = options.policy;
    this.#recycling = new Recycling(options);
    this.#seats = new Seats(options, this);
  }

  /** The seats. */
  get seats(): readonly Seat[] {
    return this.#seats.all;
  }

  /** The workers that are up. */
  get members(): Member[] {
    return this.#seats.members;
  }

  /** Leases that no worker has yet. */
  get queued(): number {
    return this.#lines.size;
  }

  /** The pace of what a lease runs. */
  paceOf({ code, mode }: Pick<Lease, "code" | "mode">): Pace {
    return this.#paces.of(code, mode);
  }

  /** Answers for a lease from here on. */
  accept(lease: Lease): void {
    this.#unsettled++;
    lease.answerable = this;
    lease.pace = this.paceOf(lease);
  }

  /** Has an accepted lease wait for any worker, or for the one on a seat. */
  enter(lease: Lease, seat?: Seat): void {
    if (!lease.isWanted) return;
    const broken = this.#broken;
    if (broken !== undefined) return queueMicrotask(() => lease.fail(broken.error));
    lease.seq = this.#seq++;
    lease.home = seat?.own ?? this.#lines.shared;
    this.#lineUp(lease, lease.home);
    if (seat !== undefined) this.#seats.start(seat);
    this.#handOut();
  }

  /** Resolves when all leases are settled. */
  whenIdle(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Resolves when as many workers are up as there are at least, or no more will be. */
  whenReady(): Promise<void> {
    return this.#seats.ready;
  }

  /** Kills up to `count` workers, busy ones first; gives how many. */
  kill(count: number): number {
    const victims = busiestFirst(this.#seats.members).slice(0, count);
    for (const { ref } of victims) ref.kill();
    return victims.length;
  }

  /** Ends all workers: after what they have in hand, or at once. */
  async dismiss({ atOnce }: { atOnce: boolean }): Promise<void> {
    this.#state = "dismissed";
    clearTimeout(this.#late);
    this.#failWaiting(terminated);
    if (atOnce) {
      const held = this.#seats.members.flatMap((member) => member.held.map(({ lease }) => lease));
      for (const lease of held) lease.fail(terminated(lease));
    }
    await this.#seats.close({ atOnce });
  }

  up(seat: Seat): void {
    this.#events.happened({ type: "worker-started", worker: seat.member!.ref.id });
    this.#handOut();
    if (seat.member!.held.length === 0) this.#seats.idle(seat.member!);
  }

  down(seat: Seat, member: Member): void {
    this.gauges.left(member);
    this.#events.happened({ type: "worker-ended", worker: member.ref.id });
    for (const lease of this.#lines.takeOut(seat.own, ({ isSuspended }) => isSuspended)) {
      lease.isSuspended = false;
      this.#failed(lease, { exit: lost(lease) });
    }
    if (seat.own.size > 0) this.#seats.start(seat);
    this.#handOut();
  }

  died({ ref }: Member): void {
    this.gauges.restarts++;
    this.#events.happened({ type: "worker-died", worker: ref.id });
  }

  broken(error: unknown): void {
    this.#broken = { error };
    this.#events.happened({ type: "broken", error });
    this.#failWaiting(() => error);
  }

  freed(member: Member): void {
    this.#release(member);
    if (!member.hasPlace) this.#watch();
    this.#handOut();
  }

  returned(member: Member, handover: Handover, outcome: Outcome): void {
    const { lease } = handover;
    const took = member.forget(handover);
    const wasSuspended = lease.isSuspended;
    lease.isSuspended = false;
    // First the worker is free, then the task's caller hears: whose next task finds the worker awake.
    this.#release(member);
    if ("value" in outcome) {
      if (!wasSuspended) lease.pace!.learn(took);
      this.gauges.running.add(took);
      lease.succeed(lease.isChunk ? lease.pace!.learnItems(outcome.value) : outcome.value);
    } else if ("gaveWay" in outcome) this.#suspend(handover, member, outcome.gaveWay);
    else this.#failed(lease, outcome);
    this.#handOut();
  }

  settled(lease: Lease, how: Ended): void {
    if ("value" in how) this.gauges.completed++;
    else {
      this.gauges.failed++;
      this.#events.happened({ type: "task-failed", task: lease.code.name, error: how.error });
    }
    if (this.#lines.unwanted(lease)) this.#events.roomier();
    if (--this.#unsettled > 0) return;
    this.#events.happened(DRAINED);
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Lines a lease up at its rank. */
  #lineUp(lease: Lease, line: Backlog<Lease>): void {
    const isSample = this.gauges.isSample(lease.seq);
    const now = isSample || !this.#policy.ahead ? performance.now() : 0;
    if (isSample) lease.arrived = now;
    const expected = lease.pace!.lease;
    if (lease.estimate < 0) lease.estimate = expected === Infinity ? 0 : expected;
    lease.rank = this.#policy.rank(lease, now);
    this.#lines.add(lease, line);
  }

  #handOut(): void {
    while (this.#handOutOne());
  }

  /** Hands one lease out, if there is one and somebody for it. */
  #handOutOne(): boolean {
    const shared = this.#lines.shared.first();
    const bound = this.#lines.bound > 0 ? firstBound(this.seats, this.#aheadOf) : undefined;
    if (bound !== undefined && (shared === undefined || isBefore(bound.lease, shared))) {
      return this.#give(bound.member, bound.lease);
    }
    const member = shared && freest(this.seats, {
      most: this.#aheadOf(shared),
      work: shared.pace!.work,
    });
    if (member !== undefined) return this.#give(member, shared!);
    if (shared !== undefined) this.#seats.grow(this.#lines.shared.size);
    if (bound !== undefined) return this.#give(bound.member, bound.lease);
    const loaded = shared === undefined ? overloaded(this.seats) : undefined;
    return loaded !== undefined && this.#takeBack(loaded);
  }

  /** What a worker has not begun waits for any again; whether there was something. */
  #takeBack(member: Member): boolean {
    const leases = member.takeBack();
    for (const lease of leases) this.#lines.add(lease, lease.home!);
    return leases.length > 0;
  }

  #give(member: Member, lease: Lease): true {
    this.#lines.shift(lease);
    if (lease.arrived !== undefined) this.gauges.waiting.add(performance.now() - lease.arrived);
    this.#policy.took?.(lease.rank);
    member.give(lease, this.#aheadOf(lease));
    if (member.taken >= this.#options.maxTasks && member.state === "working") {
      member.state = "retiring";
    }
    if (member.held.length > 1) this.#watch();
    this.#events.roomier();
    return true;
  }

  /** Sees to it that what a worker does not begin soon is taken back. */
  #watch(): void {
    this.#late ??= setTimeout(() => {
      this.#late = undefined;
      const now = performance.now();
      for (const member of this.#seats.members) {
        if (!member.hasPlace) this.#watch();
        if (member.held.length < 2) continue;
        if (now - member.lastChange < member.lateMs) this.#watch();
        else this.#takeBack(member);
      }
      this.#handOut();
    }, LATE_MS);
  }

  /** A worker gave a lease back. It is not stopped before: that would overtake what it has not begun. */
  #release(member: Member): void {
    this.#recycling.look(member, () => this.#release(member));
    if (member.held.length > 0 || member.suspended > 0) return;
    if (member.state === "retiring") member.ref.stop();
    else this.#seats.idle(member);
  }

  /** A generator gave its worker up: it waits for the same one. */
  #suspend({ lease }: Handover, member: Member, milliseconds: number): void {
    const seat = this.#seats.all.find((seat) => seat.member === member);
    if (seat === undefined) return this.#failed(lease, { exit: lost(lease) });
    this.#policy.ran?.(lease, milliseconds);
    const hold = member.suspend(lease);
    if (!lease.isWanted) return hold.abandon(terminated(lease));
    lease.takeBack("gave way");
    lease.isSuspended = true;
    lease.hold = hold;
    lease.seq = this.#seq++;
    this.#lineUp(lease, seat.own);
  }

  #failed(lease: Lease, failure: Failure): void {
    if (!lease.isWanted) return;
    if (this.#state === "dismissed") {
      return void lease.fail("exit" in failure ? terminated(lease) : taskError(failure, lease));
    }
    const delay = lease.retryAfter(failure);
    if (delay === undefined) return void lease.fail(taskError(failure, lease));
    lease.takeBack("failed");
    if (delay === 0) return this.#tryAgain(lease);
    this.#lines.delay(lease, delay, () => this.#tryAgain(lease));
  }

  #tryAgain(lease: Lease): void {
    if (this.#broken !== undefined) return void lease.fail(this.#broken.error);
    this.#lines.add(lease, lease.home!);
    this.#handOut();
  }

  #failWaiting(reason: (lease: Lease) => unknown): void {
    for (const lease of this.#lines.all(this.seats)) lease.fail(reason(lease));
  }
}
