// Runs in: any isolate
/**
 * What can be observed, and what is seen of it.
 *
 * @module
 */
import type { AnyRef } from "../actors/actor.ts";
import type { PoolStats } from "../pool/pool.ts";
import type { JobStatus } from "./contract.ts";

/** A pool, as far as it is observed. */
export interface ObservedPool {
  /** Its figures. */
  stats(): PoolStats;
  /** Kills up to so many workers, which are replaced. */
  killWorkers(count?: number): number;
  /** Takes no more work. */
  close(): void;
}

/** A queue, as far as it is observed. */
export interface ObservedQueue {
  /** Items in it. */
  qsize(): number;
}

/** A lock, as far as it is observed. */
export interface ObservedLock {
  /** Whether somebody holds it. */
  readonly locked: boolean;
}

/** A child of a supervisor. */
export interface ObservedChild {
  /** Its name under its supervisor. */
  readonly name: string;
  /** Its id. */
  readonly id: string;
  /** Where it is in its life. */
  readonly state: string;
  /** How often it was started again. */
  readonly restarts: number;
}

/** A supervisor, as far as it is observed. */
export interface ObservedSupervisor {
  /** Its children at this moment. */
  which(): readonly ObservedChild[];
  /** Their addresses, and the supervisors below, by name. */
  readonly children: Readonly<Record<string, unknown>>;
  /** Ends all of them. */
  stop(): Promise<void>;
}

/** Whatever can be observed. */
export type Observable =
  | AnyRef
  | ObservedPool
  | ObservedQueue
  | ObservedLock
  | ObservedSupervisor;

/** Something that happened to an actor, as the system tells it. */
export interface ObservedEvent {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** The actor's id. */
  readonly actor: string;
  /** What: `spawned`, `restarted`, `stopped`, `crashed`, `dead-letter`. */
  readonly type: string;
  /** Of a crash: why. */
  readonly error?: unknown;
  /** Of a dead letter: the message. */
  readonly message?: { readonly type: string; readonly payload?: unknown };
  /** Of a dead letter: why nobody handled it. */
  readonly reason?: string;
}

/** An actor or supervisor, with what is below it. */
export interface TreeNode {
  /** What it was observed as, or its name under its supervisor. */
  name: string;
  /** Its id. */
  id: string;
  /** What it is. */
  kind: "actor" | "supervisor";
  /** Where it is in its life. */
  state: string;
  /** Messages that wait. */
  mailbox: number;
  /** Messages its mailbox holds. */
  capacity: number;
  /** Messages handled so far. */
  handled: number;
  /** Messages dropped so far. */
  dropped: number;
  /** Messages a second. */
  rate: number;
  /** Restarts so far. */
  restarts: number;
  /** Milliseconds that half of the handlers took at most. */
  p50: number;
  /** Milliseconds that 99 of 100 took at most. */
  p99: number;
  /** What is below a supervisor. */
  children: TreeNode[];
}

/** Figures of one message or task over HTTP. */
export interface CallFigures {
  /** The actor or pool. */
  service: string;
  /** The message or task. */
  name: string;
  /** Calls by HTTP status. */
  statuses: Record<number, number>;
  /** Calls so far. */
  count: number;
  /** Calls a second. */
  rate: number;
  /** Milliseconds that half of the calls took at most. */
  p50: number;
  /** Milliseconds that 99 of 100 took at most. */
  p99: number;
}

/** A line of the log. */
export interface LogLine {
  /** Its number. */
  n: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** How bad. */
  level: "info" | "warn" | "error";
  /** The text. */
  text: string;
}

/** A message that was accepted and will not be handled. */
export interface DeadLetter {
  /** Its number. */
  n: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** The actor it was for. */
  actor: string;
  /** The message. */
  message: { readonly type: string; readonly payload?: unknown };
  /** Why. */
  reason: string;
}

/** All that is seen at one moment. */
export interface Snapshot {
  /** When, in milliseconds since 1970. */
  at: number;
  /** The whole in a few figures; memory in bytes, durations in milliseconds. */
  overview: {
    actors: number;
    rate: number;
    requests: number;
    p50: number;
    p99: number;
    restarts: number;
    deadLetters: number;
    rss: number;
    arenaUsed: number;
    arenaSize: number;
    lag: number;
  };
  /** Actors and supervisors. */
  tree: TreeNode[];
  /** Pools by name. */
  pools: (PoolStats & { name: string; rate: number })[];
  /** Queues by name. */
  queues: { name: string; size: number }[];
  /** Locks by name. */
  locks: { name: string; locked: boolean }[];
  /** Messages and tasks over HTTP. */
  calls: CallFigures[];
  /** Long work, the newest first; without results, and of long progress the beginning. */
  jobs: (JobStatus & { service: string })[];
  /** Dead letters, the newest first; of a long payload the beginning of its JSON. */
  deadLetters: DeadLetter[];
  /** The end of the log. */
  log: LogLine[];
}
