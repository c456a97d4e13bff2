// Runs in: any isolate
/**
 * Objects whose every property is a function made for its name: how `ref.ask.anything(...)` works. The
 * only other proxy is that of `load()`.
 *
 * @module
 */

/** Makes an object whose property `name` is `make(name)`, made once. */
export function byName<F>(make: (name: string) => F): Readonly<Record<string, F>> {
  const made = new Map<string, F>();
  return new Proxy(Object.freeze(Object.create(null)), {
    get(_target, name) {
      if (typeof name === "symbol" || name === "then") return undefined;
      let found = made.get(name);
      if (found === undefined) made.set(name, found = make(name));
      return found;
    },
    has: (_target, name) => typeof name === "string" && name !== "then",
    set: () => false,
  });
}
