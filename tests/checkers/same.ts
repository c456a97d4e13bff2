/**
 * Strict equality of two graphs of values: prototypes, holes, -0, hidden parts of errors, the order of
 * keys and entries, and identity (two places hold one object on one side exactly when they do on the
 * other).
 */

/** Where `a` and `b` differ, or `undefined` when they do not. */
export function difference(a: unknown, b: unknown): string | undefined {
  return compare(a, b, "$", new Map(), new Map());
}

type Pairs = Map<object, object>;

function compare(a: unknown, b: unknown, at: string, to: Pairs, from: Pairs): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (!isObject(a) || !isObject(b)) return `${at}: ${show(a)} became ${show(b)}`;
  if (to.has(a) || from.has(b)) {
    return to.get(a) === b && from.get(b) === a
      ? undefined
      : `${at}: not the same object as before`;
  }
  to.set(a, b);
  from.set(b, a);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${at}: another prototype`;
  const [mine, theirs] = [contentOf(a), contentOf(b)];
  if (mine.length !== theirs.length) return `${at}: ${mine.length} parts became ${theirs.length}`;
  for (let i = 0; i < mine.length; i++) {
    const found = compare(mine[i], theirs[i], `${at}<part ${i}>`, to, from);
    if (found !== undefined) return found;
  }
  return compareProperties(a, b, at, to, from);
}

function compareProperties(a: object, b: object, at: string, to: Pairs, from: Pairs) {
  const [mine, theirs] = [keysOf(a), keysOf(b)];
  if (mine.length !== theirs.length || mine.some((key, i) => key !== theirs[i])) {
    return `${at}: keys ${mine.map(String)} became ${theirs.map(String)}`;
  }
  for (const key of mine) {
    const [x, y] = [a, b].map((object) => (object as Record<PropertyKey, unknown>)[key]);
    const found = compare(x, y, `${at}.${String(key)}`, to, from);
    if (found !== undefined) return found;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

/** What an object holds beside its properties. */
function contentOf(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof RegExp) return [value.source, value.flags];
  if (value instanceof Error) return [value.name, value.message, value.stack];
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) {
    return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  }
  if (Array.isArray(value)) return [value.length];
  const primitive = [Number, String, Boolean, BigInt].some((kind) => value instanceof kind);
  return primitive ? [value.valueOf()] : [];
}

function keysOf(value: object): PropertyKey[] {
  if (ArrayBuffer.isView(value)) return [];
  const isEnumerable = (key: PropertyKey) => Object.prototype.propertyIsEnumerable.call(value, key);
  if (!(value instanceof Error)) return Reflect.ownKeys(value).filter(isEnumerable);
  // The runtime marks errors with symbols of its own, and the order of properties is its business.
  return Object.getOwnPropertyNames(value)
    .filter((key) => isEnumerable(key) || key === "cause" || key === "errors")
    .sort();
}

function show(value: unknown): string {
  return Object.is(value, -0) ? "-0" : typeof value === "string" ? JSON.stringify(value) : String(
    typeof value === "object" && value !== null ? Object.prototype.toString.call(value) : value,
  );
}
