// Runs in: any isolate
/**
 * An actor through its lives. It has one mailbox for all of them, so that references, and the messages
 * that wait, outlive each.
 *
 * - I1: a life begins only when the last one's isolate is proven dead.
 * - I2: the mailbox stays open between two lives; `close` closes it, and the next start has a new one.
 *
 * @module
 */
import { StartError, type TroupeError } from "../../errors.ts";
import type { Ending } from "../../memory/slots.ts";
import { childrenOf } from "../children.ts";
import type { CodeRef } from "../code.ts";
import type { Host, Isolation, Spawn } from "../contract.ts";
import { DRAIN, STOP } from "../inbox.ts";
import { launch } from "../launch.ts";
import type { Launched } from "../launched.ts";
import { beginNextLife, buryInHand, buryLeftover, type Deceased } from "../leftover.ts";
import type { Mailbox } from "../mailbox.ts";
import { newMailbox } from "../mailboxes.ts";
import type { MailboxOptions } from "../mailbox_region.ts";
import type { Entrance } from "../performance.ts";
import { Ref } from "../ref.ts";
import { placeOf, type Where } from "../isolation.ts";
import type { Station } from "../station.ts";
import type { Manner, Member, MemberEvents } from "./member.ts";
import type { Shutdown } from "./options.ts";

/** What an actor's lives have in common. */
export interface Casting {
  /** Where its definition or class is. */
  readonly code: CodeRef;
  /** Its id. */
  readonly id: string;
  /** What its `init` or constructor takes; for each life anew. */
  readonly args: () => readonly unknown[];
  /** Whether it runs in this isolate. */
  readonly inline: boolean;
  /** Where it runs otherwise; default: in a thread. */
  readonly where?: Where;
  /** The host that it runs in. */
  readonly host?: Host;
  /** Size and manners of its mailbox. */
  readonly mailbox?: MailboxOptions;
  /** Milliseconds that a start may take. */
  readonly startTimeout: number;
  /** Starts actors in its name. */
  readonly spawn: Spawn;
}

function tooEarly(error: TroupeError | undefined): never {
  throw error ?? new StartError("Cannot start the actor: it has ended", { phase: "init" });
}

interface Gone {
  readonly ending: Ending;
  readonly error?: TroupeError;
}

/** One life. */
interface ActorLife {
  readonly launched: Launched;
  readonly gone: Promise<Gone>;
  state: "starting" | "up" | "stopping";
}

const NEVER_LIVED: Gone = { ending: { reason: "shutdown", exitCode: 0 } };

/** An actor in a tree. */
export class ActorMember implements Member {
  events: MemberEvents = { ended() {}, stopWanted() {} };
  readonly id: string;
  readonly #station: Station;
  readonly #casting: Casting;
  #mailbox: Mailbox | undefined;
  #ref: Ref | undefined;
  #life: ActorLife | undefined;
  #last = NEVER_LIVED;
  #messages: readonly string[] = [];
  #unwatch: () => void = () => {};
  #letGo: () => void = () => {};

  /** An actor that is not started yet. */
  constructor(station: Station, casting: Casting) {
    this.#station = station;
    this.#casting = casting;
    this.id = casting.id;
  }

  get isolation(): Isolation {
    const { host, inline, where } = this.#casting;
    if (host !== undefined) return host.isolation;
    return inline ? "inline" : where?.isolation === "process" ? "process" : "worker";
  }

  /** Its address; of the next mailbox once the last one was closed and it was started again. */
  get ref(): Ref | undefined {
    return this.#ref;
  }

  /** Its mailbox, once it was started. */
  get mailbox(): Mailbox | undefined {
    return this.#mailbox;
  }

