// Runs in: any isolate
/**
 * Starting isolates and hearing of their end, for any isolate: the first one makes the threads, the
 * others ask it to.
 *
 * - I1: an order is in the child's inbox before its thread starts, so a value that cannot be sent is
 *   refused in the parent, and nothing was started.
 * - I2: each child's end is told once, after its last words.
 *
 * @module
 */
import { FullError, NotSupportedError } from "../errors.ts";
import {
  declareDead,
  type Ending,
  endingOf,
  type Life,
  sayFar,
  takeSlot,
  vacateSlot,
} from "../memory/slots.ts";
import type { GoneNews } from "./burial.ts";
import { ensureInbox, GONE, LAST_WORDS, ORDER, READY, START_THREAD } from "./inbox.ts";
import { isOrdinary, OsProcesses, type ProcessStart } from "./os_process.ts";
import { Spares } from "./spares.ts";
import type { Station } from "./station.ts";
import { Threads } from "./thread.ts";

/** What a parent wants to hear of a child. */
export interface ChildEvents {
  /** Its life is over. `lastWords` is what it said, or what the platform said of it. */
  ended(ending: Ending, lastWords: unknown): void;
  /** It is proven that it runs no more, and all it held was given back. After `ended`. */
  gone?(ending: Ending): void;
}

/** How a child is started. */
export interface ChildStart {
  /** What it shall do; see the worker's entry. */
  readonly order: unknown;
  /** Number that its answers carry. */
  readonly id: number;
  /** Whether the program may end while it runs. */
  readonly daemon: boolean;
  /** Given when it is a process of the operating system instead of a thread. */
  readonly start?: ProcessStart;
  /** Called when its slot is known, before its order is written. */
  prepare?(life: Life): void;
}

interface Embodied {
  readonly life: Life;
  readonly daemon: boolean;
  readonly start?: ProcessStart;
}

interface Child {
  readonly life: Life;
  readonly events: ChildEvents;
  lastWords: unknown;
  hasEnded: boolean;
}

/** The children of this isolate. */
export class Children {
  readonly #station: Station;
  readonly #threads: Threads | undefined;
  readonly #processes: OsProcesses | undefined;
  readonly #spares: { readonly worker: Spares; readonly process: Spares } | undefined;
  readonly #children = new Map<number, Child>();

