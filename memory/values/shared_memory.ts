// Runs in: any isolate
/**
 * Named blocks of shared bytes.
 *
 * ```text
 * size | unused, up to byte 64 | the bytes
 * ```
 *
 * - I1: a block is freed when it has no name and nobody holds it, whoever died meanwhile.
 * - I2: a view that was handed out stays readable: closing gives memory back when its views are gone.
 *
 * @module
 */
import { AlreadyExistsError, ClosedError, NotFoundError } from "../../errors.ts";
import type { BlockHandle } from "../arena.ts";
import { type Handle, handle } from "../handle.ts";
import { here } from "../isolate.ts";
import { addName, dropName, holdNamed, nameRegions } from "../names/directory.ts";
import { MEMORY_REGION } from "../region.ts";
import {
  brand,
  free,
  hide,
  type Hold,
  holdRegions,
  keep,
  makeHold,
  registerShared,
  show,
  takeHold,
} from "./hold.ts";
import { scalarType, type ScalarViews } from "./scalars.ts";

const SIZE = 0;
const HEAD_BYTES = 64;

/** Options of a new {@linkcode SharedMemory}. */
export interface SharedMemoryOptions {
  /** Its name, 1 to 188 bytes in UTF-8. Default: one that nothing has. */
  name?: string;
  /** How many bytes. */
  size: number;
}

/** Options of {@linkcode SharedMemory.close}. */
export interface CloseOptions {
  /**
   * You will use none of the views that were taken in this isolate any more, so that the memory can be
   * given back now. A view that is used all the same reads and writes what belongs to others then.
   * Default `false`.
   */
  viewsGone?: boolean;
}

const OPEN: unique symbol = Symbol("open");

/** A block that is there already. */
interface Opening {
  readonly name: string;
  readonly [OPEN]: Hold;
}

/**
 * A named block of bytes that several isolates see: Python's `shared_memory.SharedMemory`.
 *
 * Any isolate of the program can {@linkcode SharedMemory.attach | attach} to it by its name, or be sent
 * it in a message, which costs the same whatever its size. The bytes are zero at first and stay until
 * they are unlinked and nobody has them any more. When the isolate that made a block dies, its name
 * goes to another one that has it; if none has, the block is freed.
 *
 * @example Make, attach, unlink
 * ```ts
 * import { NotFoundError, SharedMemory } from "@troupe/troupe";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * using memory = new SharedMemory({ name: "frame", size: 1024 });
 * memory.buf[0] = 7;
 * using same = SharedMemory.attach("frame");
 * assertEquals(same.buf[0], 7);
 * memory.unlink();
 * assertThrows(() => SharedMemory.attach("frame"), NotFoundError);
 * assertEquals(same.buf[0], 7);
 * ```
 */
export class SharedMemory implements Handle, Disposable {
  /** Marks it as something that can be sent. */
  declare readonly [handle]: string;
  /** Its name. */
  readonly name: string;
  /** How many bytes. Python: `size`; never rounded up. */
  readonly size: number;
  readonly #region: BlockHandle;
  readonly #isMaker: boolean;
  #hold: Hold | undefined;
  #buf: Uint8Array<ArrayBufferLike> | undefined;

  /**
   * Makes a block. Python: `SharedMemory(name, create=True, size=size)`.
   *
   * @throws AlreadyExistsError when there is one of that name
   * @throws TypeError when the name is no string
   * @throws RangeError when the size is not at least 1, or the name empty or too long
   * @throws FullError when the arena has no room, or 1,024 names
   */
  constructor(options: SharedMemoryOptions) {
    const given = options as Partial<Opening>;
    this.#isMaker = given[OPEN] === undefined;
    const { hold, name } = given[OPEN] === undefined
      ? make(options)
      : { hold: given[OPEN], name: given.name! };
    this.name = name;
    this.size = hold.isolate.arena.words[hold.word + SIZE] >>> 0;
    this.#region = hold.region;
    this.#hold = hold;
    hold.uses++;
    show(hold, this);
  }

  /**
   * Attaches to the block of a name. Python: `SharedMemory(name)`.
   *
   * @throws NotFoundError when there is none
   * @throws TypeError when the name is no string
   * @throws RangeError when it is empty or too long
   */
  static attach(name: string): SharedMemory {
    const region = holdNamed(here(), { name, type: MEMORY_REGION });
    if (region !== undefined) return open(takeHold(MEMORY_REGION, region), name);
    throw new NotFoundError(`Cannot attach to memory "${name}": there is none of that name`);
  }

