/**
 * Values that message systems get wrong. Each either arrives exactly (see `same.ts`) or is refused
 * with the path of the part that cannot be sent; nothing may change on the way.
 */

/** One value and its fate. */
export interface Adversarial {
  /** What it is. */
  readonly name: string;
  /** Makes a fresh one. */
  make(): unknown;
  /** Path of the refusal; absent when it arrives. */
  readonly path?: string;
}

// The linter does not know the v flag.
const LETTERS_BUT_A = "[\\p{L}--a]";

const arrives: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "undefined in an object and an array": () => ({ a: undefined, b: [undefined] }),
  "-0": () => [-0, 0, new Map([[{}, -0]])],
  "NaN and infinities": () => [NaN, Infinity, -Infinity],
  "numbers at the limits of every width": () =>
    [7, 8, 15, 16, 31, 32, 53].flatMap((n) => [2 ** n - 1, 2 ** n, -(2 ** n), -(2 ** n) - 1])
      .concat(Number.MIN_VALUE, Number.MAX_VALUE, Number.EPSILON),
  "lone surrogates": () => ["\ud800", "\udfff", "a\udc00b", "\ud83d".repeat(40)],
  "NUL and other control characters": () => "\0\x01\x1f\x7f\x80\xff".repeat(9),
  "4-byte characters": () => ["🎭", "🎭".repeat(50), "a".repeat(40) + "🎭"],
  "keys of every script": () => ({ "": 1, "🎭": 2, "\ud800": 3, "é": 4, "日本": 5, "a b": 6 }),
  "own __proto__": () => JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}'),
  "own constructor.prototype": () => JSON.parse('{"constructor":{"prototype":{"polluted":1}}}'),
  "own hasOwnProperty, toString, valueOf": () => ({ hasOwnProperty: 1, toString: 2, valueOf: 3 }),
  "a thenable": () => ({ then: "now", catch: 1, finally: 2 }),
  "own toJSON": () => ({ toJSON: "not asked" }),
  "integer-like keys": () => ({ b: 1, 10: 2, 9: 3, "-1": 4, "01": 5, "4294967295": 6 }),
  "null prototype": () => Object.assign(Object.create(null), { a: 1, constructor: 2 }),
  "null prototype with own __proto__": () => {
    const object = Object.create(null);
    object["__proto__"] = { a: 1 };
    return object;
  },
  "a cycle through every container": () => {
    const object: Record<string, unknown> = { array: [], map: new Map(), set: new Set() };
    (object.array as unknown[]).push(object);
    (object.map as Map<unknown, unknown>).set(object, object.set);
    (object.set as Set<unknown>).add(object).add(object.array);
    object.error = new Error("cycle", { cause: object });
    return object;
  },
  "an array that holds itself": () => {
    const array: unknown[] = [];
    return array[array.push(1, array) - 1];
  },
  "one object in two places": () => {
    const shared = { n: 1 };
    return [shared, { shared }, new Map([[shared, shared]])];
  },
  "one date, array and binary in two places": () => {
    const all = [new Date(1), [1], new Uint8Array(3), new ArrayBuffer(2), /x/, Object(1)];
    return [all, ...all];
  },
  "equal objects that are not the same": () => [{ a: 1 }, { a: 1 }, [], []],
  "holes at both ends": () => [, 1, , 2, , ,],
  "an array of holes only": () => new Array(5),
  "an array of length 4294967295": () => {
    const array = [1];
    array[4294967294] = 2;
    return array;
  },
  "an array that was frozen": () => Object.freeze([1, Object.freeze({ a: 1 })]),
  "invalid date": () => [new Date(NaN), new Date(8.64e15), new Date(-1)],
  "regular expressions":
    () => [/a\/b[\n]/dgimsuy, new RegExp(LETTERS_BUT_A, "v"), new RegExp(""), /\ud800/],
  "bigints of every size": () => [0n, -1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), 1n << 4000n],
  "boxed primitives": () => [Object(1), Object(-0), Object("ab"), Object(false), Object(7n)],
  "map with odd keys": () =>
    new Map<unknown, unknown>([[NaN, 1], [{}, 2], [undefined, 3], ["", 4]]),
  "set of sets": () => new Set([new Set(), new Set([new Set([1])])]),
  "typed arrays of every kind": () =>
    [
      ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array],
      ...[Uint32Array, Float16Array, Float32Array, Float64Array],
    ].map((Kind) => new Kind([1, 2, 255])),
  "bigint arrays": () => [new BigInt64Array([-1n, 1n]), new BigUint64Array([2n ** 64n - 1n])],
  "DataView, odd offset": () => new DataView(new ArrayBuffer(9), 3, 5),
  "a window on a larger buffer": () => new Uint16Array(new ArrayBuffer(64), 6, 5).fill(7),
  "empty binaries": () => [new ArrayBuffer(0), new Uint8Array(0), new DataView(new ArrayBuffer(0))],
  "a binary of 100 KB": () => new Uint8Array(100_000).map((_, i) => i * 7),
  "error with cause, code and fields": () =>
    Object.assign(new TypeError("no", { cause: new RangeError("why") }), { code: "E_X", at: [1] }),
  "error with undefined cause": () => new Error("x", { cause: undefined }),
  "error whose message is no text": () => Object.assign(new Error(), { message: { a: 1 } }),
  "error without a stack": () => {
    const error = new Error("x");
    error.stack = "Error: x\n    at nowhere";
    return error;
  },
  "aggregate error": () => new AggregateError([new Error("a"), 2], "many"),
  "DOMException": () => new DOMException("gone", "AbortError"),
  "a long list of small objects": () => Array.from({ length: 300 }, (_, i) => ({ i, s: `${i}` })),
  "two shapes in turn": () => Array.from({ length: 9 }, (_, i) => i % 2 ? { a: i } : { b: i }),
  "200 keys": () => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`key ${i}`, i])),
  "a key of 10,000 characters": () => ({ ["k".repeat(10_000)]: 1 }),
  "1,000 levels": () => {
    let value: unknown = 1;
    for (let i = 0; i < 1000; i++) value = i % 2 ? [value] : { value };
    return value;
  },
};

