// Runs in: any isolate
/**
 * How long each request is waited for. A timer and an abort signal for each cost more than most requests
 * do, so one timer looks after all of them, and only those that are still there at its next tick have
 * their client watched. Waits end up to a tick later than asked for.
 *
 * @module
 */
import { soon } from "../memory/park.ts";
import { refusal } from "./problem.ts";
import type { Wanted } from "./published.ts";

/** Milliseconds between two looks; for short waits less. */
const TICK_MS = 50;
const TICKS_A_WAIT = 8;

/** What has a signal, which may cost something to ask for: a request, for one. */
export interface Client {
  /** Fires when it has gone. */
  readonly signal: AbortSignal;
}

/** A wait of limited length. */
export interface Limit {
  /** Milliseconds. */
  readonly ms: number;
  /** The reason when it is over. */
  readonly late: () => unknown;
}

/** How long one client waits for its answer, and the answer is worked for. */
export class Patience implements Wanted {
  /** Kept by the watch: where it is in its list. */
  place = 0;
  /** Kept by the service: whether its turn to be answered has come. */
  isLetIn = false;
  readonly #client: Client | undefined;
  #state: "fresh" | "watched" | "over" = "fresh";
  #limit: Limit | undefined;
  #until = Infinity;
  #callOff: ((reason: unknown) => void) | undefined;
  #reason: unknown;
  #controller: AbortController | undefined;
  #gone: (() => void) | undefined;

  /** With `client`; one that cannot be watched says itself when it has gone. */
  constructor(client?: Client) {
    this.#client = client;
  }

  get signal(): AbortSignal {
    const controller = this.#controller ??= new AbortController();
    this.onEnd((reason) => controller.abort(reason));
    return controller.signal;
  }

  onEnd(callOff: (reason: unknown) => void): void {
    if (this.#state === "over") callOff(this.#reason);
    else this.#callOff = callOff;
  }

  /** What comes now may take so long; it begins at the next tick. */
  limit(limit: Limit): void {
    this.#limit = limit;
    this.#until = 0;
  }

  /** A tick. */
  look(now: number): void {
    if (this.#until === 0 && this.#limit !== undefined) this.#until = now + this.#limit.ms;
    if (now >= this.#until) return this.#end(this.#limit!.late());
    if (this.#state !== "fresh" || this.#client === undefined) return;
    this.#state = "watched";
    const { signal } = this.#client;
    if (signal.aborted) return this.abandon();
    this.#gone = () => this.abandon();
    signal.addEventListener("abort", this.#gone, { once: true });
  }

  /** The client has gone, or wants no answer any more. */
  abandon(): void {
    this.#end(refusal(499, "CANCELLED"));
  }

  /** The client has its answer. */
  leave(): void {
    if (this.#gone) this.#client!.signal.removeEventListener("abort", this.#gone);
    this.#state = "over";
  }

  #end(reason: unknown): void {
    if (this.#state === "over") return;
    this.leave();
    this.#reason = reason;
    this.#callOff?.(reason);
  }
}

/** Until `signal` fires. */
export function wantedUntil(signal: AbortSignal): Wanted {
  const onEnd = (callOff: (reason: unknown) => void) => {
    if (signal.aborted) callOff(signal.reason);
    else signal.addEventListener("abort", () => callOff(signal.reason), { once: true });
  };
  return { signal, onEnd };
}

/** The clients that one service has at the moment, and the timer that looks after them. */
export class Watch {
  readonly #tick: number;
  // A list, since a set of what lives so shortly costs as much as all else here.
  readonly #clients: Patience[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #isLeaving = false;
  #lookedAt = 0;
  #time = 0;

  /** For waits of these lengths, in milliseconds. */
  constructor(...waits: readonly number[]) {
    this.#tick = Math.max(1, Math.min(TICK_MS, ...waits.map((ms) => ms / TICKS_A_WAIT)));
  }

  /** A client has come. */
  enter(client?: Client): Patience {
    const patience = new Patience(client);
    patience.place = this.#clients.push(patience) - 1;
    if (this.#timer === undefined) {
      this.#lookedAt = performance.now();
      this.#timer = setInterval(() => this.#look(), this.#tick);
    }
    return patience;
  }

  /** And has its answer. The timer outlives the last one by a turn of the event loop: most are followed. */
  leave(patience: Patience): void {
    patience.leave();
    const last = this.#clients.pop()!;
    if (last !== patience) this.#clients[last.place = patience.place] = last;
    if (this.#clients.length > 0 || this.#isLeaving) return;
    this.#isLeaving = true;
    soon(() => this.#rest());
  }

  #rest(): void {
    this.#isLeaving = false;
    if (this.#clients.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Time in which this program stood still does not count: what came meanwhile was not read either. */
  #look(): void {
    const now = performance.now();
    this.#time += Math.min(now - this.#lookedAt, TICKS_A_WAIT * this.#tick);
    this.#lookedAt = now;
    for (const patience of [...this.#clients]) patience.look(this.#time);
  }
}
