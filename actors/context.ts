// Runs in: any isolate
/**
 * What handlers and hooks see of the world.
 *
 * @module
 */
import type { AnyRef, Context, Envelope, Spawn } from "./contract.ts";
import { untyped } from "./ref.ts";

/** What a context can do; given by whoever runs the actor. */
export interface Powers {
  /** The actor's id. */
  readonly id: string;
  /** Makes the reference of the actor to itself. */
  self(): AnyRef;
  /** Starts an actor that ends with this one. */
  readonly spawn: Spawn;
  /** Ends the actor after the message in hand. */
  stop(reason?: unknown): void;
}

/** Name of the message by which an actor learns that one it watches has ended. */
export const DOWN = "down";

/** The context of an actor, for `init` and the hooks. */
export class ActorContext implements Context {
  readonly id: string;
  readonly log: Context["log"];
  readonly spawn: Spawn;
  readonly #powers: Powers;
  readonly #offspring = new Set<AnyRef>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #controller: AbortController | undefined;
  #self: AnyRef | undefined;

  /** Makes a context out of what it can do. */
  constructor(powers: Powers) {
    this.#powers = powers;
    this.id = powers.id;
    this.spawn = (async (...what: Parameters<Spawn>) => {
      const child = await powers.spawn(...what) as AnyRef;
      this.#offspring.add(child);
      child.exited.then(() => this.#offspring.delete(child));
      return child;
    }) as Spawn;
    this.log = logOf(powers.id);
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  get self(): AnyRef {
    return this.#self ??= this.#powers.self();
  }

  stop(reason?: unknown): void {
    this.#powers.stop(reason);
  }

  after(ms: number, { type, payload }: Envelope): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.self.tell[type](payload).catch((error: unknown) => this.log.error(error));
    }, ms);
    this.#timers.add(timer);
  }

  watch(ref: AnyRef): void {
    ref.exited.then(({ reason, exitCode }) => {
      if (this.#controller?.signal.aborted) return;
      return this.self.tell[DOWN]({ id: ref.id, reason, exitCode });
    }).catch((error: unknown) => this.log.error(error));
  }

  /** The actor has ended: what it spawned ends too. */
  endOffspring(): void {
    for (const child of this.#offspring) untyped(child).end();
    this.#offspring.clear();
  }

  /** The actor ends: its signal fires, its timers are off. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** The context of one message: its signal fires as well when nobody wants the reply any more. */
export class HandlerContext implements Context {
  readonly #actor: ActorContext;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;

  /** For one message of the actor. */
  constructor(actor: ActorContext) {
    this.#actor = actor;
  }

  get id(): string {
    return this.#actor.id;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#signal ??= AbortSignal.any([this.#actor.signal, this.#controller.signal]);
  }

  get log(): Context["log"] {
    return this.#actor.log;
  }

  get self(): AnyRef {
    return this.#actor.self;
  }

  get spawn(): Spawn {
    return this.#actor.spawn;
  }

  stop(reason?: unknown): void {
    this.#actor.stop(reason);
  }

  after(ms: number, message: Envelope): void {
    this.#actor.after(ms, message);
  }

  watch(ref: AnyRef): void {
    this.#actor.watch(ref);
  }

  /** Nobody wants the reply any more. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }
}

function logOf(id: string): Context["log"] {
  const line = (write: (...args: unknown[]) => void) => (...args: unknown[]) =>
    write(`[${id}]`, ...args);
  return {
    debug: line(console.debug),
    info: line(console.info),
    warn: line(console.warn),
    error: line(console.error),
  };
}
