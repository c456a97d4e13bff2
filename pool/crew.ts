// Runs in: owner
/**
 * The workers of a pool and what each has in hand: starts them, hands out leases, replaces those that
 * die. A worker may hold a few short leases ahead, so that it need not wait for the next; when it dies,
 * those it had not begun go to others.
 *
 * Nothing is put behind, or in front of, a function that is slow or was never seen to end: a worker holds
 * leases ahead only while all it holds are short.
 *
 * - I1: every lease handed out comes back: done, failed, or to be handed out again.
 * - I2: as long as the pool is open or has work, there are as many workers as its size, or on their way;
 *   unless workers cannot start: then all work fails with the reason.
 *
 * @module
 */
import { CancelledError, ExitError } from "../errors.ts";
import type { ActorRef, Protocol } from "../actors/actor.ts";
import type { CodeRef } from "../actors/code.ts";
import type { Where } from "../actors/isolation.ts";
import { spawn } from "../actors/spawn.ts";
import { type Lease, taskError } from "./lease.ts";
import { type Initializer, PoolWorker } from "./worker.ts";

/** Failed starts in a row after which a pool gives up. */
const MAX_FAILED_STARTS = 3;
/** Most leases that a worker holds at a time. */
const MOST_AHEAD = 16;
/** Milliseconds of work that a worker may hold ahead. */
const AHEAD_MS = 2;

/** How a crew is made. */
export interface CrewOptions {
  /** Workers at a time. */
  readonly size: number;
  /** Where they run. */
  readonly where: Where;
  /** What runs first in each. */
  readonly initializer: Initializer | null;
  /** Leases after which a worker is replaced. */
  readonly maxTasksPerChild: number;
}

type PoolWorkerRef = ActorRef<Protocol<typeof PoolWorker>>;

/** A function, and how long it takes. */
interface Pace {
  readonly number: number;
  milliseconds: number;
}

/** One worker. */
interface Member {
  readonly ref: PoolWorkerRef;
  readonly known: Set<number>;
  held: number;
  /** Leases that it may hold, as long as it holds those that it has. */
  limit: number;
  taken: number;
  retiring: boolean;
}

/** What happens in a crew that its pool counts. */
export interface CrewEvents {
  /** A lease succeeded or failed for good. */
  settled(succeeded: boolean): void;
  /** A worker died and is replaced. */
  replaced(): void;
}

