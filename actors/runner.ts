// Runs in: any isolate
/**
 * Runs one actor: takes messages from its mailbox one at a time, hands them to the handlers, sends the
 * replies. The same for actors in workers and for those in the isolate of their owner.
 *
 * - I1: one message at a time: the next is taken when the handler of the last, and its promise, ended.
 *   Streamed replies go on beside it.
 * - I2: a message that its schema refuses never reaches a handler.
 * - I3: an error of a handler goes to whoever asked; of a told message it is reported. Then an actor that
 *   somebody starts again is at its end; any other goes on.
 * - I4: after the end nothing is handled, and every asker is told.
 * - I5: a reply is on its way before its message counts as handled.
 *
 * @module
 */
import { ValidationError } from "../errors.ts";
import { PENDING } from "../memory/line.ts";
import type { Source } from "../memory/park.ts";
import type { Ending, Life } from "../memory/slots.ts";
import { Incoming } from "../channels/stream.ts";
import type { MessageHandler } from "./actor.ts";
import { handling } from "./asker.ts";
import { TELL } from "./head.ts";
import { type Cast, type Crash, stopped } from "./cast.ts";
import { HandlerContext } from "./context.ts";
import { DECLARED_DEAD, Intake } from "./intake.ts";
import { tellDead } from "./leftover.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Station } from "./station.ts";
import { Productions } from "./streamed.ts";
import {
  answer,
  isIterable,
  isThenable,
  keyOf,
  notWanted,
  replyFailure,
  runHandler,
  type Taken,
  takenOf,
  toldToStop,
  unknownMessage,
} from "./taken.ts";
import { type Traced, tracing } from "./tracing.ts";

const BATCH = 64;
/** One in so many messages is timed. */
const SAMPLE = 8;

type State = "ready" | "busy" | "stopping" | "ended";

/** One running actor. */
export class Runner implements Source {
  armed = false;
  known = false;
  /** Where its messages come from. */
  readonly mailbox: Mailbox;
  readonly #station: Station;
  readonly #cast: Cast;
  #intake: Intake | undefined;
  readonly #isTold: boolean;
  #produced: Productions | undefined;
  #cancelled: Set<string> | undefined;
  #inHand: { message: Taken; context: HandlerContext; traced?: Traced } | undefined;
  #state: State = "ready";
  #count = 0;
  #begun = 0;
  #stopReason: unknown;
  #handlers: ReadonlyMap<string, MessageHandler> | undefined;

  /** Runs `cast` with the messages of `mailbox`. */
  constructor(station: Station, mailbox: Mailbox, cast: Cast) {
    this.#station = station;
    this.mailbox = mailbox;
    this.#isTold = mailbox.isToldElsewhere;
    this.#cast = cast;
    cast.lane.wake = () => this.#watch();
  }

  get list(): number {
    return this.mailbox.ring.readers.list;
  }

  get topic(): number {
    return this.mailbox.ring.readers.topic;
  }

  /** Whether it would take a message now. */
  get wanted(): boolean {
    return this.#state === "ready";
  }

  /** Opens the mailbox and begins. */
  begin(): void {
    this.mailbox.open();
    this.#watch();
  }

  /** Handles what is there, until a handler has to be waited for. */
  serve(): boolean {
    let handled = 0;
    while (this.#state === "ready" && handled < BATCH && (this.#takeOwn() || this.#takeOne())) {
      handled++;
    }
    return handled > 0;
  }