  async start(): Promise<void> {
    const mailbox = this.#open();
    const { promise, resolve } = Promise.withResolvers<Gone>();
    const { code, id, inline, where, host, spawn } = this.#casting;
    const gone = (ending: Ending, error?: TroupeError) => resolve({ ending, error });
    const what = {
      code,
      id,
      inline,
      where,
      host,
      spawn,
      mailbox,
      args: this.#casting.args(),
    };
    const launched = launch(this.#station, what, { gone });
    const life: ActorLife = { launched, gone: promise, state: "starting" };
    this.#life = life;
    const { bare, messages } = await this.#comeUp(life);
    this.#messages = messages;
    life.state = "up";
    this.#ref ??= this.#address(mailbox, bare);
    promise.then((how) => this.#ended(life, how));
    if (mailbox.lives.isStopWanted) this.events.stopWanted();
  }

  async stop(shutdown: Shutdown, manner: Manner = "stop"): Promise<Ending> {
    const life = this.#life;
    if (life === undefined) return this.#last.ending;
    const wasUp = life.state === "up";
    life.state = "stopping";
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (!wasUp || shutdown === "brutal") life.launched.owner.kill();
    else {
      this.#tellTo(manner);
      if (shutdown !== Infinity) timer = setTimeout(() => life.launched.owner.kill(), shutdown);
    }
    this.#over(await this.#awake(life.gone));
    clearTimeout(timer);
    return this.#last.ending;
  }

  kill(): void {
    this.#life?.launched.owner.kill();
  }

  close(ending: Ending, error?: TroupeError): void {
    this.#unwatch();
    if (error !== undefined) this.#last = { ending, error };
    const mailbox = this.#mailbox;
    if (mailbox === undefined || mailbox.ending !== undefined) return;
    this.#letGo();
    this.#letGo = () => {};
    buryInHand(this.#station, this.#deceased(mailbox));
    mailbox.close(ending);
    buryLeftover(this.#station, this.#deceased(mailbox));
  }

  #deceased(mailbox: Mailbox): Deceased {
    return { mailbox, id: this.id, messages: this.#messages };
  }

  /** The mailbox for the next life: the same as before, unless that was closed. */
  #open(): Mailbox {
    const known = this.#mailbox;
    if (known !== undefined && known.ending === undefined) {
      buryInHand(this.#station, this.#deceased(known));
      beginNextLife(this.#station.isolate, known, this.#last.ending);
      return known;
    }
    const mailbox = newMailbox(this.#station, this.#casting.mailbox, placeOf(this.#casting));
    mailbox.guard();
    this.#mailbox = mailbox;
    this.#ref = undefined;
    if (this.#casting.host === undefined && this.isolation === "worker") {
      this.#letGo = childrenOf(this.#station).guard();
    }
    this.#unwatch = this.#station.onDeath(() => {
      if (mailbox.lives.isStopWanted && this.#life?.state !== "starting") this.events.stopWanted();
    });
    return mailbox;
  }

  #address(mailbox: Mailbox, bare: readonly string[]): Ref {
    return new Ref(this.#station, mailbox, {
      id: this.id,
      bare,
      owner: {
        kill: () => this.kill(),
        failure: () => this.#last.error,
        end: () => {
          mailbox.lives.wantStop();
          this.kill();
          mailbox.tellOfEnd();
        },
      },
    });
  }

  /** Waits until a life has come up; one that does not is gone when this rejects. */
  async #comeUp(life: ActorLife): Promise<Entrance> {
    const { startTimeout } = this.#casting;
    let late: StartError | undefined;
    const timer = setTimeout(() => {
      late = new StartError(
        `Cannot start actor "${this.id}": it did not come up within ${startTimeout} ms`,
        { phase: "timeout" },
      );
      life.launched.owner.kill();
    }, startTimeout);
    try {
      return await Promise.race([
        life.launched.ready,
        life.gone.then(({ error }) => tooEarly(error)),
      ]);
    } catch (error) {
      life.launched.owner.kill();
      this.#over(await this.#awake(life.gone));
      throw late ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  #ended(life: ActorLife, how: Gone): void {
    if (life !== this.#life || life.state !== "up") return;
    this.#over(how);
    // The wish may not have been heard of yet: without it, another life would begin.
    if (this.#mailbox!.lives.isStopWanted) this.events.stopWanted();
    this.events.ended(how.ending, how.error);
  }

  #over(how: Gone): void {
    this.#life = undefined;
    this.#last = how;
  }

  #tellTo(manner: Manner): void {
    const { host, region, lives } = this.#mailbox!;
    const { inbox } = this.#station;
    if (manner === "stop") inbox.send(host, { kind: STOP, id: 0, value: [region, "shutdown"] });
    else {
      lives.drain();
      inbox.send(host, { kind: DRAIN, id: 0, value: region });
    }
  }

  /** Waits, keeping the program alive. */
  async #awake<T>(promise: Promise<T>): Promise<T> {
    const { keepAlive } = this.#station.isolate.park;
    keepAlive.add();
    try {
      return await promise;
    } finally {
      keepAlive.remove();
    }
  }
}
