// Runs in: any isolate
/**
 * Messages that their sender takes back: for each of the last messages of a mailbox there is a word that
 * says whether it was started or taken back.
 *
 * - I1: a message is either started or taken back, never both: whoever changes its word first decides.
 *
 * @module
 */
import { compareExchange, exchange, load } from "../memory/atomics.ts";
import { marksEnd } from "../memory/out_of_turn.ts";
import { RECALLABLE, RING } from "./mailbox_region.ts";

/** Notes that a message of the mailbox at `at` is started; `false` when it was taken back. */
export function markStarted(words: Int32Array, at: number, ticket: number): boolean {
  const before = exchange(words, wordOf(words, at, ticket), startedMark(ticket));
  return before !== takenBackMark(ticket);
}

/** Takes a message back; `false` when it was started. For the last {@linkcode RECALLABLE} messages. */
export function markTakenBack(words: Int32Array, at: number, ticket: number): boolean {
  const word = wordOf(words, at, ticket);
  const seen = load(words, word);
  if (seen === startedMark(ticket)) return false;
  return compareExchange(words, word, seen, takenBackMark(ticket)) === seen;
}

function wordOf(words: Int32Array, at: number, ticket: number): number {
  return marksEnd(words, at + RING) + (ticket & (RECALLABLE - 1));
}

/** What a message's word says once it was started; tickets wrap at 20 bits. */
function startedMark(ticket: number): number {
  return (ticket + 1) << 1;
}

/** What it says once it was taken back. */
function takenBackMark(ticket: number): number {
  return startedMark(ticket) | 1;
}
