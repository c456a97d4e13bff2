// Runs in: any isolate
/**
 * A message as it came out of a mailbox, and what its handler gives: how the one is read and the other
 * sent back.
 *
 * @module
 */
import { CancelledError, NotSupportedError, UnknownMessageError } from "../errors.ts";
import { handle } from "../memory/handle.ts";
import type { Life } from "../memory/slots.ts";
import { type StandardSchemaV1, validate } from "../channels/schema.ts";
import type { MessageHandler } from "./actor.ts";
import type { Context } from "./contract.ts";
import { ASK, kindIn, type MessageKind, senderIn, STREAM } from "./head.ts";
import { FAILURE, REPLY } from "./inbox.ts";
import type { Station } from "./station.ts";
import type { Carrier } from "./tracing.ts";
import { sendableError } from "./wire_error.ts";

/** A message as it came out of the mailbox. */
export interface Taken {
  /** Whether, and what, somebody waits for. */
  readonly kind: MessageKind;
  /** Number that the reply carries. */
  readonly id: number;
  /** Who sent it. */
  readonly from: Life;
  /** Its name. */
  readonly name: string;
  /** What it carries. */
  readonly payload: unknown;
  /** The trace that it is part of. */
  readonly trace?: Carrier;
}

/** Who waits for a reply, and under which number. */
export type Asker = Pick<Taken, "from" | "id">;

/** Reads a message and its head. */
export function takenOf(value: unknown, head: ArrayLike<number>): Taken {
  const parts = value as readonly unknown[];
  return {
    kind: kindIn(head),
    id: head[1],
    from: senderIn(head),
    name: parts[0] as string,
    payload: parts.length > 1 ? parts[1] : undefined,
    trace: parts.length > 2 ? parts[2] as Carrier : undefined,
  };
}

/** Tells askers apart. */
export function keyOf({ slot, incarnation }: Life, id: number): string {
  return `${slot}:${incarnation}:${id}`;
}

/** Sends what a handler gave to whoever asked. */
export function answer(station: Station, message: Taken, result: unknown): void {
  if (message.kind === ASK) reply(station, message, result);
  if (message.kind === STREAM) {
    replyFailure(station, message, isNo("stream", message.name, "one value"));
  }
}

/** Sends a reply. */
export function reply(station: Station, asker: Asker, value: unknown): void {
  try {
    station.inbox.send(asker.from, { kind: REPLY, id: asker.id, value });
  } catch (error) {
    replyFailure(station, asker, error);
  }
}

/** Sends an error as the reply. */
export function replyFailure(station: Station, { from, id }: Asker, error: unknown): void {
  try {
    station.inbox.send(from, { kind: FAILURE, id, value: error });
  } catch {
    station.inbox.send(from, { kind: FAILURE, id, value: sendableError(error) });
  }
}

/** Whether it has to be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** Generators only: an array, a map or a text is a value. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (Symbol.asyncIterator in value) return !(handle in value);
  return Symbol.iterator in value && "next" in value && typeof value.next === "function";
}

/** Checks a message by its schema, if there is one, and gives what its handler gives. */
export function runHandler(
  { handler, schema }: { handler: MessageHandler; schema: StandardSchemaV1 | undefined },
  { name, payload }: Taken,
  { state, context }: { state: unknown; context: Context },
): unknown {
  if (schema === undefined) return handler(state, payload, context);
  const valid = validate(schema, payload, `accept message "${name}"`);
  return valid instanceof Promise
    ? valid.then((valid) => handler(state, valid, context))
    : handler(state, valid, context);
}

/** The error for a message that has no handler. */
export function unknownMessage(id: string, name: string, messages: Iterable<string>): Error {
  const known = [...messages].join(", ") || "none";
  return new UnknownMessageError(`Cannot handle message "${name}": actor "${id}" takes ${known}`);
}

/** The error for an ask whose reply is a stream, or the other way round. */
export function isNo(verb: "ask" | "stream", name: string, reply: string): Error {
  return new NotSupportedError(`Cannot ${verb} "${name}": its reply is ${reply}`);
}

/** Why the signal of a message fires whose asker has gone. */
export function notWanted(): Error {
  return new CancelledError("The reply is not wanted any more");
}

/** Why the signal of an actor fires. */
export function toldToStop(): Error {
  return new CancelledError("The actor was told to stop");
}
