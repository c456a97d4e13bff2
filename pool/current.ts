// Runs in: any isolate
/**
 * The task that runs: what it can see of the pool, and do.
 *
 * @module
 */
import type { Life } from "../memory/slots.ts";
import { ITEM, type Received } from "../actors/inbox.ts";
import { station } from "../actors/station.ts";
import { type FromTask, TO_TASK, type ToTask, WINDOW } from "./letters.ts";

/** What a running task can see and do. */
export interface TaskContext {
  /** Fires when nobody wants the result any more; a task that ends soon after keeps its worker. */
  readonly signal: AbortSignal;
  /** 1 for the first run, 2 for the first retry, and so on. */
  readonly attempt: number;
  /** Tells the `onProgress` of whoever submitted the task. */
  progress(done: number, total?: number): void;
}

/** Tasks that letters can reach, by owner and order. */
const listening = new Map<number, RunningTask>();
let hears = false;

/** A task in a worker. */
export class RunningTask implements TaskContext {
  readonly attempt: number;
  /** Called when it is aborted while it is suspended. */
  dropped: (() => void) | undefined;
  /** The number of its first order, under which letters reach it. */
  readonly number: number;
  readonly #owner: Life;
  #order: number;
  #controller: AbortController | undefined;
  #credit = WINDOW;
  #wake: (() => void) | undefined;

  /** A task of the pool in `owner`, which hears of it under the number of its order. */
  constructor(owner: Life, order: number, attempt: number) {
    this.#owner = owner;
    this.number = order;
    this.#order = order;
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal;
  }

  /** Whether nobody wants it any more. */
  get isAborted(): boolean {
    return this.#controller?.signal.aborted === true;
  }

  progress(done: number, total?: number): void {
    this.say(["progress", done, total]);
  }

  /** Writes to the pool. */
  say(what: FromTask): void {
    station().inbox.send(this.#owner, { kind: ITEM, id: this.#order, value: what });
  }

  /** From here on letters reach it. */
  listen(): void {
    if (!hears) station().inbox.on(TO_TASK, hear);
    hears = true;
    listening.set(keyOf(this.#owner, this.number), this);
  }

  /** From here on they do not, unless it is only suspended. */
  listenNoMore(): void {
    if (this.dropped === undefined) listening.delete(keyOf(this.#owner, this.number));
  }

  /** It goes on under another order: what it says goes there. */
  renumber(order: number): void {
    this.dropped = undefined;
    this.#order = order;
  }

  /** Nobody wants it any more. */
  abort(reason: unknown): void {
    (this.#controller ??= new AbortController()).abort(reason);
    this.#wake?.();
    const { dropped } = this;
    if (dropped === undefined) return;
    this.dropped = undefined;
    this.listenNoMore();
    dropped();
  }

  /** Its reader has room for more items. */
  grant(items: number): void {
    this.#credit += items;
    this.#wake?.();
  }

  /** Sends an item, once its reader has room for it. */
  async yield(item: unknown): Promise<void> {
    while (this.#credit === 0 && !this.isAborted) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    this.#credit--;
    if (!this.isAborted) this.say(["item", item]);
  }
}

function hear({ from, id, value }: Received): void {
  const task = listening.get(keyOf(from, id));
  const [what, content] = value as ToTask;
  if (what === "abort") task?.abort(content);
  else task?.grant(content);
}

function keyOf({ slot }: Life, order: number): number {
  return slot * 2 ** 32 + (order >>> 0);
}

/** How the task that runs is known after a wait, too. */
interface Memory {
  getStore(): RunningTask | undefined;
  run<R>(task: RunningTask, fn: () => R): R;
}

let current: RunningTask | undefined;
let memory: Memory | undefined;

/**
 * The task in whose call this is; `undefined` outside of pools. Python has no such thing.
 *
 * @example A task that can be stopped, and tells how far it is
 * ```ts ignore
 * import { currentTask, Pool, task } from "@troupe/troupe";
 *
 * export const count = task(import.meta, async function count(to: number): Promise<number> {
 *   const running = currentTask()!;
 *   for (let n = 0; n < to; n++) {
 *     running.signal.throwIfAborted();
 *     if (n % 100 === 0) running.progress(n, to);
 *     await new Promise((resolve) => setTimeout(resolve));
 *   }
 *   return to;
 * });
 * ```
 */
export function currentTask(): TaskContext | undefined {
  return memory === undefined ? current : memory.getStore();
}

/**
 * Has tasks known by the chain of their calls, for isolates that run several at a time. Where one runs
 * at a time, a variable is enough, and spares each task and each start the price.
 */
export async function remember(): Promise<void> {
  if (memory !== undefined) return;
  const { AsyncLocalStorage } = await import("node:async_hooks");
  memory ??= new AsyncLocalStorage<RunningTask>();
}

/** Runs `fn` as (part of) a task. */
export function within<R>(task: RunningTask, fn: () => R): R {
  if (memory !== undefined) return memory.run(task, fn);
  current = task;
  return fn();
}

/** The task, or the part of it, has ended. */
export function leave(): void {
  current = undefined;
}
