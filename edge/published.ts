// Runs in: any isolate
/**
 * What is served under a name: a message of an actor, or a task of a pool, in the one shape in which
 * the routes, the socket and the document see both.
 *
 * @module
 */
import type { WaitOptions } from "../memory/line.ts";
import type { StandardSchemaV1 } from "../channels/schema.ts";

/** A payload before and after its schema. */
export interface Payload {
  /** As it came. */
  readonly given: unknown;
  /** As the schema made it. */
  readonly parsed: unknown;
}

/** How a call is made. */
export interface CallOptions extends WaitOptions {
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
  tell?(payload: Payload, options: WaitOptions): Promise<void>;
  /** Calls it and gives the reply item by item. */
  stream?(payload: Payload, options: WaitOptions): ReadableStream<unknown>;
}
