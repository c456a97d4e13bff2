// Runs in: owner
/**
 * Typed pipelines: stages that are joined now and run later, with bounded buffers between them.
 *
 * @module
 */
import type { ActorRef, ItemOf, PayloadOf, ReplyOf } from "../../actors/actor.ts";
import {
  checkSchema,
  type SchemaOutput,
  type StandardSchemaV1,
  validate,
} from "../../channels/schema.ts";
import type { WaitOptions } from "../../memory/line.ts";
import { StageError } from "../../errors.ts";
import type { Items } from "../chunks.ts";
import { type BatchOptions, batchStage } from "./batch.ts";
import { callStage, PooledStage } from "./call.ts";
import { explain } from "./explain.ts";
import { type FanOptions, fanStage } from "./fan.ts";
import { isThenable } from "./flow.ts";
import { foldByStage, type Folding, foldStage, type KeyedFolding } from "./fold.ts";
import { bufferStage, takeStage, throttleStage } from "./limit.ts";
import { type PipelineRun, Run, type RunControl, type Running, type RunOptions } from "./run.ts";
import { openSink, type PipelineSink } from "./sink.ts";
import type { PipelineSource } from "./source.ts";
import type { Stage, StageContext, StageOptions, StageSpec } from "./stage.ts";
import { readableOf, transformOf } from "./streams.ts";
import { type CountWindow, type TimeWindow, windowStage } from "./window.ts";

/** Of a pipeline, for branches. */
let stages: (pipeline: Pipeline<never, unknown>) => readonly StageSpec[];

/** Pipelines by the names of their branches. */
export type Branches<T> = Record<string, (branch: Pipeline<T, T>) => Pipeline<T, unknown>>;

/** What comes out of branches: which one it was, and the value. */
export type Branched<B> = {
  [K in keyof B]: B[K] extends (branch: never) => Pipeline<never, infer Out>
    ? { branch: K; value: Out }
    : never;
}[keyof B];

/** A pipeline that ends in a sink. */
export interface SinkPipeline<In> {
  /** Runs it; resolves when the sink has taken everything. Rejects as {@linkcode Pipeline.collect} does. */
  run(source: PipelineSource<In>, options?: RunOptions): Running<void>;
}

/**
 * Stages that items go through, from `In` to `Out`. A pipeline is a value: each method gives a new one,
 * nothing runs before `run`, `collect`, `to(…).run`, `readable` or `transform`, and each run is one of its
 * own.
 *
 * A function runs in this isolate, a `task()` in a pool: of the run's own, or that of the option `pool`.
 * A task stage that was given no options runs in the same worker right after the task stage before it.
 *
 * **Back-pressure.** Everything is pulled from the end; a stage is ahead of the next by no more than its
 * `workers` and its `buffer`. **Order** is that of the source unless a stage says `ordered: false`.
 * **Failures.** An item that fails is tried again as `retry` says, then ends the run with a `StageError`
 * that names the stage and the item, or is let go, as `onError` says; a worker that dies counts as a
 * failure of the items that it had. No item is lost or doubled. **The end.** However a run ends, its source
 * is closed (`return`, `cancel`), the `signal` of its stages has fired if it did not end well, and its pool
 * has gone.
 *
 * Demand and bounded stages: GenStage (Valim, 2016, https://hexdocs.pm/gen_stage).
 *
 * @typeParam In What the source gives.
 * @typeParam Out What comes out.
 *
 * @example Some numbers
 * ```ts
 * import { pipeline } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const pairs = pipeline<number>()
 *   .filter((n) => n % 2 === 1)
 *   .map(async (n) => await n * n, { workers: 4 })
 *   .batch(2);
 * assertEquals(await pairs.collect([1, 2, 3, 4, 5]), [[1, 9], [25]]);
 * ```
 */
export class Pipeline<In, Out> {
  readonly #stages: readonly StageSpec[];

  /** Use {@linkcode pipeline}. */
  constructor(stages: readonly StageSpec[] = []) {
    this.#stages = stages;
  }

  /** Each item becomes what the function gives. @throws TypeError, RangeError for wrong options */
  map<O>(stage: Stage<Out, O>, options?: StageOptions<Out>): Pipeline<In, Awaited<O>> {
    return this.#with(callStage("map", stage, options));
  }

