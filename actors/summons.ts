// Runs in: any isolate
/**
 * How thousands of actors in one isolate wait without anybody looking at them: whoever sends to one of
 * them when it sleeps has it called, by its mailbox's name, through the inbox of the isolate. After the
 * scheduling of actors in Akka's `Mailbox` (https://doc.akka.io/libraries/akka-core/current/dispatchers.html).
 *
 * - I1: an actor that sleeps has an empty mailbox, or a call for it is on its way.
 * - I2: a call that died with its sender is made good after the death.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { compareExchange, load, store } from "../memory/atomics.ts";
import { BREATH_MS, type Source } from "../memory/park.ts";
import { SUMMON } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import { ASLEEP, CALLED, SUMMONS } from "./mailbox_region.ts";
import type { Station } from "./station.ts";

/** An actor that is called. */
export type Summoned = Source & { readonly mailbox: Mailbox };

/** Where an actor waits for messages; the park of its isolate is one such place. */
export interface Attention {
  /** Has it served when there is something. */
  watch(source: Summoned): void;
  /** Forgets it. */
  unwatch(source: Summoned): void;
}

/** The actors of an isolate that are called. */
export class Summons implements Attention {
  readonly #station: Station;
  readonly #known = new Map<BlockHandle, Summoned>();
  readonly #ready = new Set<Summoned>();
  readonly #turn = () => this.#serve();
  #state: "idle" | "turning" = "idle";
  #lastBreath = 0;
  /** Milliseconds spent with them. */
  busy = 0;

  /** Of the isolate of `station`. */
  constructor(station: Station) {
    this.#station = station;
    station.inbox.on(SUMMON, ({ value }) => this.call(value as BlockHandle));
    station.onDeath(() => this.#lookForUncalled());
  }

  /** How many there are. */
  get count(): number {
    return this.#known.size;
  }

  /** Messages that they have handled. */
  get handled(): number {
    let sum = 0;
    for (const { mailbox } of this.#known.values()) sum += mailbox.handled;
    return sum;
  }

  watch(source: Summoned): void {
    this.#known.set(source.mailbox.region, source);
    this.#ready.add(source);
    this.#wake();
  }

  unwatch(source: Summoned): void {
    this.#known.delete(source.mailbox.region);
    this.#ready.delete(source);
  }

  /** Has one served soon. */
  call(region: BlockHandle): void {
    const source = this.#known.get(region);
    if (source === undefined) return;
    this.#ready.add(source);
    this.#wake();
  }

  #wake(): void {
    if (this.#state === "turning") return;
    this.#state = "turning";
    queueMicrotask(this.#turn);
  }

  #serve(): void {
    const begun = performance.now();
    for (const source of [...this.#ready]) {
      this.#ready.delete(source);
      if (!source.wanted) continue;
      if (source.serve() || !this.#sleeps(source)) this.#ready.add(source);
    }
    const now = performance.now();
    this.busy += now - begun;
    if (this.#ready.size === 0) {
      this.#state = "idle";
      this.#lastBreath = 0;
    } else if (this.#lastBreath === 0) {
      this.#lastBreath = now;
      queueMicrotask(this.#turn);
    } else if (now - this.#lastBreath > BREATH_MS) {
      this.#lastBreath = now;
      this.#station.isolate.park.breathe().then(this.#turn);
    } else queueMicrotask(this.#turn);
  }

  /** Lets one sleep; `false` when a message came meanwhile. */
  #sleeps(source: Summoned): boolean {
    const { arena } = this.#station.isolate;
    store(arena.words, arena.wordOf(source.mailbox.region) + SUMMONS, ASLEEP);
    return !source.serve();
  }

  #lookForUncalled(): void {
    for (const [region, { mailbox }] of this.#known) if (mailbox.depth > 0) this.call(region);
  }
}

const all = new WeakMap<Station, Summons>();

/** Those of an isolate. */
export function summonsOf(station: Station): Summons {
  let summons = all.get(station);
  if (summons === undefined) all.set(station, summons = new Summons(station));
  return summons;
}

/** After a message was committed: calls the actor of `mailbox` if it sleeps. */
export function summon(station: Station, mailbox: Mailbox): void {
  const { host, region } = mailbox;
  const { arena, life } = station.isolate;
  if (host.slot < 0) return;
  const at = arena.wordOf(region) + SUMMONS;
  if (load(arena.words, at) !== ASLEEP) return;
  if (compareExchange(arena.words, at, ASLEEP, CALLED) !== ASLEEP) return;
  if (host.slot === life.slot) summonsOf(station).call(region);
  else station.inbox.send(host, { kind: SUMMON, id: 0, value: region });
}
