// Runs in: any isolate
/**
 * An actor at work: takes messages out of its mailbox, hands them to the handlers, sends the replies.
 * Made when there is a first message; an actor that has been idle for long is without.
 *
 * - I1: one message at a time: the next is taken when the handler of the last, and its promise, ended.
 *   Streamed replies go on beside it.
 * - I2: a message that its schema refuses never reaches a handler.
 * - I3: an error of a handler goes to whoever asked; of a told message it is reported. Then an actor that
 *   somebody starts again is at its end; any other goes on.
 * - I4: a reply is on its way before its message counts as handled.
 *
 * @module
 */
import { ValidationError } from "../errors.ts";
import { PENDING } from "../memory/line.ts";
import type { Life } from "../memory/slots.ts";
import { Incoming } from "../channels/stream.ts";
import { handling } from "./asker.ts";
import type { Role } from "./cast.ts";
import { HandlerContext } from "./context.ts";
import { TELL } from "./head.ts";
import { DECLARED_DEAD, Intake } from "./intake.ts";
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

/** One in so many messages is timed. */
const SAMPLE = 8;

/** The work of one actor. */
export class Work {
  readonly #role: Role;
  readonly #intake: Intake;
  readonly #isTold: boolean;
  #produced: Productions | undefined;
  #cancelled: Set<string> | undefined;
  #inHand: Taken | undefined;
  #context: HandlerContext | undefined;
  #traced: Traced | undefined;
  #count = 0;
  #begun = 0;

  /** Work that begins. */
  constructor(role: Role) {
    this.#role = role;
    this.#intake = new Intake(role.station, role.mailbox);
    this.#isTold = role.mailbox.isToldElsewhere;
  }

  /** Whether a message is in hand. */
  get hasInHand(): boolean {
    return this.#inHand !== undefined;
  }

  /** Whether nothing of it is lost by making it anew. */
  get isIdle(): boolean {
    return this.#inHand === undefined && this.#cancelled === undefined &&
      (this.#produced?.count ?? 0) === 0;
  }

  /** Takes a message and begins with it; `false` when there is none. */
  takeOne(): boolean {
    let value: unknown;
    try {
      value = this.#intake.take();
    } catch (error) {
      if (error === DECLARED_DEAD) {
        this.#role.lose();
        return false;
      }
      this.#refuse(takenOf(["", undefined], this.#intake.head), error);
      return true;
    }
    if (value === PENDING) return false;
    this.#role.usedLane?.passed();
    if (value instanceof Incoming) this.#takeStreamed(value);
    else this.handle(takenOf(value, this.#intake.head));
    return true;
  }

  /** Begins with a message. */
  handle(message: Taken): void {
    this.#begun = this.#count++ % SAMPLE === 0 ? performance.now() : 0;
    if (this.#cancelled?.delete(keyOf(message.from, message.id))) return this.#done();
    const { behaviour, handlers, state, context, mailbox } = this.#role;
    const handler = handlers === undefined
      ? behaviour.handler(message.name)
      : handlers.get(message.name);
    if (handler === undefined) {
      const known = handlers?.keys() ?? behaviour.messages;
      return this.#refuse(message, unknownMessage(context.id, message.name, known));
    }
    const schema = behaviour.schema(message.name);
    const own = new HandlerContext(context);
    if (this.#isTold) mailbox.hand(behaviour.messages.indexOf(message.name));
    const traced = tracing?.handle(message.trace, message.kind !== TELL, {
      actor: context.id,
      message: message.name,
    });
    this.#inHand = message;
    this.#context = own;
    this.#traced = traced;
    handling(mailbox);
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

  /** Whoever asked under this number wants no answer any more. */
  cancel(from: Life, id: number): void {
    if (this.#produced?.cancel(from, id)) return;
    const message = this.#inHand;
    if (message?.id === id && message.from.slot === from.slot) this.#context?.abort(notWanted());
    else if (this.#role.usedLane?.forget(from, id)) return;
    else if (this.#role.mailbox.depth > 0) (this.#cancelled ??= new Set()).add(keyOf(from, id));
  }

  /** Whoever reads a stream has room for more. */
  grant(from: Life, id: number, credit: number): void {
    this.#produced?.grant(from, id, credit);
  }

  /** The actor has ended: what is in hand gives nothing, and nothing is streamed any more. */
  end(): void {
    this.#traced?.fail(toldToStop());
    this.#produced?.cancelAll();
  }

  #takeStreamed(stream: Incoming): void {
    this.#role.occupy();
    this.#intake.finish(stream).then(({ value, head }) => {
      this.#role.release();
      if (this.#role.phase !== "ready") return;
      if (Array.isArray(value)) this.handle(takenOf(value, head));
    });
  }

  #await(message: Taken, result: PromiseLike<unknown>): void {
    this.#role.occupy();
    result.then(
      (value) => this.#finish(message, value),
      (error) => this.#fail(message, error),
    ).then(() => this.#role.release());
  }

  #finish(message: Taken, result: unknown): void {
    if (this.#role.phase === "ended") return;
    const { mailbox, station } = this.#role;
    mailbox.count();
    if (this.#context?.isStashed) {
      this.#role.lane.putAside(message);
      return this.#done();
    }
    if (isIterable(result)) return this.#produce(message, result);
    answer(station, message, result);
    this.#done();
  }

  #produce(message: Taken, items: AsyncIterable<unknown> | Iterable<unknown>): void {
    const traced = this.#traced;
    this.#inHand = this.#traced = undefined;
    this.#done();
    this.#produced ??= new Productions(this.#role.station);
    this.#produced.start(message, items, traced).then((failed) => {
      if (failed !== undefined) this.#role.crash(failed[0]);
    });
  }

  /** The message was not handled. */
  #refuse(message: Taken, error: unknown, isReported = true): void {
    const { mailbox, station, context } = this.#role;
    mailbox.count();
    this.#traced?.fail(error);
    if (message.kind !== TELL) replyFailure(station, message, error);
    else if (isReported) context.log.error(`message "${message.name}" failed:`, error);
    this.#done();
  }

  /** Its handler failed. */
  #fail(message: Taken, error: unknown): void {
    const { mailbox, phase } = this.#role;
    if (phase === "ended") return;
    const goesOn = error instanceof ValidationError || !mailbox.isGuarded;
    this.#refuse(message, error, goesOn);
    if (!goesOn) this.#role.crash(error);
  }

  #done(): void {
    const { mailbox } = this.#role;
    this.#traced?.end();
    this.#inHand = this.#context = this.#traced = undefined;
    mailbox.done();
    if (this.#begun > 0) mailbox.took(performance.now() - this.#begun);
    if (this.#cancelled !== undefined && mailbox.depth === 0) this.#cancelled = undefined;
    this.#role.settled();
  }
}
