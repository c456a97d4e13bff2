// Runs in: any isolate
/**
 * Every error that a correct program can meet. The `code` is part of the contract and never
 * changes; the text is for people and may. A text says what was attempted, on what, and why not.
 *
 * @module
 */

/** Fixed error codes, one for each class below. */
export type ErrorCode =
  | "CLOSED"
  | "EOF"
  | "BROKEN_PIPE"
  | "FULL"
  | "EMPTY"
  | "TIMEOUT"
  | "NOT_STARTED"
  | "ALREADY_STARTED"
  | "STILL_RUNNING"
  | "EXIT"
  | "START"
  | "REMOTE"
  | "RESTART_LIMIT"
  | "NOT_SENDABLE"
  | "DECODE"
  | "VALIDATION"
  | "BUFFER_TOO_SHORT"
  | "BROKEN_BARRIER"
  | "AUTHENTICATION"
  | "NOT_OWNER"
  | "CANCELLED"
  | "UNKNOWN_MESSAGE"
  | "NOT_SUPPORTED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "STAGE";

/** Why an actor or process ended. */
export type ExitReason =
  | "normal"
  | "shutdown"
  | "terminated"
  | "killed"
  | "error"
  | "exit"
  | "lost";

/** One complaint of a schema, as Standard Schema defines it. */
export interface Issue {
  /** What is wrong. */
  readonly message: string;
  /** Where: property keys from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

/** Base of every error below. Misuse (wrong type or range) throws `TypeError`/`RangeError` instead. */
export abstract class TroupeError extends Error {
  /** The fixed code of this class. */
  abstract readonly code: ErrorCode;
  /** The class name. */
  override get name(): string {
    return this.constructor.name;
  }
}

/** This end was closed here (Python: `OSError`/`ValueError`). `value` is what was not sent. */
export class ClosedError extends TroupeError {
  /** Always `"CLOSED"`. */
  readonly code = "CLOSED";
  /** What was not sent, when something was. */
  readonly value?: unknown;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { value?: unknown } = {}) {
    super(message, options);
    this.value = options.value;
  }
}

/** The other end is gone and all it sent was read (Python: `EOFError`). */
export class EndOfChannelError extends TroupeError {
  /** Always `"EOF"`. */
  readonly code = "EOF";
}

/** The peer that should receive is gone (Python: `BrokenPipeError`). `value` was not delivered. */
export class BrokenPipeError extends TroupeError {
  /** Always `"BROKEN_PIPE"`. */
  readonly code = "BROKEN_PIPE";
  /** What was not delivered. */
  readonly value?: unknown;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { value?: unknown } = {}) {
    super(message, options);
    this.value = options.value;
  }
}

/** No room, in a queue, a mailbox or the arena (Python: `queue.Full`). `value` was not put. */
export class FullError extends TroupeError {
  /** Always `"FULL"`. */
  readonly code = "FULL";
  /** What was not put. */
  readonly value: unknown;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { value?: unknown } = {}) {
    super(message, options);
    this.value = options.value;
  }
}

/** Nothing to take (Python: `queue.Empty`). */
export class EmptyError extends TroupeError {
  /** Always `"EMPTY"`. */
  readonly code = "EMPTY";
}

/** A wait ran out of its `timeout` (milliseconds). */
export class TimeoutError extends TroupeError {
  /** Always `"TIMEOUT"`. */
  readonly code = "TIMEOUT";
  /** What was waited for. */
  readonly operation: string;
  /** How long, in milliseconds. */
  readonly timeout: number;
  /** Makes the error. */
  constructor(operation: string, timeout: number, options: ErrorOptions = {}) {
    super(`Cannot ${operation}: nothing happened within ${timeout} ms`, options);
    this.operation = operation;
    this.timeout = timeout;
  }
}

/** An operation on a process that was not started. */
export class NotStartedError extends TroupeError {
  /** Always `"NOT_STARTED"`. */
  readonly code = "NOT_STARTED";
}

