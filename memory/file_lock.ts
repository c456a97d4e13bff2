// Runs in: any isolate
/**
 * Locks on open files. Linux lets go of them when the last process that has the file open in this way
 * is gone, however it went: whoever gets the lock of another has proof of its death.
 *
 * Two kinds, which do not see each other: locks of single bytes (`F_OFD_SETLK`), held for life, and one
 * of the whole file (`flock`), held for a moment. Both belong to the opening of the file, so threads
 * that use one opening exclude nobody among themselves.
 *
 * - I1: no lock outlives the processes that have its opening of the file.
 * - I2: nobody waits for a lock for ever.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { wait } from "./atomics.ts";
import { cText, libc } from "./libc.ts";

const GET_LOCK = 36;
const SET_LOCK = 37;
const READ_AND_WRITE_CLOSE_ON_EXEC = 0o2000002;
const WRITE_LOCK = 1;
const NO_LOCK = 2;
const EXCLUSIVELY_AT_ONCE = 2 | 4;
const UNLOCK = 8;
const PATIENCE_MS = 5000;
const MOST_TRIES = 200;

/** Locks one byte of an open file; `false` when another opening of the file has it. */
export function tryLockByte(file: number, at: number): boolean {
  return libc().fcntl(file, SET_LOCK, lockOf(WRITE_LOCK, at, 1)) === 0;
}

/** Lets go of a byte. */
export function unlockByte(file: number, at: number): void {
  libc().fcntl(file, SET_LOCK, lockOf(NO_LOCK, at, 1));
}

/** Whether another opening of the file holds any of its bytes from one on. */
export function isHeldElsewhere(file: number, from = 0): boolean {
  const asked = lockOf(WRITE_LOCK, from, 0);
  return libc().fcntl(file, GET_LOCK, asked) !== 0 || new Int16Array(asked.buffer)[0] !== NO_LOCK;
}

/** `struct flock`: type, from where, start, length, process. */
function lockOf(type: number, start: number, length: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(32));
  view.setInt16(0, type, true);
  view.setBigInt64(8, BigInt(start), true);
  view.setBigInt64(16, BigInt(length), true);
  return new Uint8Array(view.buffer);
}

/** Whether this opening of the file got the lock of the whole of it. */
export function tryLockFile(file: number): boolean {
  return libc().flock(file, EXCLUSIVELY_AT_ONCE) === 0;
}

/** Waits for the lock of a whole file. @throws NotSupportedError when somebody keeps it for seconds */
export async function lockFile(file: number, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!tryLockFile(file)) {
    if (performance.now() > end) {
      throw new NotSupportedError(`Cannot use ${what}: another program keeps it locked`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Blocks for a moment until it has the lock of a whole file; `false` when it did not get it. */
export function lockFileSync(file: number): boolean {
  const moment = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (tryLockFile(file)) return true;
    wait(moment, 0, 0, 1);
  }
  return false;
}

/** Lets go of the whole file. */
export function unlockFile(file: number): void {
  libc().flock(file, UNLOCK);
}

/** Runs something while no other isolate or process does so for the same file. */
export async function exclusively<T>(file: number, what: string, run: () => T): Promise<T> {
  const own = libc().open(cText(`/proc/self/fd/${file}`), READ_AND_WRITE_CLOSE_ON_EXEC, 0);
  if (own < 0) throw new NotSupportedError(`Cannot use ${what}: its memory cannot be opened`);
  try {
    await lockFile(own, what);
    return run();
  } finally {
    libc().close(own);
  }
}
