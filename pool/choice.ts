// Runs in: owner
/**
 * Which worker gets a lease, and how many it may hold: decisions without effects.
 *
 * @module
 */
import { isBefore } from "./backlog.ts";
import type { Lease } from "./lease.ts";
import { MANY, type Member } from "./member.ts";
import type { Seat } from "./seats.ts";

/** Most leases that a worker holds at a time; so many can be taken back from it. */
const MOST_AHEAD = 512;
/** Milliseconds of work that a worker may hold ahead. */
const AHEAD_MS = 2;
/** Milliseconds of work that are done where others are done already: to wake a worker takes as long. */
const LITTLE_MS = 0.1;

/** Longest chunk, in milliseconds, of which a worker may hold the next one too. */
const SOON_MS = 100;

/**
 * Leases that a worker may hold while it has one that takes so long; of those with a time limit, one. A
 * worker that has the next chunk does not sleep between two, which costs two wake-ups and often its core.
 */
export function ahead({ terms, isChunk }: Lease, milliseconds: number): number {
  if (terms.timeout !== undefined) return 1;
  const least = isChunk && milliseconds < SOON_MS ? 2 : 1;
  return Math.max(least, Math.min(MOST_AHEAD, Math.floor(AHEAD_MS / milliseconds)));
}

/** Those with the most in hand first. */
export function busiestFirst(members: readonly Member[]): Member[] {
  return members.toSorted((a, b) => b.held.length - a.held.length);
}

/** One that holds a chunk which somebody else, who has nothing, could begin. */
export function overloaded(seats: readonly Seat[]): Member | undefined {
  let isAnyIdle = false;
  let loaded: Member | undefined;
  for (const { member } of seats) {
    if (member?.state !== "working") continue;
    if (member.held.length === 0) isAnyIdle = true;
    else if (member.held.length > 1 && member.limit < MANY) loaded ??= member;
  }
  return isAnyIdle ? loaded : undefined;
}

/** Who may have one more lease. */
interface Want {
  /** Leases that it may hold then. */
  readonly most: number;
  /** Milliseconds that each of them keeps it busy. */
  readonly work: number;
}

/** The one that is soon done, if it may have one more, so that nobody has to be woken; else the one with the least. */
export function freest(seats: readonly Seat[], { most, work }: Want): Member | undefined {
  let best: Member | undefined;
  for (const { member } of seats) {
    if (member === undefined || member.state !== "working") continue;
    const { length } = member.held;
    const hasRoom = member.hasRoom(most);
    if (isSoonDone(member, { most, work })) return hasRoom ? member : undefined;
    if (!hasRoom) continue;
    if (best === undefined || length < best.held.length) best = member;
  }
  return best;
}

/** Whether a worker has something to do, but so little that it is not worth waking another one for more. */
function isSoonDone({ held: { length }, limit }: Member, { most, work }: Want): boolean {
  return most >= MANY && limit >= MANY && length > 0 && length * work < LITTLE_MS;
}

/** The first of what only one seat may run, of the seats that have room. */
export function firstBound(
  seats: readonly Seat[],
  mostOf: (lease: Lease) => number,
): { member: Member; lease: Lease } | undefined {
  let best: { member: Member; lease: Lease } | undefined;
  for (const { member, own } of seats) {
    const lease = member && own.first();
    if (member === undefined || lease === undefined || !member.hasRoom(mostOf(lease))) continue;
    if (member.state !== "working" && !lease.isSuspended) continue;
    if (best === undefined || isBefore(lease, best.lease)) best = { member, lease };
  }
  return best;
}
