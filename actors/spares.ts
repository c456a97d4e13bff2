// Runs in: owner
/**
 * Spare workers, threads or processes: started ahead, with Troupe loaded, waiting for their order. Taking
 * one is an order of magnitude faster than starting one.
 *
 * - I1: a spare is taken once; one that died is none.
 * - I2: as many as wanted are up or on their way, a moment after one was taken.
 * - I3: while an actor that is started again lives in a worker there is one, unless somebody said how many.
 *
 * @module
 */
import { FullError } from "../errors.ts";
import { type Life, takeSlot } from "../memory/slots.ts";
import { ensureInbox } from "./inbox.ts";
import type { Station } from "./station.ts";

/** Milliseconds after which a spare that was taken is replaced: starting one blocks its owner. */
const REFILL_MS = 20;

interface Spare {
  readonly life: Life;
  ready: boolean;
}

/** Who makes what spares are. */
export interface SpareMaker {
  /** Makes one that has no order yet, for a slot, and says when it is up. */
  startSpare(life: Life): void;
  /** Ends one that nobody uses. */
  dismiss(life: Life): void;
  /** From here on it keeps the program alive, or does not. */
  setDaemon(life: Life, daemon: boolean): void;
  /** Called when one is gone and its slot is free. */
  onBuried: (life: Life) => void;
}

/** The spare workers of a program, of one kind. */
export class Spares {
  /** Who makes them. */
  readonly maker: SpareMaker;
  readonly #station: Station;
  readonly #spares = new Map<number, Spare>();
  #asked: number | undefined;
  #guarded = 0;
  #refill: ReturnType<typeof setTimeout> | undefined;
  #whenReady: (() => void)[] = [];

  /** For the first isolate. */
  constructor(station: Station, maker: SpareMaker) {
    this.#station = station;
    this.maker = maker;
    maker.onBuried = ({ slot }) => {
      if (this.#spares.delete(slot)) this.#refillSoon();
    };
  }

  /** Somebody is up: one of these, perhaps. */
  isUp({ slot, incarnation }: Life): void {
    const spare = this.#spares.get(slot);
    if (spare?.life.incarnation !== incarnation) return;
    spare.ready = true;
    this.#tellReady();
  }

  /** Keeps so many from now on; resolves when they are up. */
  async keep(count: number): Promise<void> {
    this.#asked = count;
    this.#trim();
    this.#fill();
    if (this.#spares.size < count) {
      throw new FullError("Cannot keep spare workers: all 256 slots are taken");
    }
    const { keepAlive } = this.#station.isolate.park;
    keepAlive.add();
    while (this.#readyCount() < Math.min(count, this.#spares.size)) {
      await new Promise<void>((resolve) => this.#whenReady.push(resolve));
    }
    keepAlive.remove();
  }

  /** From now on an actor may have to be started again; gives what says that it need not. */
  guard(): () => void {
    this.#guarded++;
    this.#refillSoon();
    return () => {
      this.#guarded--;
      this.#trim();
    };
  }

  /** One that is up, or nothing. */
  take(): Life | undefined {
    for (const { life, ready } of this.#spares.values()) {
      if (!ready) continue;
      this.#spares.delete(life.slot);
      this.#refillSoon();
      return life;
    }
    return undefined;
  }

  get #wanted(): number {
    return this.#asked ?? Math.min(1, this.#guarded);
  }

  #trim(): void {
    if (this.#spares.size >= this.#wanted) {
      clearTimeout(this.#refill);
      this.#refill = undefined;
    }
    for (const { life } of [...this.#spares.values()].slice(this.#wanted)) {
      this.#spares.delete(life.slot);
      this.maker.dismiss(life);
    }
  }

  /** Starts as many as are wanted and there are slots for. */
  #fill(): void {
    const { isolate } = this.#station;
    while (this.#spares.size < this.#wanted) {
      const life = takeSlot(isolate.arena, isolate.life);
      if (life === undefined) return;
      ensureInbox(isolate, life.slot);
      this.#spares.set(life.slot, { life, ready: false });
      this.maker.startSpare(life);
    }
  }

  #refillSoon(): void {
    if (this.#refill !== undefined || this.#spares.size >= this.#wanted) return;
    this.#refill = setTimeout(() => {
      this.#refill = undefined;
      this.#fill();
    }, REFILL_MS);
    Deno.unrefTimer(this.#refill as unknown as number);
  }

  #readyCount(): number {
    return [...this.#spares.values()].filter(({ ready }) => ready).length;
  }

  #tellReady(): void {
    for (const resolve of this.#whenReady.splice(0)) resolve();
  }
}
