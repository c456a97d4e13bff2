// Runs in: any isolate
/**
 * Addresses of actors, as users hold them.
 *
 * @module
 */
import { NotSupportedError, type TroupeError } from "../errors.ts";
import type { BlockHandle } from "../memory/arena.ts";
import { handle, isUnsure, registerHandle } from "../memory/handle.ts";
import type { WaitOptions } from "../memory/line.ts";
import type { SendOptions } from "../channels/sendable.ts";
import { Address } from "./address.ts";
import type { ActorExit, ActorRef, ActorStats, AnyRef } from "./contract.ts";
import { checkPriority } from "./head.ts";
import { STOP } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import { forgetMailbox } from "./mailbox_end.ts";
import { arrivedMailbox } from "./mailboxes.ts";
import { byName } from "./proxy.ts";
import { type Station, station } from "./station.ts";
import { openReply } from "./streamed.ts";
import { tracing } from "./tracing.ts";

/** What makes a reference, besides its mailbox. */
export interface RefMaking {
  /** The actor's id. */
  readonly id: string;
  /** Messages that take no payload: their only argument is the options. */
  readonly bare: readonly string[];
  /** Who answers for the actor, if that is this isolate. */
  readonly owner?: Owner | typeof ITSELF;
}

/** Who answers for an actor. */
export interface Owner {
  /** Ends the actor at once. */
  kill(): void;
  /** Ends it at once, and for good, when `kill` would only end one of its lives. */
  end?(): void;
  /** What went wrong. */
  failure(): TroupeError | undefined;
}

const OPTIONS = new Set(["signal", "timeout", "transfer", "priority", "traceparent"]);

type Verb<R> = Readonly<Record<string, (...args: unknown[]) => R>>;

/** The actor itself, of whose end it is not the one to ask. */
export const ITSELF: unique symbol = Symbol("itself");

/** What a reference has once it was used: there may be very many that are not. */
interface Used {
  address?: Address;
  tell?: Verb<Promise<void>>;
  ask?: Verb<Promise<unknown>>;
  stream?: Verb<ReadableStream<unknown>>;
  exited?: Promise<ActorExit>;
}

/** The class behind {@linkcode ActorRef}. */
export class Ref {
  readonly id: string;
  /** The actor's mailbox. */
  readonly mailbox: Mailbox;
  readonly #station: Station;
  readonly #bare: readonly string[];
  readonly #owner: Owner | typeof ITSELF | undefined;
  #used: Used | undefined;

  /** A reference to the actor of `mailbox`. */
  constructor(station: Station, mailbox: Mailbox, { id, bare, owner }: RefMaking) {
    this.id = id;
    this.#station = station;
    this.mailbox = mailbox;
    this.#bare = sameList(bare);
    this.#owner = owner;
  }

  /** Marks it as something that can be sent. */
  get [handle](): string {
    return "ref";
  }

