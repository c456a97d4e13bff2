// Runs in: any isolate
/**
 * The types that users and actors agree on, and the class form's base. The types refer to one
 * another in a circle (a context spawns, what is spawned has a context), so they share a file.
 *
 * @module
 */
import type { ExitReason, TroupeError } from "../errors.ts";
import type { Handle } from "../memory/handle.ts";
import type { WaitOptions } from "../memory/line.ts";
import type { SchemaInput, StandardSchemaV1 } from "../channels/schema.ts";
import type { SendOptions } from "../channels/sendable.ts";
import type { OutputTo } from "./output.ts";

/** A message without its types, as it travels. */
export interface Envelope {
  /** The message's name. */
  readonly type: string;
  /** What it carries. */
  readonly payload?: unknown;
}

/** What handlers and hooks see of the world. */
export interface Context {
  /** The actor's id; the same after a restart. */
  readonly id: string;
  /** Fires when the actor has to stop, and when a streamed reply is no longer wanted. */
  readonly signal: AbortSignal;
  /** A log whose lines carry the actor's id. */
  readonly log: Pick<Console, "debug" | "info" | "warn" | "error">;
  /** The actor itself. An ask of oneself is refused: it could never be answered. */
  readonly self: AnyRef;
  /** Starts an actor that ends with this one. */
  readonly spawn: Spawn;
  /** Ends this actor after the message in hand. */
  stop(reason?: unknown): void;
  /**
   * Sends this actor a message in `ms` milliseconds, behind those that it has by then. It ends with
   * this life of the actor. One with a `key` takes the place of the one that had it.
   */
  after(ms: number, message: Envelope, key?: string): void;
  /** The same every `ms` milliseconds; while one waits there is no second one. */
  every(ms: number, message: Envelope, key?: string): void;
  /** Calls off what has this key, also when it waits already; `false` when there is none. */
  cancel(key: string): boolean;
  /** Has this actor told once `ref` has ended: message `down`, with `{ id, reason, exitCode }`. */
  watch(ref: AnyRef): void;
  /**
   * Puts the message in hand aside: what its handler returns is no reply. An end of this life loses it,
   * and whoever asked is told.
   *
   * @throws NotSupportedError outside of a handler; FullError when 10,000 are put aside
   */
  stash(): void;
  /** Brings back all that was put aside, in order, before the next message. */
  unstash(): void;
  /**
   * From the next message on, these handlers are all that the actor has; without an argument, those of
   * its definition again. A new life begins with those of the definition.
   */
  become(handlers?: Readonly<Record<string, Behaving>>): void;
}

/** A handler for {@linkcode Context.become}. */
// deno-lint-ignore no-explicit-any -- handlers are contravariant: only `any` fits them all
export type Behaving = (state: any, payload: any, ctx: Context) => unknown;

/** Schemas of the messages that are validated; of all messages, only these may be published. */
export type Accepts = Record<string, StandardSchemaV1>;

/** An actor definition: a plain value, and the recipe by which other isolates run it. */
export interface ActorDef<A extends unknown[], H, I> extends Handle {
  /** For the compiler only; there is nothing at run time. */
  readonly "~args": A;
  /** A function for each message. */
  readonly handlers: H;
  /** A schema for each message that is validated. */
  readonly accepts: I;
  /** The module it was defined in. */
  readonly url: string;
  /** The name it is registered under. */
  readonly name: string;
}

/** Where a class lives; made by `register()`. */
export interface ModuleId {
  /** The module. */
  readonly url: string;
  /** The class in that module. */
  readonly id: string;
}

/** The context that an {@linkcode Actor} constructor picks up. */
let contextOfNext: Context | undefined;

/**
 * Base of actors written as classes: each public method is a message with one payload. Fields,
 * `#private` methods and the hooks below are none; TypeScript's `private` hides nothing at run time.
 */
export abstract class Actor {
  readonly #ctx: Context | undefined = contextOfNext;

