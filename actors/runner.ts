// Runs in: any isolate
/**
 * Runs one actor from its start to its end. The same for actors in workers, in hosts, and in the isolate
 * of their owner. What it does with messages is its work; see `work.ts`.
 *
 * - I1: after the end nothing is handled, and every asker is told.
 * - I2: what is not needed is not there: until it is used, and once it is idle, an actor is its state, its
 *   mailbox and this object.
 *
 * @module
 */
import type { Ending, Life } from "../memory/slots.ts";
import type { Behaviour, MessageHandler } from "./actor.ts";
import { count } from "./asker.ts";
import type { Crash, Phase, Role, Stage } from "./cast.ts";
import { ActorContext, type Powers } from "./context.ts";
import type { AnyRef, Spawn } from "./contract.ts";
import { buryLeftover, tellDead } from "./leftover.ts";
import { Lane } from "./lane.ts";
import type { Mailbox } from "./mailbox.ts";
import { ITSELF, Ref, typed } from "./ref.ts";
import { type Resident, residentsOf } from "./residents.ts";
import type { Station } from "./station.ts";
import type { Attention } from "./summons.ts";
import { toldToStop } from "./taken.ts";
import { endWaits } from "./waits.ts";
import { Work } from "./work.ts";

const BATCH = 64;

/** One running actor. */
export class Runner implements Resident, Role, Powers {
  armed = false;
  known = false;
  readonly id: string;
  readonly mailbox: Mailbox;
  readonly behaviour: Behaviour;
  state: unknown;
  handlers: ReadonlyMap<string, MessageHandler> | undefined;
  phase: Phase = "new";
  readonly #stage: Stage;
  #context: ActorContext | undefined;
  #lane: Lane | undefined;
  #work: Work | undefined;
  #stopReason: unknown;

  /** Runs an actor of a stage; it has no state yet. */
  constructor(stage: Stage, mailbox: Mailbox, who: { id: string; behaviour: Behaviour }) {
    this.#stage = stage;
    this.mailbox = mailbox;
    this.id = who.id;
    this.behaviour = who.behaviour;
  }

  get list(): number {
    return this.mailbox.ring.readers.list;
  }

  get topic(): number {
    return this.mailbox.ring.readers.topic;
  }

  get station(): Station {
    return this.#stage.station;
  }

