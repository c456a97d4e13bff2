// Runs in: owner
/**
 * The places of a pool's workers: who sits on which, who is on the way, who is started next.
 *
 * - I1: a seat is empty, or somebody is on the way to it, or one worker sits on it.
 * - I2: as long as the pool is open, no fewer than `min` seats are not empty; unless workers cannot start,
 *   or die too often: then the pool is told why, once.
 *
 * @module
 */
import { RestartLimitError } from "../errors.ts";
import { MAX_DELAY } from "../memory/line.ts";
import type { RestartPolicy } from "../actors/actor.ts";
import type { Where } from "../actors/isolation.ts";
import { identity } from "../actors/identity.ts";
import { spawn } from "../actors/spawn.ts";
import { Backlog } from "./backlog.ts";
import type { Lease } from "./lease.ts";
import { Member, type MemberEvents } from "./member.ts";
import { type Initializer, PoolWorker } from "./worker.ts";

/** Failed starts in a row after which a pool gives up. */
const MAX_FAILED_STARTS = 3;

/** How many workers there are, and when they are replaced. */
export interface Sizes {
  /** Workers at least. */
  readonly min: number;
  /** Workers at most. */
  readonly max: number;
  /** Milliseconds after which one more than `min` is let go when it has nothing to do. */
  readonly idle: number;
}

/** How workers are made. */
export interface SeatOptions extends Sizes {
  /** Where they run. */
  readonly where: Where;
  /** What runs first in each. */
  readonly initializer: Initializer | null;
  /** How many may die in what time. */
  readonly restart: RestartPolicy;
}

/** What happens on the seats. */
export interface SeatEvents extends MemberEvents {
  /** A worker is up. */
  up(seat: Seat): void;
  /** A worker has gone. */
  down(seat: Seat, member: Member): void;
  /** A worker died that nobody sent away. */
  died(member: Member): void;
  /** There will be no more workers. */
  broken(error: unknown): void;
}

/** The place of one worker. */
export interface Seat {
  /** Its number. */
  readonly index: number;
  /** Who sits there. */
  member: Member | undefined;
  /** Whether somebody is on the way. */
  starting: boolean;
  /** What only this seat may run. */
  readonly own: Backlog<Lease>;
}

let made = 0;

/** All seats of a pool. */
export class Seats {
  /** All of them. */
  readonly all: readonly Seat[];
  readonly #options: SeatOptions;
  readonly #events: SeatEvents;
  readonly #deaths: number[] = [];
  readonly #ready: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #failedStarts = 0;
  #state: "open" | "broken" | "closed" = "open";

  /** Seats for `max` workers, of which `min` are called. */
  constructor(options: SeatOptions, events: SeatEvents) {
    this.#options = options;
    this.#events = events;
    this.all = Array.from({ length: options.max }, (_, index) => ({
      index,
      member: undefined,
      starting: false,
      own: new Backlog<Lease>(),
    }));
    this.fill();
  }

