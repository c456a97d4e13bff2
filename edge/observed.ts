// Runs in: any isolate
/**
 * The list of what is observed, which the dashboard and the metrics read. Nothing is disturbed by
 * being on it: figures are read from shared memory when somebody looks.
 *
 * @module
 */
import { handle } from "../memory/handle.ts";
import type { AnyRef } from "../actors/actor.ts";
import { events } from "../actors/events.ts";
import type {
  DeadLetter,
  LogLine,
  Observable,
  ObservedEvent,
  ObservedLock,
  ObservedPool,
  ObservedQueue,
  ObservedSupervisor,
} from "./contract_observed.ts";
import type { Jobs } from "./jobs.ts";
import { CallTally } from "./tally.ts";

export { CallTally } from "./tally.ts";

/** Lines of the log that are kept. */
const MOST_LINES = 500;
/** Dead letters that are kept. */
const MOST_LETTERS = 200;

/** What is observed, by kind and name. */
export interface ObservedThings {
  /** Actors, by what they were observed as. */
  readonly actors: Map<string, AnyRef>;
  /** Supervisors. */
  readonly supervisors: Map<string, ObservedSupervisor>;
  /** Pools. */
  readonly pools: Map<string, ObservedPool>;
  /** Queues. */
  readonly queues: Map<string, ObservedQueue>;
  /** Locks. */
  readonly locks: Map<string, ObservedLock>;
}

/** A list of what is observed. Most programs need one only, {@linkcode observatory}. */
export class Observatory implements Disposable {
  /** What is on the list. */
  readonly things: ObservedThings = {
    actors: new Map(),
    supervisors: new Map(),
    pools: new Map(),
    queues: new Map(),
    locks: new Map(),
  };
  /** Calls over HTTP, by service. */
  readonly tallies: Map<string, CallTally> = new Map();
  /** Long work, by service. */
  readonly jobs: Map<string, Jobs> = new Map();
  /** The end of the log. */
  readonly lines: LogLine[] = [];
  /** The newest dead letters. */
  readonly letters: DeadLetter[] = [];
  /** Dead letters so far, and restarts that events told of. */
  readonly totals: { deadLetters: number; restarts: number; crashes: number } = {
    deadLetters: 0,
    restarts: 0,
    crashes: 0,
  };
  #count = 0;
  #following: ReturnType<typeof events> | undefined;

  /**
   * Puts an actor, supervisor, pool, queue or lock on the list; disposing what it gives takes it off.
   *
   * @throws TypeError for what is none of these
   */
  observe(name: string, thing: Observable): Disposable {
    const list = this.#listFor(thing) as Map<string, Observable> | undefined;
    if (list === undefined) {
      throw new TypeError(
        `Cannot observe "${name}": it is no actor, supervisor, pool, queue or lock`,
      );
    }
    list.set(name, thing);
    return { [Symbol.dispose]: () => void (list.get(name) === thing && list.delete(name)) };
  }

  /** Takes what happens to actors of this program into the log, from the first call on. */
  followSystem(): void {
    if (this.#following !== undefined) return;
    this.#following = events();
    this.follow(this.#following);
  }

  /** Takes everything off the list and hears of nothing any more. */
  [Symbol.dispose](): void {
    this.#following?.[Symbol.dispose]();
    this.#following = undefined;
    for (const list of Object.values(this.things)) list.clear();
    this.jobs.clear();
  }

  /** Takes what happens to actors into the log until the events end; does not keep the program alive. */
  async follow(events: AsyncIterable<ObservedEvent>): Promise<void> {
    for await (const event of events) this.note(event);
  }

  /** Takes one event into the log. */
  note(event: ObservedEvent): void {
    const { type, actor, at } = event;
    if (type === "restarted") this.totals.restarts++;
    if (type === "crashed") this.totals.crashes++;
    if (type === "dead-letter") {
      this.totals.deadLetters++;
      const { message = { type: "?" }, reason = "?" } = event;
      keep(this.letters, { n: ++this.#count, at, actor, message, reason }, MOST_LETTERS);
    }
    const level = type === "crashed" ? "error" : type === "dead-letter" ? "warn" : "info";
    this.log(level, describe(event), at);
  }

  /** Adds a line to the log. */
  log(level: LogLine["level"], text: string, at: number = Date.now()): void {
    keep(this.lines, { n: ++this.#count, at, level, text: text.slice(0, 2000) }, MOST_LINES);
  }

  /** Takes a dead letter off the list. */
  takeLetter(n: number): DeadLetter | undefined {
    const index = this.letters.findIndex((letter) => letter.n === n);
    return index < 0 ? undefined : this.letters.splice(index, 1)[0];
  }

  /** The counter of a service; one name is one service. */
  tally(service: string): CallTally {
    const found = this.tallies.get(service) ?? new CallTally();
    this.tallies.set(service, found);
    return found;
  }

  /** Has the jobs of a service shown. */
  addJobs(service: string, jobs: Jobs): void {
    this.jobs.set(service, jobs);
  }

  #listFor(thing: unknown): Map<string, unknown> | undefined {
    if (typeof thing !== "object" || thing === null) return undefined;
    const { actors, supervisors, pools, queues, locks } = this.things;
    if (handle in thing && thing[handle] === "ref") return actors;
    if ("which" in thing && "children" in thing) return supervisors;
    if ("killWorkers" in thing) return pools;
    if ("qsize" in thing) return queues;
    if ("locked" in thing) return locks;
    return undefined;
  }
}

/** The list that everything in `edge` uses unless it is given another. */
export const observatory: Observatory = new Observatory();

/**
 * Has an actor, supervisor, pool, queue or lock shown on the dashboard and in the metrics, under a name,
 * until what it gives is disposed of.
 *
 * @throws TypeError for what is none of these
 *
 * @example
 * ```ts
 * import { Pool } from "@troupe/troupe";
 * import { metrics, observe } from "@troupe/troupe/edge";
 *
 * await using pool = new Pool({ size: 1, isolation: "inline" });
 * using _shown = observe("words", pool);
 * console.log(await (await metrics().request("/")).text());
 * ```
 */
export function observe(name: string, thing: Observable): Disposable {
  return observatory.observe(name, thing);
}

function keep<T>(list: T[], one: T, most: number): void {
  list.push(one);
  if (list.length > most) list.shift();
}

function describe({ type, actor, error, message, reason }: ObservedEvent): string {
  const what = error instanceof Error ? `: ${error.name}: ${error.message}` : "";
  const letter = message === undefined ? "" : ` "${message.type}" (${reason})`;
  return `${actor} ${type}${letter}${what}`;
}
