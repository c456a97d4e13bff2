// Runs in: any isolate
/**
 * What the parts of one end of a bridge have of it.
 *
 * @module
 */
import type { Life } from "../../memory/slots.ts";
import type { Station } from "../station.ts";
import type { Askers } from "./askers.ts";
import type { FrameHead } from "./frames.ts";

/** One end of a bridge, in the isolate that has it. */
export interface Side {
  /** Of the isolate. */
  readonly station: Station;
  /** The slot that stands for the other side in this memory. */
  readonly peer: Life;
  /** Whether the other side is there. */
  readonly isOpen: boolean;
  /** Those of this memory who wait for answers from there. */
  readonly askers: Askers;
  /** Sends a frame. @throws NotSendableError for a value that cannot be sent */
  send(head: FrameHead, value?: unknown): void;
}