  /**
   * Each item becomes the items that the function gives. One worker here reads them as they are needed;
   * several workers, or a pool, read all that an item becomes before it goes on.
   */
  flatMap<O>(
    stage: Stage<Out, Items<O> | Promise<Items<O>>>,
    options?: StageOptions<Out>,
  ): Pipeline<In, O> {
    return this.#with(callStage("flatMap", stage, options));
  }

  /** Keeps the items that pass a test. */
  filter<S extends Out>(
    test: (item: Out, context: StageContext) => item is S,
    options?: StageOptions<Out>,
  ): Pipeline<In, S>;
  /** Keeps the items that pass a test. */
  filter(
    test: (item: Out, context: StageContext) => boolean | Promise<boolean>,
    options?: StageOptions<Out>,
  ): Pipeline<In, Out>;
  filter(test: (item: Out, context: StageContext) => unknown, options?: StageOptions<Out>) {
    return this.#with<Out>(callStage("filter", test, options));
  }

  /** Looks at each item; what the function gives is waited for and dropped. */
  tap(
    look: (item: Out, context: StageContext) => unknown,
    options: StageOptions<Out> = {},
  ): Pipeline<In, Out> {
    const { name = look.name || "tap" } = options;
    const call = (item: Out, context: StageContext) => {
      const looked = look(item, context);
      return looked instanceof Promise ? looked.then(() => item) : item;
    };
    return this.#with(callStage("map", call, { ...options, name }));
  }

  /**
   * Checks each item with a schema of any library that follows Standard Schema; it becomes what the schema
   * makes of it. One that is refused fails with a `ValidationError`.
   */
  parse<S extends StandardSchemaV1>(
    schema: S,
    options: StageOptions<Out> = {},
  ): Pipeline<In, SchemaOutput<S>> {
    checkSchema(schema, "schema of a stage");
    const { name = "parse" } = options;
    const call = (item: Out) => validate(schema, item, "parse an item");
    return this.#with(callStage("map", call, { ...options, name }));
  }

  /** Each item becomes the reply of an actor to a message. An actor that dies counts as a failure. */
  ask<P, K extends Askable<P, Out>>(
    ref: ActorRef<P>,
    message: K,
    options: StageOptions<Out> & {
      /** Milliseconds for each reply. Default: for ever. */
      timeout?: number;
    } = {},
  ): Pipeline<In, Awaited<ReplyOf<P[K]>>> {
    const { name = message as string, timeout } = options;
    const asks = ref.ask as unknown as Record<K, (item: Out, options: WaitOptions) => unknown>;
    const call = (item: Out, { signal }: StageContext) => asks[message](item, { signal, timeout });
    return this.#with(callStage("map", call, { ...options, name }));
  }

  /** Items become lists of `size`, or less at the end, or when `within` milliseconds are over. */
  batch(size: number, options: BatchOptions<Out> = {}): Pipeline<In, Out[]> {
    return this.#with(batchStage(size, options));
  }

  /** Items become windows, by number or time, which may overlap. What is left at the end is given. */
  window(window: CountWindow | TimeWindow<Out>): Pipeline<In, Out[]> {
    return this.#with(windowStage(window));
  }

  /** All items become one value, given at the end. */
  fold<A>(folding: Folding<Out, A>): Pipeline<In, A> {
    return this.#with(foldStage(folding));
  }

  /** The items of each key become one value; pairs of key and value are given at the end. */
  foldBy<K, A>(folding: KeyedFolding<Out, K, A>): Pipeline<In, [key: K, value: A]> {
    return this.#with(foldByStage(folding));
  }

  /** The first `count` items; then the source is closed. @throws RangeError */
  take(count: number): Pipeline<In, Out> {
    return this.#with(takeStage(count));
  }

  /** At most `count` items in any `within` milliseconds; the others wait. @throws RangeError */
  throttle(count: number, options: {
    /** Milliseconds. */
    within: number;
  }): Pipeline<In, Out> {
    return this.#with(throttleStage(count, options));
  }

  /** Reads up to `size` items ahead of the next stage. @throws RangeError */
  buffer(size: number): Pipeline<In, Out> {
    return this.#with(bufferStage(size));
  }

  /** Each item goes to all branches; what comes out of them is told apart by `branch`. */
  broadcast<B extends Branches<Out>>(
    branches: B,
    options: FanOptions<Out> = {},
  ): Pipeline<In, Branched<B>> {
    return this.#with(fanStage({ branches: stagesOf(branches), options }));
  }

