// Runs in: owner
/**
 * A run of a pipeline: makes its flows, gives what comes out at the end, and gives everything back.
 *
 * - I1: a run ends once: with its source, with the first failure, or because it was given up.
 * - I2: when its end is told, its sources are closed, its signal has fired if it did not end well, and the
 *   workers of its own pool have gone.
 * - I3: an item is acknowledged when the next one is asked for, or at the end.
 *
 * @module
 */
import { CancelledError, TimeoutError } from "../../errors.ts";
import { cpuCount } from "../../actors/family.ts";
import { MAX_DELAY, type WaitOptions } from "../../memory/line.ts";
import { Pool } from "../pool.ts";
import { type Flow, isThenable, type Item, type Pulled } from "./flow.ts";
import { type Checkpoint, Progress } from "./progress.ts";
import { END, open, type Opened, type PipelineSource, SourceFlow } from "./source.ts";
import { Meter, type Scope, type StageSpec, type StageStats } from "./stage.ts";

/** Options of a run. `timeout` is for all of it. */
export interface RunOptions extends WaitOptions {
  /** Keeps the progress: a run begins where the one before it had come to, and may repeat what was on its way then. */
  checkpoint?: Checkpoint;
  /** Told of a stage that has items in work and has ended none for a while; once each time. */
  stall?: {
    /** Milliseconds. Default 5,000. */
    after?: number;
    /** What to do about it. */
    report(stage: StageStats): void;
  };
}

/** What can be done with a run while it goes on. */
export interface RunControl {
  /** Figures of this moment: the stages in their order. */
  stats(): StageStats[];
  /** Gives it up: it rejects with the reason, default a `CancelledError`. Resolves when all is given back. */
  cancel(reason?: unknown): Promise<void>;
  /** Reads no more of the source; what was read goes its way to the end. */
  drain(): Promise<void>;
}

/** A run whose results are taken one by one; to leave the loop gives it up. */
export interface PipelineRun<T> extends AsyncIterableIterator<T>, RunControl, AsyncDisposable {
  /** Gives it up. */
  return(): Promise<IteratorResult<T>>;
  /** The iterator. */
  [Symbol.asyncIterator](): PipelineRun<T>;
}

/** A run whose end is waited for. */
export interface Running<R> extends Promise<R>, RunControl {}

/** A run. */
export class Run<T> implements PipelineRun<T>, Scope {
  readonly #stages: readonly StageSpec[];
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  readonly #meters: Meter[] = [];
  readonly #begun: Promise<void>;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #watch: ReturnType<typeof setInterval> | undefined;
  #source: SourceFlow | undefined;
  #last: Flow | undefined;
  #pool: Pool | undefined;
  #progress: Progress | undefined;
  #state: "running" | "ended" = "running";
  #failure: { readonly reason: unknown } | undefined;
  #released: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** The item that was given last. */
  #given: Item | undefined;
  /** Ends a wait for a stage or a sink. */
  #interrupt: () => void = () => {};

