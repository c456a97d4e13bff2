// Runs in: any isolate
/**
 * A mailbox that is filled one message at a time, by whoever has the others.
 *
 * @module
 */

/** Who fills a mailbox one message at a time. */
export interface Supply {
  /** A message was taken. */
  taken(): void;
  /** The actor would take another one, and there is none. */
  wanted(): void;
}
