// Runs in: any isolate
/**
 * Waiting on mapped memory. Isolates of one process wake each other as they do on shared memory, by a
 * word of shared memory of their own: that is the cheapest way there is. Those of other processes are
 * woken by Linux (`futex`; U. Drepper, "Futexes Are Tricky", 2011,
 * https://www.akkadia.org/drepper/futex.pdf); who waits for them asynchronously has a thread of Deno's
 * pool wait in its place, and once it was woken so a few times, a pipe as well; see `wake_pipe.ts`.
 *
 * The word after the one that is waited on says how the sleeper sleeps: the number of its program, or
 * {@linkcode BLOCKED}.
 *
 * - I1: whoever changes the word and then sees how the sleeper sleeps wakes it, or the sleeper sees the
 *   change: it says how it sleeps, then looks at the word once more, then sleeps.
 * - I2: one wait of each way is pending at most, for each word; one that outlives its reason is used again.
 * - I3: all who wait on a word are woken at once, so a wait left over swallows no wake-up.
 *
 * @module
 */
import {
  add,
  type Holder,
  load,
  notify,
  type Ringing,
  store,
  waitAsync,
  type Waits,
} from "./atomics.ts";
import { AT_OPEN } from "./layout.ts";
import { FUTEX, inBackground, libc } from "./libc.ts";
import { leaveToRinger, noteRinger } from "./processor.ts";
import { openWakePipe, WakePipes } from "./wake_pipe.ts";

/** The sleeper blocks its thread. */
const BLOCKED = 0;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const EVERYBODY = 0x7fffffff;
const NEAR_WORDS = 256;
const LONGEST_MS = 2 ** 31;
/** Who was woken so often from another process is worth a pipe, which takes a millisecond or two. */
const WORTH_A_PIPE = 3;

/** Memory by which the threads of one process wake each other. */
export function nearMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(NEAR_WORDS * 4);
}

/** Where mapped memory is, and who waits on it. */
export interface FutexPlace {
  /** Its address in this process. */
  readonly address: number;
  /** Number of this process in it. */
  readonly program: number;
  /** See {@linkcode nearMemory}. */
  readonly near: SharedArrayBuffer;
}

/** The asynchronous waits on one word. */
interface Sleeper {
  wake: () => void;
  isNear: boolean;
  isFar: boolean;
  /** How often it was woken from another process. */
  wokenFar: number;
  /** Its pipe, once there is one. */
  holder?: Holder;
}

/** Ends the waits that an isolate which is gone left in the pool: their threads would stay for ever. */
export function endWaits(words: Int32Array, at: number, { address }: FutexPlace): void {
  if (load(words, AT_OPEN) !== 0) wakeElsewhere(address + at * 4);
}

function wakeElsewhere(place: number): number {
  return libc().futex(FUTEX, place, FUTEX_WAKE, EVERYBODY, null, 0, 0);
}

/** How isolates wait on mapped memory. */
export class FutexWaits implements Waits {
  readonly #address: number;
  readonly #program: number;
  readonly #near: Int32Array;
  readonly #limit = new BigInt64Array(2);
  readonly #pipes = new WakePipes();
  readonly #sleepers = new Map<number, Sleeper>();

  /** Waits on the memory at a place. */
  constructor({ address, program, near }: FutexPlace) {
    this.#address = address;
    this.#program = program;
    this.#near = new Int32Array(near);
  }

  /** Wakes whoever sleeps on a word. */
  notify(words: Int32Array, at: number): number {
    const sleeps = load(words, at + 1);
    if (sleeps !== this.#program) {
      noteRinger(words, at);
      if (sleeps !== BLOCKED && this.#pipes.wake(words, at)) return 1;
      return wakeElsewhere(this.#address + at * 4);
    }
    const near = nearOf(at);
    add(this.#near, near, 1);
    return notify(this.#near, near);
  }

  /** Blocks this thread. */
  wait(words: Int32Array, at: number, value: number, ms = LONGEST_MS): string {
    store(words, at + 1, BLOCKED);
    const whole = Math.floor(Math.min(ms, LONGEST_MS) / 1000);
    this.#limit[0] = BigInt(whole);
    this.#limit[1] = BigInt(Math.floor((Math.min(ms, LONGEST_MS) - whole * 1000) * 1e6));
    const place = this.#address + at * 4;
    const woken = libc().futex(FUTEX, place, FUTEX_WAIT, value, this.#limit, 0, 0);
    // An asynchronous wait on this word may be pending too.
    store(words, at + 1, this.#program);
    // If it was not woken: the word, the time, a signal. Whoever waits looks again in any case.
    return woken === 0 ? "ok" : load(words, at) === value ? "timed-out" : "not-equal";
  }

  /** Waits without blocking. */
  waitAsync(words: Int32Array, at: number, value: number): Ringing {
    store(words, at + 1, this.#program);
    const sleeper = this.#sleeperAt(at);
    const near = nearOf(at);
    const rings = load(this.#near, near);
    if (load(words, at) !== value) return { async: false, value: "not-equal" };
    const woken = new Promise<string>((resolve) => sleeper.wake = () => resolve("ok"));
    if (!sleeper.isNear) {
      const ringing = waitAsync(this.#near, near, rings);
      if (!ringing.async) return ringing;
      sleeper.isNear = true;
      ringing.value.then(() => {
        sleeper.isNear = false;
        sleeper.wake();
      });
    }
    if (!sleeper.isFar && load(words, AT_OPEN) !== 0) {
      this.#listenFar(sleeper, { words, at, value });
    }
    return { async: true, value: woken, holder: sleeper.holder };
  }

  /** Gets this isolate on another processor than the one that wakes it. */
  stepAside(words: Int32Array, at: number): void {
    leaveToRinger(words, at);
  }

  #listenFar(
    sleeper: Sleeper,
    { words, at, value }: { words: Int32Array; at: number; value: number },
  ): void {
    sleeper.isFar = true;
    const place = this.#address + at * 4;
    const call = libc().futexElsewhere(FUTEX, place, FUTEX_WAIT, value, null, 0, 0);
    inBackground(call).then(() => {
      sleeper.isFar = false;
      sleeper.wake();
      if (++sleeper.wokenFar === WORTH_A_PIPE) {
        sleeper.holder = openWakePipe(words, at, () => sleeper.wake());
      }
    });
  }

  #sleeperAt(at: number): Sleeper {
    let sleeper = this.#sleepers.get(at);
    if (sleeper === undefined) {
      sleeper = { wake() {}, isNear: false, isFar: false, wokenFar: 0 };
      this.#sleepers.set(at, sleeper);
    }
    return sleeper;
  }
}

/** The word near by that stands for a word far away; each isolate's doorbell has its own. */
function nearOf(at: number): number {
  return (at >>> 5) % NEAR_WORDS;
}
