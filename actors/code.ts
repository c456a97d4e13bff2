// Runs in: any isolate
/**
 * Code that another isolate can find. Code itself never crosses: its address does, the module's
 * URL and a name in it. The other isolate imports the module, whose registrations run again there,
 * and looks the name up.
 *
 * @module
 */
import { DecodeError, StartError } from "../errors.ts";
import { type Handle, handle, registerHandle } from "../memory/handle.ts";
import type { CheckSendable } from "../channels/sendable.ts";

/** Where a function, an actor definition or a class lives. */
export interface CodeRef {
  /** The module. */
  readonly url: string;
  /** The name it is registered or exported under. */
  readonly name: string;
}

/** What a piece of code is. */
export type CodeKind = "task" | "actor" | "class";

/** A function that other isolates can find. Here it stays a function. */
export interface Task<A extends unknown[] = never[], R = unknown> extends Handle {
  /** Runs it here. */
  (...args: A): R;
  /** The module it lives in. */
  readonly url: string;
  /** The name it is registered under. */
  readonly taskName: string;
}

/** A function of a module that this isolate has not loaded; made by `load()`. */
export interface TaskRef<A extends unknown[], R> extends Handle {
  /** For the compiler only; there is nothing at run time. */
  readonly "~call": (...args: A) => R;
}

/** Whatever names a function: what `task()` made, or what `load()` gave. */
export type Target<A extends unknown[], R> = Task<A, R> | TaskRef<A, R>;

/** What crosses back when a task returns `R`: the items of a stream, else the awaited value. */
export type TaskResult<R> = R extends AsyncIterable<infer T> | Generator<infer T> ? T : Awaited<R>;

/** Code that was registered in this isolate: module URL, then name. */
const registered = new Map<string, Map<string, object>>();
/** Modules that {@linkcode resolveCode} imported. */
const imported = new Map<string, Readonly<Record<string, unknown>>>();
/** The address of everything that has one. */
const addresses = new WeakMap<object, CodeRef>();

/**
 * Registers a piece of code under the module it lives in. The same value again changes nothing.
 *
 * @param meta The `import.meta` of that module.
 * @param name Its name. `undefined`: a counter (`actor-1`), the same in every isolate because a
 * module runs in the same order everywhere; so it is found again in a minified bundle.
 * @param kind What it is.
 * @param value The function, definition or class.
 * @returns Its address.
 * @throws {TypeError} When `meta` has no URL, something else of the module (or of the bundle it is
 * in) has the name, or the value has another name.
 */
export function registerCode(
  meta: ImportMeta | { url: string },
  name: string | undefined,
  kind: CodeKind,
  value: object,
): CodeRef {
  const url = urlOf(meta);
  const names = registered.get(url) ?? new Map<string, object>();
  const known = addresses.get(value);
  const chosen = name ?? known?.name ?? nextName(names, kind);
  if (typeof chosen !== "string" || chosen === "") {
    throw new TypeError(`Cannot register this ${kind}: its name is no text, or empty`);
  }
  if (known?.url === url && known.name === chosen) return known;
  if (known) {
    throw new TypeError(
      `Cannot register ${kind} "${chosen}": it is "${known.name}" of ${known.url} already`,
    );
  }
  if (names.has(chosen)) {
    throw new TypeError(
      `Cannot register ${kind} "${chosen}": ${url} has something else of that name already`,
    );
  }
  const ref = Object.freeze({ url, name: chosen });
  addresses.set(value, ref);
  registered.set(url, names.set(chosen, value));
  return ref;
}

/**
 * The address of a task, an actor definition, a registered class, or what `load()` gave.
 *
 * @throws {TypeError} When it has none; the text says how to give it one.
 */
export function codeRefOf(target: unknown): CodeRef {
  const ref = isObject(target) ? addresses.get(target) : undefined;
  if (ref) return ref;
  if (typeof target !== "function") {
    throw new TypeError(
      `Cannot find the module of ${
        describe(target)
      }: it is no task, no actor and no registered class`,
    );
  }
  const name = target.name || "this";
  throw new TypeError(
    Function.prototype.toString.call(target).startsWith("class")
      ? `Cannot find the module of class ${name}: give it its own ` +
        "`static readonly module = register(import.meta, this)`"
      : `Cannot find the module of function ${name}: wrap it with task(import.meta, fn)`,
  );
}

/** The code at an address, when this isolate has loaded its module; at once. */
export function findCode({ url, name }: CodeRef): unknown {
  const value = registered.get(url)?.get(name);
  if (value) return value;
  const module = imported.get(url);
  return module && Object.hasOwn(module, name) ? module[name] : undefined;
}