class Point {
  x = 1;
  norm(): number {
    return this.x;
  }
}
class List extends Array<number> {}
class Registry extends Map<string, number> {}

const refused: Readonly<Record<string, [path: string, make: () => unknown]>> = {
  "function": ["$.user.cb", () => ({ user: { cb: () => 1 } })],
  "class": ["$[1]", () => [0, class {}]],
  "symbol": ["$.a[0]", () => ({ a: [Symbol("x")] })],
  "symbol key": ["$.a[Symbol(mark)]", () => ({ a: { b: 1, [Symbol("mark")]: 2 } })],
  "class instance": ["$.point", () => ({ point: new Point() })],
  "subclass of Array": ["$", () => List.of(1, 2)],
  "subclass of Map": ["$", () => new Registry()],
  "object with a made prototype": ["$[0]", () => [Object.create({ inherited: 1 })]],
  "named property of an array": [
    "$.hits.extra",
    () => ({ hits: Object.assign([1], { extra: 2 }) }),
  ],
  "named property of a long array": [
    "$.extra",
    () => Object.assign(new Array(100).fill(0), { extra: 1 }),
  ],
  "named property of an array with a hole": [
    "$.extra",
    () => Object.assign([1, , 3], { extra: 1 }),
  ],
  "result of a match": ["$.index", () => "abc".match(/b/)],
  "extra property of a Map": ["$.note", () => Object.assign(new Map(), { note: 1 })],
  "extra property of a Date": ["$.a.note", () => ({ a: Object.assign(new Date(), { note: 1 }) })],
  "Promise": ["$.p", () => ({ p: Promise.resolve(1) })],
  "key and value of a Map": ["$.map<key 2>", () => ({
    map: new Map<unknown, unknown>([[1, 1], [2, 2], [Symbol("k"), 3]]),
  })],
  "value of a Map": ["$<value 1>.f", () => new Map([[1, {}], [2, { f: () => 1 }]])],
  "member of a Set": ["$<member 1>", () => new Set([1, Symbol("m")])],
  "cause of an error": ["$.cause.f", () => new Error("x", { cause: { f: () => 1 } })],
  "field with a space": ['$["a b"].c', () => ({ "a b": { c: () => 1 } })],
  "WeakMap": ["$[3].x", () => [0, 1, 2, { x: new WeakMap() }]],
  "WeakSet, WeakRef": ["$[0]", () => [new WeakSet(), new WeakRef({})]],
  "Proxy of a WeakMap": ["$", () => new Proxy(new WeakMap(), {})],
  "URL": ["$.url", () => ({ url: new URL("https://example.com") })],
  "Headers": ["$", () => new Headers({ a: "b" })],
  "Request": ["$", () => new Request("https://example.com")],
  "Response": ["$", () => new Response("x")],
  "FormData": ["$", () => new FormData()],
  "AbortSignal": ["$.signal", () => ({ signal: new AbortController().signal })],
  "EventTarget": ["$", () => new EventTarget()],
  "Intl": ["$", () => new Intl.NumberFormat()],
  "generator": ["$", () => (function* () {})()],
  "SharedArrayBuffer": ["$.s", () => ({ s: new SharedArrayBuffer(4) })],
  "view of a SharedArrayBuffer": ["$", () => new Uint8Array(new SharedArrayBuffer(4))],
  "detached buffer": ["$.b", () => {
    const b = new ArrayBuffer(8);
    b.transfer();
    return { b };
  }],
  "WebAssembly.Module": [
    "$",
    () => new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
  ],
  "imitation of a Date": ["$", () => Object.create(Date.prototype)],
  "imitation of a Map": ["$", () => Object.create(Map.prototype)],
  "Math": ["$", () => Math],
  "arguments": ["$", function () {
    return arguments;
  }],
  "boxed symbol": ["$", () => Object(Symbol("x"))],
  "iterator of a Map": ["$", () => new Map().entries()],
};

/** All of them. */
export const ADVERSARIAL: readonly Adversarial[] = [
  ...Object.entries(arrives).map(([name, make]) => ({ name, make })),
  ...Object.entries(refused).map(([name, [path, make]]) => ({ name, make, path })),
];
