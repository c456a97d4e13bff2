// Runs in: any isolate
/**
 * How a tree of supervisors is written down.
 *
 * @module
 */
import type { ExitReason } from "../../errors.ts";
import type {
  ActorArgs,
  ActorRef,
  ActorState,
  AnyActor,
  Isolation,
  Protocol,
} from "../contract.ts";
import {
  type ChildOptionsOf,
  type ChildRules,
  onlyKeys,
  type SupervisorOptions,
} from "./options.ts";

/** Child of a supervision tree. */
export interface Child<D extends AnyActor> {
  /** What runs. */
  readonly actor: D;
  /** How. */
  readonly options: object;
}

/** A supervisor as a child; made by {@linkcode tree}. */
export interface Subtree<C extends Children> extends Child<AnyActor> {
  /** What is below. */
  readonly spec: SupervisorSpec<C>;
}

/** Children by name, in start order. */
export type Children = Readonly<Record<string, Child<AnyActor>>>;

/** Describes a supervisor. */
export interface SupervisorSpec<C extends Children> extends SupervisorOptions {
  /** Its children; they start from the first to the last and stop from the last to the first. */
  children: C;
}

/** What stands for a child: its address, or the supervisor. */
export type ChildRef<C> = C extends Subtree<infer S> ? Supervisor<S>
  : C extends Child<infer D> ? ActorRef<Protocol<D>>
  : never;

/** A child as `which()` shows it. */
export interface ChildStatus {
  /** Its name under its supervisor. */
  readonly name: string;
  /** Its id. */
  readonly id: string;
  /** Where it is in its life. */
  readonly state: ActorState;
  /** How often it was started again. */
  readonly restarts: number;
  /** Where it runs. */
  readonly isolation: Isolation;
}

/** How many children there are. Erlang: `count_children`. */
export interface ChildCounts {
  /** Children, running or not. */
  readonly specs: number;
  /** Those that run. */
  readonly active: number;
  /** Those that are supervisors. */
  readonly supervisors: number;
  /** Those that are not. */
  readonly workers: number;
  /** Those that are to be started again. */
  readonly restarting: number;
}

/**
 * A running supervisor. Its orders are carried out one after the other; `which()` answers at once.
 */
export interface Supervisor<C extends Children> extends AsyncDisposable {
  /** Addresses of actors, and the supervisors below, by name. An address outlives restarts. */
  readonly children: { readonly [K in keyof C]: ChildRef<C[K]> };
  /**
   * Adds a child at run time, behind the others. It goes when this supervisor ends or starts again.
   *
   * @throws AlreadyStartedError when the name is taken; StartError when it does not come up
   */
  startChild<K extends Child<AnyActor>>(name: string, child: K): Promise<ChildRef<K>>;
  /**
   * Ends a child; it stays stopped until `restartChild`. Its address is used up.
   *
   * @throws RangeError when there is no such child
   */
  terminateChild(name: string): Promise<void>;
  /**
   * Starts a child that is stopped, under a new address.
   *
   * @throws RangeError when there is no such child; StillRunningError unless it is stopped; StartError
   */
  restartChild(name: string): Promise<void>;
  /**
   * Forgets a child that is stopped.
   *
   * @throws RangeError when there is no such child; StillRunningError unless it is stopped
   */
  deleteChild(name: string): Promise<void>;
  /** The children at this moment, in start order. */
  which(): readonly ChildStatus[];
  /** How many there are. */
  countChildren(): ChildCounts;
  /** Ends the children in reverse order, then itself; again changes nothing. */
  stop(): Promise<void>;
  /**
   * As `stop`, but each child first handles the messages that it has, and takes no new ones: whoever
   * sends gets a `ClosedError`. After `timeout` milliseconds (default: no limit) those that go on are
   * killed, and what they left are dead letters.
   */
  drain(options?: { timeout?: number }): Promise<void>;
  /** Resolves with `shutdown`; rejects with `RestartLimitError` when it gave up and nobody is above. */
  readonly exited: Promise<ExitReason>;
}

const subtrees = new WeakSet<object>();
const SUPERVISOR_KEYS = ["name", "strategy", "restart", "autoShutdown", "children"];

/**
 * Describes a child of a supervisor: an actor, and options as for `spawn`. Of `restart`, the type and
 * the delays count; how many restarts are too many is the supervisor's affair.
 */
export function child<D extends AnyActor>(
  actor: D,
  ...options: [] extends ActorArgs<D> ? [ChildOptionsOf<D>?] : [ChildOptionsOf<D>]
): Child<D> {
  return Object.freeze({ actor, options: options[0] ?? {} });
}

/**
 * A supervisor as the child of a supervisor. When it gives up, the one above starts all of it again,
 * if its `restart.type` is `permanent`, which is the default.
 */
export function tree<const C extends Children>(
  spec: SupervisorSpec<C> & ChildRules,
): Subtree<C> {
  const { shutdown, significant, ...below } = spec;
  const options = { restart: spec.restart, shutdown: shutdown ?? Infinity, significant };
  const subtree = Object.freeze({ actor: undefined as unknown as AnyActor, options, spec: below });
  subtrees.add(subtree);
  return subtree as unknown as Subtree<C>;
}

/** Whether a child is a supervisor. */
export function isSubtree(child: Child<AnyActor>): child is Subtree<Children> {
  return subtrees.has(child);
}

/** @throws TypeError for what describes no supervisor */
export function checkSpec(spec: SupervisorSpec<Children>): void {
  if (typeof spec !== "object" || spec === null) {
    throw new TypeError("Cannot supervise: the spec is no object");
  }
  onlyKeys("a supervisor", spec, SUPERVISOR_KEYS);
  if (typeof spec.children === "object" && spec.children !== null) return;
  throw new TypeError("Cannot supervise: children is no object");
}
