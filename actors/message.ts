// Runs in: any isolate
/**
 * What is sent to an actor, and how.
 *
 * @module
 */
import type { SendOptions } from "../channels/sendable.ts";
import type { Carrier } from "./tracing.ts";

/** A message by name. */
export interface Message {
  /** Its name. */
  readonly name: string;
  /** None, or the payload. */
  readonly payload: readonly unknown[];
  /** The trace that it is part of. */
  readonly trace?: Carrier;
}

/** A message and how it is sent. */
export interface Sending {
  /** What is sent. */
  readonly message: Message;
  /** How long to wait for room. */
  readonly options: SendOptions;
  /** Called when it has its place in the mailbox. */
  readonly placed?: () => void;
}

/** Who waits for the reply to an ask. */
export interface Answered {
  /** Called with the reply. */
  readonly resolve: (value: unknown) => void;
  /** Called with the reason why there is none. */
  readonly reject: (reason: unknown) => void;
}