  /** For the isolate of `station`. */
  constructor(station: Station) {
    this.#station = station;
    this.#threads = station.isolate.isRoot ? new Threads(station) : undefined;
    this.#processes = this.#threads && new OsProcesses(station);
    for (const maker of [this.#threads, this.#processes]) {
      if (maker !== undefined) maker.onGone = (life) => this.#endChildrenOf(life);
    }
    this.#spares = this.#threads && {
      worker: new Spares(station, this.#threads),
      process: new Spares(station, this.#processes!),
    };
    station.inbox.on(READY, ({ from }) => {
      this.#spares?.worker.isUp(from);
      this.#spares?.process.isUp(from);
    });
    station.onDeath(() => this.#lookForEnded());
    station.inbox.on(LAST_WORDS, ({ from, value }) => {
      const child = this.#find(from);
      if (child !== undefined) child.lastWords = value;
    });
    station.inbox.on(GONE, ({ value }) => this.#gone(value as GoneNews));
    station.inbox.on(START_THREAD, ({ from, value }) => {
      if (from.slot !== station.isolate.slot) this.#embody(value as Embodied);
    });
  }

  /** How many threads and processes are there, or are being buried; only the first isolate knows. */
  get threads(): number {
    return (this.#threads?.count ?? 0) + (this.#processes?.count ?? 0);
  }

  /**
   * Starts a child.
   *
   * @throws NotSendableError when the order cannot be sent; FullError when there is no slot or room
   */
  start({ order, id, daemon, start, prepare }: ChildStart, events: ChildEvents): Life {
    const { isolate, inbox } = this.#station;
    const spares = this.#sparesFor(start);
    const spare = spares?.take();
    const life = spare ?? takeSlot(isolate.arena, isolate.life);
    if (life === undefined) throw new FullError("Cannot start a worker: all 256 slots are taken");
    try {
      if (start?.form === "socket") sayFar(isolate.arena, life);
      ensureInbox(isolate, life.slot);
      prepare?.(life);
      inbox.send(life, { kind: ORDER, id, value: order });
    } catch (error) {
      if (spare !== undefined) spares!.maker.dismiss(spare);
      else vacateSlot(isolate.arena, life);
      throw error;
    }
    this.#children.set(keyOf(life), { life, events, lastWords: undefined, hasEnded: false });
    if (spare !== undefined) spares!.maker.setDaemon(life, daemon);
    else if (isolate.isRoot) this.#embody({ life, daemon, start });
    else inbox.send(isolate.root, { kind: START_THREAD, id: 0, value: { life, daemon, start } });
    return life;
  }

  /**
   * Keeps spare workers ready; resolves when they are.
   *
   * @throws NotSupportedError in a worker: only the first isolate makes threads
   */
  keepSpares(count: number, isolation: "worker" | "process"): Promise<void> {
    if (this.#spares !== undefined) return this.#spares[isolation].keep(count);
    const text = "Cannot keep spare workers from a worker: only the first isolate can";
    return Promise.reject(new NotSupportedError(text));
  }

  /** Has a worker ready for an actor that may have to be started again; gives what lets go of it. */
  guard(): () => void {
    return this.#spares?.worker.guard() ?? (() => {});
  }

  /** Declares a child's life over; everybody who waits for it is told now. */
  end(life: Life, reason: "terminated" | "killed"): void {
    if (!declareDead(this.#station.isolate.arena, life, reason)) return;
    this.#station.isolate.park.heardOfDeath();
    this.#lookForEnded();
  }

  /** Whether the child keeps the program alive. Only the first isolate can change it. */
  setDaemon(life: Life, daemon: boolean): void {
    this.#threads?.setDaemon(life, daemon);
    this.#processes?.setDaemon(life, daemon);
  }

  /** Where a spare for this may be. */
  #sparesFor(start: ProcessStart | undefined): Spares | undefined {
    if (start === undefined) return this.#spares?.worker;
    return isOrdinary(start) ? this.#spares?.process : undefined;
  }

  /** Whatever an isolate that is gone had started ends. */
  #endChildrenOf(life: Life): void {
    this.#threads?.endChildrenOf(life);
    this.#processes?.endChildrenOf(life);
  }

  /** In the first isolate of a process: makes the thread or the process of a slot. */
  #embody({ life, daemon, start }: Embodied): void {
    if (start === undefined) this.#threads!.start(life, { daemon });
    else this.#processes!.start(life, { daemon, start });
  }

  #find(life: Life): Child | undefined {
    return this.#children.get(keyOf(life));
  }

  #lookForEnded(): void {
    const { isolate, inbox } = this.#station;
    const ended = [...this.#children.values()].flatMap((child) => {
      const ending = child.hasEnded ? undefined : endingOf(isolate.arena, child.life);
      return ending === undefined ? [] : [{ child, ending }];
    });
    // What it wrote before its end is heard before the end is told.
    if (ended.length > 0) inbox.drain();
    for (const { child, ending } of ended) this.#tell(child, ending);
  }

  #gone({ life, ending, error }: GoneNews): void {
    const child = this.#find(life);
    if (child === undefined) return;
    child.lastWords ??= error === undefined ? undefined : new Error(error);
    this.#tell(child, ending);
    this.#children.delete(keyOf(life));
    child.events.gone?.(ending);
  }

  #tell(child: Child, ending: Ending): void {
    if (child.hasEnded) return;
    child.hasEnded = true;
    child.events.ended(ending, child.lastWords);
  }
}

/** A slot can have its next life before the news of the last one's end is read. */
function keyOf({ slot, incarnation }: Life): number {
  return incarnation * 256 + slot;
}

const families = new WeakMap<Station, Children>();

/** The children of the isolate of `station`. */
export function childrenOf(station: Station): Children {
  let children = families.get(station);
  if (children === undefined) families.set(station, children = new Children(station));
  return children;
}
