// Runs in: any isolate
/**
 * A child's place under its supervisor: it stays when the child's lives go.
 *
 * @module
 */
import type { TroupeError } from "../../errors.ts";
import type { Ending } from "../../memory/slots.ts";
import type { ChildView, Phase } from "./decide.ts";
import type { Member } from "./member.ts";
import type { SeatRules } from "./options.ts";

/** What a seat is made for. */
export interface SeatMaking {
  /** The child's name, unique under its supervisor. */
  readonly name: string;
  /** How it is supervised. */
  readonly rules: SeatRules;
  /** The child. */
  readonly member: Member;
}

/** A child's place. */
export interface Seat extends SeatMaking {
  /** Where the child is. */
  phase: Phase;
  /** Failures in a row. */
  streak: number;
  /** Starts so far, those that failed included. */
  starts: number;
  /** Restarts so far. */
  restarts: number;
  /** When it came up last. */
  upSince: number;
  /** Somebody stopped it: a restart of the others does not start it. */
  byHand: boolean;
  /** It was added while the supervisor ran, and goes when that ends. */
  readonly isAdded: boolean;
  /** How it ended last, and why. */
  last: Ended;
  /** The delay before its restart. */
  timer?: ReturnType<typeof setTimeout>;
}

/** How a life ended, and why. */
export interface Ended {
  /** How. */
  readonly ending: Ending;
  /** What went wrong, if something did. */
  readonly error?: TroupeError;
}

/** An end in order. */
export const SHUTDOWN: Ending = { reason: "shutdown", exitCode: 0 };

/** An empty seat. */
export function seatOf(making: SeatMaking, isAdded: boolean): Seat {
  return {
    ...making,
    isAdded,
    phase: "stopped",
    streak: 0,
    starts: 0,
    restarts: 0,
    upSince: 0,
    byHand: false,
    last: { ending: SHUTDOWN },
  };
}

/** What is decided by. */
export function viewOf({ phase, rules, streak, upSince, byHand }: Seat): ChildView {
  const { type, backoff, significant } = rules;
  return { phase, type, backoff, significant, streak, upSince, byHand };
}
