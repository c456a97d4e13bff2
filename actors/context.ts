// Runs in: any isolate
/**
 * What handlers and hooks see of the world.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import type { AnyRef, Behaving, Context, Envelope, Spawn } from "./contract.ts";
import type { Lane } from "./lane.ts";
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
  /** Its messages to itself. */
  readonly lane: Lane;
  /** Gives it other handlers. */
  become(handlers: Readonly<Record<string, Behaving>> | undefined): void;
}

/** Name of the message by which an actor learns that one it watches has ended. */
export const DOWN = "down";

/** The context of an actor, for `init` and the hooks. */
export class ActorContext implements Context {
  readonly #powers: Powers;
  #offspring: Set<AnyRef> | undefined;
  #log: Context["log"] | undefined;
  #spawn: Spawn | undefined;
  #controller: AbortController | undefined;
  #self: AnyRef | undefined;

  /** Makes a context out of what it can do. */
  constructor(powers: Powers) {
    this.#powers = powers;
  }

  get id(): string {
    return this.#powers.id;
  }

  get log(): Context["log"] {
    return this.#log ??= logOf(this.id);
  }

  get spawn(): Spawn {
    return this.#spawn ??= (async (...what: Parameters<Spawn>) => {
      const child = await this.#powers.spawn(...what) as AnyRef;
      const offspring = this.#offspring ??= new Set();
      offspring.add(child);
      child.exited.then(() => offspring.delete(child));
      return child;
    }) as Spawn;
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

  after(ms: number, message: Envelope, key?: string): void {
    this.#powers.lane.after(ms, message, key);
  }

  every(ms: number, message: Envelope, key?: string): void {
    this.#powers.lane.every(ms, message, key);
  }

  cancel(key: string): boolean {
    return this.#powers.lane.cancel(key);
  }

  watch(ref: AnyRef): void {
    ref.exited.then(({ reason, exitCode }) => {
      if (this.#controller?.signal.aborted) return;
      this.#powers.lane.post({ type: DOWN, payload: { id: ref.id, reason, exitCode } });
    });
  }

  stash(): void {
    throw new NotSupportedError(`Cannot stash in actor "${this.id}": no message is in hand`);
  }

  unstash(): void {
    this.#powers.lane.bringBack();
  }

  become(handlers?: Readonly<Record<string, Behaving>>): void {
    this.#powers.become(handlers);
  }

  /** @throws FullError when no more messages can be put aside */
  checkRoom(): void {
    this.#powers.lane.checkRoom();
  }

  /** The actor has ended: what it spawned ends too. */
  endOffspring(): void {
    for (const child of this.#offspring ?? []) untyped(child).end();
    this.#offspring = undefined;
  }

  /** The actor ends: its signal fires. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
  }
}

/** The context of one message: its signal fires as well when nobody wants the reply any more. */
export class HandlerContext implements Context {
  readonly #actor: ActorContext;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #isStashed = false;

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

  after(ms: number, message: Envelope, key?: string): void {
    this.#actor.after(ms, message, key);
  }

  every(ms: number, message: Envelope, key?: string): void {
    this.#actor.every(ms, message, key);
  }

  cancel(key: string): boolean {
    return this.#actor.cancel(key);
  }

  watch(ref: AnyRef): void {
    this.#actor.watch(ref);
  }

  stash(): void {
    this.#actor.checkRoom();
    this.#isStashed = true;
  }

  unstash(): void {
    this.#actor.unstash();
  }

  become(handlers?: Readonly<Record<string, Behaving>>): void {
    this.#actor.become(handlers);
  }

  /** Whether the message is to be put aside. */
  get isStashed(): boolean {
    return this.#isStashed;
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
