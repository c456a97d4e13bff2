// Runs in: any isolate
/**
 * Windows over items: by their number, or by time; side by side, or overlapping.
 *
 * @module
 */
import { type Flow, type Item, together } from "./flow.ts";
import { checkCount, checkTime, type Meter, named, simple, type StageSpec } from "./stage.ts";

/** Windows of so many items. */
export interface CountWindow {
  /** Items of a window. */
  size: number;
  /** Items from the start of a window to that of the next. Default `size`: no overlap. */
  every?: number;
  /** For errors and figures. Default `"window"`. */
  name?: string;
}

/** Windows of so much time. */
export interface TimeWindow<T = unknown> {
  /** Milliseconds that a window covers. */
  within: number;
  /** Milliseconds from the start of a window to that of the next; `within` is a multiple of it. Default `within`. */
  every?: number;
  /** The time of an item in milliseconds; items come in its order, late ones count as just in time. Default: when it comes. */
  at?(item: T): number;
  /** For errors and figures. Default `"window"`. */
  name?: string;
}

/** Windows over items. @throws RangeError for sizes or times that are none, or do not fit */
export function windowStage(options: CountWindow | TimeWindow<never>): StageSpec {
  const { name = "window" } = options;
  if ("size" in options) {
    const { size, every = size } = options;
    checkCount(size, "windows of size");
    checkCount(every, "windows every");
    return {
      outline: simple(name, size),
      attach: (above, scope) => new CountWindows(above, { size, every }, scope.meter(name)),
    };
  }
  const { within, every = within, at } = options;
  checkTime(within, "windows within");
  checkTime(every, "windows every");
  if (!Number.isInteger(within / every)) {
    throw new RangeError(`Cannot make windows of ${within} ms every ${every} ms: no multiple`);
  }
  const timing = { every, panes: within / every, at: at && named(name, at) };
  return {
    outline: simple(name, Infinity),
    attach: (above, scope) => new TimeWindows(above, timing, scope.meter(name)),
  };
}

/** Windows of so many items, which may overlap. What is left at the end is the last window. */
class CountWindows implements Flow {
  readonly #above: Flow;
  readonly #window: { readonly size: number; readonly every: number };
  readonly #meter: Meter;
  #items: Item[] = [];
  /** Items to pass over, where windows do not touch. */
  #passing = 0;
  /** Items that were in no window yet. */
  #fresh = 0;

  constructor(above: Flow, window: { size: number; every: number }, meter: Meter) {
    this.#above = above;
    this.#window = window;
    this.#meter = meter;
    meter.buffered = () => this.#items.length;
  }

  async pull(): Promise<Item | undefined> {
    for (;;) {
      const item = await this.#above.pull();
      if (item === undefined) return this.#fresh > 0 ? this.#give() : this.#end();
      this.#meter.in++;
      if (this.#passing > 0) {
        this.#passing--;
        item.done();
      } else {
        this.#fresh++;
        if (this.#items.push(item) === this.#window.size) return this.#give();
      }
    }
  }

  close(reason?: unknown): void | Promise<void> {
    return this.#above.close(reason);
  }

  #end(): undefined {
    for (const item of this.#items.splice(0)) item.done();
  }

  #give(): Item {
    this.#meter.out++;
    this.#fresh = 0;
    return slide(this.#items, this.#window.every, (left) => {
      this.#items = left;
      this.#passing = Math.max(0, this.#window.every - this.#window.size);
    });
  }
}

/** The window of these items; those after the first `every` are kept for the next. */
function slide(items: readonly Item[], every: number, keep: (left: Item[]) => void): Item {
  const left = items.slice(every);
  for (const { receipt } of left) receipt?.hold();
  keep(left);
  return together(items, items.map(({ value }) => value));
}

/** How time is cut: into panes, of which several make a window (Li and others, 2005, "No pane, no gain"). */
interface Timing {
  readonly every: number;
  readonly panes: number;
  readonly at?: (value: never, index?: number) => number;
}

/** Windows of so much time, which may overlap. Empty ones are not given. */
class TimeWindows implements Flow {
  readonly #above: Flow;
  readonly #timing: Timing;
  readonly #meter: Meter;
  #items: { readonly item: Item; readonly pane: number }[] = [];
  /** The pane that is filled. */
  #pane = -Infinity;
  /** What was read and is not in yet. */
  #read: Promise<Item | undefined> | undefined;
  #ahead: { readonly item: Item | undefined } | undefined;
  #leave: () => void = () => {};

  constructor(above: Flow, timing: Timing, meter: Meter) {
    this.#above = above;
    this.#timing = timing;
    this.#meter = meter;
    meter.buffered = () => this.#items.length;
  }

  async pull(): Promise<Item | undefined> {
    for (;;) {
      this.#ahead ??= await this.#next();
      const { item } = this.#ahead ?? {};
      const isEnd = this.#ahead !== undefined && item === undefined;
      const pane = item === undefined ? isEnd ? Infinity : this.#now() : this.#paneOf(item);
      if (pane > this.#pane && this.#items.length > 0) return this.#give();
      if (isEnd) return undefined;
      this.#pane = Math.max(pane, this.#pane);
      this.#ahead = undefined;
      if (item === undefined) continue;
      this.#meter.in++;
      this.#items.push({ item, pane: this.#pane });
    }
  }

  close(reason?: unknown): void | Promise<void> {
    this.#leave();
    return this.#above.close(reason);
  }

  /** The window that ends with the pane that is filled; the next pane is filled then. */
  #give(): Item {
    const { panes } = this.#timing;
    const items = this.#items;
    const window = together(items.map(({ item }) => item), items.map(({ item }) => item.value));
    this.#items = items.filter(({ pane }) => pane > this.#pane + 1 - panes);
    for (const { item } of this.#items) item.receipt?.hold();
    this.#pane++;
    this.#meter.out++;
    return window;
  }

  #now(): number {
    return Math.floor(performance.now() / this.#timing.every);
  }

  #paneOf({ value, index }: Item): number {
    const { at, every } = this.#timing;
    return at === undefined ? this.#now() : Math.floor(at(value as never, index) / every);
  }

  /** The next item or the end; `undefined` when the pane's time is over before. */
  async #next(): Promise<{ readonly item: Item | undefined } | undefined> {
    const read = this.#read ??= Promise.resolve(this.#above.pull());
    const isTimed = this.#timing.at === undefined && this.#items.length > 0;
    const item = isTimed ? await this.#inPane(read) : await read;
    if (item === LATE) return undefined;
    this.#read = undefined;
    return { item };
  }

  #inPane(read: Promise<Item | undefined>): Promise<Item | undefined | typeof LATE> {
    return new Promise((resolve, reject) => {
      const end = (this.#pane + 1) * this.#timing.every;
      const timer = setTimeout(resolve, Math.max(0, end - performance.now()), LATE);
      this.#leave = () => clearTimeout(timer);
      read.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

const LATE: unique symbol = Symbol("late");