  get #use(): Used {
    return this.#used ??= {};
  }

  get #address(): Address {
    return this.#use.address ??= new Address(this.#station, this.mailbox, this.id);
  }

  get tell(): Verb<Promise<void>> {
    return this.#use.tell ??= byName((name) => {
      const isBare = this.#bare.includes(name);
      return (...args) => {
        const { payload, options } = split(isBare, args);
        const traced = this.#trace("tell", name, options);
        if (traced === undefined) return this.#address.tell({ name, payload }, options);
        const message = { name, payload, trace: traced.carrier };
        return traced.over(this.#address.tell(message, options));
      };
    });
  }

  get ask(): Verb<Promise<unknown>> {
    return this.#use.ask ??= byName((name) => {
      const isBare = this.#bare.includes(name);
      return (...args) => {
        if (this.#owner === ITSELF) return Promise.reject(askOfSelf(this.id));
        const { payload, options } = split(isBare, args);
        const traced = this.#trace("ask", name, options);
        if (traced === undefined) return this.#address.ask({ name, payload }, options);
        const message = { name, payload, trace: traced.carrier };
        return traced.over(this.#address.ask(message, options));
      };
    });
  }

  /** Where it sends to, for those who ask in a way of their own. */
  get address(): Address {
    return this.#address;
  }

  get stream(): Verb<ReadableStream<unknown>> {
    return this.#use.stream ??= byName((name) => {
      const isBare = this.#bare.includes(name);
      return (...args) => {
        const { payload, options } = split(isBare, args);
        const traced = this.#trace("stream", name, options);
        const message = { name, payload, trace: traced?.carrier };
        return openReply(this.#station, this.#address, { message, options, traced });
      };
    });
  }

  /** The span of a message that is sent; none while OpenTelemetry is off. */
  #trace(verb: "ask" | "tell" | "stream", message: string, options: SendOptions) {
    const { traceparent } = options;
    return tracing?.send(verb, { actor: this.id, message, traceparent });
  }

  get exited(): Promise<ActorExit> {
    return this.#use.exited ??= new Promise((resolve) => {
      const look = () => {
        const { ending } = this.mailbox;
        if (ending === undefined) return;
        stop();
        const error = this.#owned?.failure();
        resolve(error === undefined ? ending : { ...ending, error });
      };
      const stop = this.#station.onDeath(look);
      look();
    });
  }

  stats(): Promise<ActorStats> {
    const { mailbox } = this;
    const { depth, handled, dropped, restarts } = mailbox;
    const [p50, p99] = [mailbox.latency(0.5), mailbox.latency(0.99)];
    return Promise.resolve({ mailbox: depth, handled, dropped, restarts, p50, p99 });
  }

  async stop({ reason, signal, timeout }: WaitOptions & { reason?: unknown } = {}): Promise<void> {
    const { mailbox } = this;
    if (mailbox.ending !== undefined) return;
    this.#address.write(STOP, 0, [mailbox.region, reason]);
    if (mailbox.isGuarded) {
      mailbox.lives.wantStop();
      mailbox.tellOfEnd();
    }
    await this.#station.waitFor(() => mailbox.ending !== undefined, {
      signal,
      timeout,
      operation: `stop actor "${this.id}"`,
    });
  }

  kill(): void {
    if (this.#owned === undefined) {
      throw new NotSupportedError(`Cannot kill actor "${this.id}" from here: only its owner can`);
    }
    this.#owned.kill();
  }

  /** Ends it at once, and for good. */
  end(): void {
    if (this.#owned?.end !== undefined) this.#owned.end();
    else this.kill();
  }

  get #owned(): Owner | undefined {
    return this.#owner === ITSELF ? undefined : this.#owner;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  static {
    registerHandle<Ref>("ref", {
      pack: (ref) => [ref.mailbox.region, ref.id, ref.#bare],
      depart: (ref) => ref.mailbox.depart(),
      unpack(packed) {
        const [region, id, bare] = packed as [BlockHandle, string, readonly string[]];
        const here = station();
        return new Ref(here, arrivedMailbox(here, region), { id, bare });
      },
      discard(packed) {
        if (!isUnsure()) forgetMailbox(station().isolate, (packed as [BlockHandle])[0]);
      },
    });
  }
}

/** The reference with the types of its actor. */
export function typed<P>(ref: Ref): ActorRef<P> {
  return ref as unknown as ActorRef<P>;
}

/** The class behind a reference. @throws TypeError when it is none */
export function untyped(ref: AnyRef): Ref {
  if (ref as unknown instanceof Ref) return ref as unknown as Ref;
  throw new TypeError("Cannot use this as a reference to an actor: spawn() gives one");
}

const lists = new Map<string, readonly string[]>();

/** The same list of names for all actors of a kind. */
export function sameList(names: readonly string[]): readonly string[] {
  const key = names.join("\n");
  const known = lists.get(key);
  if (known === undefined) lists.set(key, names);
  return known ?? names;
}

const NO_OPTIONS: SendOptions = {};

interface Arguments {
  readonly payload: readonly unknown[];
  readonly options: SendOptions;
}

/**
 * Tells payload and options apart: a lone argument is the options only if nothing else fits.
 *
 * @throws RangeError for what is no priority
 */
function split(isBare: boolean, args: unknown[]): Arguments {
  if (args.length > 1) return checked(args.slice(0, 1), args[1] as SendOptions ?? NO_OPTIONS);
  if (isBare && looksLikeOptions(args[0])) return checked([], args[0]);
  return { payload: args, options: NO_OPTIONS };
}

function checked(payload: readonly unknown[], options: SendOptions): Arguments {
  if (options.priority !== undefined) checkPriority(options.priority);
  return { payload, options };
}

function looksLikeOptions(value: unknown): value is SendOptions {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => OPTIONS.has(key));
}

function askOfSelf(id: string): NotSupportedError {
  return new NotSupportedError(`Cannot ask actor "${id}" from itself: it would wait for itself`);
}
