// Runs in: any isolate
/**
 * OpenTelemetry across actors: a span for each message that is sent and one for its handler, or for a task
 * of a pool and its run, in one trace wherever the handler runs. The context goes with the message, in the
 * headers of W3C Trace Context (https://www.w3.org/TR/trace-context/).
 *
 * Deno registers its telemetry under the name by which `@opentelemetry/api` finds a provider, so nothing
 * has to be loaded. Where none is registered when this module is, there is no tracing.
 *
 * @module
 */

/** Headers of a trace context. */
export type Carrier = Readonly<Record<string, string>>;

/** What a span is about. */
export interface TracedMessage {
  /** Id of the actor. */
  readonly actor: string;
  /** Name of the message. */
  readonly message: string;
}

interface Span {
  setStatus(status: { code: number; message?: string }): void;
  recordException(error: unknown): void;
  end(): void;
}
interface TraceContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): TraceContext;
}
interface SpanOptions {
  readonly kind: number;
  readonly attributes: Record<string, string>;
}
interface OpenTelemetry {
  readonly trace: {
    getTracer(name: string): {
      startSpan(name: string, options: SpanOptions, context: TraceContext): Span;
    };
  };
  readonly context: {
    active(): TraceContext;
    with<A extends unknown[], T>(
      context: TraceContext,
      work: (...args: A) => T,
      self: undefined,
      ...args: A
    ): T;
  };
  readonly propagation: {
    inject(
      context: TraceContext,
      carrier: Record<string, string>,
      setter: { set(carrier: Record<string, string>, key: string, value: string): void },
    ): void;
    extract(
      context: TraceContext,
      carrier: Carrier,
      getter: { get(carrier: Carrier, key: string): unknown; keys(carrier: Carrier): string[] },
    ): TraceContext;
  };
}

const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");
const FAILED = 2;
/** Kinds of spans, as OpenTelemetry numbers them. */
const KINDS = { ask: 2, stream: 2, task: 2, tell: 3, "handle ask": 1, "handle tell": 4 } as const;

const setter = {
  set(carrier: Record<string, string>, key: string, value: string) {
    carrier[key] = value;
  },
};
const getter = {
  get: (carrier: Carrier, key: string) => carrier[key],
  keys: (carrier: Carrier) => Object.keys(carrier),
};

/** A span that is open. */
export class Traced {
  readonly #api: OpenTelemetry;
  readonly #context: TraceContext;
  #span: Span | undefined;

  /** In a context, which has the span as its active one. */
  constructor(api: OpenTelemetry, context: TraceContext, span?: Span) {
    this.#api = api;
    this.#context = context;
    this.#span = span;
  }

  /** Runs something as part of it. */
  run<A extends unknown[], T>(work: (...args: A) => T, ...args: A): T {
    return this.#api.context.with(this.#context, work, undefined, ...args);
  }

  /** What goes with a message. */
  get carrier(): Carrier {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(this.#context, carrier, setter);
    return carrier;
  }

  /** It went wrong. */
  fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#span?.setStatus({ code: FAILED, message });
    this.#span?.recordException(error instanceof Error ? error : message);
    this.end();
  }

  /** Runs something as part of it, and is over with that. */
  cover<T>(work: () => T): T {
    try {
      const result = this.run(work);
      if (result instanceof Promise) return this.over(result) as T;
      this.end();
      return result;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** It is over when the promise settles. */
  over<T>(promise: Promise<T>): Promise<T> {
    return promise.then((value) => {
      this.end();
      return value;
    }, (error) => {
      this.fail(error);
      throw error;
    });
  }

  /** It is over; a second time does nothing. */
  end(): void {
    this.#span?.end();
    this.#span = undefined;
  }
}

/** Makes spans. */
export class Tracing {
  readonly #api: OpenTelemetry;
  readonly #root: TraceContext;

  /** By what is registered. */
  constructor(api: OpenTelemetry) {
    this.#api = api;
    this.#root = api.context.active();
  }

  /** A message is sent, in the context that is active here or that of `traceparent`. */
  send(
    verb: "ask" | "tell" | "stream" | "task",
    { traceparent, ...about }: TracedMessage & { traceparent?: string },
  ): Traced {
    const parent = traceparent === undefined
      ? this.#api.context.active()
      : this.#api.propagation.extract(this.#root, { traceparent }, getter);
    return this.#start(parent, { verb, kind: KINDS[verb], about });
  }

  /** A message is handled. One that came without a context has no span, and is part of no trace. */
  handle(carrier: Carrier | undefined, isAsked: boolean, about: TracedMessage): Traced {
    if (carrier === undefined) return new Traced(this.#api, this.#root);
    const parent = this.#api.propagation.extract(this.#root, carrier, getter);
    const kind = KINDS[isAsked ? "handle ask" : "handle tell"];
    return this.#start(parent, { verb: "handle", kind, about });
  }

  /** A trace that came from outside, without a span of its own. */
  continued(traceparent: string, tracestate: string | null = null): Traced {
    const carrier: Carrier = tracestate === null ? { traceparent } : { traceparent, tracestate };
    return new Traced(this.#api, this.#api.propagation.extract(this.#root, carrier, getter));
  }

  /** Whether something here is part of a trace at this moment. */
  get isActive(): boolean {
    return this.#api.context.active().getValue(SPAN) !== undefined;
  }

  #start(
    parent: TraceContext,
    { verb, kind, about }: { verb: string; kind: number; about: TracedMessage },
  ): Traced {
    const { actor, message } = about;
    const attributes = { "troupe.actor": actor, "troupe.message": message };
    const tracer = this.#api.trace.getTracer("@troupe/troupe");
    const span = tracer.startSpan(`${verb} ${message}`, { kind, attributes }, parent);
    return new Traced(this.#api, parent.setValue(SPAN, span), span);
  }
}

function registered(): Tracing | undefined {
  const api = (globalThis as { [REGISTRY]?: Partial<OpenTelemetry> })[REGISTRY];
  const { trace, context, propagation } = api ?? {};
  if (!trace || !context || !propagation) return undefined;
  return new Tracing({ trace, context, propagation });
}

/** None unless OpenTelemetry is on: `OTEL_DENO=true`, or a provider of the program's own. */
export const tracing: Tracing | undefined = registered();

/** Does the work as part of the trace that a request names, unless it is part of one already. */
export function inTraceOf<T>(request: { headers: Headers }, work: () => T): T {
  if (tracing === undefined || tracing.isActive) return work();
  const { headers } = request;
  const traceparent = headers.get("traceparent");
  if (traceparent === null) return work();
  return tracing.continued(traceparent, headers.get("tracestate")).run(work);
}
