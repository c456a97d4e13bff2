// Runs in: any isolate
/**
 * What a user writes: actors, as a definition (`defineActor`) or as a class (`Actor`, `register`),
 * and the one shape in which the rest of this room runs both.
 *
 * @module
 */
import { handle } from "../memory/handle.ts";
import { checkSchema, type SchemaOutput, type StandardSchemaV1 } from "../channels/schema.ts";
import { registerCode, registerCodeHandle } from "./code.ts";
import {
  type Accepts,
  Actor,
  type ActorDef,
  constructWith,
  type Context,
  type ModuleId,
} from "./contract.ts";

export * from "./contract.ts";

/** What {@linkcode defineActor} takes. */
export interface ActorSpec<S, A extends unknown[], H, I> {
  /** Unique among the actors of the module. Default: a counter. */
  name?: string;
  /** Makes the state. It takes the arguments of `spawn` and nothing else. */
  init: (...args: A) => S | Promise<S>;
  /** Schemas of messages: what comes in is parsed first. Only these messages may be published. */
  accepts?: I;
  /** A function for each message; what it returns, or yields, is the reply. */
  on: H;
  /** Runs before the first message. When it fails, the start has failed. */
  started?: (state: S, ctx: Context) => void | Promise<void>;
  /** Runs after the last message, with the reason of the end. Not when the actor is killed. */
  stopped?: (state: S, reason: unknown, ctx: Context) => void | Promise<void>;
}

/** A definition or a class, in the shape in which it is run. */
export interface Behaviour {
  /** For people. */
  readonly name: string;
  /** The names of its messages. */
  readonly messages: readonly string[];
  /** Those of them that take no payload. */
  readonly bare: readonly string[];
  /** Makes the state: what `init` gives, or the object. */
  init(args: unknown[], ctx: () => Context): unknown | Promise<unknown>;
  /** The function for a message, or `undefined` when there is no such message. */
  handler(message: string): MessageHandler | undefined;
  /** The schema of a message, when it has one. */
  schema(message: string): StandardSchemaV1 | undefined;
  /** The hook before the first message. */
  started?(state: unknown, ctx: Context): void | Promise<void>;
  /** The hook after the last message. */
  stopped?(state: unknown, reason: unknown, ctx: Context): void | Promise<void>;
}

/** Handles one message and gives the reply. */
export type MessageHandler = (state: unknown, payload: unknown, ctx: Context) => unknown;

/** A spec whose types are forgotten. */
type AnySpec = ActorSpec<unknown, unknown[], Record<string, MessageHandler>, Accepts>;

/** The specs of definitions. */
const specs = new WeakMap<object, AnySpec>();

registerCodeHandle("actor");

/**
 * Defines an actor as a value: its state comes from `init`, its messages are the functions of `on`.
 * Payload types come from the schemas in `accepts`, else from annotations.
 *
 * Call it at the top level of a module: other isolates import that module to run the actor.
 *
 * @param meta `import.meta` of that module.
 * @param spec What the actor does; it is checked at once.
 * @returns A frozen value that can be spawned, and sent.
 * @throws {TypeError} When a part of the spec is not what it should be; the text names the part.
 */
export function defineActor<
  S,
  A extends unknown[],
  H extends
    & { [K in keyof I]: (state: S, payload: SchemaOutput<I[K]>, ctx: Context) => unknown }
    // deno-lint-ignore no-explicit-any -- handlers annotate their payloads, each differently
    & { [name: string]: (state: S, payload: any, ctx: Context) => unknown },
  I extends Accepts = Record<never, never>,
>(meta: ImportMeta, spec: ActorSpec<S, A, H, I>): ActorDef<A, H, I> {
  const loose = spec as unknown as AnySpec;
  checkSpec(loose);
  const definition = {} as Record<PropertyKey, unknown>;
  const { url, name } = registerCode(meta, loose.name, "actor", definition);
  const handlers = Object.freeze({ ...loose.on });
  const accepts = Object.freeze({ ...loose.accepts });
  Object.assign(definition, { [handle]: "actor", url, name, handlers, accepts });
  specs.set(definition, { ...loose, on: handlers, accepts });
  return Object.freeze(definition) as unknown as ActorDef<A, H, I>;
}

/**
 * Registers a class so that other isolates find it again, in a minified bundle as well:
 * `static readonly module = register(import.meta, this)`, as the first line of the class.
 *
 * @param meta `import.meta` of the module that the class is in.
 * @param cls The class, an `Actor` or a `Process`. Each subclass registers itself.
 * @throws {TypeError} When `cls` is no class.
 */
export function register(
  meta: ImportMeta,
  cls: abstract new (...args: never[]) => object,
): ModuleId {
  if (typeof cls !== "function") throw new TypeError("Cannot register: this is no class");
  const { url, name } = registerCode(meta, undefined, "class", cls);
  return Object.freeze({ url, id: name });
}

/** Made once for each definition or class: there can be very many actors of one. */
const behaviours = new WeakMap<object, Behaviour>();

/**
 * The one shape of definitions and classes.
 *
 * @param code What `resolveCode` gave.
 * @param name A name for people.
 * @throws {TypeError} When `code` is no actor, or its `accepts` do not fit its messages.
 */
