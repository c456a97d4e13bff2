// Runs in: any isolate
/**
 * A stage that works on several items at a time: it reads ahead, as far as its workers and its buffer go.
 *
 * - I1: no more than `most` items are read and not yet given, and no more than `workers` in work.
 * - I2: ordered: results come in the order of the items; else as they are done.
 * - I3: items of one key are worked on one after the other, in their order.
 * - I4: the first failure ends the run at once, however slow those before it are.
 *
 * @module
 */
import { StageError } from "../../errors.ts";
import { Permits } from "./channel.ts";
import type { Flow, Item, Pulled } from "./flow.ts";
import type { Meter, Scope } from "./stage.ts";

/** How a stage works on several items. */
export interface Crowd {
  /** Gives what goes to a worker together. */
  gather(): readonly Item[] | undefined | Promise<readonly Item[] | undefined>;
  /** Works on it; gives what goes on. */
  work(items: readonly Item[]): Promise<readonly Item[]>;
  /** Whether the order is kept. */
  readonly ordered: boolean;
  /** In work at a time. */
  readonly workers: number;
  /** Read and not yet given. */
  readonly most: number;
  /** What must not be worked on at the same time. */
  readonly key?: (item: never) => unknown;
}

/** What was read together, and what became of it. */
interface Place {
  results: readonly Item[] | undefined;
}

/** Several items at a time. */
export class Parallel implements Flow {
  readonly #above: Pick<Flow, "close">;
  readonly #crowd: Crowd;
  readonly #scope: Scope;
  readonly #meter: Meter;
  readonly #permits: Permits;
  /** What is held, in the order it was read. */
  readonly #places = new Set<Place>();
  /** Those that are done, in the order in which they were. */
  readonly #done: Place[] = [];
  /** The last one of each key. */
  readonly #tails = new Map<unknown, Promise<void>>();
  #giving: readonly Item[] = [];
  #given = 0;
  #state: "idle" | "reading" | "ended" = "idle";
  #wake: () => void = () => {};

  constructor(
    above: Pick<Flow, "close">,
    crowd: Crowd,
    { scope, meter }: { scope: Scope; meter: Meter },
  ) {
    this.#above = above;
    this.#crowd = crowd;
    this.#scope = scope;
    this.#meter = meter;
    this.#permits = new Permits(crowd.workers);
    meter.buffered = () => this.#waiting();
  }

  pull(): Pulled {
    return this.#given < this.#giving.length ? this.#giving[this.#given++] : this.#next();
  }

  close(reason?: unknown): void | Promise<void> {
    this.#state = "ended";
    this.#places.clear();
    this.#done.length = 0;
    this.#wake();
    return this.#above.close(reason);
  }

  /** Items that are done and not yet given. */
  #waiting(): number {
    let count = this.#giving.length - this.#given;
    for (const { results } of this.#places) count += results?.length ?? 0;
    return count;
  }

  async #next(): Promise<Item | undefined> {
    while (this.#given >= this.#giving.length) {
      this.#read();
      const results = await this.#nextResults();
      if (results === undefined) return undefined;
      this.#giving = results;
      this.#given = 0;
    }
    this.#read();
    return this.#giving[this.#given++];
  }

  async #nextResults(): Promise<readonly Item[] | undefined> {
    while (this.#places.size > 0 || this.#state !== "ended") {
      const [place] = this.#crowd.ordered ? this.#places : this.#done;
      if (place?.results !== undefined) {
        this.#places.delete(place);
        if (!this.#crowd.ordered) this.#done.shift();
        return place.results;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Reads as long as there is room; one reader at a time. */
  async #read(): Promise<void> {
    if (this.#state !== "idle") return;
    this.#state = "reading";
    try {
      while (this.#places.size < this.#crowd.most) {
        const gathered = this.#crowd.gather();
        const items = gathered instanceof Promise ? await gathered : gathered;
        if (items === undefined || this.#isEnded()) return this.#end();
        this.#begin(items);
      }
      this.#state = "idle";
    } catch (error) {
      this.#scope.fail(error);
    }
  }

  #isEnded(): boolean {
    return (this.#state as string) === "ended";
  }

  #end(): void {
    this.#state = "ended";
    this.#wake();
  }

  async #begin(items: readonly Item[]): Promise<void> {
    const place: Place = { results: undefined };
    this.#places.add(place);
    try {
      place.results = await (this.#crowd.key === undefined
        ? this.#work(items)
        : this.#workInTurn(items, this.#crowd.key(items[0].value as never)));
      if (!this.#crowd.ordered) {
        this.#done.push(place);
      }
      this.#wake();
    } catch (cause) {
      const { index } = items[0];
      const isNamed = cause instanceof StageError;
      this.#scope.fail(
        isNamed ? cause : new StageError(this.#meter.name, { index, attempts: 1, cause }),
      );
    }
  }

  async #work(items: readonly Item[]): Promise<readonly Item[]> {
    const wait = this.#permits.take();
    if (wait !== undefined) await wait;
    try {
      return await this.#crowd.work(items);
    } finally {
      this.#permits.give();
    }
  }

  /** Waits for those of the same key that came before. */
  async #workInTurn(items: readonly Item[], key: unknown): Promise<readonly Item[]> {
    const before = this.#tails.get(key);
    const work = before === undefined ? this.#work(items) : before.then(() => this.#work(items));
    const tail = work.then(() => {}, () => {});
    this.#tails.set(key, tail);
    try {
      return await work;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
