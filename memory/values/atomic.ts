// Runs in: any isolate
/**
 * Atomic operations on scalars of any type. The processor has them for integers; numbers with
 * fractions are exchanged as the bits they are made of.
 *
 * - I1: each operation is one step for all isolates: it is done or it is not, also when its isolate
 *   dies in it.
 * - I2: an attempt is only repeated when another isolate's succeeded (lock-free; M. Herlihy,
 *   "Wait-free synchronization", 1991, https://doi.org/10.1145/114005.102808).
 *
 * @module
 */
import * as atomics from "../atomics.ts";
import type { Cells, ScalarType, Stored } from "./scalars.ts";

/** Scalars that can be changed atomically. What is written has been checked. */
export interface AtomicCells {
  /** Adds to a scalar and gives what it was. Integers wrap. @throws TypeError when it is no number */
  add(index: number, by: Stored): Stored;
  /** Writes a scalar and gives what it was. */
  exchange(index: number, next: Stored): Stored;
  /** Writes a scalar if it is what is expected, and gives what it was. */
  compareExchange(index: number, expected: Stored, next: Stored): Stored;
}

/** The scalars of a view, to be changed atomically. */
export function atomicCells(type: ScalarType, cells: Cells): AtomicCells {
  return type.code === "f32" || type.code === "f64"
    ? new FloatCells(type, cells as Float64Array<ArrayBuffer>)
    : new IntegerCells(type, cells as Int32Array);
}

class IntegerCells implements AtomicCells {
  readonly #type: ScalarType;
  readonly #cells: Int32Array;

  constructor(type: ScalarType, cells: Int32Array) {
    this.#type = type;
    this.#cells = cells;
  }

  add(index: number, by: Stored): Stored {
    const { given, code } = this.#type;
    if (given !== undefined) throw new TypeError(`Cannot add to a ${code}: it is no number`);
    return atomics.add(this.#cells, index, by as number);
  }

  exchange(index: number, next: Stored): Stored {
    return atomics.exchange(this.#cells, index, next as number);
  }

  compareExchange(index: number, expected: Stored, next: Stored): Stored {
    return atomics.compareExchange(this.#cells, index, expected as number, next as number);
  }
}

/** As `Object.is` compares: `NaN` is expected by `NaN`, and 0 is not -0. */
class FloatCells implements AtomicCells {
  readonly #bits: Int32Array;
  /** One number and its bits, outside of shared memory. */
  readonly #float: Float64Array;
  readonly #floatBits: Int32Array;

  constructor({ bytes }: ScalarType, cells: Float64Array<ArrayBuffer>) {
    const { buffer, byteOffset, length } = cells;
    const Bits = (bytes === 8 ? BigInt64Array : Int32Array) as Int32ArrayConstructor;
    const Float = (bytes === 8 ? Float64Array : Float32Array) as Float64ArrayConstructor;
    this.#bits = new Bits(buffer, byteOffset, length);
    this.#float = new Float(1);
    this.#floatBits = new Bits(this.#float.buffer);
  }

  add(index: number, by: Stored): Stored {
    return this.#change(index, (seen) => seen + (by as number));
  }

  exchange(index: number, next: Stored): Stored {
    return this.#change(index, () => next as number);
  }

  compareExchange(index: number, expected: Stored, next: Stored): Stored {
    this.#float[0] = expected as number;
    const wanted = this.#float[0];
    return this.#change(index, (seen) => Object.is(seen, wanted) ? next as number : undefined);
  }

  /** Replaces a number until nobody was in between; a step to `undefined` leaves it. */
  #change(index: number, step: (seen: number) => number | undefined): number {
    for (;;) {
      const seen = atomics.load(this.#bits, index);
      this.#floatBits[0] = seen;
      const value = this.#float[0];
      const next = step(value);
      if (next === undefined) return value;
      this.#float[0] = next;
      if (atomics.compareExchange(this.#bits, index, seen, this.#floatBits[0]) === seen) {
        return value;
      }
    }
  }
}
