// Runs in: owner
/**
 * Routers: one address in front of copies of an actor.
 *
 * - I1: a message goes to one copy that is up, or, for `broadcast`, to each.
 * - I2: messages of one key go to one copy, in order, as long as that copy lives.
 * - I3: a copy that ends by itself is replaced by a fresh one; what it had not handled fails with `ExitError`.
 *
 * @module
 */
import { ClosedError, NotSupportedError } from "../errors.ts";
import type {
  ActorArgs,
  ActorExit,
  ActorRef,
  ActorStats,
  AnyActor,
  AnyRef,
  Protocol,
  SpawnOptions,
} from "../actors/actor.ts";
import { byName } from "../actors/proxy.ts";
import { untyped } from "../actors/ref.ts";
import { spawn } from "../actors/spawn.ts";
import { seatOf } from "./hashing.ts";

/** To which copy a message goes. */
export type RouteBy = "round-robin" | "least-busy" | "broadcast" | ((payload: unknown) => string);

/** Options of `pool.route`. */
export type RouteOptions<A extends unknown[]> = SpawnOptions<A> & {
  /** To which copy a message goes. Default `round-robin`; a function gives the key that decides. */
  by?: RouteBy;
  /** How many copies. Default: as many as the pool has workers at most. */
  copies?: number;
};

/** Failed starts of a copy in a row after which it is given up. */
const MAX_FAILED_STARTS = 3;

/** The place of one copy. */
interface Copy {
  /** The copy, once it is up. */
  ref: Promise<AnyRef>;
  /** The same, while it is up. */
  up: AnyRef | undefined;
  /** Asks that it has not answered. */
  asked: number;
}

/** Starts `copies` of an actor and gives the address in front of them. */
export async function route<D extends AnyActor>(
  actor: D,
  { by = "round-robin", copies = 1, ...options }: RouteOptions<ActorArgs<D>>,
): Promise<ActorRef<Protocol<D>>> {
  if (!Number.isInteger(copies) || copies < 1 || copies > 255) {
    throw new RangeError(`Cannot route to ${copies} copies: from 1 to 255`);
  }
  if (typeof by !== "function" && !["round-robin", "least-busy", "broadcast"].includes(by)) {
    throw new TypeError(
      `Cannot route by "${by}": it is none of round-robin, least-busy, broadcast, nor a function`,
    );
  }
  const id = options.id ?? `router-${crypto.randomUUID().slice(0, 8)}`;
  const start = (index: number) =>
    (spawn as (actor: AnyActor, options: unknown) => Promise<AnyRef>)(actor, {
      ...options,
      id: `${id}-${index + 1}`,
    });
  const router = new Router(id, by, { copies, start });
  await router.ready();
  return router as unknown as ActorRef<Protocol<D>>;
}

type Verb<R> = Readonly<Record<string, (...args: unknown[]) => R>>;
type AnyVerb = (...args: unknown[]) => unknown;

/** One address for many copies. */
class Router {
  readonly id: string;
  readonly tell: Verb<Promise<void>>;
  readonly ask: Verb<Promise<unknown>>;
  readonly stream: Verb<ReadableStream<unknown>>;
  readonly exited: Promise<ActorExit>;
  readonly #by: RouteBy;
  readonly #start: (index: number) => Promise<AnyRef>;
  readonly #copies: Copy[];
  readonly #ended: PromiseWithResolvers<ActorExit> = Promise.withResolvers<ActorExit>();
  #next = 0;
  #state: "open" | "closed" = "open";

