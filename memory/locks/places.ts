// Runs in: any isolate
/**
 * A line of isolates that wait for one thing, first come first served. Each isolate has one word in it:
 * the ticket of the first who waits there. Tickets are drawn from a counter, so the least is the first.
 * Nobody is handed anything: who is first and finds the thing free takes it, so there is nothing that
 * could be handed to the dead.
 *
 * The tickets are those of L. Lamport's bakery ("A new solution of Dijkstra's concurrent programming
 * problem", 1974, https://doi.org/10.1145/361082.361093) with a counter instead of a doorway, as in
 * J. Mellor-Crummey and M. Scott's ticket and queue locks (1991,
 * https://doi.org/10.1145/103727.103729); unlike there, each waiter's word is its own, so leaving and
 * dying are one store.
 *
 * - I1: a word is written by its isolate alone, or, after its death, by whoever sweeps.
 * - I2: an isolate with a bit in the groups has announced a ticket, or is about to withdraw.
 * - I3: the width covers every isolate that has announced a ticket; it only grows.
 * - I4: after `forgetPlace` nothing here names the dead isolate.
 *
 * The tests turn the text of these functions into stepping code and try every interleaving and every
 * death, so they use nothing but the operations of `atomics.ts`, numbers and each other.
 *
 * @module
 */
import { add, and, compareExchange, load, or, store } from "../atomics.ts";
import { MAX_ISOLATES } from "../layout.ts";

/** Nobody: what stands for the slot of an isolate when there is none. */
export const NOBODY = -1;

/** Where the words of a line are. Addresses count words from the start of the memory. */
export interface Places {
  /** Address of the next ticket. */
  readonly next: number;
  /** Address of the number of bitmap words that may be in use. */
  readonly width: number;
  /** Address of the bitmap of isolates that wait. */
  readonly groups: number;
  /** Address of the first isolate's ticket. */
  readonly tickets: number;
}

/** The first who waits in an isolate. */
export interface Place {
  /** The isolate's slot. */
  readonly slot: number;
  /** The ticket. */
  readonly ticket: number;
}

const WIDTH = 0;
const GROUPS = 1;
const NEXT = GROUPS + (MAX_ISOLATES >> 5);
const TICKETS = 16;
/** Words of a line. */
export const PLACES_WORDS = TICKETS + MAX_ISOLATES;

/** The words of the line at `at`. */
export function placesAt(at: number): Places {
  return { next: at + NEXT, width: at + WIDTH, groups: at + GROUPS, tickets: at + TICKETS };
}

/** Has others look for `me` in the line; before it announces anything. */
export function useLine(words: Int32Array, line: Places, me: number): void {
  for (;;) {
    const width = load(words, line.width);
    if (width > me >> 5) return;
    compareExchange(words, line.width, width, (me >> 5) + 1);
  }
}

/** A ticket, later than all before it and never 0. */
export function draw(words: Int32Array, line: Places): number {
  return add(words, line.next, 2) | 1;
}

/** Says who is the first to wait in an isolate. Look again at what is waited for after it. */
export function announce(words: Int32Array, line: Places, { slot, ticket }: Place): void {
  store(words, line.tickets + slot, ticket);
  or(words, line.groups + (slot >> 5), 1 << (slot & 31));
}

/** Nobody waits in an isolate any more. */
export function withdraw(words: Int32Array, line: Places, slot: number): void {
  and(words, line.groups + (slot >> 5), ~(1 << (slot & 31)));
  store(words, line.tickets + slot, 0);
}

/** Whether nobody waits anywhere. */
export function isEmpty(words: Int32Array, line: Places): boolean {
  const width = load(words, line.width);
  for (let group = 0; group < width; group++) {
    if (load(words, line.groups + group) !== 0) return false;
  }
  return true;
}

/** The isolate that has waited longest, or {@linkcode NOBODY}. */
export function firstOf(words: Int32Array, line: Places): number {
  let first = NOBODY;
  let earliest = 0;
  const width = load(words, line.width);
  for (let group = 0; group < width; group++) {
    for (let bits = load(words, line.groups + group); bits !== 0; bits &= bits - 1) {
      const slot = (group << 5) + 31 - Math.clz32(bits & -bits);
      const ticket = load(words, line.tickets + slot);
      const isEarlier = first === NOBODY || ((ticket - earliest) | 0) < 0;
      if (ticket === 0 || !isEarlier) continue;
      first = slot;
      earliest = ticket;
    }
  }
  return first;
}

/** Takes an isolate that is proven dead out of the line. */
export function forgetPlace(words: Int32Array, line: Places, dead: number): void {
  withdraw(words, line, dead);
}
