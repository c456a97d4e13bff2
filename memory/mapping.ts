// Runs in: any isolate
/**
 * Memory that several processes of one machine can map: a file without a name that lives in memory only
 * (Linux's `memfd`), so nothing can be left behind, however the program ends. Another process opens it
 * through `/proc`, by the id of a process that has it and the number it has there.
 *
 * - I1: a mapping lives as long as somebody has its buffer, which never points at nothing.
 * - I2: the threads of a process share one mapping and one open file, and so the locks on it.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { waitWith } from "./atomics.ts";
import { type FutexPlace, FutexWaits, nearMemory } from "./futex.ts";
import { addressOf, cText, libc } from "./libc.ts";

const CLOSE_ON_EXEC = 1;
const READ_AND_WRITE = 3;
const SHARED = 1;
const IN_PLACE = 16;
/** Unit of {@linkcode WebAssembly.Memory}. */
const WASM_PAGE_BYTES = 65536;

/** Mapped memory, as one thread of a process hands it to another. */
export interface Mapped extends FutexPlace {
  /** Its size. */
  readonly bytes: number;
  /** The mapping itself: the threads of a process hand it on as they hand on any shared memory. */
  readonly buffer: SharedArrayBuffer;
  /** The open file. */
  readonly file: number;
}

/** Number of the process that makes a memory. */
export const FIRST_PROGRAM = 1;

/** Makes memory of zeros that other processes can map. @throws NotSupportedError where there is none */
export function makeMapped(bytes: number): Mapped {
  const file = libc().memfd_create(cText("troupe"), CLOSE_ON_EXEC);
  if (file < 0 || libc().ftruncate(file, BigInt(bytes)) !== 0) {
    throw new NotSupportedError(`Cannot map ${bytes} bytes: Linux refuses to make the file`);
  }
  return mapFile(file, bytes, () => FIRST_PROGRAM);
}

/**
 * Maps an open file; the number of this process in it may depend on what is inside.
 *
 * @throws NotSupportedError when there is no room in the address space
 */
export function mapFile(
  file: number,
  bytes: number,
  programIn: (words: Int32Array) => number,
): Mapped {
  const buffer = roomFor(bytes);
  const address = addressOf(buffer);
  const how = SHARED | IN_PLACE;
  if (Number(libc().mmap(address, bytes, READ_AND_WRITE, how, file, 0n)) !== address) {
    throw new NotSupportedError(`Cannot map ${bytes} bytes: Linux refuses`);
  }
  const program = programIn(new Int32Array(buffer));
  return { address, buffer, bytes, file, program, near: nearMemory() };
}

/**
 * Addresses at which nothing is yet, but which JavaScript knows as shared memory. A buffer made over a
 * mapping would weigh on the heap of every isolate as if it were its own: hundreds of megabytes, at
 * which the collector comes running. Of WebAssembly's memory it is known that it begins at a page.
 */
function roomFor(bytes: number): SharedArrayBuffer {
  const pages = bytes / WASM_PAGE_BYTES;
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    return memory.buffer as unknown as SharedArrayBuffer;
  } catch (cause) {
    throw new NotSupportedError(`Cannot map ${bytes} bytes: there is no room`, { cause });
  }
}

/** The memory as this isolate sees it. */
export function openMapped(mapped: Mapped): SharedArrayBuffer {
  waitWith(mapped.buffer, new FutexWaits(mapped));
  return mapped.buffer;
}