  /**
   * What the actor sees of the world; usable in the constructor already.
   *
   * @throws {TypeError} In an object that `spawn` did not make.
   */
  protected get ctx(): Context {
    if (this.#ctx) return this.#ctx;
    throw new TypeError(`Cannot use ctx of this ${this.constructor.name}: it was not spawned`);
  }

  /** Runs before the first message. When it fails, the start has failed. */
  started?(): void | Promise<void>;

  /** Runs after the last message, with the reason of the end. Not when the actor is killed. */
  stopped?(reason: unknown): void | Promise<void>;
}

/** Runs a constructor of an {@linkcode Actor} so that the object has this context. */
export function constructWith<T>(ctx: Context, construct: () => T): T {
  const before = contextOfNext;
  contextOfNext = ctx;
  try {
    return construct();
  } finally {
    contextOfNext = before;
  }
}

/** A class that can be spawned: it extends {@linkcode Actor} and is registered. */
export interface ActorClass {
  /** Makes the object; Troupe calls it, in the actor's isolate. */
  // deno-lint-ignore no-explicit-any -- constructors are contravariant: only `any` fits them all
  new (...args: any[]): Actor;
  /** `register(import.meta, this)` */
  readonly module: ModuleId;
  /** Schemas of the messages that are validated. */
  readonly accepts?: Accepts;
}

/** Whatever can be spawned. */
// deno-lint-ignore no-explicit-any -- handlers are contravariant: only `any` fits them all
export type AnyActor = ActorDef<any, any, any> | ActorClass;

/**
 * The payload of a method or handler with the parameters `P`, as a list of none or one. A payload
 * that has no type is none.
 */
export type PayloadArgs<P extends unknown[]> = P extends [infer F, ...unknown[]]
  ? 0 extends 1 & F ? [] : [payload: F]
  : P extends [] ? []
  : P extends [(infer F)?, ...unknown[]] ? 0 extends 1 & F ? [] : [payload?: F]
  : [];

/** The messages of a definition or class: `{ message: (payload) => reply }`. */
export type Protocol<D> = D extends ActorDef<infer _A, infer H, infer I> ? {
    [K in keyof H]: H[K] extends (state: never, ...rest: infer P) => infer R
      ? (...payload: K extends keyof I ? [payload: SchemaInput<I[K]>] : PayloadArgs<P>) => R
      : never;
  }
  : D extends { new (...args: never[]): infer T } ? {
      [
        K in keyof T as K extends keyof Actor ? never
          : T[K] extends (...args: never[]) => unknown ? K & string
          : never
      ]: T[K] extends (...args: infer P) => infer R ? (
          ...payload: D extends { accepts: { [X in K]: infer S } } ? [payload: SchemaInput<S>]
            : PayloadArgs<P>
        ) => R
        : never;
    }
  : never;

/** What `init`, or the constructor, takes. */
export type ActorArgs<D> = D extends ActorDef<infer A, infer _H, infer _I> ? A
  : D extends { new (...args: infer A): unknown } ? A
  : never;

/** The schemas of a definition or class. */
export type AcceptsOf<D> = D extends ActorDef<infer _A, infer _H, infer I> ? I
  : D extends { accepts: infer I } ? I
  : Record<never, never>;

/** The payload of one message of a {@linkcode Protocol}, as a list of none or one. */
export type PayloadOf<F> = F extends (...payload: infer P) => unknown ? P : never;

/** The reply to one message of a {@linkcode Protocol}. */
export type ReplyOf<F> = F extends (...payload: never[]) => infer R ? R : never;

/** The items of a streamed reply; `never` when it is no stream. */
export type ItemOf<R> = R extends AsyncIterable<infer T> | Generator<infer T> ? T : never;

/** How an actor ended. */
export interface ActorExit {
  /** Why. */
  reason: ExitReason;
  /** 0 for a good end; -15 terminated, -9 killed. */
  exitCode: number;
  /** What went wrong, when something did. */
  error?: TroupeError;
}

/** A moment's figures of an actor. */
export interface ActorStats {
  /** Messages that wait. */
  mailbox: number;
  /** Messages handled. */
  handled: number;
  /** Messages thrown away because the mailbox was full. */
  dropped: number;
  /** Restarts so far. */
  restarts: number;
  /** Half of the handlers took at most this, in milliseconds; of a sample, to the factor of two. */
  p50: number;
  /** 99 of 100 handlers took at most this, in milliseconds; of a sample, to the factor of two. */
  p99: number;
}

/** Life of an actor; also the process states of the field. */
export type ActorState =
  | "starting"
  | "ready"
  | "running"
  | "blocked"
  | "restarting"
  | "stopping"
  | "stopped";

/**
 * Typed address of an actor. It outlives restarts, and can be sent in messages; what is sent stays
 * in order for each sender.
 */
export interface ActorRef<P> extends Handle, AsyncDisposable {
  /** The actor's id. */
  readonly id: string;
  /** Sends and forgets; resolves once the mailbox has taken the message. */
  readonly tell: {
    readonly [K in keyof P]: (
      ...args: [...PayloadOf<P[K]>, options?: SendOptions]
    ) => Promise<void>;
  };
  /** Sends and resolves with the reply, or rejects: with the handler's error, or the actor's end. */
  readonly ask: {
    readonly [K in keyof P as [ItemOf<ReplyOf<P[K]>>] extends [never] ? K : never]: (
      ...args: [...PayloadOf<P[K]>, options?: SendOptions]
    ) => Promise<Awaited<ReplyOf<P[K]>>>;
  };
  /** Sends and gives the reply item by item; `break` ends the producer. */
  readonly stream: {
    readonly [K in keyof P as [ItemOf<ReplyOf<P[K]>>] extends [never] ? never : K]: (
      ...args: [...PayloadOf<P[K]>, options?: SendOptions]
    ) => ReadableStream<ItemOf<ReplyOf<P[K]>>> & AsyncIterable<ItemOf<ReplyOf<P[K]>>>;
  };
  /** Resolves at the last end of the actor: not at a restart. */
  readonly exited: Promise<ActorExit>;
  /** Figures of this moment. */
  stats(): Promise<ActorStats>;
  /** Ends the actor, for good, after the message in hand; resolves when it has ended. */
  stop(options?: WaitOptions & { reason?: unknown }): Promise<void>;
  /**
   * Ends the actor now, in the middle of a message; one that is supervised is started again.
   *
   * @throws NotSupportedError when it was not started from this isolate
   */
  kill(): void;
}

/** An address whose messages have no types. Every {@linkcode ActorRef} is one. */
// deno-lint-ignore no-explicit-any -- payloads are contravariant: only `any` takes each of them
export type AnyRef = ActorRef<Record<string, (payload?: any) => unknown>>;

/**
 * Where an actor runs: in a Worker, in an operating system process, or in this isolate. `auto` is a
 * Worker where there are Workers, else this isolate.
 */
export type Isolation = "auto" | "worker" | "process" | "inline";

/** How often, and how fast, a failed actor is started again. */
export interface RestartPolicy {
  /** `permanent` always, `transient` after failures only, `temporary` never. Default `permanent`. */
  type?: "permanent" | "transient" | "temporary";
  /** So many restarts are made good, one more is the end … Default 3. */
  maxRestarts?: number;
  /** … in so many milliseconds. Default 5,000. */
  within?: number;
  /**
   * Delay before restarts in a row, in milliseconds: none before the first, then from `min`, times
   * `factor` (default 2) each time, up to `max`; by `jitter` (default `true`) half of it is by chance.
   * Default: from 100 to 30,000.
   */
  backoff?: { min: number; max: number; factor?: number; jitter?: boolean };
}

/** A worker, or process, that many light actors share; when it ends, they all end. */
export interface Host extends Handle, AsyncDisposable {
  /** Its id. */
  readonly id: string;
  /** What it is. */
  readonly isolation: Isolation;
  /** Figures of this moment; `busy` is the share of time spent in handlers, 0 to 1. */
  stats(): { actors: number; handled: number; busy: number };
}

/** Options of `spawn`. `args` is required exactly when the actor takes arguments. */
export type SpawnOptions<A extends unknown[]> = {
  /** Unique in the program. Default: made up. */
  id?: string;
  /** Where it runs. Default `auto`. */
  isolation?: Isolation;
  /** Messages it holds, and what happens to one more. */
  mailbox?: {
    capacity?: number;
    overflow?: "wait" | "reject" | "drop-oldest" | "drop-newest";
  };
  /**
   * Has the actor started again when it fails: its address and mailbox go on, its state is made anew,
   * the message in hand is lost and its asker told. Without it, an actor has one life.
   */
  restart?: RestartPolicy;
  /** What the actor may do; never more than its parent. */
  permissions?: Deno.PermissionOptions;
  /** Heap limit in MiB. */
  memoryLimitMb?: number;
  /** Where the output of a process goes. Default: where the program's goes. */
  stdout?: OutputTo;
  /** As `stdout`, for its errors. */
  stderr?: OutputTo;
  /** Runs in this host, instead of a worker of its own. */
  host?: Host;
  /** Stops the actor when it fires. */
  signal?: AbortSignal;
} & ([] extends A ? { args?: A } : { args: A });

/** The type of `spawn`: starts an actor and gives its typed address. */
export interface Spawn {
  /** Resolves when the actor is ready for its first message; rejects with a `StartError`. */
  <D extends AnyActor>(
    actor: D,
    ...options: [] extends ActorArgs<D> ? [SpawnOptions<ActorArgs<D>>?]
      : [SpawnOptions<ActorArgs<D>>]
  ): Promise<ActorRef<Protocol<D>>>;
}
