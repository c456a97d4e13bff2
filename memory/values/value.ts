// Runs in: any isolate
/**
 * Shared scalars: one number, flag or character that several isolates see.
 *
 * - I1: what is not of the type is refused before anything is written.
 *
 * @module
 */
import { type Handle, handle } from "../handle.ts";
import type { WaitOptions } from "../line.ts";
import type { LockTimeout } from "../locks/held.ts";
import type { RLock } from "../locks/rlock.ts";
import { VALUE_REGION } from "../region.ts";
import { type AtomicCells, atomicCells } from "./atomic.ts";
import { type Block, cellsOf, makeBlock, OPEN, openBlock } from "./block.ts";
import { brand, registerShared, show } from "./hold.ts";
import {
  type Cells,
  type ScalarCode,
  type Scalars,
  type ScalarType,
  scalarType,
  type Stored,
} from "./scalars.ts";
import { lockOf } from "./value_lock.ts";

/**
 * A shared scalar without a lock: Python's `RawValue`.
 *
 * @typeParam C Its type code.
 *
 * @example Count without a lock
 * ```ts
 * import { RawValue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const hits = new RawValue("u32");
 * hits.add(2); // atomic: concurrent additions are never lost
 * assertEquals(hits.value, 2);
 * ```
 */
export class RawValue<C extends ScalarCode> implements Handle {
  /** Marks it as something that can be sent. */
  declare readonly [handle]: string;
  readonly #type: ScalarType;
  readonly #cells: Cells;
  readonly #atomic: AtomicCells;
  readonly #given: ScalarType["given"];

  /**
   * Makes a scalar in shared memory.
   *
   * @param code Its type, such as `"i32"`.
   * @param initial What it is first; default 0, `0n`, `false` or `"\0"`.
   * @throws TypeError when there is no such type, or `initial` is not of it
   * @throws FullError when the arena has no room
   */
  constructor(code: C, initial?: Scalars[C]) {
    const arrived = (code as { [OPEN]?: Block })[OPEN];
    const type = arrived?.type ?? scalarType(code);
    const first = initial === undefined ? undefined : type.stored(initial);
    const block = arrived ?? makeBlock(type, 1);
    this.#type = type;
    this.#given = type.given;
    this.#cells = cellsOf(block);
    this.#atomic = atomicCells(type, this.#cells);
    if (first !== undefined) this.#cells[0] = first;
    show(block.hold, this);
  }

  /** Its type code. */
  get code(): C {
    return this.#type.code as C;
  }

  /**
   * What it is now. Reading and writing are one step each, `value += 1` is two: use
   * {@linkcode RawValue.add} or a lock.
   *
   * Integers out of range wrap; a fraction is no integer.
   *
   * @throws TypeError when it is set to something that is not of its type
   */
  get value(): Scalars[C] {
    return this.#give(this.#cells[0]);
  }
  set value(value: Scalars[C]) {
    this.#cells[0] = this.#type.stored(value);
  }

  /**
   * Adds atomically and gives what it was before. Integers wrap.
   *
   * @throws TypeError for `bool` and `char`, or when `by` is not of the type
   */
  add(by: Scalars[C]): Scalars[C] {
    return this.#give(this.#atomic.add(0, this.#type.stored(by)));
  }

  /** Writes atomically and gives what it was before. @throws TypeError when not of the type */
  exchange(next: Scalars[C]): Scalars[C] {
    return this.#give(this.#atomic.exchange(0, this.#type.stored(next)));
  }

  /**
   * Writes `next` if it is `expected`, atomically, and gives what it was before. Numbers are compared
   * as by `Object.is`.
   *
   * @throws TypeError when one of them is not of the type
   */
  compareExchange(expected: Scalars[C], next: Scalars[C]): Scalars[C] {
    const { stored } = this.#type;
    return this.#give(this.#atomic.compareExchange(0, stored(expected), stored(next)));
  }

  static {
    brand(this.prototype, "raw_value");
    registerShared<RawValue<ScalarCode>>("raw_value", {
      type: VALUE_REGION,
      open: (hold) => new RawValue({ [OPEN]: openBlock(hold) } as never),
    });
  }

  #give(stored: Stored): Scalars[C] {
    return (this.#given === undefined ? stored : this.#given(stored)) as Scalars[C];
  }
}

/**
 * A shared scalar with a lock: Python's `Value`.
 *
 * Reading and writing `value` are one step each and do not take the lock, so the death of who holds it
 * keeps nobody from reading. What takes more steps is done in {@linkcode Value.update} or while the
 * lock is held; additions are best done by {@linkcode RawValue.add}. A value can be sent in any
 * message; both sides then have the same value. It is freed when nobody has it any more.
 *
 * @typeParam C Its type code.
 *
 * @example Update under the lock
 * ```ts
 * import { Value } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const balance = new Value("i64", 100n);
 * await balance.update((value) => value - 30n);
 * {
 *   using _held = await balance.lock.acquire();
 *   if (balance.value >= 50n) balance.value -= 50n;
 * }
 * assertEquals(balance.value, 20n);
 * ```
 */
export class Value<C extends ScalarCode> extends RawValue<C> {
  /** Its lock, the same in every isolate; made when it is first asked for. Python: `get_lock()`. */
  get lock(): RLock {
    return lockOf(this);
  }

  /**
   * Replaces the value by what `fn` makes of it, while holding the lock; gives what it is then.
   *
   * @throws TimeoutError when the lock could not be had within `timeout`
   * @throws TypeError when what `fn` gives is not of the type
   */
  async update(
    fn: (value: Scalars[C]) => Scalars[C],
    options?: WaitOptions,
  ): Promise<Scalars[C]> {
    using _held = await this.lock.acquire(options);
    return this.value = fn(this.value);
  }

  /** As {@linkcode update}, but blocks this isolate: for workers. @throws TimeoutError @throws TypeError */
  updateSync(fn: (value: Scalars[C]) => Scalars[C], options?: LockTimeout): Scalars[C] {
    using _held = this.lock.acquireSync(options);
    return this.value = fn(this.value);
  }

  static {
    brand(this.prototype, "value");
    registerShared<Value<ScalarCode>>("value", {
      type: VALUE_REGION,
      open: (hold) => new Value({ [OPEN]: openBlock(hold) } as never),
    });
  }
}
