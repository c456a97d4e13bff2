// Runs in: any isolate
/**
 * A supervisor: starts its children in order, starts them again when they fail, stops them in reverse
 * order. What to do is decided in `decide.ts`; here it is done, one thing after the other.
 *
 * - I1: one change at a time: starts, restarts, stops of this supervisor never overlap.
 * - I2: a child that ended in the course of somebody else's restart is no failure of its own.
 * - I3: after the end of a supervisor no child of it runs, and its delays are called off.
 *
 * @module
 */
import { RestartLimitError, StartError, type TroupeError } from "../../errors.ts";
import type { Ending } from "../../memory/slots.ts";
import type { Isolation } from "../contract.ts";
import { emit } from "../events.ts";
import { station } from "../station.ts";
import { decide, type Decision, isClean, type Rules, step } from "./decide.ts";
import type { Manner, Member, MemberEvents } from "./member.ts";
import type { Shutdown } from "./options.ts";
import { type Ended, type Seat, type SeatMaking, seatOf, SHUTDOWN, viewOf } from "./seat.ts";

type Restart = Extract<Decision, { what: "restart" }>;

/** A supervisor in a tree; the topmost has nobody above. */
export class Branch implements Member {
  events: MemberEvents = { ended() {}, stopWanted() {} };
  readonly id: string;
  readonly isolation: Isolation = "inline";
  readonly #rules: Rules;
  #seats: readonly Seat[];
  #failures: readonly number[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #state: "idle" | "starting" | "up" | "stopping" = "idle";
  #stopping: Promise<Ending> | undefined;
  readonly #closed = Promise.withResolvers<TroupeError | undefined>();

  /** A supervisor that is not started yet. */
  constructor(id: string, rules: Rules, children: readonly SeatMaking[]) {
    this.id = id;
    this.#rules = rules;
    this.#seats = children.map((making) => this.#seat(making, false));
  }

  /** Its children, in start order. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  /** Whether its children run, and orders are taken. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  /** Resolves once it is closed, with what went wrong. */
  get closed(): Promise<TroupeError | undefined> {
    return this.#closed.promise;
  }

  start(): Promise<void> {
    return this.inTurn(async () => {
      this.#state = "starting";
      this.#failures = [];
      for (const seat of this.#seats) {
        seat.streak = 0;
        const error = await this.startSeat(seat).catch((error) => error);
        if (this.#state !== "starting") throw startFailure(this.id, seat.name, error);
        if (error === undefined) continue;
        await this.#stopAll();
        this.#state = "idle";
        throw startFailure(this.id, seat.name, error);
      }
      this.#state = "up";
    });
  }

  stop(shutdown: Shutdown, manner: Manner = "stop"): Promise<Ending> {
    return this.#stopping ??= this.#stop(shutdown, manner).finally(() =>
      this.#stopping = undefined
    );
  }

  kill(): void {
    for (const { member } of this.#seats) member.kill();
  }

  close(ending: Ending, error?: TroupeError): void {
    this.#closed.resolve(error);
    for (const { member, last } of this.#seats) {
      member.close(isClean(last.ending) ? ending : last.ending, error ?? last.error);
    }
  }

  /** Runs `change` when all changes before it are done. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** Adds a child behind the others and starts it; one that does not come up is not added. */
  async add(making: SeatMaking): Promise<void> {
    const seat = this.#seat(making, true);
    this.#seats = [...this.#seats, seat];
    try {
      await this.startSeat(seat);
    } catch (error) {
      seat.member.close({ reason: "error", exitCode: 1 });
      this.remove(seat);
      throw error;
    }
  }

  /** Forgets a child that does not run. */
  remove(seat: Seat): void {
    this.#seats = this.#seats.filter((other) => other !== seat);
  }

  /** Starts one child. Only in turn. */
  async startSeat(seat: Seat, failed: "stopped" | "down" = "stopped"): Promise<void> {
    seat.phase = step(seat.phase, "starting");
    seat.byHand = false;
    seat.starts++;
    seat.last = { ending: SHUTDOWN };
    try {
      await seat.member.start();
    } catch (error) {
      seat.last = { ending: { reason: "error", exitCode: 1 }, error: error as TroupeError };
      seat.phase = step(seat.phase, failed);
      throw error;
    }
    seat.phase = step(seat.phase, "up");
    seat.upSince = performance.now();
  }

  /** Ends one child for good, as somebody wanted. Only in turn. */
  async dismiss(seat: Seat, inOrder: Ending = SHUTDOWN): Promise<void> {
    seat.byHand = true;
    const ending = await this.#stopSeat(seat, "stopped");
    seat.member.close(ending.reason === "normal" ? inOrder : ending);
    if (seat.rules.type === "temporary") this.remove(seat);
  }

  #seat(making: SeatMaking, isAdded: boolean): Seat {
    const seat = seatOf(making, isAdded);
    seat.member.events = {
      ended: (ending, error) => this.#ended(seat, { ending, error }),
      stopWanted: () => this.#stopWanted(seat),
    };
    return seat;
  }

  #ended(seat: Seat, last: Ended): void {
    const { starts } = seat;
    seat.last = last;
    // Not at once: it may have ended before its start was seen to succeed.
    this.inTurn(async () => {
      if (this.#state !== "up" || seat.phase !== "up" || seat.starts !== starts) return;
      seat.phase = step(seat.phase, "down");
      await this.#react(seat, true);
    });
  }

