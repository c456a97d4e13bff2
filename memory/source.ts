// Runs in: any isolate
/**
 * What can be waited for in the park.
 *
 * - I1: whoever changes what a source waits for rings its list after that, so one that was enlisted before
 *   the change is tried again after it.
 *
 * @module
 */
import { TOPICS } from "./bell.ts";

/** Something an isolate waits for. */
export interface Source {
  /** Address of its wait list. */
  readonly list: number;
  /** Which bit of the doorbell stands for it; see {@linkcode topicOf}. */
  readonly topic: number;
  /** Whether anybody waits at this moment. */
  readonly wanted: boolean;
  /** Tries again; whether something came of it. */
  serve(): boolean;
  /** Kept by the park: whether it is enlisted, and whether it is known. */
  armed: boolean;
  /** Kept by the park: whether it is in the park's tables. */
  known: boolean;
}

/** The topic of an address: which doorbell bit stands for it. */
export function topicOf(address: number): number {
  return (Math.imul(address, 0x9e3779b1) >>> 8) % TOPICS;
}
