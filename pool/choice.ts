// Runs in: owner
/**
 * Which worker gets a lease, and how many it may hold: decisions without effects.
 *
 * @module
 */
import { isBefore } from "./backlog.ts";
import type { Lease } from "./lease.ts";
import type { Member } from "./member.ts";
import type { Seat } from "./seats.ts";

/** Most leases that a worker holds at a time; its mailbox can take no more of them back. */
const MOST_AHEAD = 32;
/** Milliseconds of work that a worker may hold ahead. */
const AHEAD_MS = 2;

/** Leases that a worker may hold while it has one that takes so long; of those with a time limit, one. */
export function ahead({ terms }: Lease, milliseconds: number): number {
  if (terms.timeout !== undefined) return 1;
  return Math.max(1, Math.min(MOST_AHEAD, Math.floor(AHEAD_MS / milliseconds)));
}

/** Whether a worker may have one more lease, of which `most` may be held. */
function hasRoom({ held, limit }: Member, most: number): boolean {
  return held.length === 0 || held.length < Math.min(limit, most);
}

/** The worker with the least in hand that may have one more, of which `most` may be held. */
export function freest(seats: readonly Seat[], most: number): Member | undefined {
  let best: Member | undefined;
  for (const { member } of seats) {
    if (member === undefined || member.state !== "working" || !hasRoom(member, most)) continue;
    if (best === undefined || member.held.length < best.held.length) best = member;
  }
  return best;
}

/** The first of what only one seat may run, of the seats that have room. */
export function firstBound(
  seats: readonly Seat[],
  mostOf: (lease: Lease) => number,
): { member: Member; lease: Lease } | undefined {
  let best: { member: Member; lease: Lease } | undefined;
  for (const { member, own } of seats) {
    const lease = member && own.first();
    if (member === undefined || lease === undefined || !hasRoom(member, mostOf(lease))) continue;
    if (member.state !== "working" && !lease.isSuspended) continue;
    if (best === undefined || isBefore(lease, best.lease)) best = { member, lease };
  }
  return best;
}
