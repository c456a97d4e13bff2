// Runs in: any isolate
/**
 * The one place where an isolate waits. Everything it waits for is a source: something that can be
 * tried again and has a wait list in the arena. The park tries the sources whose topic the doorbell
 * names, looks at the others that are wanted for a moment, then enlists for them and sleeps on the
 * doorbell until somebody rings. While it looks it is not enlisted: a ring costs both sides several
 * times what a look does, and in a lively exchange there is none.
 *
 * The tests explore the doorbell and the wait lists; see `bell.ts` for the protocol.
 *
 * - I1: a source that is wanted is enlisted, and was tried after that, before the isolate sleeps.
 * - I2: at most one `waitAsync` is pending; one that outlives its reason is used again.
 * - I3: between two turns the microtasks that the first one caused have run; at least every
 *   {@linkcode BREATH_MS} the event loop gets its turn too.
 * - I4: the event loop is kept alive exactly while somebody who said so waits.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { wait, waitAsync } from "./atomics.ts";
import {
  ALL_TOPICS,
  answer,
  ASLEEP,
  COMMAND,
  DEATH,
  enlist,
  lieDown,
  ring,
  TOPICS,
} from "./bell.ts";
import { KeepAlive } from "./keep_alive.ts";
import { Ringer } from "./ringer.ts";
import { SLOT_BELL } from "./slots.ts";
import type { Source } from "./source.ts";
import { SpinHabit } from "./spin.ts";

export { type Source, topicOf } from "./source.ts";

/** Longest time that microtasks may hold the event loop up, in milliseconds. */
export const BREATH_MS = 2;
const QUIET_TURNS = 3;
/** More sources than this are enlisted at once: looking at them all would take too long. */
const MOST_LOOKED_AT = 8;
const CHECK_EVERY = 32;
const SLICE_MS = 50;
/** Calls `task` in the next turn of the event loop. */
export function soon(task: () => void): void {
  // Not looked up before: the platform loads a module for it.
  nextTurn ??= globalThis.setImmediate ?? ((then: () => void) => setTimeout(then, 0));
  nextTurn(task);
}
let nextTurn: ((task: () => void) => void) | undefined;

type State = "idle" | "turning" | "asleep";

/** An isolate's waiting room. */
export class Park {
  readonly #words: Int32Array;
  readonly #bell: number;
  readonly #arena: Arena;
  readonly #slot: number;
  readonly #byTopic: Source[][] = Array.from({ length: TOPICS }, () => []);
  readonly #unarmed = new Set<Source>();
  readonly #habit = new SpinHabit();
  readonly #microturn = () => this.#turn();
  readonly #attempt = () => this.#tryAll();
  #state: State = "idle";
  #heard = 0;
  #quiet = 0;
  // Two counts: were it one, whoever asks in step with the turns would never see its turn come.
  #count = 0;
  #settled = 0;
  #lastBreath = 0;
  #waking = false;
  /** Who keeps the event loop alive. */
  readonly keepAlive: KeepAlive = new KeepAlive();
  /** How it rings others. */
  readonly ringer: Ringer;
  /** Called when some isolate died. */
  onDeath: () => void = () => {};
  /** Called, before anything else is done, when this isolate was given a command or some isolate died. */
  onCommand: () => void = () => {};

  /** Called now and then while the thread is blocked: nothing else can run then. */
  whileBlocked: () => void = () => {};

