// Runs in: any isolate
/**
 * Memory that several processes of one machine can map: a file without a name that lives in memory only
 * (Linux's `memfd`), so nothing can be left behind, however the program ends. Another process opens it
 * through `/proc`, by the id of a process that has it and the number it has there.
 *
 * - I1: a mapping lives as long as its process: a buffer over it never points at nothing.
 * - I2: the threads of a process share one mapping and one open file, and so the locks on it.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { waitWith } from "./atomics.ts";
import { type FutexPlace, FutexWaits, nearMemory } from "./futex.ts";
import { bufferAt, cText, libc } from "./libc.ts";

const CLOSE_ON_EXEC = 1;
const READ_AND_WRITE = 3;
const SHARED = 1;

/** Mapped memory, as one thread of a process hands it to another. */
export interface Mapped extends FutexPlace {
  /** Its size. */
  readonly bytes: number;
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
  const address = Number(libc().mmap(0, bytes, READ_AND_WRITE, SHARED, file, 0n));
  if (address <= 0 || address >= 2 ** 53) {
    throw new NotSupportedError(`Cannot map ${bytes} bytes: Linux refuses`);
  }
  const program = programIn(new Int32Array(bufferAt(address, bytes)));
  return { address, bytes, file, program, near: nearMemory() };
}

/** The memory as this isolate sees it. */
export function openMapped(mapped: Mapped): ArrayBuffer {
  const buffer = bufferAt(mapped.address, mapped.bytes);
  waitWith(buffer, new FutexWaits(mapped));
  return buffer;
}
