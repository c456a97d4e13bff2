// Runs in: any isolate
/**
 * What a supervisor supervises: an actor, or another supervisor. It has one life after the other; the
 * supervisor says when.
 *
 * @module
 */
import type { TroupeError } from "../../errors.ts";
import type { Ending } from "../../memory/slots.ts";
import type { Isolation } from "../contract.ts";
import type { Shutdown } from "./options.ts";

/** Whether the messages that wait are handled before an end in order. */
export type Manner = "stop" | "drain";

/** What a member tells its supervisor. */
export interface MemberEvents {
  /** A life that had come up has ended, not because it was told to. */
  ended(ending: Ending, error?: TroupeError): void;
  /** Somebody wants it to end for good. */
  stopWanted(): void;
}

/** An actor or a supervisor in a tree. */
export interface Member {
  /** Where its events go; set before its first start. */
  events: MemberEvents;
  /** Its id. */
  readonly id: string;
  /** Where it runs. */
  readonly isolation: Isolation;
  /** Starts a life; only when there is none. Rejects with a StartError, after that life is gone. */
  start(): Promise<void>;
  /**
   * Ends the life in order; after so many milliseconds, by force. Resolves when it is gone. With `drain`
   * it first handles what it has, and takes nothing new.
   */
  stop(shutdown: Shutdown, manner?: Manner): Promise<Ending>;
  /** Ends the life by force. */
  kill(): void;
  /** There will be no further life: everybody who waits for it is told. */
  close(ending: Ending, error?: TroupeError): void;
}