  #stopWanted(seat: Seat): void {
    if (seat.byHand) return;
    seat.byHand = true;
    this.inTurn(() => this.dismiss(seat, { reason: "normal", exitCode: 0 }));
  }

  /** A child has ended, or did not come up: does what is decided. */
  async #react(seat: Seat, wasUp: boolean): Promise<void> {
    if (seat.byHand) return;
    const { ending, error } = seat.last;
    const decision = decide(
      { rules: this.#rules, failures: this.#failures, children: this.#seats.map(viewOf) },
      { child: this.#seats.indexOf(seat), ending, wasUp, at: performance.now() },
      Math.random(),
    );
    if (decision.what === "restart") return await this.#restart(seat, decision);
    seat.phase = step(seat.phase, "stopped");
    if (decision.what === "give up") return await this.#end(limitError(this.id, seat, this.#rules));
    seat.member.close(ending, error);
    if (decision.what === "finish") await this.#end();
    else if (decision.remove) this.remove(seat);
  }

  async #restart(failed: Seat, decision: Restart): Promise<void> {
    const named = (numbers: readonly number[]) => numbers.map((number) => seats[number]);
    const seats = this.#seats;
    const group = named(decision.start);
    this.#failures = decision.failures;
    failed.streak = decision.streak;
    for (const seat of named(decision.stop)) await this.#stopSeat(seat, "stopped");
    for (const seat of named(decision.remove)) {
      seat.phase = step(seat.phase, "stopped");
      seat.member.close(SHUTDOWN);
      this.remove(seat);
    }
    for (const seat of group) {
      seat.phase = step(seat.phase, "waiting");
      clearTimeout(seat.timer);
    }
    if (decision.delay === 0) return await this.#startGroup(group);
    const timer = setTimeout(
      () => this.inTurn(() => this.#startGroup(group.filter((seat) => seat.timer === timer))),
      decision.delay,
    );
    Deno.unrefTimer(timer as unknown as number);
    for (const seat of group) seat.timer = timer;
  }

  /** Starts those that still wait for it. */
  async #startGroup(group: readonly Seat[]): Promise<void> {
    for (const seat of group) {
      if (this.#state !== "up") return;
      if (seat.phase !== "waiting") continue;
      try {
        await this.startSeat(seat, "down");
        seat.restarts++;
      } catch {
        if (this.#state === "up") return await this.#react(seat, false);
      }
    }
  }

  /** Its own end: nothing left to do, or too many failures. */
  async #end(error?: RestartLimitError): Promise<void> {
    this.#state = "stopping";
    await this.#stopAll();
    this.#state = "idle";
    if (error !== undefined) emit(station(), { type: "crashed", actor: this.id, error });
    this.events.ended(SHUTDOWN, error);
  }

  async #stop(shutdown: Shutdown, manner: Manner): Promise<Ending> {
    if (this.#state === "idle") return SHUTDOWN;
    this.#state = "stopping";
    for (const seat of this.#seats) if (seat.phase === "starting") seat.member.kill();
    if (shutdown === "brutal") this.kill();
    const limited = typeof shutdown === "number" && shutdown !== Infinity;
    const timer = limited ? setTimeout(() => this.kill(), shutdown) : undefined;
    await this.inTurn(() => this.#stopAll(manner));
    clearTimeout(timer);
    this.#state = "idle";
    return SHUTDOWN;
  }

  /** Those added last go first, all at once; then the others, one by one, in reverse order. */
  async #stopAll(manner: Manner = "stop"): Promise<void> {
    const added = this.#seats.filter(({ isAdded }) => isAdded);
    const drained = manner === "drain" ? added : [];
    await Promise.all(drained.map((seat) => this.#stopSeat(seat, "stopped", manner)));
    await Promise.all(added.map((seat) => this.dismiss(seat)));
    const first = this.#seats.filter(({ isAdded }) => !isAdded);
    for (const seat of first.toReversed()) {
      const ending = await this.#stopSeat(seat, "stopped", manner);
      seat.last = { ending, error: seat.last.error };
    }
    this.#seats = first;
  }

  /** Stops a child if it runs; gives how it ended. */
  async #stopSeat(
    seat: Seat,
    then: "stopped" | "waiting",
    manner: Manner = "stop",
  ): Promise<Ending> {
    clearTimeout(seat.timer);
    if (seat.phase !== "up") {
      seat.phase = step(seat.phase, then);
      return seat.last.ending;
    }
    seat.phase = step(seat.phase, "stopping");
    // Who drains has until the deadline of the whole tree.
    const shutdown = manner === "drain" ? Infinity : seat.rules.shutdown;
    const ending = await seat.member.stop(shutdown, manner);
    seat.phase = step(seat.phase, then);
    return ending;
  }
}

function startFailure(id: string, child: string, cause: unknown): StartError {
  const why = cause instanceof Error ? cause.message : "it was stopped meanwhile";
  const phase = cause instanceof StartError ? cause.phase : "init";
  return new StartError(`Cannot start supervisor "${id}": child "${child}": ${why}`, {
    phase,
    cause,
  });
}

function limitError(id: string, { name, last }: Seat, rules: Rules): RestartLimitError {
  const { maxRestarts, within } = rules;
  return new RestartLimitError(
    `Supervisor "${id}" gave up on child "${name}": more than ${maxRestarts} restarts within ${within} ms`,
    { maxRestarts, within, cause: last.error },
  );
}
