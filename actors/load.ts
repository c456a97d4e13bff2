// Runs in: any isolate
/**
 * A typed view of a module that this isolate never evaluates: for worker code whose imports are
 * heavy, or do not run here.
 *
 * @module
 */
import { referenceTo, type TaskRef } from "./code.ts";
import type { AnyActor } from "./contract.ts";

/** What a module offers to other isolates: its functions as targets, and its actors. */
export type ModuleRef<M> = {
  readonly [
    K in keyof M as M[K] extends (...args: never[]) => unknown ? K
      : M[K] extends AnyActor ? K
      : never
  ]: M[K] extends AnyActor ? M[K]
    : M[K] extends (...args: infer A) => infer R ? TaskRef<A, R>
    : never;
};

/**
 * Names the functions and actors of a module without loading it:
 * `load<typeof import("./w.ts")>(new URL("./w.ts", import.meta.url))`.
 *
 * What it gives can be spawned, run and sent, but not called here. That a name exists is checked
 * where the code is run: a wrong one is a `StartError` there.
 *
 * @typeParam M The module's type, `typeof import("./w.ts")`.
 * @param url Absolute; a text that is relative has nothing to be relative to.
 * @throws {TypeError} When `url` is not absolute.
 */
export function load<M>(url: URL | string): ModuleRef<M> {
  if (!(url instanceof URL) && !URL.canParse(url)) {
    throw new TypeError(
      `Cannot load "${url}": it is not absolute, write new URL("${url}", import.meta.url)`,
    );
  }
  const { href } = new URL(url);
  const references = new Map<string, object>();
  const get = (_: object, name: string | symbol) => {
    // A module that had `then` would be called by whoever awaits it.
    if (typeof name === "symbol" || name === "then") return undefined;
    const known = references.get(name) ?? referenceTo(href, name);
    references.set(name, known);
    return known;
  };
  return new Proxy(Object.freeze({}), { get }) as ModuleRef<M>;
}
