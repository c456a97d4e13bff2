// Runs in: any isolate
/**
 * Handles: objects that cross isolates by name instead of by content (queues, pipe ends, locks,
 * tasks, actor references). A class of handles registers how one is written as a plain value and
 * found again; the codec knows nothing else of it.
 *
 * @module
 */

/** Brand of everything that crosses as a handle; its value is the kind's name. */
export const handle: unique symbol = Symbol.for("troupe.handle") as never;

/** Something that crosses isolates as a handle. */
export interface Handle {
  /** Name of the registered kind. */
  readonly [handle]: string;
}

/** How the handles of one kind travel. */
export interface HandleKind<T> {
  /** The plain value that names it. Changes nothing: the message may still be refused. */
  pack(value: T): unknown;
  /**
   * Called once, right before the message that carries it is committed. What it gives is called right
   * after: until then the handle is in the sender's custody.
   */
  depart?(value: T): (() => void) | void;
  /** Makes the receiver's object from what {@linkcode HandleKind.pack} gave. */
  unpack(packed: unknown): T;
  /** The message that carried it will never be received: let go of what `depart` took. */
  discard?(packed: unknown): void;
}

let unsure = false;

/** Runs `discard` for a message whose reader died over it: it may have received some of its handles. */
export function discardUnsure(discard: () => void): void {
  unsure = true;
  try {
    discard();
  } finally {
    unsure = false;
  }
}

/** Whether the handle being discarded may have been received: then what is counted must stay counted. */
export function isUnsure(): boolean {
  return unsure;
}

/** How handles travel to a program that has a memory of its own. */
export interface Border {
  /** Whether handles of a kind can go there. */
  lets(kind: string): boolean;
  /** The plain value that names one there. Without it, it goes there later and is packed as usual now. */
  pack?(kind: string, value: unknown): unknown;
  /** What a name from there stands for here. */
  unpack?(kind: string, packed: unknown): unknown;
}

let border: Border | undefined;

/** Runs `run`; what it encodes or decodes at once crosses `crossed`. */
export function across<T>(crossed: Border, run: () => T): T {
  const before = border;
  border = crossed;
  try {
    return run();
  } finally {
    border = before;
  }
}

/** The border that what is encoded or decoded at this moment crosses. */
export function borderAhead(): Border | undefined {
  return border;
}

const kinds = new Map<string, HandleKind<unknown>>();

/** Registers a kind of handles; a second registration of the same name replaces the first. */
export function registerHandle<T>(kind: string, how: HandleKind<T>): void {
  kinds.set(kind, how as HandleKind<unknown>);
}

/** How handles of this kind travel, or `undefined` when the kind is unknown here. */
export function handleKind(kind: string): HandleKind<unknown> | undefined {
  return kinds.get(kind);
}