  /** Each item goes to the branch that `choose` names. */
  route<B extends Branches<Out>>(
    choose: (item: Out) => NoInfer<keyof B> | Promise<NoInfer<keyof B>>,
    branches: B,
    options: FanOptions<Out> = {},
  ): Pipeline<In, Branched<B>> {
    return this.#with(fanStage({ branches: stagesOf(branches), choose, options }));
  }

  /** These stages, then those of another pipeline. */
  via<O>(next: Pipeline<Out, O>): Pipeline<In, O> {
    return new Pipeline([...this.#stages, ...next.#stages]);
  }

  /**
   * Runs it; results are taken one by one. To leave the loop ends the run. Nothing is read before the first
   * result is asked for.
   */
  run(source: PipelineSource<In>, options: RunOptions = {}): PipelineRun<Out> {
    return new Run(this.#stages, source, options);
  }

  /**
   * Runs it; all results in a list. Rejects with the `StageError` of the first item that failed, with the
   * reason of the signal, with `TimeoutError`, or with `CancelledError`; when all is given back.
   */
  collect(source: PipelineSource<In>, options: RunOptions = {}): Running<Out[]> {
    const run = new Run<Out>(this.#stages, source, options);
    const results: Out[] = [];
    return running(run.each((value) => void results.push(value)).then(() => results), run);
  }

  /** Ends it in a sink, which takes one item after the other. */
  to(sink: PipelineSink<Out>): SinkPipeline<In> {
    return {
      run: (source, options = {}) => {
        const run = new Run<Out>(this.#stages, source, options);
        return running(writeAll(run, sink), run);
      },
    };
  }

  /** Runs it as a stream, which reads the source only as it is read. */
  readable(source: PipelineSource<In>, options: RunOptions = {}): ReadableStream<Out> {
    return readableOf(() => this.run(source, options));
  }

  /** The pipeline as a stage of Web Streams: one run, between what is written and what is read. */
  transform(options: RunOptions = {}): TransformStream<In, Out> {
    return transformOf((source) => this.run(source, options));
  }

  /**
   * What it will be when it runs, for people: a line for each stage, which says where it runs, how many items
   * it works on at a time and how many it holds, and how many may be on their way in all. Stages that run as
   * one are in one line. The text may change; do not read it by program.
   */
  explain(): string {
    return explain(this.#stages);
  }

  static {
    stages = (pipeline) => pipeline.#stages;
  }

  #with<O>(stage: StageSpec): Pipeline<In, O> {
    const last = this.#stages.at(-1);
    const joined = last instanceof PooledStage ? last.with(stage) : undefined;
    return joined === undefined
      ? new Pipeline([...this.#stages, stage])
      : new Pipeline([...this.#stages.slice(0, -1), joined]);
  }
}

/** The messages of an actor that take a `T`. */
export type Askable<P, T> = {
  [K in keyof P]: [T] extends PayloadOf<P[K]> ? [ItemOf<ReplyOf<P[K]>>] extends [never] ? K : never
    : never;
}[keyof P];

function stagesOf(branches: Branches<never>): Map<string, readonly StageSpec[]> {
  const entries = Object.entries(branches);
  if (entries.length === 0) throw new TypeError("Cannot make a stage of branches: there are none");
  return new Map(entries.map(([name, build]) => [name, stages(build(new Pipeline()))]));
}

/** Writes all results, and says how it ended. */
async function writeAll<T>(run: Run<T>, sink: PipelineSink<T>): Promise<void> {
  const { write, close } = openSink(sink);
  const failed = (index: number) => (cause: unknown) => {
    throw new StageError("sink", { index, attempts: 1, cause });
  };
  try {
    await run.each((value, index) => {
      try {
        const written = write(value);
        return isThenable(written) ? written.then(undefined, failed(index)) : undefined;
      } catch (cause) {
        return failed(index)(cause);
      }
    });
  } catch (reason) {
    await close({ reason });
    throw reason;
  }
  await close();
}

/** A promise that the run can be told things by. */
function running<R>(end: Promise<R>, run: RunControl): Running<R> {
  return Object.assign(end, {
    stats: () => run.stats(),
    cancel: (reason?: unknown) => run.cancel(reason),
    drain: () => run.drain(),
  });
}

/** Starts a pipeline of `In`. */
export function pipeline<In>(): Pipeline<In, In> {
  return new Pipeline();
}