  /** The waiting room of the isolate in `slot`. */
  constructor(arena: Arena, slot: number) {
    this.#arena = arena;
    this.#slot = slot;
    this.#words = arena.words;
    this.#bell = arena.slotAt(slot) + SLOT_BELL;
    this.ringer = new Ringer(arena.words, (to, bits) => this.#ring(to, bits));
  }

  /** Starts to wait for a source, or says that it is wanted again. */
  watch(source: Source): void {
    if (!source.known) {
      source.known = true;
      this.#byTopic[source.topic].push(source);
    }
    if (!source.armed) this.#unarmed.add(source);
    this.wake();
  }

  /** Forgets a source. */
  unwatch(source: Source): void {
    if (!source.known) return;
    const same = this.#byTopic[source.topic];
    same.splice(same.indexOf(source), 1);
    this.#unarmed.delete(source);
    source.known = source.armed = false;
  }

  /** Rings all who wait on a list, after what they wait for changed. */
  changed(list: number, topic: number): void {
    this.ringer.changed(list, topic);
  }

  /** As {@linkcode Park.changed}, for what those who wait take and may answer. */
  filled(list: number, topic: number): void {
    if (!this.ringer.changed(list, topic)) this.#habit.invite();
  }

  /** Rings one isolate for what waits under a topic; here it is tried again soon. */
  ringOne(slot: number, topic: number): void {
    this.#ring(slot, 1 << topic);
  }

  /** Has the sources tried again soon, without a ring. */
  wake(): void {
    if (this.#state === "turning") return;
    this.#state = "turning";
    this.keepAlive.release();
    this.#quiet = 0;
    queueMicrotask(this.#microturn);
  }

  /** Has {@linkcode onDeath} called soon, as if rung: something ended in this isolate. */
  heardOfDeath(): void {
    this.#heard |= DEATH;
    this.wake();
  }

  /** Whether so much was done without a pause that the event loop should get a turn. */
  isOutOfBreath(): boolean {
    if (++this.#settled % (CHECK_EVERY * 8) !== 0) return false;
    return performance.now() - this.#lastBreath > BREATH_MS;
  }

  /** Lets the event loop have a turn. */
  breathe(): Promise<void> {
    return new Promise((resolve) =>
      soon(() => {
        this.#lastBreath = performance.now();
        resolve();
      })
    );
  }

  /**
   * Blocks the thread until `attempt` gives `true` or the time is up; which of the two.
   *
   * @throws NotSupportedError where the memory is not shared: nobody else could change anything
   */
  block(source: Source, blocking: Blocking): boolean {
    return this.blockOnAny([source], blocking);
  }

  /** As {@linkcode Park.block}, until one of several sources changes so that `attempt` succeeds. */
  blockOnAny(sources: readonly Source[], { attempt, timeout = Infinity }: Blocking): boolean {
    if (attempt()) return true;
    if (timeout <= 0) return false;
    this.ringer.ringOut();
    if (!this.#arena.shared) {
      throw new NotSupportedError(
        "Cannot block: this program has a single isolate, so it waits alone",
      );
    }
    const end = performance.now() + timeout;
    try {
      for (;;) {
        if (this.#look(attempt)) return true;
        for (const { list } of sources) enlist(this.#words, list, this.#slot);
        if (attempt()) return true;
        const left = end - performance.now();
        if (left <= 0) return false;
        this.#sleepBlocking(Math.min(left, SLICE_MS));
        this.whileBlocked();
      }
    } finally {
      // Those who wait asynchronously rely on the bell being ASLEEP, which the answers here took away.
      if (this.#heard !== 0 || this.#state === "asleep") this.wake();
    }
  }

  #sleepBlocking(ms: number): void {
    if (lieDown(this.#words, this.#bell)) wait(this.#words, this.#bell, ASLEEP, ms);
    this.#heard |= answer(this.#words, this.#bell);
    if ((this.#heard & (COMMAND | DEATH)) !== 0) this.onCommand();
  }

  /** Looks until the attempt succeeds, if that was worth it lately; not when the doorbell rings. */
  #look(attempt: () => boolean): boolean {
    return this.#habit.look(this.#words, this.#bell, attempt) === "success";
  }

  #ring(slot: number, bits: number): void {
    if (slot === this.#slot) {
      this.#heard |= bits;
      this.wake();
    } else ring(this.#words, this.#arena.slotAt(slot) + SLOT_BELL, bits);
  }

  #turn(): void {
    const heard = this.#heard | answer(this.#words, this.#bell);
    this.#heard = 0;
    const progress = (heard !== 0 && this.#serve(heard)) || this.#tryAll();
    if (progress) this.#quiet = 0;
    else if (this.#heard === 0 && ++this.#quiet > QUIET_TURNS) return this.#rest();
    this.#again();
  }

  #again(): void {
    if (++this.#count % CHECK_EVERY === 0 && performance.now() - this.#lastBreath > BREATH_MS) {
      this.breathe().then(this.#microturn);
    } else queueMicrotask(this.#microturn);
  }

  #serve(heard: number): boolean {
    let progress = false;
    if ((heard & (COMMAND | DEATH)) !== 0) this.onCommand();
    for (let topics = heard & ALL_TOPICS; topics !== 0; topics &= topics - 1) {
      const same = this.#byTopic[31 - Math.clz32(topics & -topics)];
      for (let index = same.length - 1; index >= 0; index--) {
        const source = same[index];
        source.armed = false;
        if (source.serve()) progress = true;
        if (source.wanted && source.known) this.#unarmed.add(source);
      }
    }
    if ((heard & DEATH) !== 0) this.onDeath();
    return progress || heard > ALL_TOPICS;
  }

  /** Tries what is wanted and not enlisted. */
  #tryAll(): boolean {
    if (this.#unarmed.size === 0) return false;
    if (this.#unarmed.size > MOST_LOOKED_AT) return this.#arm();
    let progress = false;
    for (const source of this.#unarmed) {
      if (source.armed || !source.wanted) this.#unarmed.delete(source);
      else if (source.serve()) progress = true;
    }
    return progress;
  }

  /** Enlists what is wanted and not enlisted, and tries it once more. */
  #arm(): boolean {
    let progress = false;
    for (const source of [...this.#unarmed]) {
      this.#unarmed.delete(source);
      if (source.armed || !source.known || !source.wanted) continue;
      enlist(this.#words, source.list, this.#slot);
      source.armed = true;
      if (!source.serve()) continue;
      progress = true;
      // It may have stopped at a batch's end: nobody rings for what is left.
      source.armed = false;
      this.#unarmed.add(source);
    }
    return progress;
  }

  #rest(): void {
    this.#quiet = 0;
    if (this.#arena.shared && this.keepAlive.count > 0) {
      const found = this.#habit.look(this.#words, this.#bell, this.#attempt);
      if (found !== "nothing") return found === "rung" ? this.#turn() : this.#again();
    }
    if (this.#arm()) return this.#again();
    if (!this.#arena.shared) {
      this.#state = "idle";
      return;
    }
    if (!lieDown(this.#words, this.#bell)) return this.#again();
    this.#state = "asleep";
    this.keepAlive.hold();
    this.#waitForRing();
  }

  #waitForRing(): void {
    if (this.#waking) return;
    const ringing = waitAsync(this.#words, this.#bell, ASLEEP);
    if (!ringing.async) return this.wake();
    this.#waking = true;
    if (ringing.holder !== undefined) this.keepAlive.holdBy(ringing.holder);
    const since = performance.now();
    ringing.value.then(() => {
      this.#waking = false;
      this.#lastBreath = performance.now();
      this.#habit.woke(this.#lastBreath - since);
      if (this.#state === "asleep") {
        this.#state = "turning";
        this.keepAlive.release();
        this.#turn();
      }
    });
  }
}

/** See {@linkcode Park.block}. */
export interface Blocking {
  /** Tried after each change. */
  readonly attempt: () => boolean;
  /** Milliseconds; 0 does not wait, absent waits for ever. */
  readonly timeout?: number;
}
