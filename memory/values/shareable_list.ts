// Runs in: any isolate
/**
 * A list of small values of mixed types in a named block.
 *
 * ```text
 * how many | end of each slot | kind and length of each value | slots, each a multiple of 8 bytes
 * ```
 *
 * - I1: how many slots there are, and where, is fixed before anybody else can see the block.
 * - I2: a value is written into its slot whole, or refused before anything is written.
 *
 * @module
 */
import { type Handle, handle, registerHandle } from "../handle.ts";
import { brand } from "./hold.ts";
import { SharedMemory } from "./shared_memory.ts";

/** What a {@linkcode ShareableList} can hold. */
export type Shareable = number | bigint | boolean | string | Uint8Array | null;

const KINDS = ["null", "false", "true", "number", "bigint", "string", "bytes"] as const;
type Kind = typeof KINDS[number];

/** A value as it is in its slot. */
interface Packed {
  readonly kind: Kind;
  readonly bytes: Uint8Array;
}

/**
 * A list of fixed length in shared memory: Python's `shared_memory.ShareableList`.
 *
 * It holds numbers, bigints of 64 bits, booleans, strings, bytes and `null`. A slot is as large as its
 * first value needs, in steps of 8 bytes; what fits may take its place, of whatever type. Values are
 * copies. Two isolates that write the same slot at the same time need a lock.
 *
 * The list lies in a {@linkcode SharedMemory}, `shm`, which is to be closed and unlinked; leaving the
 * scope of `using` does both. It can be sent in any message.
 *
 * @example Make and attach
 * ```ts
 * import { ShareableList } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * using list = new ShareableList(["howdy", 273.154, null, true]);
 * using same = ShareableList.attach(list.shm.name);
 * same.setAt(0, "hello");
 * assertEquals([...list], ["hello", 273.154, null, true]);
 * assertEquals([list.at(-1), list.count(null), list.index(true)], [true, 1, 3]);
 * ```
 */
export class ShareableList implements Handle, Disposable, Iterable<Shareable> {
  /** Marks it as something that can be sent. */
  declare readonly [handle]: string;
  /** Where it lies. */
  readonly shm: SharedMemory;
  /** How many values. */
  readonly length: number;

  /**
   * Makes a list.
   *
   * @param values What is in it, or the memory of a list that is there already.
   * @throws TypeError when a value is of a type that it cannot hold
   * @throws RangeError when a bigint has more than 64 bits
   * @throws AlreadyExistsError when there is memory of that name
   * @throws FullError when the arena has no room
   */
  constructor(values: Iterable<Shareable> | SharedMemory, { name }: { name?: string } = {}) {
    this.shm = values instanceof SharedMemory ? values : layOut([...values].map(pack), name);
    this.length = this.shm.view("u32")[0];
  }

  /** The list in the memory of a name. Python: `ShareableList(name=name)`. @throws NotFoundError */
  static attach(name: string): ShareableList {
    return new ShareableList(SharedMemory.attach(name));
  }

  /** The value at an index; negative ones count from the end. @throws RangeError out of range */
  at(index: number): Shareable {
    const at = this.#find(index);
    const head = this.shm.view("u32")[1 + this.length + at];
    const { start } = this.#slot(at);
    return unpack({
      kind: KINDS[head & 7],
      bytes: this.shm.buf.slice(start, start + (head >>> 3)),
    });
  }

  /**
   * Replaces a value.
   *
   * @throws RangeError out of range, or when the value is larger than its slot
   * @throws TypeError when the list cannot hold such a value
   */
  setAt(index: number, value: Shareable): void {
    const at = this.#find(index);
    const { kind, bytes } = pack(value);
    const { start, end } = this.#slot(at);
    if (bytes.length > end - start) {
      const text = `Cannot write ${bytes.length} bytes at ${index}: the slot has ${end - start}`;
      throw new RangeError(text);
    }
    this.shm.buf.set(bytes, start);
    this.shm.view("u32")[1 + this.length + at] = KINDS.indexOf(kind) | (bytes.length << 3);
  }

  /** How often a value is in the list; bytes are compared by content. Python: `count`. */
  count(value: Shareable): number {
    return [...this].filter((one) => isSame(one, value)).length;
  }

  /** Where a value is first. Python: `index`. @throws RangeError when it is not in the list */
  index(value: Shareable): number {
    const at = [...this].findIndex((one) => isSame(one, value));
    if (at >= 0) return at;
    throw new RangeError(`Cannot find ${String(value)}: it is not in the list`);
  }

  /** All values, in order. */
  *[Symbol.iterator](): Iterator<Shareable> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** Closes its memory; where it was made, ends its name, too. */
  [Symbol.dispose](): void {
    this.shm[Symbol.dispose]();
  }

  static {
    brand(this.prototype, "shareable_list");
    registerHandle<ShareableList>("shareable_list", {
      pack: ({ shm }) => shm,
      unpack: (shm) => new ShareableList(shm as SharedMemory),
    });
  }

  #find(index: number): number {
    const at = index < 0 ? index + this.length : index;
    if (Number.isInteger(at) && at >= 0 && at < this.length) return at;
    throw new RangeError(`Cannot reach value ${index} of ${this.length}: there is none`);
  }

  #slot(at: number): { start: number; end: number } {
    const words = this.shm.view("u32");
    return { start: at === 0 ? headBytes(this.length) : words[at], end: words[at + 1] };
  }
}

function headBytes(length: number): number {
  return roundUp(4 * (1 + 2 * length));
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Makes the memory of a list. */
function layOut(values: readonly Packed[], name: string | undefined): SharedMemory {
  let end = headBytes(values.length);
  const ends = values.map(({ bytes }) => end += Math.max(8, roundUp(bytes.length)));
  const shm = new SharedMemory({ name, size: end });
  const words = shm.view("u32");
  words[0] = values.length;
  values.forEach(({ kind, bytes }, index) => {
    words[1 + index] = ends[index];
    words[1 + values.length + index] = KINDS.indexOf(kind) | (bytes.length << 3);
    shm.buf.set(bytes, index === 0 ? headBytes(values.length) : ends[index - 1]);
  });
  return shm;
}

function pack(value: Shareable): Packed {
  if (value === null) return { kind: "null", bytes: new Uint8Array() };
  if (value instanceof Uint8Array) return { kind: "bytes", bytes: value };
  switch (typeof value) {
    case "boolean":
      return { kind: value ? "true" : "false", bytes: new Uint8Array() };
    case "number":
      return { kind: "number", bytes: new Uint8Array(Float64Array.of(value).buffer) };
    case "string":
      return { kind: "string", bytes: new TextEncoder().encode(value) };
    case "bigint":
      if (BigInt.asIntN(64, value) === value) {
        return { kind: "bigint", bytes: new Uint8Array(BigInt64Array.of(value).buffer) };
      }
      throw new RangeError(`Cannot share ${value}: it has more than 64 bits`);
  }
  throw new TypeError(`Cannot share a ${typeof value} in a list: it holds simple values only`);
}

function unpack({ kind, bytes }: Packed): Shareable {
  switch (kind) {
    case "null":
      return null;
    case "bytes":
      return bytes;
    case "string":
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    case "number":
      return new Float64Array(bytes.buffer)[0];
    case "bigint":
      return new BigInt64Array(bytes.buffer)[0];
    default:
      return kind === "true";
  }
}

function isSame(one: Shareable, other: Shareable): boolean {
  if (!(one instanceof Uint8Array && other instanceof Uint8Array)) return Object.is(one, other);
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
