// Runs in: any isolate
/**
 * Pipes by which processes wake each other's event loops. A `futex` that is waited for asynchronously wakes
 * a thread of Deno's pool, and that the event loop, and such threads take the processors on which the two
 * could look for each other; a pipe is looked at by the event loop itself. It also keeps the program alive
 * when it is told to, for less than a timer. `docs/decisions/futex.md` has the figures.
 *
 * Only the first isolates of processes have one, and use those of others: what a thread opened would stay
 * open after it. Words at fixed distances from the one that is waited on say where the pipe is: the id of
 * the process, the number of the pipe's end there, and of its file.
 *
 * - I1: nothing is written to a file that is not the sleeper's pipe: in another container its number may
 *   stand for anything.
 * - I2: a byte that is written wakes the sleeper, whether it slept at that moment or was about to; one that
 *   cannot be written is made up for by a `futex`, for which every sleeper waits too.
 *
 * @module
 */
import { type Holder, load, store } from "./atomics.ts";
import { cText, libc } from "./libc.ts";

/** Distance from the word that is waited on: the id of the process. */
export const PIPE_PROCESS = 3;
/** Distance: number of the end that is written to, in that process. */
export const PIPE_END = 13;
/** Distance: lower half of the number of its file; 0 while there is none. */
export const PIPE_FILE = 14;

const WRITE_ONLY = 1;
const NONBLOCKING = 0o4000;
const CLOSE_ON_EXEC = 0o2000000;
const AT_EMPTY_PATH = 0x1000;
const TYPE_AND_NUMBER = 0x101;
const BYTES_OF_STATX = 256;
const MODE_IN_STATX = 28;
const NUMBER_IN_STATX = 32;
const FILE_TYPE = 0o170000;
const IS_PIPE = 0o10000;
const BYTE = new Uint8Array(1);

/** A pipe in the event loop; the platform's, without the streams that take most of the time otherwise. */
interface LoopPipe extends Holder {
  open(file: number): number;
  onread: () => void;
  readStart(): void;
}

interface NodeProcess {
  binding?(name: string): { Pipe?: new (type: number) => LoopPipe };
  getBuiltinModule?(name: string): { isMainThread?: boolean };
}

/** The class of {@linkcode LoopPipe}; `undefined` in threads, and where there is none. */
function pipeClass(): (new (type: number) => LoopPipe) | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  if (process?.getBuiltinModule?.("node:worker_threads").isMainThread !== true) return undefined;
  try {
    return process.binding?.("pipe_wrap").Pipe;
  } catch {
    return undefined;
  }
}

/** One that was opened must not be collected. */
const own: LoopPipe[] = [];

/** Has others wake the event loop of this isolate by a pipe from now on, if it can have one; gives that. */
export function openWakePipe(
  words: Int32Array,
  at: number,
  wake: () => void,
): Holder | undefined {
  const Pipe = pipeClass();
  const ends = new Int32Array(2);
  if (Pipe === undefined || libc().pipe2(ends, NONBLOCKING | CLOSE_ON_EXEC) !== 0) return undefined;
  const pipe = new Pipe(0);
  const file = pipeNumber(ends[1]);
  if (file === 0 || pipe.open(ends[0]) !== 0) return undefined;
  pipe.onread = wake;
  pipe.readStart();
  pipe.unref();
  own.push(pipe);
  store(words, at + PIPE_END, ends[1]);
  store(words, at + PIPE_FILE, file);
  return pipe;
}

/** A pipe of another process, as this one has opened it. */
interface Opened {
  readonly file: number;
  readonly end: number;
}

const NOT_OPEN = -1;

/** The pipes of other processes. */
export class WakePipes {
  readonly #opened = new Map<number, Opened>();
  readonly #isUsed = pipeClass() !== undefined;

  /** Wakes who sleeps on a word; `false` when that cannot be done in this way. */
  wake(words: Int32Array, at: number): boolean {
    const file = load(words, at + PIPE_FILE);
    if (file === 0 || !this.#isUsed) return false;
    let opened = this.#opened.get(at);
    if (opened?.file !== file) opened = this.#open(words, at, file);
    return opened.end !== NOT_OPEN && Number(libc().write(opened.end, BYTE, 1)) === 1;
  }

  #open(words: Int32Array, at: number, file: number): Opened {
    const before = this.#opened.get(at);
    if (before !== undefined && before.end !== NOT_OPEN) libc().close(before.end);
    const path = `/proc/${load(words, at + PIPE_PROCESS)}/fd/${load(words, at + PIPE_END)}`;
    const flags = WRITE_ONLY | NONBLOCKING | CLOSE_ON_EXEC;
    const end = libc().open(cText(path), flags, 0);
    const isRight = end >= 0 && pipeNumber(end) === file;
    if (end >= 0 && !isRight) libc().close(end);
    const opened = { file, end: isRight ? end : NOT_OPEN };
    this.#opened.set(at, opened);
    return opened;
  }
}

/** The lower half of the number of the pipe behind an open file; 0 when it is none. */
function pipeNumber(file: number): number {
  const state = new DataView(new ArrayBuffer(BYTES_OF_STATX));
  const bytes = new Uint8Array(state.buffer);
  if (libc().statx(file, cText(""), AT_EMPTY_PATH, TYPE_AND_NUMBER, bytes) !== 0) return 0;
  if ((state.getUint16(MODE_IN_STATX, true) & FILE_TYPE) !== IS_PIPE) return 0;
  return state.getInt32(NUMBER_IN_STATX, true);
}
