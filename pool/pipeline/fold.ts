// Runs in: any isolate
/**
 * Folding items into one value, or into one for each key.
 *
 * @module
 */
import { FullError } from "../../errors.ts";
import { Attempts } from "./attempts.ts";
import { type Flow, isThenable, Item, type Pulled, Receipt } from "./flow.ts";
import { checkCount, type Meter, simple, type StageSpec } from "./stage.ts";

/** How items are folded. */
export interface Folding<T, A> {
  /** The value before the first item. */
  initial(): A;
  /** The value with one more item: the changed one, or a new one. */
  step(value: A, item: T): A | Promise<A>;
  /** For errors and figures. Default `"fold"`. */
  name?: string;
}

/** How items of each key are folded. */
export interface KeyedFolding<T, K, A> extends Folding<T, A> {
  /** The key of an item; keys are compared as those of a `Map`. */
  key(item: T): K;
  /** Most keys at a time. Default: no bound. */
  maxKeys?: number;
  /**
   * What to do when there is one more: fail (default), with a `FullError`, or give the key that was not
   * seen for longest, and begin it anew when it comes again.
   */
  overflow?: "fail" | "give";
}

/** A key's value, and all items that went into it. */
interface Group {
  value: unknown;
  readonly first: Item;
  readonly receipts: Receipt[];
}

/** Folds all items into one value, given at the end; of no item, the initial value. */
export function foldStage({ initial, step, name = "fold" }: Folding<never, unknown>): StageSpec {
  return keyed({ initial, step, name, key: () => undefined }, (group) => group.value, {
    value: initial,
  });
}

/** Folds the items of each key; gives pairs of key and value, at the end in the order of the keys' first items. */
export function foldByStage(folding: KeyedFolding<never, unknown, unknown>): StageSpec {
  checkCount(folding.maxKeys, "maxKeys");
  return keyed(folding, (group, key) => [key, group.value]);
}

function keyed(
  folding: KeyedFolding<never, unknown, unknown>,
  result: (group: Group, key: unknown) => unknown,
  empty?: { value: () => unknown },
): StageSpec {
  const { name = "fold" } = folding;
  return {
    outline: simple(name, empty === undefined ? folding.maxKeys ?? Infinity : 1),
    attach(above, scope) {
      const meter = scope.meter(name);
      const attempts = new Attempts({}, meter, scope);
      return new Fold(above, { folding, result, empty, meter, attempts });
    },
  };
}

interface FoldParts {
  readonly folding: KeyedFolding<never, unknown, unknown>;
  readonly result: (group: Group, key: unknown) => unknown;
  readonly empty?: { value: () => unknown };
  readonly meter: Meter;
  readonly attempts: Attempts;
}

/** Folds one item after the other. */
class Fold implements Flow {
  readonly #above: Flow;
  readonly #parts: FoldParts;
  /** In the order of their first items, or, where keys are given up, of their last. */
  readonly #groups = new Map<unknown, Group>();
  #state: "folding" | "giving" = "folding";
  #seen = false;

  constructor(above: Flow, parts: FoldParts) {
    this.#above = above;
    this.#parts = parts;
    parts.meter.buffered = () => this.#groups.size;
  }

  async pull(): Promise<Item | undefined> {
    while (this.#state === "folding") {
      const pulled: Pulled = this.#above.pull();
      const item = pulled instanceof Promise ? await pulled : pulled;
      if (item === undefined) this.#state = "giving";
      else {
        const added = this.#parts.attempts.run(item, () => this.#add(item));
        const given = added instanceof Promise ? await added : added;
        if (given instanceof Item) return given;
      }
    }
    return this.#oldest() ?? this.#ofNothing();
  }

  close(reason?: unknown): void | Promise<void> {
    this.#groups.clear();
    return this.#above.close(reason);
  }

  /** Adds an item to its group; gives the group that had to go for it. */
  #add(item: Item): Item | undefined | Promise<Item | undefined> {
    const { key: keyOf, initial, step, overflow } = this.#parts.folding;
    const key = keyOf(item.value as never);
    this.#seen = true;
    const known = this.#groups.get(key);
    const given = known === undefined ? this.#makeRoom() : undefined;
    const group = known ?? { value: initial(), first: item, receipts: [] };
    if (overflow === "give") this.#groups.delete(key);
    this.#groups.set(key, group);
    if (item.receipt !== undefined) group.receipts.push(item.receipt);
    const value: unknown = step(group.value, item.value as never);
    if (!isThenable(value)) {
      group.value = value;
      return given;
    }
    return Promise.resolve(value).then((settled) => {
      group.value = settled;
      return given;
    });
  }

  #makeRoom(): Item | undefined {
    const { maxKeys = Infinity, overflow } = this.#parts.folding;
    if (this.#groups.size < maxKeys) return undefined;
    if (overflow === "give") return this.#oldest();
    throw new FullError(`Cannot fold by one more key: there are ${maxKeys} already`, {
      value: undefined,
    });
  }

  #oldest(): Item | undefined {
    for (const [key, group] of this.#groups) {
      this.#groups.delete(key);
      const { receipts, first } = group;
      const receipt = receipts.length === 0
        ? undefined
        : new Receipt(() => receipts.forEach((each) => each.done()));
      this.#parts.meter.out++;
      return new Item(this.#parts.result(group, key), first.index, receipt);
    }
  }

  #ofNothing(): Item | undefined {
    if (this.#seen || this.#parts.empty === undefined) return undefined;
    this.#seen = true;
    this.#parts.meter.out++;
    return new Item(this.#parts.empty.value(), 0, undefined);
  }
}
