// Runs in: any isolate
/**
 * What a supervisor does about the end of a child: decisions only, no effects. After Erlang/OTP's
 * `supervisor` (Armstrong, 2003, https://www.erlang.org/doc/system/sup_princ.html), with a delay before
 * a restart as in Akka's `BackoffSupervisor`.
 *
 * - I1: one failure is one entry in the window, however many children it concerns.
 * - I2: exactly `maxRestarts` failures within `within` are made good; the next one is too many.
 * - I3: children are stopped from the last to the first, and started from the first to the last.
 *
 * @module
 */
import type { Ending } from "../../memory/slots.ts";

/** Which children a failure concerns. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";
/** Which ends of a child lead to a restart. */
export type RestartType = "permanent" | "transient" | "temporary";
/** Whether the end of significant children is the supervisor's end. */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

/** Where a child is: `down` has ended and waits for a decision, `waiting` for its restart. */
export type Phase = "stopped" | "starting" | "up" | "stopping" | "down" | "waiting";

const STEPS: Readonly<Record<Phase, readonly Phase[]>> = {
  stopped: ["starting", "waiting"],
  starting: ["up", "down", "stopping", "stopped"],
  up: ["down", "stopping"],
  stopping: ["stopped", "waiting"],
  down: ["waiting", "stopped"],
  waiting: ["starting", "stopped"],
};

/** The next phase. @throws TypeError for a step that there is not */
export function step(from: Phase, to: Phase): Phase {
  if (from === to || STEPS[from].includes(to)) return to;
  throw new TypeError(`Cannot bring a child from ${from} to ${to}`);
}

/** Delay before restarts. */
export interface Backoff {
  /** Milliseconds before the second restart in a row; the first is immediate. */
  readonly min: number;
  /** At most so many. */
  readonly max: number;
  /** Each is so many times the one before. */
  readonly factor: number;
  /** Whether half of the delay is by chance. */
  readonly jitter: boolean;
}

/** What a supervisor goes by. */
export interface Rules {
  /** Which children a failure concerns. */
  readonly strategy: Strategy;
  /** So many failures are made good … */
  readonly maxRestarts: number;
  /** … in so many milliseconds. */
  readonly within: number;
  /** Failures of one child in a row that are made good. */
  readonly maxStreak: number;
  /** Whether the end of significant children ends the supervisor. */
  readonly autoShutdown: AutoShutdown;
}

/** What is known of a child. */
export interface ChildView {
  /** Where it is. */
  readonly phase: Phase;
  /** Which ends lead to a restart. */
  readonly type: RestartType;
  /** Its delays. */
  readonly backoff: Backoff;
  /** Whether its end may end the supervisor. */
  readonly significant: boolean;
  /** Failures in a row. */
  readonly streak: number;
  /** When it came up last. */
  readonly upSince: number;
  /** Whether a person stopped it. */
  readonly byHand: boolean;
}

/** What is known of a supervisor. */
export interface View {
  /** What it goes by. */
  readonly rules: Rules;
  /** When children failed, oldest first; those out of the window may be missing. */
  readonly failures: readonly number[];
  /** Its children in start order. */
  readonly children: readonly ChildView[];
}

/** A child has ended by itself, or did not come up in a restart. */
export interface Happening {
  /** Which one. */
  readonly child: number;
  /** How it ended. */
  readonly ending: Ending;
  /** Whether it had come up. */
  readonly wasUp: boolean;
  /** When, in milliseconds of a clock that never jumps. */
  readonly at: number;
}

/** What is to be done. Numbers are those of children. */
export type Decision =
  /** The child stays as it is; a temporary one is removed. */
  | { readonly what: "leave"; readonly remove: boolean }
  /** The supervisor's work is done. */
  | { readonly what: "finish" }
  /** Too many failures. */
  | { readonly what: "give up"; readonly failures: readonly number[] }
  /** Stop these, remove those, then start these after the delay. */
  | {
    readonly what: "restart";
    readonly stop: readonly number[];
    readonly remove: readonly number[];
    readonly start: readonly number[];
    readonly delay: number;
    readonly streak: number;
    readonly failures: readonly number[];
  };

/** Whether an end is a good one: after it, a transient child is not started again. */
export function isClean({ reason, exitCode }: Ending): boolean {
  return reason === "normal" || reason === "shutdown" || (reason === "exit" && exitCode === 0);
}

/** Whether a child of this type is started again after such an end. */
export function mustRestart(type: RestartType, ending: Ending): boolean {
  if (type === "temporary") return false;
  return type === "permanent" || !isClean(ending);
}

/** Milliseconds before a restart; `chance` is a random number from 0 to 1. */
export function delayOf(streak: number, backoff: Backoff, chance: number): number {
  if (streak <= 1) return 0;
  const { min, max, factor, jitter } = backoff;
  const full = Math.min(max, min * factor ** (streak - 2));
  return jitter ? full / 2 + (full / 2) * chance : full;
}

/** Failures in a row, this one included: a child that was up for long starts afresh. */
export function streakOf(child: ChildView, { wasUp, at }: Happening, within: number): number {
  const { streak, backoff, upSince } = child;
  const lastDelay = delayOf(streak, { ...backoff, jitter: false }, 0);
  const isHealthy = wasUp && at - upSince >= Math.max(within, lastDelay * 2);
  return isHealthy ? 1 : streak + 1;
}

/** What a supervisor does about the end of a child. */
export function decide(view: View, happening: Happening, chance: number): Decision {
  const { rules, children } = view;
  const child = children[happening.child];
  if (happening.wasUp && !mustRestart(child.type, happening.ending)) {
    const remove = child.type === "temporary";
    return endsSupervisor(view, happening.child) ? { what: "finish" } : { what: "leave", remove };
  }
  const { at } = happening;
  const failures = [...view.failures.filter((time) => time >= at - rules.within), at];
  const streak = streakOf(child, happening, rules.within);
  if (failures.length > rules.maxRestarts || streak > rules.maxStreak) {
    return { what: "give up", failures };
  }
  const concerned = concernedBy(view, happening.child);
  const delay = delayOf(streak, child.backoff, chance);
  return { what: "restart", ...sorted(view, happening.child, concerned), delay, streak, failures };
}

/** The children that a failure concerns, in start order. */
function concernedBy({ rules, children }: View, failed: number): number[] {
  const all = children.map((_, index) => index);
  if (rules.strategy === "one_for_one") return [failed];
  return rules.strategy === "one_for_all" ? all : all.slice(failed);
}

/** What becomes of each child that a failure concerns. */
function sorted({ children }: View, failed: number, concerned: readonly number[]) {
  const isUp = (index: number) => children[index].phase === "up";
  const isTemporary = (index: number) => index !== failed && children[index].type === "temporary";
  const stays = (index: number) => isTemporary(index) || children[index].byHand;
  return {
    stop: concerned.filter((index) => index !== failed && isUp(index)).reverse(),
    remove: concerned.filter(isTemporary),
    start: concerned.filter((index) => !stays(index)),
  };
}

/** Whether the end of a child that is not started again ends its supervisor too. */
function endsSupervisor({ rules, children }: View, ended: number): boolean {
  if (rules.autoShutdown === "never" || !children[ended].significant) return false;
  if (rules.autoShutdown === "any_significant") return true;
  const others = children.filter(({ significant }, index) => significant && index !== ended);
  return others.every(({ phase }) => phase === "stopped");
}
