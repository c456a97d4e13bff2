// Runs in: any isolate
/**
 * How thousands of actors in one isolate wait without anybody looking at them: whoever sends to one of
 * them when it sleeps has it called, by its mailbox's name, through the inbox of the isolate. After the
 * scheduling of actors in Akka's `Mailbox` (https://doc.akka.io/libraries/akka-core/current/dispatchers.html).
 *
 * - I1: an actor that sleeps has an empty mailbox, or a call for it is on its way.
 * - I2: a call that died with its sender is made good after the death.
 * - I3: all but the last {@linkcode MOST_WARM} that were awake and sleep now are at rest.
 *
 * @module
 */
import type { BlockHandle } from "../memory/arena.ts";
import { compareExchange, load, store } from "../memory/atomics.ts";
import { BREATH_MS } from "../memory/park.ts";
import { SUMMON } from "./inbox.ts";
import type { Mailbox } from "./mailbox.ts";
import { ASLEEP, CALLED, SUMMONS } from "./mailbox_region.ts";
import { type Resident, residentsOf } from "./residents.ts";
import type { Station } from "./station.ts";

/** So many actors keep what they need to handle messages, about 1 KiB each, when they sleep. */
const MOST_WARM = 1024;

/** Where an actor waits for messages; the park of its isolate is one such place. */
export interface Attention {
  /** Has it served when there is something. */
  watch(resident: Resident): void;
  /** Forgets it. */
  unwatch(resident: Resident): void;
}

/** The actors of an isolate that are called. */
export class Summons implements Attention {
  readonly #station: Station;
  readonly #residents: ReadonlyMap<BlockHandle, Resident>;
  // Those that are `known` are to be served, those that are `armed` are warm: quicker than to look in a set.
  #ready: Resident[] = [];
  #serving: Resident[] = [];
  readonly #warm = new Set<Resident>();
  readonly #turn = () => this.#serve();
  #state: "idle" | "turning" = "idle";
  #lastBreath = 0;
  /**
   * Milliseconds spent with them: those that ended meanwhile, of a clock that is read faster than a finer
   * one. A short turn mostly counts nothing, and now and then too much; the sum is right.
   */
  busy = 0;

  /** Of the isolate of `station`. */
  constructor(station: Station) {
    this.#station = station;
    this.#residents = residentsOf(station);
    station.inbox.on(SUMMON, ({ value }) => this.call(value as BlockHandle));
    station.onDeath(() => this.#lookForUncalled());
  }

  watch(resident: Resident): void {
    if (!resident.known) this.#ready.push(resident);
    resident.known = true;
    this.#wake();
  }

  unwatch(resident: Resident): void {
    this.#warm.delete(resident);
  }

  /** Has one served soon. */
  call(region: BlockHandle): void {
    const resident = this.#residents.get(region);
    if (resident !== undefined) this.watch(resident);
  }

  #wake(): void {
    if (this.#state === "turning") return;
    this.#state = "turning";
    queueMicrotask(this.#turn);
  }

  #serve(): void {
    const begun = Date.now();
    const serving = this.#ready;
    this.#ready = this.#serving;
    this.#serving = serving;
    for (const resident of serving) {
      resident.known = false;
      if (resident.wanted) resident.serve();
      if (resident.wanted && !this.#sleeps(resident)) this.watch(resident);
    }
    serving.length = 0;
    const now = Date.now();
    this.busy += Math.max(0, now - begun);
    if (this.#ready.length === 0) {
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
  #sleeps(resident: Resident): boolean {
    const { arena } = this.#station.isolate;
    store(arena.words, arena.wordOf(resident.mailbox.region) + SUMMONS, ASLEEP);
    if (resident.serve()) return false;
    if (!resident.armed) this.#warmed(resident);
    return true;
  }

  /** One more that was awake; the one that was first of all is at rest then. */
  #warmed(resident: Resident): void {
    resident.armed = true;
    this.#warm.add(resident);
    if (this.#warm.size <= MOST_WARM) return;
    const [oldest] = this.#warm;
    this.#warm.delete(oldest);
    oldest.armed = false;
    oldest.rest();
  }

  #lookForUncalled(): void {
    const { arena } = this.#station.isolate;
    for (const region of this.#residents.keys()) {
      if (load(arena.words, arena.wordOf(region) + SUMMONS) === CALLED) this.call(region);
    }
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
  if (mailbox.isLeft) return;
  const { life, arena } = station.isolate;
  const { region } = mailbox;
  const at = arena.wordOf(region) + SUMMONS;
  if (load(arena.words, at) !== ASLEEP) return;
  if (compareExchange(arena.words, at, ASLEEP, CALLED) !== ASLEEP) return;
  const { host } = mailbox;
  if (host.slot === life.slot) summonsOf(station).call(region);
  else station.inbox.send(host, { kind: SUMMON, id: 0, value: region });
}