/** A second start. */
export class AlreadyStartedError extends TroupeError {
  /** Always `"ALREADY_STARTED"`. */
  readonly code = "ALREADY_STARTED";
}

/** An operation that needs the end of something that still runs. */
export class StillRunningError extends TroupeError {
  /** Always `"STILL_RUNNING"`. */
  readonly code = "STILL_RUNNING";
}

/** The actor or worker that should have answered ended first. */
export class ExitError extends TroupeError {
  /** Always `"EXIT"`. */
  readonly code = "EXIT";
  /** Why it ended. */
  readonly reason: ExitReason;
  /** Its exit code; -15 terminated, -9 killed. */
  readonly exitCode: number;
  /** Its id or name. */
  readonly actor: string;
  /** `true`: the message was in hand when the actor ended. `false`: it surely did not run. */
  readonly maybeExecuted: boolean;
  /** Makes the error. */
  constructor(
    message: string,
    options: ErrorOptions & {
      reason: ExitReason;
      exitCode: number;
      actor: string;
      maybeExecuted: boolean;
    },
  ) {
    super(message, options);
    this.reason = options.reason;
    this.exitCode = options.exitCode;
    this.actor = options.actor;
    this.maybeExecuted = options.maybeExecuted;
  }
}

/** A start that failed: while loading the module, in `init`, or by running out of time. */
export class StartError extends TroupeError {
  /** Always `"START"`. */
  readonly code = "START";
  /** Where it failed. */
  readonly phase: "load" | "init" | "timeout";
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { phase: "load" | "init" | "timeout" }) {
    super(message, options);
    this.phase = options.phase;
  }
}

/** The other side threw. `cause` is the far error, of its own class where that is known here. */
export class RemoteError extends TroupeError {
  /** Always `"REMOTE"`. */
  readonly code = "REMOTE";
  /** Name of the far error's class. */
  readonly remoteName: string;
  /** Stack of the far error, as it was there. */
  readonly remoteStack: string;
  /** Makes the error. */
  constructor(
    message: string,
    options: ErrorOptions & { remoteName: string; remoteStack: string },
  ) {
    super(message, options);
    this.remoteName = options.remoteName;
    this.remoteStack = options.remoteStack;
  }
}

/** A supervisor gave up. */
export class RestartLimitError extends TroupeError {
  /** Always `"RESTART_LIMIT"`. */
  readonly code = "RESTART_LIMIT";
  /** Restarts allowed. */
  readonly maxRestarts: number;
  /** In how many milliseconds. */
  readonly within: number;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { maxRestarts: number; within: number }) {
    super(message, options);
    this.maxRestarts = options.maxRestarts;
    this.within = options.within;
  }
}

/** A value that cannot cross the boundary. `path` names the field, such as `$.user.cb`. */
export class NotSendableError extends TroupeError {
  /** Always `"NOT_SENDABLE"`. */
  readonly code = "NOT_SENDABLE";
  /** Where in the value; `$` is the value itself. */
  readonly path: string;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { path: string }) {
    super(message, options);
    this.path = options.path;
  }
}

/** Bytes that are no message (Python: `UnpicklingError`). The channel goes on working. */
export class DecodeError extends TroupeError {
  /** Always `"DECODE"`. */
  readonly code = "DECODE";
}

/** A message that its schema refused; the handler never saw it. */
export class ValidationError extends TroupeError {
  /** Always `"VALIDATION"`. */
  readonly code = "VALIDATION";
  /** What the schema said. */
  readonly issues: readonly Issue[];
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { issues: readonly Issue[] }) {
    super(message, options);
    this.issues = options.issues;
  }
}

/** A message longer than the buffer it should go into (Python: `BufferTooShort`). */
export class BufferTooShortError extends TroupeError {
  /** Always `"BUFFER_TOO_SHORT"`. */
  readonly code = "BUFFER_TOO_SHORT";
  /** The whole message. */
  readonly bytes: Uint8Array;
  /** Makes the error. */
  constructor(message: string, options: ErrorOptions & { bytes: Uint8Array }) {
    super(message, options);
    this.bytes = options.bytes;
  }
}

