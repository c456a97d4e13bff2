// Runs in: owner
/**
 * What happens in a pool, for whoever wants to watch.
 *
 * @module
 */

/** Something that happened in a pool, and when (milliseconds since 1970). */
export type PoolEvent =
  & { readonly at: number }
  & (
    | { readonly type: "worker-started" | "worker-ended" | "worker-died"; readonly worker: string }
    | { readonly type: "task-failed"; readonly task: string; readonly error: unknown }
    | { readonly type: "broken"; readonly error: unknown }
    | { readonly type: "drained" | "closed" }
  );

/** The same, before it has a time. */
export type Happening = PoolEvent extends infer E ? E extends PoolEvent ? Omit<E, "at"> : never
  : never;

/** All work has ended. */
export const DRAINED: Happening = { type: "drained" };
/** The pool has ended. */
export const CLOSED: Happening = { type: "closed" };

/** Events that are kept for a watcher who does not read; then the oldest go. */
const KEPT = 1024;

/** One who watches. */
interface Watcher {
  readonly kept: PoolEvent[];
  wake: () => void;
}

/** Hands events to watchers; costs next to nothing when there are none. */
export class Announcer {
  readonly #watchers = new Set<Watcher>();
  #state: "open" | "closed" = "open";

  /** Tells all watchers. */
  announce(event: Happening): void {
    if (event === CLOSED) this.#state = "closed";
    for (const { kept, wake } of this.#watchers) {
      if (kept.push({ ...event, at: Date.now() }) > KEPT) kept.shift();
      wake();
    }
  }

  /** All that happens from now on, until the pool has ended. */
  watch(): AsyncIterableIterator<PoolEvent> {
    const watcher: Watcher = { kept: [], wake: () => {} };
    this.#watchers.add(watcher);
    return this.#read(watcher);
  }

  async *#read(watcher: Watcher): AsyncGenerator<PoolEvent, void> {
    try {
      for (;;) {
        const event = watcher.kept.shift();
        if (event !== undefined) yield event;
        else if (this.#state === "closed") return;
        else await new Promise<void>((resolve) => watcher.wake = resolve);
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}
