// Runs in: any isolate
/**
 * Functions made for shapes that come often. The engine reads a property in a fraction of the time, and
 * lays an object out in one step, where all keys are in the text of the program. Where programs may not
 * be made of text it is done without.
 *
 * I1. Of a message nothing but its keys gets into a text, and those as string literals. `__proto__`,
 *     which would mean something there, never does.
 * I2. What is made is called only for shapes in the caches of `shapes.ts`: their number is limited.
 *
 * @module
 */

/** Makes an object; `next` gives its values, in the order of the keys. */
export type Maker = <From>(from: From, next: (from: From) => unknown) => object;

/** What is written to; `Output` says what the methods do. */
export interface Sink {
  /** Writes a number. */
  number(value: number): void;
  /** Writes a string. */
  text(value: string): void;
}

/** Writes an object if it is a plain one with the keys of the shape; whether it was. */
export type Writer = (out: Sink, value: object) => boolean;

/** A shape as far as it matters here. */
export interface Keyed {
  /** The keys in order. */
  readonly keys: readonly string[];
}

/** What a {@linkcode Writer} needs. */
export interface Tools {
  /** The brand of handles, which are not written by their keys. */
  readonly handle: symbol;
  /** `Object.getPrototypeOf`. */
  readonly getPrototypeOf: (value: object) => object | null;
  /** `Object.prototype`. */
  readonly plainPrototype: object;
  /** Says what the keys of the object are. */
  begin(out: never, value: object, shape: never): void;
  /** Writes any value. */
  write(out: never, value: unknown): void;
  /** Makes the error for a value under a key. */
  atKey(error: unknown, key: string): unknown;
}

/** Makes a function that makes objects with these keys. */
export function makerOf(keys: readonly string[]): Maker | undefined {
  const fields = keys.map((key) => `${JSON.stringify(key)}: next(from)`);
  return made<Maker>(["from", "next"], `return {${fields.join()}};`);
}

/** Makes a function that writes objects of a shape. */
export function writerOf(shape: Keyed, tools: Tools): Writer | undefined {
  const { keys } = shape;
  const fields = keys.map((key, index) => `
    at = ${index};
    field = value[${JSON.stringify(key)}];
    if (typeof field === "number") out.number(field);
    else if (typeof field === "string") out.text(field);
    else write(out, field);`);
  const text = `
  const { handle, getPrototypeOf, plainPrototype, begin, write, atKey } = tools;
  return (out, value) => {
    if (value[handle] !== undefined || getPrototypeOf(value) !== plainPrototype) return false;
    let at = 0;
    for (const key in value) if (key !== keys[at++]) return false;
    if (at !== ${keys.length}) return false;
    begin(out, value, shape);
    let field;
    try {${fields.join("")}
    } catch (error) {
      throw atKey(error, keys[at]);
    }
    return true;
  };`;
  return made<Making>(["shape", "keys", "tools"], text)?.(shape, keys, tools);
}

type Making = (shape: Keyed, keys: readonly string[], tools: Tools) => Writer;

function made<F>(parameters: readonly string[], text: string): F | undefined {
  try {
    return new Function(...parameters, `"use strict"; ${text}`) as F;
  } catch {
    return undefined;
  }
}
