// Runs in: any isolate
/**
 * Where a process is in its life, and what may be done there.
 *
 * @module
 */
import {
  AlreadyStartedError,
  ClosedError,
  NotOwnerError,
  NotStartedError,
  StillRunningError,
} from "../errors.ts";

/** Where a process is in its life; `foreign`: not a child of this isolate. */
export type ProcessState = "initial" | "running" | "ended" | "closed" | "foreign";

/** What is attempted, on which process, and where that is in its life. */
export interface Attempt {
  /** Such as `join`. */
  readonly operation: string;
  /** The process's name. */
  readonly name: string;
  /** Its state. */
  readonly state: ProcessState;
}

/** @throws ClosedError after `close` */
export function checkOpen(attempt: Attempt): void {
  if (attempt.state === "closed") throw new ClosedError(`${textOf(attempt)}: it is closed`);
}

/** @throws ClosedError, NotStartedError, NotOwnerError unless it is a child that was started */
export function checkStarted(attempt: Attempt): void {
  checkOpen(attempt);
  if (attempt.state === "initial") {
    throw new NotStartedError(`${textOf(attempt)}: it was not started`);
  }
  if (attempt.state === "foreign") {
    throw new NotOwnerError(`${textOf(attempt)}: it is no child of this process`);
  }
}

/** @throws ClosedError, AlreadyStartedError unless it was not started */
export function checkInitial(attempt: Attempt): void {
  checkOpen(attempt);
  if (attempt.state === "initial") return;
  throw new AlreadyStartedError(`${textOf(attempt)}: it was started already`);
}

/** @throws StillRunningError while it runs */
export function checkNotRunning(attempt: Attempt): void {
  if (attempt.state !== "running") return;
  const text = `${textOf(attempt)}: it is still running; join or terminate it first`;
  throw new StillRunningError(text);
}

function textOf({ operation, name }: Attempt): string {
  return `Cannot ${operation} process "${name}"`;
}