/**
 * The code at an address; imports its module when this isolate has not yet. A registered name
 * comes before an export of that name.
 *
 * @throws {StartError} (phase `load`) When the module cannot be imported, or has no such name.
 */
export async function resolveCode(ref: CodeRef): Promise<unknown> {
  const known = findCode(ref);
  if (known !== undefined) return known;
  const module: Record<string, unknown> = await import(ref.url).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot load ${ref.url}: ${why}`, { phase: "load", cause });
  });
  imported.set(ref.url, module);
  const found = findCode(ref);
  if (found !== undefined) return found;
  const names = new Set([...registered.get(ref.url)?.keys() ?? [], ...Object.keys(module)]);
  throw new StartError(
    `Cannot find "${ref.name}" in ${ref.url}: it has ${[...names].join(", ") || "nothing"}`,
    { phase: "load" },
  );
}

/** An object that stands for code of a module that is not loaded here. It can be sent. */
export function referenceTo(url: string, name: string): Handle {
  const ref = Object.freeze({ url, name });
  const reference = Object.freeze({ ...ref, [handle]: "code" });
  addresses.set(reference, ref);
  return reference;
}

/**
 * Makes the handles of one kind travel by their address. The receiver gets the registered object
 * when its isolate has it, else a reference to it, which is as good as a target.
 */
export function registerCodeHandle(kind: "task" | "actor" | "code"): void {
  registerHandle<Handle>(kind, {
    pack(value) {
      const { url, name } = codeRefOf(value);
      return [url, name];
    },
    unpack(packed) {
      const [url, name] = Array.isArray(packed) ? packed : [];
      if (typeof url !== "string" || typeof name !== "string") {
        throw new DecodeError(`Cannot receive a handle of kind "${kind}": it names no code`);
      }
      const value = registered.get(url)?.get(name);
      return value && handle in value ? value as Handle : referenceTo(url, name);
    },
  });
}

/**
 * Makes a function one that other isolates can find; they import its module and call it there.
 *
 * The result is `fn` itself: still callable here, and a handle that can be sent.
 *
 * @param meta `import.meta` of the module that makes the call, at its top level.
 * @param fn A function with a name, which is unique among the tasks of the module.
 * @throws {TypeError} When `fn` has no name, or the name is taken.
 */
export function task<A extends unknown[], R>(
  meta: ImportMeta,
  fn: ((...args: A) => R) & CheckSendable<[A, TaskResult<R>]>,
): Task<A, R>;
/**
 * Makes a function one that other isolates can find, under a name of its own: for arrow functions,
 * and for code that will be minified.
 *
 * @param meta `import.meta` of the module that makes the call, at its top level.
 * @param name Unique among the tasks of the module.
 * @param fn The function.
 * @throws {TypeError} When the name is taken.
 */
export function task<A extends unknown[], R>(
  meta: ImportMeta,
  name: string,
  fn: ((...args: A) => R) & CheckSendable<[A, TaskResult<R>]>,
): Task<A, R>;
export function task(meta: ImportMeta, ...rest: unknown[]): Task<unknown[], unknown> {
  const [name, fn] = typeof rest[0] === "string" ? rest : [undefined, rest[0]];
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot make a task of ${describe(fn)}: it is no function`);
  }
  const taskName = name ?? fn.name;
  if (!taskName) {
    throw new TypeError(
      'Cannot make a task: the function has no name, write task(import.meta, "name", fn)',
    );
  }
  const ref = registerCode(meta, taskName as string, "task", fn);
  if (!(handle in fn)) {
    Object.defineProperties(fn, {
      [handle]: { value: "task" },
      url: { value: ref.url },
      taskName: { value: ref.name },
    });
  }
  return fn as unknown as Task<unknown[], unknown>;
}

registerCodeHandle("task");
registerCodeHandle("code");

/** The module URL in an `import.meta`. */
function urlOf(meta: { url: string }): string {
  const url: unknown = meta?.url;
  if (typeof url !== "string" || !registered.has(url) && !URL.canParse(url)) {
    throw new TypeError("Cannot register code: the first argument must be import.meta");
  }
  return url;
}

/** The first free name of the form `kind-n`. */
function nextName(names: ReadonlyMap<string, object>, kind: CodeKind): string {
  let n = 1;
  while (names.has(`${kind}-${n}`)) n++;
  return `${kind}-${n}`;
}

/** Whether a value can have an address. */
function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A value in a few words. */
function describe(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a value of type ${typeof value}`;
}