  /** Resolves once `min` workers have been up, or no more will be. */
  get ready(): Promise<void> {
    if (this.up >= this.#options.min) this.#ready.resolve();
    return this.#ready.promise;
  }

  /** The workers that are up. */
  get members(): Member[] {
    return this.all.flatMap(({ member }) => member ?? []);
  }

  /** How many are up. */
  get up(): number {
    let up = 0;
    for (const { member } of this.all) if (member !== undefined) up++;
    return up;
  }

  /** How many are on the way. */
  get starting(): number {
    return this.all.filter(({ starting }) => starting).length;
  }

  /** Calls workers until there are `min`. */
  fill(): void {
    let taken = this.all.filter(({ member, starting }) => member || starting).length;
    for (const seat of this.all) {
      if (taken >= this.#options.min) return;
      if (seat.member !== undefined || seat.starting) continue;
      this.start(seat);
      taken++;
    }
  }

  /** Calls one more worker for `waiting` leases, if those on the way are too few. */
  grow(waiting: number): void {
    if (this.#options.min === this.#options.max || this.starting >= waiting) return;
    const empty = this.all.find(({ member, starting }) => member === undefined && !starting);
    if (empty !== undefined) this.start(empty);
  }

  /** Calls a worker to a seat, unless there is one, or one is on the way. */
  start(seat: Seat): void {
    if (this.#state !== "open" || seat.member !== undefined || seat.starting) return;
    seat.starting = true;
    const delay = this.#delay();
    if (delay === 0) this.#spawn(seat);
    else setTimeout(() => this.#spawn(seat), delay);
  }

  /** A worker has nothing to do: it may go after a while, if there are more than `min`. */
  idle(member: Member): void {
    const { min, max, idle } = this.#options;
    if (min === max || idle === Infinity || member.idleTimer !== undefined) return;
    const look = () => {
      member.idleTimer = undefined;
      if (member.held.length > 0 || member.suspended > 0 || this.up <= min) return;
      if (member.state !== "working") return;
      const left = idle - (performance.now() - member.lastChange);
      if (left > 0) return arm(left);
      member.state = "retiring";
      member.ref.stop();
    };
    const arm = (delay: number) => {
      member.idleTimer = setTimeout(look, Math.min(delay, MAX_DELAY));
      Deno.unrefTimer(member.idleTimer);
    };
    arm(idle);
  }

  /** Nobody is called any more; those that sit stop after what they have, or at once. */
  async close({ atOnce }: { atOnce: boolean }): Promise<void> {
    this.#state = "closed";
    this.#ready.resolve();
    await Promise.all(this.members.map(({ ref, idleTimer }) => {
      clearTimeout(idleTimer);
      if (!atOnce) return ref.stop();
      ref.kill();
      return ref.exited;
    }));
  }

  async #spawn(seat: Seat): Promise<void> {
    const { where, initializer } = this.#options;
    const { name } = identity();
    const id = `${name === "MainProcess" ? "" : `${name}:`}PoolWorker-${++made}`;
    try {
      const ref = await spawn(PoolWorker, { id, args: [id, initializer], ...where });
      this.#failedStarts = 0;
      seat.starting = false;
      if (this.#state !== "open") return void ref.stop();
      this.#welcome(seat, new Member(ref, this.#events));
    } catch (error) {
      seat.starting = false;
      if (++this.#failedStarts >= MAX_FAILED_STARTS) this.#break(error);
      else this.start(seat);
    }
  }

  #welcome(seat: Seat, member: Member): void {
    seat.member = member;
    member.ref.exited.then((exit) => {
      clearTimeout(member.idleTimer);
      seat.member = undefined;
      if (this.#state === "closed") return;
      if (member.state !== "retiring") this.#died(member, exit.error);
      this.fill();
      this.#events.down(seat, member);
    });
    if (this.up >= this.#options.min) this.#ready.resolve();
    this.#events.up(seat);
  }

  #died(member: Member, cause: unknown): void {
    this.#events.died(member);
    const { maxRestarts = Infinity, within = 5000 } = this.#options.restart;
    const now = performance.now();
    this.#deaths.push(now);
    while (this.#deaths[0] < now - within) this.#deaths.shift();
    if (this.#deaths.length <= maxRestarts) return;
    const text = `Cannot run tasks: more than ${maxRestarts} workers died within ${within} ms`;
    this.#break(new RestartLimitError(text, { maxRestarts, within, cause }));
  }

  /** Milliseconds before the next start, by the deaths and failed starts of late. */
  #delay(): number {
    const { backoff } = this.#options.restart;
    const failures = Math.max(this.#failedStarts, this.#deaths.length);
    if (backoff === undefined || failures === 0) return 0;
    const { min, max, factor = 2, jitter = false } = backoff;
    const delay = Math.min(max, min * factor ** (failures - 1));
    return jitter ? delay * (0.5 + Math.random() / 2) : delay;
  }

  #break(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "broken";
    this.#ready.resolve();
    this.#events.broken(error);
  }
}