  /**
   * The bytes, exactly those of the block. Python: `buf`.
   *
   * @throws ClosedError after {@linkcode SharedMemory.close}
   */
  get buf(): Uint8Array<ArrayBufferLike> {
    return this.#buf ??= this.view("u8");
  }

  /**
   * The bytes as scalars of a type, as many as fit whole.
   *
   * @throws TypeError when there is no such type
   * @throws ClosedError after {@linkcode SharedMemory.close}
   */
  view<C extends keyof ScalarViews>(code: C): ScalarViews[C] {
    const { View, bytes } = scalarType(code);
    const hold = this.#handOut("read");
    const length = Math.floor(this.size / bytes);
    const { buffer } = hold.isolate.arena;
    return keep(hold, new View(buffer as ArrayBuffer, this.byteOffset, length)) as ScalarViews[C];
  }

  /**
   * The memory of the whole program, in which the block is `size` bytes from `byteOffset` on: for a
   * `DataView` or the like. Everything else in it belongs to others; what you make of it must not
   * outlive this object.
   *
   * @throws ClosedError after {@linkcode SharedMemory.close}
   */
  get buffer(): SharedArrayBuffer {
    return this.#handOut("read").isolate.arena.buffer as SharedArrayBuffer;
  }

  /** Where the block begins in {@linkcode SharedMemory.buffer}. @throws ClosedError after `close` */
  get byteOffset(): number {
    return this.#handOut("read").offset + HEAD_BYTES;
  }

  /**
   * Makes it unusable here; others go on. A second call does nothing. Views that were taken before stay
   * readable, and keep the memory until they are collected, which may be late; where none was taken, it
   * is given back now.
   */
  close({ viewsGone = false }: CloseOptions = {}): void {
    const hold = this.#hold;
    if (hold === undefined) return;
    this.#hold = this.#buf = undefined;
    hide(this);
    if (hold.shown?.deref() === this) hold.shown = undefined;
    hold.uses--;
    if (hold.uses === 0 && (viewsGone || !hold.hasViews)) hold.close();
  }

  /**
   * Ends its name, at once and for all; who is attached goes on. Also after `close`.
   *
   * @throws NotFoundError when it has none any more
   */
  unlink(): void {
    if (this.#dropName()) return;
    throw new NotFoundError(`Cannot unlink memory "${this.name}": its name is gone`);
  }

  /** Closes it; where it was made, ends its name, too. */
  [Symbol.dispose](): void {
    this.close();
    if (this.#isMaker) this.#dropName();
  }

  static {
    brand(this.prototype, "shared_memory");
    registerShared<SharedMemory>("shared_memory", {
      type: MEMORY_REGION,
      describe: (memory) => memory.name,
      open: (hold, name) => open(hold, name as string),
    });
  }

  #dropName(): boolean {
    return dropName(here(), { name: this.name, type: MEMORY_REGION }, this.#region);
  }

  /** From now on there may be views. */
  #handOut(operation: string): Hold {
    if (this.#hold === undefined) {
      throw new ClosedError(`Cannot ${operation} memory "${this.name}": it is closed`);
    }
    this.#hold.hasViews = true;
    return this.#hold;
  }
}

function open(hold: Hold, name: string): SharedMemory {
  const opening: Opening = { name, [OPEN]: hold };
  return new SharedMemory(opening as never);
}

function make({ name, size }: SharedMemoryOptions): { hold: Hold; name: string } {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new RangeError(`Cannot share ${size} bytes of memory: that is no size`);
  }
  const hold = makeHold(MEMORY_REGION, HEAD_BYTES + size);
  hold.isolate.arena.words[hold.word + SIZE] = size;
  try {
    return { hold, name: nameOf(hold, name) };
  } catch (error) {
    hold.close();
    throw error;
  }
}

/** Names a new block, as asked for or as nothing else is named. */
function nameOf({ isolate, region }: Hold, wanted: string | undefined): string {
  for (;;) {
    const name = wanted ?? `troupe_${crypto.randomUUID().slice(0, 8)}`;
    if (addName(isolate, { name, type: MEMORY_REGION }, region)) return name;
    if (wanted === undefined) continue;
    throw new AlreadyExistsError(`Cannot make memory "${name}": there is one of that name`);
  }
}

holdRegions(MEMORY_REGION);
nameRegions(MEMORY_REGION, (isolate, region) => free({ isolate, region, type: MEMORY_REGION }));
