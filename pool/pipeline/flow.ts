// Runs in: any isolate
/**
 * How items go from stage to stage: whoever needs one pulls it from the flow above, down to the source.
 * What is there at once is given at once, without a promise; so stages that do not wait are one loop.
 *
 * - I1: nobody pulls from a flow again before it has answered.
 * - I2: each receipt is settled once: when nothing is left of its item on the way.
 *
 * @module
 */

/** Follows one item of the source, and all that is made of it, to its end. */
export class Receipt {
  #open = 1;
  readonly #settled: () => void;

  /** A receipt for one thing on its way. */
  constructor(settled: () => void) {
    this.#settled = settled;
  }

  /** One more thing is on its way. */
  hold(): void {
    this.#open++;
  }

  /** One thing has arrived, or was let go. */
  done(): void {
    if (--this.#open === 0) this.#settled();
  }
}

/** A value on its way. */
export class Item {
  value: unknown;
  /** Which item of the source it came from, from 0 on. */
  readonly index: number;
  readonly receipt: Receipt | undefined;

  constructor(value: unknown, index: number, receipt: Receipt | undefined) {
    this.value = value;
    this.index = index;
    this.receipt = receipt;
  }

  /** Another value that comes from the same item of the source. */
  also(value: unknown): Item {
    this.receipt?.hold();
    return new Item(value, this.index, this.receipt);
  }

  /** It has arrived, or was let go. */
  done(): void {
    this.receipt?.done();
  }
}

/** One item of several: it has arrived when it has, and then they have. */
export function together(items: readonly Item[], value: unknown): Item {
  const receipts = items.flatMap(({ receipt }) => receipt ?? []);
  const receipt = receipts.length === 0
    ? undefined
    : new Receipt(() => receipts.forEach((each) => each.done()));
  return new Item(value, items[0].index, receipt);
}

/** What a flow answers: an item, `undefined` at the end, or a promise of that. */
export type Pulled = Item | undefined | Promise<Item | undefined>;

/** Something that items can be pulled from. */
export interface Flow {
  /** The next item. */
  pull(): Pulled;
  /** No more will be pulled: gives back what it holds, and closes what is above it. */
  close(reason?: unknown): void | Promise<void>;
}

/** Items of a source between two looks at the clock. */
const CHECK_EVERY = 64;
/** Milliseconds without a turn of the event loop. */
const BREATH_MS = 10;

/** Lets the event loop have its turn now and then, so that signals and timers are not starved. */
export class Breath {
  #count = 0;
  #last = performance.now();

  /** Whether it is time for a turn. */
  isOut(): boolean {
    return ++this.#count % CHECK_EVERY === 0 && performance.now() - this.#last > BREATH_MS;
  }

  /** One turn of the event loop. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      this.end = () => {
        clearTimeout(timer);
        this.#last = performance.now();
        resolve();
      };
      const timer = setTimeout(this.end);
    });
  }

  /** Ends a turn early. */
  end: () => void = () => {};
}

/** Whether a value has to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