  constructor(id: string, by: RouteBy, { copies, start }: {
    copies: number;
    start(index: number): Promise<AnyRef>;
  }) {
    this.id = id;
    this.#by = by;
    this.#start = start;
    this.exited = this.#ended.promise;
    this.#copies = Array.from({ length: copies }, (_, index) => this.#open(index));
    this.tell = byName((name) => async (...args) => {
      if (by === "broadcast") {
        await Promise.all(
          this.#copies.map(async ({ ref }) => (await ref).tell[name](...args as [])),
        );
      } else await (await this.#pick(args[0]).ref).tell[name](...args as []);
    });
    this.ask = byName((name) => (...args) => {
      if (by !== "broadcast") return this.#ask(this.#pick(args[0]), name, args);
      const replies = this.#copies.map((copy) => this.#ask(copy, name, args));
      return Promise.any(replies).catch((error) => Promise.reject(error.errors[0]));
    });
    this.stream = byName((name) => (...args) => {
      const { up } = this.#pick(args[0]);
      if (by === "broadcast" || up === undefined) {
        throw new NotSupportedError(`Cannot stream "${name}" from router "${id}" now`);
      }
      return (up.stream as Readonly<Record<string, AnyVerb>>)[name](...args) as ReadableStream;
    });
  }

  /** Resolves when all copies are up. @throws what their start threw */
  async ready(): Promise<void> {
    try {
      await Promise.all(this.#copies.map(({ ref }) => ref));
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  async stats(): Promise<ActorStats> {
    const all = await Promise.all(this.#copies.flatMap(({ up }) => up?.stats() ?? []));
    const sum = { mailbox: 0, handled: 0, dropped: 0, restarts: 0, p50: 0, p99: 0 };
    for (const stats of all) {
      for (const key of ["mailbox", "handled", "dropped", "restarts"] as const) {
        sum[key] += stats[key];
      }
      for (const key of ["p50", "p99"] as const) sum[key] = Math.max(sum[key], stats[key]);
    }
    return sum;
  }

  async stop(options?: Parameters<AnyRef["stop"]>[0]): Promise<void> {
    this.#state = "closed";
    await Promise.all(this.#copies.map(({ up }) => up?.stop(options)));
    this.#ended.resolve({ reason: "normal", exitCode: 0 });
  }

  kill(): void {
    this.#state = "closed";
    for (const { up } of this.#copies) up?.kill();
    this.#ended.resolve({ reason: "killed", exitCode: -9 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #open(index: number): Copy {
    const copy: Copy = { ref: this.#start(index), up: undefined, asked: 0 };
    this.#follow(copy, index, 0);
    return copy;
  }

  /** Has a copy replaced when it ends, unless it cannot start. */
  #follow(copy: Copy, index: number, failures: number): void {
    copy.ref.then((ref) => {
      if (this.#state === "closed") return ref.kill();
      copy.up = ref;
      ref.exited.then(() => {
        copy.up = undefined;
        if (this.#state === "closed") return;
        copy.ref = this.#start(index);
        this.#follow(copy, index, 0);
      });
    }, () => {
      if (failures + 1 >= MAX_FAILED_STARTS || this.#state === "closed") return;
      copy.ref = this.#start(index);
      this.#follow(copy, index, failures + 1);
    });
  }

  async #ask(copy: Copy, name: string, args: unknown[]): Promise<unknown> {
    copy.asked++;
    try {
      const ref = copy.up ?? await copy.ref;
      return await (ref.ask as Readonly<Record<string, AnyVerb>>)[name](...args);
    } finally {
      copy.asked--;
    }
  }

  /** The copy for a message. */
  #pick(payload: unknown): Copy {
    if (this.#state === "closed") {
      throw new ClosedError(`Cannot send to router "${this.id}": it has ended`);
    }
    const copies = this.#copies;
    if (typeof this.#by === "function") return copies[seatOf(this.#by(payload), copies.length)];
    const up = copies.filter(({ up }) => up !== undefined);
    const choice = up.length > 0 ? up : copies;
    if (this.#by !== "least-busy") return choice[this.#next++ % choice.length];
    return choice.reduce((best, copy) => busyness(copy) < busyness(best) ? copy : best);
  }
}

/** What a copy still has to do. */
function busyness({ up, asked }: Copy): number {
  return asked + (up === undefined ? 0 : untyped(up).mailbox.depth);
}
