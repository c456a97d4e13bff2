// Runs in: any isolate
/**
 * What is served under a name: a message of an actor, or a task of a pool, in the one shape in which
 * the routes, the socket and the document see both.
 *
 * @module
 */
import type { StandardSchemaV1 } from "../channels/schema.ts";

/** A payload before and after its schema. */
export interface Payload {
  /** As it came. */
  readonly given: unknown;
  /** As the schema made it. */
  readonly parsed: unknown;
}

/** How long somebody wants an answer. */
export interface Wanted {
  /** Has `callOff` called with the reason, once, when it is wanted no more. The last one given counts. */
  onEnd(callOff: (reason: unknown) => void): void;
  /** Fires then; costs more. */
  readonly signal: AbortSignal;
}

/** How a call is made. */
export interface CallOptions {
  /** How long its reply is wanted. */
  readonly wanted: Wanted;
  /** Told how far it is, where that is known. */
  onProgress?(done: number, total: number | undefined): void;
}

/** Something that can be called by name. */
export interface Published {
  /** Its name, which is the last part of its path. */
  readonly name: string;
  /** What it takes. */
  readonly input: StandardSchemaV1;
  /** Whether it answers item by item. */
  readonly isStream: boolean;
  /** Calls it and waits for the reply. */
  ask(payload: Payload, options: CallOptions): Promise<unknown>;
  /** Has it accepted, and no more; absent when that cannot be told. */
  tell?(payload: Payload, wanted: Wanted): Promise<void>;
  /** Calls it and gives the reply item by item. */
  stream?(payload: Payload, signal: AbortSignal): ReadableStream<unknown>;
}
