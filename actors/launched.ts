// Runs in: any isolate
/**
 * What one life of an actor is started with, and what its owner has of it.
 *
 * @module
 */
import type { TroupeError } from "../errors.ts";
import type { Ending } from "../memory/slots.ts";
import type { CodeRef } from "./code.ts";
import type { Host, Spawn } from "./contract.ts";
import type { Where } from "./isolation.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Owner } from "./ref.ts";
import type { Entrance } from "./performance.ts";

/** What is started. */
export interface Launch {
  /** Where its definition or class is. */
  readonly code: CodeRef;
  /** The actor's id. */
  readonly id: string;
  /** Its mailbox. */
  readonly mailbox: Mailbox;
  /** What its `init` or constructor takes. */
  readonly args: readonly unknown[];
  /** Whether it runs in this isolate. */
  readonly inline: boolean;
  /** Where it runs otherwise; default: in a thread. */
  readonly where?: Where;
  /** The host that it runs in. */
  readonly host?: Host;
  /** Starts actors in its name. */
  readonly spawn: Spawn;
}

/** What the owner of a life hears. */
export interface LifeEvents {
  /** It is over, and its isolate is proven dead; `error` says why, when something went wrong. */
  gone(ending: Ending, error?: TroupeError): void;
}

/** A life that was started. */
export interface Launched {
  /** Resolves when the actor is ready for its first message; rejects with a StartError. */
  readonly ready: Promise<Entrance>;
  /** Ends it at once, and knows what went wrong. */
  readonly owner: Owner;
}