  get context(): ActorContext {
    if (this.#context !== undefined) return this.#context;
    this.#context = new ActorContext(this);
    if (this.phase === "ended") this.#context.abort(toldToStop());
    return this.#context;
  }

  get lane(): Lane {
    if (this.#lane !== undefined) return this.#lane;
    this.#lane = new Lane(this.station, this.mailbox, () => this.#watch());
    if (this.phase === "ended") this.#lane.close();
    return this.#lane;
  }

  get usedLane(): Lane | undefined {
    return this.#lane;
  }

  get #attention(): Attention {
    return this.#stage.attention ?? this.station.isolate.park;
  }

  /** Whether it would take a message now. */
  get wanted(): boolean {
    return this.phase === "ready";
  }

  /** Makes its state and gets it ready; what it throws is that of the code that is run. */
  async prepare(args: readonly unknown[]): Promise<void> {
    this.state = await this.behaviour.init([...args], () => this.context);
    this.phase = "ready";
    if (this.behaviour.started !== undefined) {
      await this.behaviour.started(this.state, this.context);
    }
  }

  /** It did not come up. */
  fail(error: unknown): void {
    this.phase = "ended";
    this.#attention.unwatch(this);
    this.#context?.abort(error);
    this.#lane?.close();
    this.#context?.endOffspring();
    endWaits(this.mailbox);
  }

  /** Opens the mailbox and begins. */
  begin(): void {
    this.mailbox.open();
    this.#watch();
  }

  /** Handles what is there, until a handler has to be waited for. */
  serve(): boolean {
    let handled = 0;
    while (this.phase === "ready" && handled < BATCH && this.#takeNext()) handled++;
    return handled > 0;
  }

  /** It is idle: what can be made again is let go. */
  rest(): void {
    if (this.phase !== "ready" || this.#work?.isIdle === false) return;
    this.#work = undefined;
    this.mailbox.rest();
  }

  /** Whoever asked under this number wants no answer any more. */
  cancel(from: Life, id: number): void {
    if (this.#work !== undefined || this.mailbox.depth > 0) this.#working.cancel(from, id);
    else this.#lane?.forget(from, id);
  }

  /** Whoever reads a stream has room for more. */
  grant(from: Life, id: number, credit: number): void {
    this.#work?.grant(from, id, credit);
  }

  self(): AnyRef {
    const { id, mailbox, behaviour } = this;
    const ref = new Ref(this.station, mailbox, { id, bare: behaviour.bare, owner: ITSELF });
    return typed(ref) as AnyRef;
  }

  get spawn(): Spawn {
    return this.#stage.spawn;
  }

  become(handlers: Readonly<Record<string, MessageHandler>> | undefined): void {
    this.handlers = handlers && new Map(Object.entries(handlers));
  }

  /** Ends the actor after the message in hand. */
  stop(reason?: unknown): void {
    if (this.phase !== "ready" && this.phase !== "busy") return;
    const isBusy = this.phase === "busy" || this.#work?.hasInHand === true;
    this.phase = "stopping";
    this.#stopReason = reason;
    this.context.abort(reason ?? toldToStop());
    if (!isBusy) this.#end();
  }

  /** Ends at once; what the handler in hand gives is nobody's. */
  kill(ending: Ending, crash?: Crash): void {
    if (this.phase === "ended") return;
    this.#leave();
    this.#context?.endOffspring();
    this.#over(ending, crash);
  }

  occupy(): void {
    if (this.phase !== "stopping") this.phase = "busy";
  }

  release(): void {
    if (this.phase === "stopping") return void this.#end();
    if (this.phase !== "busy") return;
    this.phase = "ready";
    this.#watch();
  }

  settled(): void {
    if (this.phase === "stopping") this.#end();
  }

  crash(thrown: unknown): void {
    if (this.mailbox.isGuarded) this.kill({ reason: "error", exitCode: 1 }, { thrown });
  }

  lose(): void {
    this.phase = "ended";
  }

  get #working(): Work {
    return this.#work ??= new Work(this);
  }

  #takeNext(): boolean {
    const own = this.#lane?.take();
    if (own !== undefined) this.#working.handle(own);
    else if (this.#work === undefined && this.mailbox.isUntouched) return false;
    else return this.#working.takeOne();
    return true;
  }

  #watch(): void {
    if (this.phase !== "ready") return;
    this.armed = false;
    this.#attention.watch(this);
  }

  #leave(): void {
    this.phase = "ended";
    this.#context?.abort(toldToStop());
    this.#attention.unwatch(this);
    this.#work?.end();
    for (const { name: type, payload } of this.#lane?.close() ?? []) {
      tellDead(this.station, this, { message: { type, payload }, reason: "stopped" });
    }
  }

  async #end(): Promise<void> {
    this.#leave();
    let ending: Ending = { reason: "normal", exitCode: 0 };
    try {
      await this.behaviour.stopped?.(this.state, this.#stopReason, this.context);
    } catch (error) {
      this.context.log.error("stopped hook failed:", error);
      ending = { reason: "error", exitCode: 1 };
    }
    this.#context?.endOffspring();
    this.#over(ending);
  }

  #over(ending: Ending, crash?: Crash): void {
    const { station, mailbox } = this;
    residentsOf(station).delete(mailbox.region);
    count(-1);
    endWaits(mailbox);
    mailbox.end(ending);
    if (!mailbox.isGuarded) buryLeftover(station, this);
    this.#stage.ended(mailbox, ending, crash);
  }
}