export function behaviourOf(code: unknown, name: string): Behaviour {
  const known = behaviours.get(code as object);
  if (known !== undefined) return known;
  const behaviour = makeBehaviour(code, name);
  behaviours.set(code as object, behaviour);
  return behaviour;
}

function makeBehaviour(code: unknown, name: string): Behaviour {
  const spec = typeof code === "object" && code !== null ? specs.get(code) : undefined;
  if (spec) return ofSpec(spec, name);
  if (typeof code === "function" && code.prototype instanceof Actor) {
    return ofClass(code as new (...args: unknown[]) => Actor, name);
  }
  throw new TypeError(
    `Cannot run "${name}": it is neither made by defineActor() nor a class that extends Actor`,
  );
}

/** Checks what the compiler cannot promise. */
function checkSpec(spec: AnySpec): void {
  if (typeof spec !== "object" || spec === null) {
    throw new TypeError("Cannot define an actor: the second argument must be an object");
  }
  const who = spec.name === undefined ? "an actor" : `actor "${spec.name}"`;
  if (spec.name !== undefined && (typeof spec.name !== "string" || spec.name === "")) {
    throw new TypeError("Cannot define an actor: name must be a text, and not empty");
  }
  if (typeof spec.init !== "function") {
    throw new TypeError(`Cannot define ${who}: init must be a function`);
  }
  if (typeof spec.on !== "object" || spec.on === null) {
    throw new TypeError(`Cannot define ${who}: on must be an object of functions`);
  }
  for (const [message, handler] of Object.entries(spec.on)) {
    if (typeof handler !== "function") {
      throw new TypeError(`Cannot define ${who}: on.${message} must be a function`);
    }
  }
  for (const hook of ["started", "stopped"] as const) {
    if (spec[hook] !== undefined && typeof spec[hook] !== "function") {
      throw new TypeError(`Cannot define ${who}: ${hook} must be a function`);
    }
  }
  schemasOf(spec.accepts, (message) => Object.hasOwn(spec.on, message), who);
}

/** The schemas by message. Each must be one, and have a handler. */
function schemasOf(
  accepts: unknown,
  hasHandler: (message: string) => boolean,
  who: string,
): Map<string, StandardSchemaV1> {
  if (accepts !== undefined && (typeof accepts !== "object" || accepts === null)) {
    throw new TypeError(`Cannot define ${who}: accepts must be an object of schemas`);
  }
  const schemas = new Map<string, StandardSchemaV1>();
  for (const [message, schema] of Object.entries(accepts ?? {})) {
    if (!hasHandler(message)) {
      throw new TypeError(`Cannot define ${who}: accepts.${message} has no handler`);
    }
    checkSchema(schema, `accepts.${message} of ${who}`);
    schemas.set(message, schema);
  }
  return schemas;
}

/** The behaviour of a definition. */
function ofSpec(spec: AnySpec, name: string): Behaviour {
  const handlers = new Map(Object.entries(spec.on));
  const schemas = new Map(Object.entries(spec.accepts ?? {}));
  return {
    name,
    messages: [...handlers.keys()],
    bare: bareOf(handlers, schemas),
    init: (args) => spec.init(...args),
    handler: (message) => handlers.get(message),
    schema: (message) => schemas.get(message),
    started: spec.started,
    stopped: spec.stopped,
  };
}

/** The behaviour of a class: each message calls a method of the object. */
function ofClass(cls: new (...args: unknown[]) => Actor, name: string): Behaviour {
  const handlers = methodsOf(cls.prototype);
  const schemas = schemasOf(
    (cls as { accepts?: unknown }).accepts,
    (message) => handlers.has(message),
    `class ${cls.name || name}`,
  );
  return {
    name,
    messages: [...handlers.keys()],
    bare: bareOf(handlers, schemas),
    init: (args, ctx) => constructWith(ctx(), () => new cls(...args)),
    handler: (message) => handlers.get(message),
    schema: (message) => schemas.get(message),
    started: (state) => (state as Actor).started?.(),
    stopped: (state, reason) => (state as Actor).stopped?.(reason),
  };
}

/** The messages whose handlers declare no payload. */
function bareOf(
  handlers: ReadonlyMap<string, MessageHandler>,
  schemas: ReadonlyMap<string, StandardSchemaV1>,
): string[] {
  return [...handlers].filter(([name, { length }]) => length < 2 && !schemas.has(name))
    .map(([name]) => name);
}

/** The public methods between an object's prototype and `Actor`; the nearest of a name wins. */
function methodsOf(start: object): Map<string, MessageHandler> {
  const methods = new Map<string, MessageHandler>();
  let prototype = start;
  while (prototype !== Actor.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (typeof value !== "function" || methods.has(name) || NO_MESSAGES.has(name)) continue;
      const handler: MessageHandler = (state, payload) => value.call(state, payload);
      methods.set(name, Object.defineProperty(handler, "length", { value: value.length + 1 }));
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return methods;
}

/** Names that a class may use but that are never messages. */
const NO_MESSAGES: ReadonlySet<string> = new Set(["constructor", "started", "stopped", "ctx"]);