  /** Whoever asked under this number wants no answer any more. */
  cancel(from: Life, id: number): void {
    if (this.#produced?.cancel(from, id)) return;
    const { message, context } = this.#inHand ?? {};
    if (message?.id === id && message.from.slot === from.slot) context?.abort(notWanted());
    else if (this.#cast.lane.forget(from, id)) return;
    else if (this.mailbox.depth > 0) (this.#cancelled ??= new Set()).add(keyOf(from, id));
  }

  /** Whoever reads a stream has room for more. */
  grant(from: Life, id: number, credit: number): void {
    this.#produced?.grant(from, id, credit);
  }

  /** Handles messages by these functions from now on; without them, as defined. */
  become(handlers: Readonly<Record<string, MessageHandler>> | undefined): void {
    this.#handlers = handlers && new Map(Object.entries(handlers));
  }

  /** Ends the actor after the message in hand. */
  stop(reason?: unknown): void {
    if (this.#state === "ended" || this.#state === "stopping") return;
    this.#stopReason = reason;
    const isBusy = this.#state === "busy" || this.#inHand !== undefined;
    this.#state = "stopping";
    this.#cast.context.abort(reason ?? toldToStop());
    if (!isBusy) this.#end();
  }

  /** Ends at once; what the handler in hand gives is nobody's. */
  kill(ending: Ending, crash?: Crash): void {
    if (this.#state === "ended") return;
    this.#inHand?.traced?.fail(toldToStop());
    this.#leave();
    this.#cast.context.endOffspring();
    this.#cast.ended(ending, crash);
  }

  #leave(): void {
    this.#state = "ended";
    this.#cast.context.abort(toldToStop());
    this.#cast.attention.unwatch(this);
    this.#produced?.cancelAll();
    const { lane, context } = this.#cast;
    for (const { name: type, payload } of lane.close()) {
      const letter = { message: { type, payload }, reason: "stopped" } as const;
      tellDead(this.#station, { mailbox: this.mailbox, id: context.id }, letter);
    }
  }

  #watch(): void {
    if (this.#state !== "ready") return;
    this.armed = false;
    this.#cast.attention.watch(this);
  }

  #takeOwn(): boolean {
    const message = this.#cast.lane.take();
    if (message !== undefined) this.#handle(message);
    return message !== undefined;
  }

  #takeOne(): boolean {
    if (this.#intake === undefined && this.mailbox.isUntouched) return false;
    const intake = this.#intake ??= new Intake(this.#station, this.mailbox);
    let value: unknown;
    try {
      value = intake.take();
    } catch (error) {
      if (error === DECLARED_DEAD) {
        this.#state = "ended";
        return false;
      }
      this.#refuse(takenOf(["", undefined], intake.head), error);
      return true;
    }
    if (value === PENDING) return false;
    this.#cast.lane.passed();
    if (value instanceof Incoming) this.#takeStreamed(value);
    else this.#handle(takenOf(value, intake.head));
    return true;
  }

  #takeStreamed(stream: Incoming): void {
    this.#state = "busy";
    this.#intake!.finish(stream).then(({ value, head }) => {
      this.#release();
      if (this.#state !== "ready") return;
      if (Array.isArray(value)) this.#handle(takenOf(value, head));
    });
  }

  #handle(message: Taken): void {
    this.#begun = this.#count++ % SAMPLE === 0 ? performance.now() : 0;
    if (this.#cancelled?.delete(keyOf(message.from, message.id))) return this.#done();
    const { behaviour, state, context } = this.#cast;
    const handler = this.#handlers === undefined
      ? behaviour.handler(message.name)
      : this.#handlers.get(message.name);
    if (handler === undefined) {
      const known = this.#handlers?.keys() ?? behaviour.messages;
      return this.#refuse(message, unknownMessage(context.id, message.name, known));
    }
    const schema = behaviour.schema(message.name);
    const own = new HandlerContext(context);
    if (this.#isTold) this.mailbox.hand(behaviour.messages.indexOf(message.name));
    const traced = tracing?.handle(message.trace, message.kind !== TELL, {
      actor: context.id,
      message: message.name,
    });
    this.#inHand = { message, context: own, traced };
    handling(this.mailbox);
    try {
      const how = { handler, schema };
      const scene = { state, context: own };
      const result = traced === undefined
        ? runHandler(how, message, scene)
        : traced.run(runHandler, how, message, scene);
      if (isThenable(result)) this.#await(message, result);
      else this.#finish(message, result);
    } catch (error) {
      this.#fail(message, error);
    } finally {
      handling(undefined);
    }
  }

  #await(message: Taken, result: PromiseLike<unknown>): void {
    this.#state = this.#state === "stopping" ? "stopping" : "busy";
    result.then(
      (value) => this.#finish(message, value),
      (error) => this.#fail(message, error),
    ).then(() => this.#release());
  }

  /** The handler that was waited for has ended: go on, or end. */
  #release(): void {
    if (this.#state === "stopping") return void this.#end();
    if (this.#state !== "busy") return;
    this.#state = "ready";
    this.#watch();
  }

  #finish(message: Taken, result: unknown): void {
    if (this.#state === "ended") return;
    this.mailbox.count();
    if (this.#inHand?.context.isStashed) {
      this.#cast.lane.putAside(message);
      return this.#done();
    }
    if (isIterable(result)) return this.#produce(message, result);
    answer(this.#station, message, result);
    this.#done();
  }

  #produce(message: Taken, items: AsyncIterable<unknown> | Iterable<unknown>): void {
    const traced = this.#inHand?.traced;
    this.#inHand = undefined;
    this.#done();
    this.#produced ??= new Productions(this.#station);
    this.#produced.start(message, items, traced).then((failed) => {
      if (failed !== undefined) this.#crash(failed[0]);
    });
  }

  /** The message was not handled. */
  #refuse(message: Taken, error: unknown, isReported = true): void {
    this.mailbox.count();
    this.#inHand?.traced?.fail(error);
    if (message.kind !== TELL) replyFailure(this.#station, message, error);
    else if (isReported) this.#cast.context.log.error(`message "${message.name}" failed:`, error);
    this.#done();
  }

  /** Its handler failed. */
  #fail(message: Taken, error: unknown): void {
    if (this.#state === "ended") return;
    const goesOn = error instanceof ValidationError || !this.mailbox.isGuarded;
    this.#refuse(message, error, goesOn);
    if (!goesOn) this.#crash(error);
  }

  /** Ends the life of an actor that somebody starts again: its state is not to be trusted. */
  #crash(thrown: unknown): void {
    if (this.mailbox.isGuarded) this.kill({ reason: "error", exitCode: 1 }, { thrown });
  }

  #done(): void {
    this.#inHand?.traced?.end();
    this.#inHand = undefined;
    this.mailbox.done();
    if (this.#begun > 0) this.mailbox.took(performance.now() - this.#begun);
    if (this.#cancelled !== undefined && this.mailbox.depth === 0) this.#cancelled = undefined;
    if (this.#state === "stopping") this.#end();
  }

  async #end(): Promise<void> {
    this.#leave();
    const ending = await stopped(this.#cast, this.#stopReason);
    this.#cast.context.endOffspring();
    this.#cast.ended(ending);
  }
}
