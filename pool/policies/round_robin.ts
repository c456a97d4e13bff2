// Runs in: any isolate
/**
 * Owners take turns: each has one task, or one slice of a generator task, a round, however many it
 * submitted. A task's rank is the round in which it will be served: the one under way, or the one after
 * its owner's last.
 *
 * - I1: between two tasks of an owner each other owner that waits is served once.
 * - I2: an owner that comes back after a pause has no claim to the rounds that it missed.
 * - I3: tasks of one owner keep their order; nobody starves.
 *
 * Source: the start tags of P. Goyal, H. M. Vin, H. Cheng, "Start-time Fair Queueing", 1996
 * (https://doi.org/10.1145/248156.248171), with tasks of equal weight and cost; the idea of rounds is
 * J. Nagle's, "On packet switches with infinite storage", RFC 970, 1985
 * (https://www.rfc-editor.org/rfc/rfc970).
 *
 * @module
 */
import type { Policy } from "./policy.ts";

/** Owners that are remembered before those whose rounds have passed are forgotten. */
const MANY_OWNERS = 1024;

/** Makes the policy. */
export function roundRobin(): Policy {
  /** The round after the last of each owner's tasks. */
  const next = new Map<string, number>();
  let round = 0;
  const forget = () => {
    for (const [owner, turn] of next) if (turn <= round) next.delete(owner);
  };
  return {
    name: "round_robin",
    givesWay: true,
    ahead: false,
    rank({ owner }) {
      const turn = Math.max(round, next.get(owner) ?? 0);
      if (next.size >= MANY_OWNERS) forget();
      next.set(owner, turn + 1);
      return turn;
    },
    took: (rank) => void (round = Math.max(round, rank)),
  };
}