/** A barrier that somebody left, aborted or reset. */
export class BrokenBarrierError extends TroupeError {
  /** Always `"BROKEN_BARRIER"`. */
  readonly code = "BROKEN_BARRIER";
}

/** A peer that does not know the key. */
export class AuthenticationError extends TroupeError {
  /** Always `"AUTHENTICATION"`. */
  readonly code = "AUTHENTICATION";
}

/** An operation that only the owner may do. */
export class NotOwnerError extends TroupeError {
  /** Always `"NOT_OWNER"`. */
  readonly code = "NOT_OWNER";
}

/** Something that was called off before it ended. */
export class CancelledError extends TroupeError {
  /** Always `"CANCELLED"`. */
  readonly code = "CANCELLED";
}

/** A message that the actor has no handler for. */
export class UnknownMessageError extends TroupeError {
  /** Always `"UNKNOWN_MESSAGE"`. */
  readonly code = "UNKNOWN_MESSAGE";
}

/** Something that this platform, or this place, cannot do. */
export class NotSupportedError extends TroupeError {
  /** Always `"NOT_SUPPORTED"`. */
  readonly code = "NOT_SUPPORTED";
}

/** Nothing has this name (Python: `FileNotFoundError`). */
export class NotFoundError extends TroupeError {
  /** Always `"NOT_FOUND"`. */
  readonly code = "NOT_FOUND";
}

/** Something has this name already (Python: `FileExistsError`). */
export class AlreadyExistsError extends TroupeError {
  /** Always `"ALREADY_EXISTS"`. */
  readonly code = "ALREADY_EXISTS";
}

/** A stage of a pipeline that failed on an item for good. `cause` is what went wrong. */
export class StageError extends TroupeError {
  /** Always `"STAGE"`. */
  readonly code = "STAGE";
  /** Name of the stage; `"source"` and `"sink"` are the ends. */
  readonly stage: string;
  /** Which item of the source it came from, from 0 on. */
  readonly index: number;
  /** How often it was tried. */
  readonly attempts: number;
  /** Makes the error. */
  constructor(stage: string, options: ErrorOptions & { index: number; attempts: number }) {
    const { index, attempts, cause } = options;
    const tries = attempts > 1 ? ` after ${attempts} attempts` : "";
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`Stage "${stage}" failed on item ${index}${tries}: ${why}`, { cause });
    this.stage = stage;
    this.index = index;
    this.attempts = attempts;
  }
}

const CLASSES: Readonly<Record<ErrorCode, abstract new (...args: never[]) => TroupeError>> = {
  CLOSED: ClosedError,
  EOF: EndOfChannelError,
  BROKEN_PIPE: BrokenPipeError,
  FULL: FullError,
  EMPTY: EmptyError,
  TIMEOUT: TimeoutError,
  NOT_STARTED: NotStartedError,
  ALREADY_STARTED: AlreadyStartedError,
  STILL_RUNNING: StillRunningError,
  EXIT: ExitError,
  START: StartError,
  REMOTE: RemoteError,
  RESTART_LIMIT: RestartLimitError,
  NOT_SENDABLE: NotSendableError,
  DECODE: DecodeError,
  VALIDATION: ValidationError,
  BUFFER_TOO_SHORT: BufferTooShortError,
  BROKEN_BARRIER: BrokenBarrierError,
  AUTHENTICATION: AuthenticationError,
  NOT_OWNER: NotOwnerError,
  CANCELLED: CancelledError,
  UNKNOWN_MESSAGE: UnknownMessageError,
  NOT_SUPPORTED: NotSupportedError,
  NOT_FOUND: NotFoundError,
  ALREADY_EXISTS: AlreadyExistsError,
  STAGE: StageError,
};

/** The class of an error code, or `undefined` when `code` is not one of Troupe's. */
export function troupeErrorClass(
  code: unknown,
): (abstract new (...args: never[]) => TroupeError) | undefined {
  return Object.hasOwn(CLASSES, code as PropertyKey) ? CLASSES[code as ErrorCode] : undefined;
}