  /** Begins a run; it reads nothing before something is asked of it. */
  constructor(stages: readonly StageSpec[], source: PipelineSource<unknown>, options: RunOptions) {
    const { signal, timeout = Infinity } = options;
    this.#stages = stages;
    this.#options = options;
    if (timeout < Infinity) {
      const late = () => this.fail(new TimeoutError("run the pipeline", timeout));
      this.#timer = setTimeout(late, Math.min(Math.max(0, timeout), MAX_DELAY));
    }
    this.#watch = this.#watchStalls();
    this.#begun = this.#begin(source).catch(this.fail);
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  fail: (reason: unknown) => void = (reason) => {
    if (this.#state === "ended") return;
    this.#failure = { reason };
    this.#end();
    this.#interrupt();
  };

  pool(): Pool {
    if (this.#state === "ended") throw new CancelledError("The pipeline has ended");
    const sizes = this.#stages.map(({ poolSize = 0 }) => poolSize);
    return this.#pool ??= new Pool({ size: Math.max(...sizes) || cpuCount() });
  }

  meter(name: string): Meter {
    const meter = new Meter(name);
    this.#meters.push(meter);
    return meter;
  }

  stats(): StageStats[] {
    return this.#meters.map((meter) => meter.read());
  }

  async cancel(reason?: unknown): Promise<void> {
    this.fail(reason ?? new CancelledError("The pipeline was given up"));
    await this.#released;
  }

  async drain(): Promise<void> {
    await this.#begun;
    await this.#source?.close();
  }

  /** The next result. Rejects once with what ended the run, and is done from then on. */
  next(): Promise<IteratorResult<T>> {
    const next = this.#turn.then(async (): Promise<IteratorResult<T>> => {
      await this.#begun;
      this.#acknowledge();
      const item = await this.#pull();
      if (item === undefined) return await this.#close() as IteratorResult<T>;
      this.#given = item;
      return { done: false, value: item.value as T };
    });
    this.#turn = next.catch(() => {});
    return next;
  }

  async return(): Promise<IteratorResult<T>> {
    this.fail(new CancelledError("The pipeline was given up"));
    this.#failure = undefined;
    await this.#released;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Hands all results to `take`, one after the other, without a promise for what is there at once. */
  async each(take: (value: T, index: number) => unknown): Promise<void> {
    await this.#begun;
    for (;;) {
      const pulled = this.#pull();
      const item = pulled instanceof Promise ? await pulled : pulled;
      if (item === undefined) return void await this.#close();
      this.#given = item;
      try {
        const taken = take(item.value as T, item.index);
        if (isThenable(taken)) await this.#orEnd(taken);
        this.#acknowledge();
      } catch (error) {
        this.fail(error);
      }
    }
  }

  readonly #abort = () => this.fail(this.#options.signal?.reason);

  #watchStalls(): ReturnType<typeof setInterval> | undefined {
    const { stall } = this.#options;
    if (stall === undefined) return undefined;
    const { after = 5000, report } = stall;
    const told = new Set<Meter>();
    return setInterval(() => {
      for (const meter of this.#meters) {
        const stats = meter.read();
        if (stats.stalled < after) told.delete(meter);
        else if (!told.has(meter)) {
          told.add(meter);
          report(stats);
        }
      }
    }, after / 2);
  }

  async #begin(source: PipelineSource<unknown>): Promise<void> {
    const { checkpoint } = this.#options;
    const from = checkpoint === undefined ? 0 : await checkpoint.load() ?? 0;
    const opened = typeof source === "function" ? open(source(from)) : open(source);
    if (typeof source !== "function" && from > 0) await passOver(opened, from);
    if (checkpoint !== undefined) this.#progress = new Progress(checkpoint, from, this.fail);
    this.#source = new SourceFlow(opened, from, (index) => this.#progress?.receipt(index));
    this.#last = this.#stages.reduce(
      (above: Flow, stage) => stage.attach(above, this),
      this.#source,
    );
  }

  /** The next item; none after the end. Never rejects. */
  #pull(): Pulled {
    if (this.#state === "ended") return undefined;
    try {
      const pulled = this.#last!.pull();
      if (!(pulled instanceof Promise)) return pulled;
      return this.#orEnd(pulled);
    } catch (error) {
      this.fail(error);
    }
  }

  /** What is promised, or nothing when the run ends before, or for it. */
  #orEnd<V>(promise: PromiseLike<V>): Promise<V | undefined> {
    return new Promise((resolve) => {
      this.#interrupt = () => resolve(undefined);
      if (this.#state === "ended") resolve(undefined);
      promise.then(resolve, this.fail);
    });
  }

  #acknowledge(): void {
    this.#given?.done();
    this.#given = undefined;
  }

  /** Waits until all is given back. Rejects with what ended the run. */
  async #close(): Promise<{ done: true; value: undefined }> {
    this.#end();
    await this.#released;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.reason;
    return { done: true, value: undefined };
  }

  #end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#progress?.end();
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#released = this.#release(this.#failure);
  }

  async #release(failure: { readonly reason: unknown } | undefined): Promise<void> {
    if (failure !== undefined) this.#controller.abort(failure.reason);
    await this.#begun;
    const release = async () => {
      await this.#last?.close(failure?.reason);
      await this.#progress?.saved();
    };
    await release().catch((reason) => {
      if (failure === undefined) this.#failure = { reason };
    });
    await this.#dismiss();
  }

  /** Nobody waits for what the pool may still do. */
  async #dismiss(): Promise<void> {
    const pool = this.#pool;
    if (pool === undefined) return;
    if (this.#failure !== undefined || pool.stats().busy > 0) pool.terminate();
    else pool.close();
    await pool.join();
  }
}

/** Reads items that a run before had come past. */
async function passOver(opened: Opened, count: number): Promise<void> {
  for (let left = count; left > 0; left--) if (await opened.next() === END) return;
}
