import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../channels/codec/decoder.ts";
import { encodeInto } from "../../channels/codec/encoder.ts";
import { NotSendableError } from "../../errors.ts";
import { handle, registerHandle } from "../../memory/handle.ts";
import { difference } from "../checkers/same.ts";

/** More often than it takes until a function is made for a shape. */
const OFTEN = 600;
const AT = 64;
const arena = new Uint8Array(new SharedArrayBuffer(1 << 16));

function sent<T>(value: T): T {
  return decode(arena, AT, encodeInto(arena, AT, arena.length, value)) as T;
}

function arrives(value: unknown, what: string): void {
  assertEquals(difference(value, sent(value)), undefined, what);
}

function refusedAt(value: unknown): string | undefined {
  return assertThrows(() => encodeInto(arena, AT, arena.length, value), NotSendableError).path;
}

/** Makes a shape one that comes often. */
function repeat(make: (turn: number) => unknown): void {
  for (let turn = 0; turn < OFTEN; turn++) arrives(make(turn), `turn ${turn}`);
}

Deno.test("objects that come often arrive as the first of them did", () => {
  repeat((turn) => ({ turn, text: `number ${turn}`, list: [turn, -0, NaN], inner: { ok: true } }));
  arrives({ turn: undefined, text: 1n, list: null, inner: { ok: new Map([[{}, 1]]) } }, "others");
});

const ODD_KEYS = [
  "constructor",
  "__proto__",
  "then",
  'a"b',
  "a\\",
  "`${1}`",
  "\n\r\u2028\u2029",
  "*/",
  "\ud800",
  "täst",
  "0",
  "",
  "toString",
];

Deno.test("keys that would mean something in a program are keys like any other", () => {
  for (const keys of [ODD_KEYS, ...ODD_KEYS.map((key) => [key, "other"])]) {
    repeat((turn) => Object.fromEntries(keys.map((key, index) => [key, turn + index])));
  }
});

Deno.test("what has the keys of objects that come often but is none of them is told apart", () => {
  const make = (turn: number) => ({ alpha: turn, beta: "b" });
  repeat(make);
  class Other {
    alpha = 1;
    beta = "b";
  }
  assertEquals(refusedAt([make(0), new Other()]), "$[1]");
  assertEquals(refusedAt([Object.create({ alpha: 1, beta: "b" })]), "$[0]");
  arrives({ beta: "b", alpha: 1 }, "another order");
  arrives({ alpha: 1 }, "a key less");
  arrives({ alpha: 1, beta: "b", gamma: 3 }, "a key more");
  arrives(Object.assign(Object.create(null), make(1)), "no prototype");
});

Deno.test("a handle with the keys of objects that come often is a handle", () => {
  registerHandle<{ alpha: number } | string>("test.often", {
    pack: (value) => typeof value === "string" ? value : value.alpha,
    unpack: (packed) => `handle ${packed}`,
  });
  repeat((alpha) => ({ alpha }));
  assertEquals(sent([{ alpha: 1 }, { alpha: 7, [handle]: "test.often" }] as unknown), [
    { alpha: 1 },
    "handle 7",
  ]);
});

Deno.test("getters of objects that come often run once, and errors name their key", () => {
  repeat((turn) => ({ one: turn, two: { three: turn } }));
  let runs = 0;
  const two = { three: 3 };
  assertEquals(
    sent({
      get one() {
        return ++runs;
      },
      two,
    }),
    { one: 1, two },
  );
  assertEquals(runs, 1);
  assertEquals(refusedAt({ one: 1, two: { three: () => 1 } }), "$.two.three");
});

Deno.test("objects that come often and refer to each other arrive so", () => {
  const make = (turn: number) => {
    const shared = { turn };
    const value = { left: shared, right: shared, self: undefined as unknown };
    value.self = value;
    return value;
  };
  for (let turn = 0; turn < OFTEN; turn++) {
    const got = sent(make(turn));
    assertEquals([got.left === got.right, got.self === got, got.left.turn], [true, true, turn]);
  }
});

Deno.test("where programs may not be made of text, objects that come often arrive too", () => {
  const { Function: made } = globalThis;
  globalThis.Function = function () {
    throw new EvalError("Code generation from strings disallowed for this context");
  } as unknown as FunctionConstructor;
  try {
    repeat((turn) => ({ textless: turn, inner: { textless: "yes" } }));
  } finally {
    globalThis.Function = made;
  }
});

const unit = fc.integer({ min: 0, max: 300 });
const shortText = fc.array(unit, { maxLength: 36 }).map((units) => String.fromCharCode(...units));

Deno.test("P1 codec: short texts arrive, however often and in whatever order they come", () => {
  fc.assert(
    fc.property(fc.array(shortText, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (
      pool,
      picks,
    ) => {
      for (const pick of picks.take(40)) {
        const text = pool[pick % pool.length];
        for (const same of [text, ` ${text}`.slice(1), text.slice(0, 9) + text.slice(9)]) {
          assertEquals(sent(same), text);
          assertEquals(sent([same, { key: same }]), [text, { key: text }]);
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("short texts arrive when more come than are remembered, and when they come again", () => {
  const texts = Array.from({ length: 5000 }, (_, i) => `text of number ${i * 7919 % 5000}`);
  for (let turn = 0; turn < 3; turn++) {
    for (const text of texts) assertEquals(sent(text), text);
    for (let i = 0; i < 5000; i++) assertEquals(sent(texts[i % 5]), texts[i % 5]);
  }
});

Deno.test("bytes that change after they were read do not spoil what is remembered of them", () => {
  const end = encodeInto(arena, AT, arena.length, "remember me well");
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(decode(arena, AT, end), "remember me well");
    arena[AT + 1] ^= 1;
    assertEquals(decode(arena, AT, end), "semember me well");
    arena[AT + 1] ^= 1;
  }
});
