// Runs in: any isolate
/**
 * What happens to actors, for people, dashboards and tests. Each isolate tells what it sees; while
 * somebody in the first isolate listens, the others pass on to it. Nobody listens: it costs a load.
 *
 * @module
 */
import type { TroupeError } from "../errors.ts";
import type { Arena } from "../memory/arena.ts";
import { load, store } from "../memory/atomics.ts";
import { type Ending, lifeIn } from "../memory/slots.ts";
import { exitError } from "./awaited.ts";
import type { Envelope } from "./contract.ts";
import { EVENT } from "./inbox.ts";
import { type Station, station } from "./station.ts";
import { isClean } from "./supervision/decide.ts";
import { sendableError } from "./wire_error.ts";

/** Why a message that a mailbox had accepted was not handled. */
export type DeadLetterReason =
  /** Its actor has ended. */
  | "stopped"
  /** The mailbox was full, and its manners are to drop. */
  | "full"
  /** It was in hand when a life of its actor ended. */
  | "crashed-while-handling";

/** Something that happened to an actor. */
export type SystemEvent =
  & {
    /** When, in milliseconds since 1970. */
    readonly at: number;
    /** The id of the actor, or of the supervisor. */
    readonly actor: string;
  }
  & (
    | { readonly type: "spawned" | "stopped" | "restarted" }
    | { readonly type: "crashed"; readonly error: TroupeError }
    | {
      readonly type: "dead-letter";
      readonly message: Envelope;
      readonly reason: DeadLetterReason;
    }
  );

/** An event without its time. */
export type Happened<E = SystemEvent> = E extends SystemEvent ? Omit<E, "at"> : never;

/** Events that a listener may be behind; the oldest go first. */
const MOST_BEHIND = 10_000;
// In the first slot's words: whether somebody listens there.
const AT_LISTENERS = 11;

/** Actors of Troupe itself, of which nobody is told. */
const OWN = "troupe:";

const listeners = new Set<(event: SystemEvent) => void>();
const listening = new WeakSet<Station>();

/** Whether anybody would hear of an event. */
export function isObserved({ isolate }: Station): boolean {
  if (listeners.size > 0) return true;
  return load(isolate.arena.words, isolate.arena.slotAt(0) + AT_LISTENERS) !== 0;
}

/** A message that a mailbox had accepted will not be handled. */
export function buryLetter(
  here: Station,
  actor: string,
  { message, reason }: { message: Envelope; reason: DeadLetterReason },
): void {
  emit(here, { type: "dead-letter", actor, message, reason });
}

/** An actor, or one life of it, has ended. */
export function announceEnd(
  here: Station,
  actor: string,
  { ending, error }: { ending: Ending; error?: TroupeError },
): void {
  if (isClean(ending)) return emit(here, { type: "stopped", actor });
  if (!isObserved(here)) return;
  const why = error ?? exitError(`actor "${actor}"`, ending, true);
  emit(here, { type: "crashed", actor, error: why });
}

/** Tells those who listen. */
export function emit(here: Station, happened: Happened): void {
  if (!isObserved(here) || happened.actor.startsWith(OWN)) return;
  const event = { at: Date.now(), ...happened } as SystemEvent;
  for (const listener of listeners) listener(event);
  if (here.isolate.slot === 0) return;
  const root = lifeIn(here.isolate.arena, 0);
  try {
    here.inbox.send(root, { kind: EVENT, id: 0, value: event });
  } catch {
    const odd = event.type === "crashed"
      ? { error: sendableError(event.error) }
      : { message: { type: "?" } };
    here.inbox.send(root, { kind: EVENT, id: 0, value: { ...event, ...odd } });
  }
}

/**
 * What happens to actors from now on, until the loop over it ends. In the first isolate: those of the
 * whole program; in a worker: what that worker sees. A listener that is more than 10,000 events behind
 * misses the oldest. It does not keep the program alive.
 *
 * - `spawned`, `restarted`, `stopped`, `crashed`: told where the actor was started from.
 * - `dead-letter`: a message that was accepted and will not be handled.
 *
 * @example Print what happens
 * ```ts ignore
 * import { events } from "@troupe/troupe";
 *
 * for await (const { type, actor } of events()) console.log(type, actor);
 * ```
 */
export function events(): AsyncIterableIterator<SystemEvent> & Disposable {
  const here = station();
  hearOthers(here);
  const waiting: SystemEvent[] = [];
  let wake: (() => void) | undefined;
  let state: "open" | "closed" = "open";
  const listener = (event: SystemEvent) => {
    waiting.push(event);
    if (waiting.length > MOST_BEHIND) waiting.shift();
    wake?.();
  };
  listeners.add(listener);
  count(here);
  const close = () => {
    state = "closed";
    listeners.delete(listener);
    count(here);
    wake?.();
  };
  return {
    async next() {
      while (waiting.length === 0 && state === "open") {
        await new Promise<void>((resolve) => wake = resolve);
      }
      const event = waiting.shift();
      return event === undefined ? { done: true, value: undefined } : { done: false, value: event };
    },
    return() {
      close();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    [Symbol.dispose]: close,
  };
}

/** From now on whatever happens is told to the first isolate, which passes it on to another program. */
export function hearAll(arena: Arena): void {
  store(arena.words, arena.slotAt(0) + AT_LISTENERS, 1);
}

function hearOthers(here: Station): void {
  if (here.isolate.slot !== 0 || listening.has(here)) return;
  listening.add(here);
  here.inbox.on(EVENT, ({ value, unreadable }) => {
    if (unreadable !== undefined) return;
    for (const listener of listeners) listener(value as SystemEvent);
  });
}

function count({ isolate }: Station): void {
  if (isolate.slot !== 0) return;
  store(isolate.arena.words, isolate.arena.slotAt(0) + AT_LISTENERS, listeners.size);
}