/** The workers of a pool. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #events: CrewEvents;
  readonly #members = new Set<Member>();
  readonly #waiting: Lease[] = [];
  readonly #paces = new Map<string, Pace>();
  #head = 0;
  #starting = 0;
  #unsettled = 0;
  #failedStarts = 0;
  #broken: { readonly error: unknown } | undefined;
  #state: "working" | "dismissed" = "working";
  #idle: (() => void)[] = [];

  /** Starts the workers. */
  constructor(options: CrewOptions, events: CrewEvents) {
    this.#options = options;
    this.#events = events;
    this.#fill();
  }

  /** Workers that are up. */
  get size(): number {
    return this.#members.size;
  }

  /** Workers that have something in hand. */
  get busy(): number {
    return [...this.#members].filter(({ held }) => held > 0).length;
  }

  /** Leases that no worker has yet. */
  get queued(): number {
    return this.#waiting.length - this.#head;
  }

  /** Takes a lease; it comes first when it was handed out before. */
  submit(lease: Lease): void {
    this.#unsettled++;
    if (this.#broken !== undefined) {
      return this.#fail(lease, this.#broken.error);
    }
    this.#waiting.push(lease);
    this.#handOut();
  }

  /** Resolves when all leases are settled. */
  whenIdle(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Kills up to `count` workers, busy ones first; gives how many. */
  kill(count: number): number {
    const victims = [...this.#members].sort((a, b) => b.held - a.held).slice(0, count);
    for (const { ref } of victims) ref.kill();
    return victims.length;
  }

  /** Ends all workers: after what they have in hand, or at once. */
  async dismiss({ atOnce }: { atOnce: boolean }): Promise<void> {
    this.#state = "dismissed";
    const waiting = this.#waiting.splice(0).slice(this.#head);
    this.#head = 0;
    for (const lease of waiting) this.#fail(lease, terminated(lease));
    await Promise.all([...this.#members].map(({ ref }) => {
      if (!atOnce) return ref.stop();
      ref.kill();
      return ref.exited;
    }));
  }

  #fill(): void {
    while (this.#state === "working" && this.#members.size + this.#starting < this.#options.size) {
      this.#starting++;
      this.#start();
    }
  }

  async #start(): Promise<void> {
    const { where, initializer } = this.#options;
    try {
      const ref = await spawn(PoolWorker, { args: [initializer], ...where });
      this.#failedStarts = 0;
      this.#starting--;
      this.#welcome(ref);
    } catch (error) {
      this.#starting--;
      if (++this.#failedStarts >= MAX_FAILED_STARTS) this.#breakDown(error);
      else this.#fill();
    }
  }

  #welcome(ref: PoolWorkerRef): void {
    if (this.#state === "dismissed") return void ref.stop();
    const member: Member = {
      ref,
      known: new Set(),
      held: 0,
      limit: 0,
      taken: 0,
      retiring: false,
    };
    this.#members.add(member);
    ref.exited.then(() => this.#farewell(member));
    this.#handOut();
  }

  #farewell(member: Member): void {
    this.#members.delete(member);
    if (this.#state === "dismissed") return;
    if (!member.retiring) this.#events.replaced();
    this.#fill();
    this.#handOut();
  }

  #breakDown(error: unknown): void {
    this.#broken = { error };
    for (const lease of this.#waiting.splice(0).slice(this.#head)) {
      this.#fail(lease, error);
    }
    this.#head = 0;
  }

  /** Hands waiting leases to the workers with the least in hand. */
  #handOut(): void {
    while (this.queued > 0) {
      const lease = this.#waiting[this.#head];
      const pace = this.#paceOf(lease);
      const member = this.#freest(aheadOf(pace));
      if (member === undefined) return;
      this.#waiting[this.#head++] = undefined as never;
      if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
        this.#waiting.splice(0, this.#head);
        this.#head = 0;
      }
      if (lease.isWanted) this.#give(member, lease, pace);
      else this.#ended();
    }
  }

  /** The worker with the least in hand that may have one more, of which `ahead` may be held. */
  #freest(ahead: number): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#members) {
      if (member.retiring) continue;
      if (member.held > 0 && member.held >= Math.min(member.limit, ahead)) continue;
      if (best === undefined || member.held < best.held) best = member;
    }
    return best;
  }

  #give(member: Member, lease: Lease, pace: Pace): void {
    const { ref } = member;
    const { code, mode, args } = lease.work;
    this.#define(member, code, pace);
    member.limit = member.held === 0 ? aheadOf(pace) : Math.min(member.limit, aheadOf(pace));
    const begun = performance.now();
    const heldBefore = member.held++;
    lease.handOut();
    if (++member.taken >= this.#options.maxTasksPerChild) member.retiring = true;
    // First the worker is free, then the task's caller hears: whose next task finds the worker awake.
    ref.ask.run([pace.number, mode, args]).then((value) => {
      this.#release(member);
      learn(pace, (performance.now() - begun) / (heldBefore + 1));
      if (lease.succeed(value)) this.#events.settled(true);
      this.#ended();
      this.#handOut();
    }, (error) => {
      this.#release(member);
      this.#failed(lease, error);
      this.#handOut();
    });
  }

  /** A worker gave a lease back. It is not stopped before: that would overtake what it has not begun. */
  #release(member: Member): void {
    member.held--;
    if (member.retiring && member.held === 0) member.ref.stop();
  }

  #failed(lease: Lease, error: unknown): void {
    const delay = this.#state === "working" ? lease.retryAfter(error) : undefined;
    if (delay === undefined || !lease.isWanted) {
      const reason = this.#state === "dismissed" && error instanceof ExitError
        ? terminated(lease)
        : taskError(error, lease.work);
      return this.#fail(lease, reason);
    }
    this.#unsettled--;
    if (delay === 0) this.#resubmit(lease);
    else {
      this.#unsettled++;
      setTimeout(() => {
        this.#unsettled--;
        this.#resubmit(lease);
      }, delay);
    }
  }

  #resubmit(lease: Lease): void {
    this.#unsettled++;
    if (this.#broken !== undefined) {
      return this.#fail(lease, this.#broken.error);
    }
    if (this.#head > 0) this.#waiting[--this.#head] = lease;
    else this.#waiting.unshift(lease);
    this.#handOut();
  }

  #fail(lease: Lease, error: unknown): void {
    if (lease.fail(error)) this.#events.settled(false);
    this.#ended();
  }

  #ended(): void {
    if (--this.#unsettled > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #paceOf({ work: { code: { url, name }, mode } }: Lease): Pace {
    const key = `${mode} ${url}#${name}`;
    let pace = this.#paces.get(key);
    if (pace === undefined) {
      this.#paces.set(key, pace = { number: this.#paces.size, milliseconds: Infinity });
    }
    return pace;
  }

  /** A worker is told once what a number stands for; its mailbox keeps the order. */
  #define({ ref, known }: Member, { url, name }: CodeRef, { number }: Pace): void {
    if (known.has(number)) return;
    known.add(number);
    ref.tell.define([number, url, name]).catch(() => {});
  }
}

/** Leases that a worker may hold while it has one of this pace. */
function aheadOf({ milliseconds }: Pace): number {
  return Math.max(1, Math.min(MOST_AHEAD, Math.floor(AHEAD_MS / milliseconds)));
}

function learn(pace: Pace, milliseconds: number): void {
  pace.milliseconds = pace.milliseconds === Infinity
    ? milliseconds
    : pace.milliseconds + (milliseconds - pace.milliseconds) / 8;
}

function terminated({ work }: Lease): CancelledError {
  return new CancelledError(
    `Task "${work.code.name}" did not run to its end: the pool was terminated`,
  );
}
