// Runs in: any isolate
/**
 * Why a value cannot be sent, and where in the message it is. The path is put together while the
 * refusal flies up through the writers, so that it costs nothing when all is well and no getter runs
 * a second time.
 *
 * I1. No code of the refused value is run to describe it, save the traps of a Proxy.
 * I2. Steps are added from the inside out, one for each container that is open.
 *
 * @module
 */

import { NotSendableError } from "../../errors.ts";

/** Thrown inside the encoder; its callers see the {@linkcode NotSendableError} made from it. */
export class Refusal {
  readonly #why: string;
  readonly #steps: string[] = [];

  /** `why` goes on from "it is" or "it has"; left out, the value is described. */
  constructor(value: unknown, why: string = `it is ${describe(value)}`) {
    this.#why = why;
  }

  /** Adds the step that leads to the value from the object around it. */
  under(step: string): this {
    this.#steps.push(step);
    return this;
  }

  /** The error for the sender. */
  toError(): NotSendableError {
    const path = "$" + this.#steps.reverse().join("");
    const shown = path.length > 200 ? `${path.slice(0, 99)}…${path.slice(-99)}` : path;
    return new NotSendableError(`Cannot send ${shown}: ${this.#why}`, { path });
  }
}

/**
 * The refusal as whoever made the value knows it, when that was sent as a part of something: the path of the
 * part becomes `known`. Other errors stay.
 */
export function knownAs(error: unknown, part: string, known: string): unknown {
  if (!(error instanceof NotSendableError) || !error.path.startsWith(part)) return error;
  const path = known + error.path.slice(part.length);
  const { cause, message } = error;
  return new NotSendableError(message.replace(error.path, () => path), { path, cause });
}

/**
 * What a catch block around a nested value throws on: a refusal gets one more step. Takes the parts of
 * the step, not a function that makes it: a closure would keep loop variables in slow memory.
 */
export function atKey(error: unknown, key: PropertyKey): unknown {
  return error instanceof Refusal ? error.under(keyStep(key)) : error;
}

/** The same for what has no key: `<part>` or `<part number>`. */
export function atPart(error: unknown, part: string, number?: number): unknown {
  if (!(error instanceof Refusal)) return error;
  return error.under(number === undefined ? `<${part}>` : `<${part} ${number}>`);
}

/** The step to a property: `.name`, `[3]`, `["any text"]` or `[Symbol(x)]`. */
export function keyStep(key: PropertyKey): string {
  if (typeof key !== "string") return `[${String(key)}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;
}

const HINTS: Readonly<Record<string, string>> = {
  Promise: "await it first",
  WeakMap: "send a Map",
  WeakSet: "send a Set",
  WeakRef: "send what it refers to",
  SharedArrayBuffer: "share it through a SharedMemory, or send a copy of its bytes",
  URL: "send its href",
  URLSearchParams: "send its text",
  Headers: "send [...headers]",
  FormData: "send [...form]",
  Request: "send its url, method, headers and body",
  Response: "send its status, headers and body",
  AbortSignal: "abort over there by sending a message",
  Generator: "send [...it]",
  Iterator: "send [...it]",
};

/** Names the value for a person, with a hint where there is one. Runs no getter of the value. */
export function describe(value: unknown): string {
  if (typeof value === "function") return describeFunction(value);
  if (typeof value === "symbol") return `the symbol ${String(value)}`;
  const name = classNameOf(value as object);
  const hint = Object.hasOwn(HINTS, name)
    ? HINTS[name]
    : name.startsWith("Temporal.")
    ? "send its text"
    : "send a plain object with what it holds";
  return `an instance of class ${name} (${hint})`;
}

function describeFunction(value: object): string {
  const name = ownText(value, "name");
  const isClass = ownDescriptor(value, "prototype")?.writable === false;
  return isClass
    ? `the class ${name} (export it from a module that both sides import)`
    : `the function ${name || "without a name"} (wrap it with task())`;
}

/** Name of the class whose instance this is, as far as it can be told without running its code. */
function classNameOf(value: object): string {
  try {
    for (let p = Object.getPrototypeOf(value); p !== null; p = Object.getPrototypeOf(p)) {
      const tag = ownText(p, Symbol.toStringTag);
      if (tag.includes("Generator") || tag.startsWith("Temporal.") || tag.includes("Iterator")) {
        return tag.replace("Async", "").replace(/.*Iterator/, "Iterator");
      }
      const constructor: unknown = ownDescriptor(p, "constructor")?.value;
      if (typeof constructor === "function") {
        return ownText(constructor, "name") || "without a name";
      }
    }
  } catch {
    // A revoked or hostile Proxy: there is no more to say.
  }
  return "unknown";
}

function ownDescriptor(value: object, key: PropertyKey): PropertyDescriptor | undefined {
  return Reflect.getOwnPropertyDescriptor(value, key);
}

function ownText(value: object, key: PropertyKey): string {
  const text: unknown = ownDescriptor(value, key)?.value;
  return typeof text === "string" ? text : "";
}
