// Runs in: any isolate
/**
 * What stands before each message in a mailbox, in four words: who sent it and what they wait for, the
 * number of the reply, the sender's life, when it was sent. It can be read while the message waits.
 *
 * @module
 */
import { IN_BLOCK, IN_STREAM } from "../channels/parcel.ts";
import type { Isolate } from "../memory/isolate.ts";
import type { Life } from "../memory/slots.ts";

/** Kinds of messages in a mailbox. */
export type MessageKind = number;
/** Nobody waits for a reply. */
export const TELL: MessageKind = 1;
/** One reply is waited for. */
export const ASK: MessageKind = 2;
/** A streamed reply is waited for. */
export const STREAM: MessageKind = 3;

/** Priorities go from its negative up to one less. */
const PRIORITIES = 1 << 15;
const NAME_WORDS = 4;

/** @throws RangeError for what is no priority */
export function checkPriority(priority: number): void {
  if (Number.isInteger(priority) && priority >= -PRIORITIES && priority < PRIORITIES) return;
  throw new RangeError(
    `Cannot send with priority ${priority}: whole numbers from ${-PRIORITIES} to ${PRIORITIES - 1}`,
  );
}

/** The first word of a head. */
export function markOf(kind: MessageKind, slot: number, priority: number): number {
  return kind | (slot << 8) | (priority << 16);
}

/** The last word of a head: the time, in milliseconds. */
export function timeMark(): number {
  return Date.now() | 0;
}

/** Whether, and what, somebody waits for. */
export function kindIn(head: ArrayLike<number>): MessageKind {
  return head[0] & 255;
}

/** Who sent it. */
export function senderIn(head: ArrayLike<number>): Life {
  return { slot: (head[0] >> 8) & 255, incarnation: head[2] };
}

/** Its priority. */
export function priorityIn(head: ArrayLike<number>): number {
  return head[0] >> 16;
}

/** Milliseconds since it was sent. */
export function ageIn(head: ArrayLike<number>): number {
  return Math.max(0, (timeMark() - head[3]) | 0);
}

/** The head of a message that waits, given its cell's frame and meta word; long ones have a copy there. */
export function headAt(
  { arena }: Isolate,
  { frame, meta }: { frame: number; meta: number },
): Int32Array {
  const isNamed = (meta & (IN_BLOCK | IN_STREAM)) !== 0;
  const at = (frame >>> 2) + (isNamed ? NAME_WORDS : 0);
  return arena.words.slice(at, at + 4);
}
