import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decode } from "../../channels/codec/decoder.ts";
import { encode, encodeInto } from "../../channels/codec/encoder.ts";
import { DecodeError, NotSendableError } from "../../errors.ts";
import { difference } from "../checkers/same.ts";

const RUNS = { numRuns: 1000 };
const AT = 64;
const END = 1 << 20;
const arena = new Uint8Array(new SharedArrayBuffer(2 << 20));

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 4,
});
const text = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 })
  .map((units) => String.fromCharCode(...units));

function bytesOf(value: unknown): Uint8Array {
  return arena.slice(AT, encodeInto(arena, AT, END, value));
}

function assertArrives(value: unknown): void {
  const end = encodeInto(arena, AT, END, value);
  assertEquals(difference(value, decode(arena, AT, end)), undefined);
}

function property<T>(name: string, values: fc.Arbitrary<T>, check: (value: T) => void): void {
  Deno.test(`P1 codec: ${name}`, () => fc.assert(fc.property(values, check), RUNS));
}

property("anything arrives as it was", anything, assertArrives);

property("any text arrives, lone surrogates included", text, assertArrives);

property(
  "any Latin-1 text arrives",
  fc.string({ unit: "binary-ascii", maxLength: 200 }),
  (ascii) => {
    assertArrives([ascii, ascii + "é", "é" + ascii, ascii + "€"]);
  },
);

property("any number arrives, bit for bit", fc.oneof(fc.double(), fc.integer()), assertArrives);

property(
  "any bigint arrives",
  fc.oneof(fc.bigInt(), fc.bigInt({ min: -(1n << 400n) })),
  assertArrives,
);

property(
  "any keys arrive in their order",
  fc.uniqueArray(text, { maxLength: 80 }),
  (keys) => assertArrives(keys.map((_, i) => Object.fromEntries(keys.slice(i).map((k) => [k, i])))),
);

property("graphs keep their cycles and shared parts", graphs(), assertArrives);

property(
  "arrays of any length keep their holes",
  fc.tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.array(fc.nat({ max: 0xffff_fffe }))),
  ([length, indexes]) => {
    const array: unknown[] = [];
    array.length = length;
    for (const index of indexes) array[index] = index;
    assertArrives([array]);
  },
);

property(
  "binaries of every kind arrive",
  fc.tuple(fc.uint8Array({ maxLength: 100 }), fc.nat({ max: 16 })),
  ([bytes, skip]) => {
    const { buffer } = bytes.slice();
    const whole = buffer.byteLength & ~7;
    assertArrives([
      buffer,
      new DataView(buffer, Math.min(skip, buffer.byteLength)),
      bytes.subarray(skip),
      new Int16Array(buffer, 0, whole / 2),
      new BigUint64Array(buffer, 0, whole / 8),
      new Uint8ClampedArray(buffer, whole),
    ]);
  },
);

property(
  "errors keep message, cause and fields",
  fc.record({
    message: text,
    cause: anything,
    fields: fc.dictionary(fc.stringMatching(/^[a-z]{6,9}$/), anything),
  }),
  ({ message, cause, fields }) => {
    for (const Kind of [Error, TypeError]) {
      assertArrives(Object.assign(new Kind(message, { cause }), fields));
    }
  },
);

property("encode().copyTo() gives what encodeInto() gives", anything, (value) => {
  const encoded = encode(value);
  const bytes = new Uint8Array(encoded.byteLength);
  encoded.copyTo(bytes, 0);
  assertEquals(bytes, bytesOf(value));
});

property(
  "copySlice() in any pieces gives what copyTo() gives",
  fc.tuple(
    fc.array(fc.nat({ max: 12_000 }), { maxLength: 4 }),
    fc.array(fc.nat({ max: 9000 }), { maxLength: 9 }),
  ),
  ([sizes, cuts]) => {
    const encoded = encode(sizes.map((size) => ({ size, bytes: new Uint8Array(size).fill(size) })));
    const whole = new Uint8Array(encoded.byteLength);
    encoded.copyTo(whole, 0);
    const pieced = new Uint8Array(encoded.byteLength + 1);
    let from = 0;
    for (const cut of [...cuts, encoded.byteLength]) {
      const length = Math.min(cut, encoded.byteLength - from);
      encoded.copySlice(from, length, pieced, from + 1);
      from += length;
    }
    assertEquals(pieced.subarray(1), whole);
  },
);

property(
  "encodeInto() gives -1 for each end that is too small",
  fc.oneof(anything, text),
  (value) => {
    const bytes = bytesOf(value);
    const { length } = bytes;
    for (let room = 0; room < length; room += length < 200 ? 1 : length >> 6) {
      assertEquals(encodeInto(arena, AT, AT + room, value), -1);
    }
    assertEquals(encodeInto(arena, AT, AT + length, value), AT + length);
    assertEquals(arena.slice(AT, AT + length), bytes);
  },
);

property(
  "encodeInto() writes nothing outside its range",
  fc.tuple(fc.oneof(anything, text), fc.nat({ max: 300 })),
  ([value, room]) => {
    const bytes = new Uint8Array(500).fill(0xa5);
    encodeInto(bytes, 100, 100 + room, value);
    assertEquals(bytes.every((byte, i) => byte === 0xa5 || (i >= 100 && i < 100 + room)), true);
  },
);

property(
  "messages are read alone and in any order",
  fc.array(anything, { minLength: 2 }),
  (values) => {
    const messages = values.map(bytesOf);
    for (let i = values.length; i-- > 0;) {
      const value = decode(messages[i], 0, messages[i].length);
      assertEquals(difference(values[i], value), undefined);
    }
  },
);

property("a value shares nothing with the bytes it came from", anything, (value) => {
  const bytes = bytesOf(value);
  const got = decode(bytes, 0, bytes.length);
  bytes.fill(0xff);
  assertEquals(difference(value, got), undefined);
});

property(
  "every message that is cut off or has a tail is a DecodeError",
  fc.tuple(anything, fc.nat()),
  ([value, cut]) => {
    const bytes = bytesOf(value);
    assertThrows(() => decode(bytes, 0, cut % bytes.length), DecodeError);
    const longer = new Uint8Array([...bytes, cut]);
    assertThrows(() => decode(longer, 0, longer.length), DecodeError);
  },
);

property("noise is a value or a DecodeError", fc.uint8Array({ maxLength: 300 }), (bytes) => {
  const before = bytes.slice();
  try {
    decode(bytes, 0, bytes.length);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  assertEquals(bytes, before);
});

property(
  "the path of a refusal leads to the part that is refused",
  fc.array(fc.oneof(fc.nat({ max: 5 }), fc.stringMatching(/^[a-z]{1,5}$/)), { maxLength: 20 }),
  (steps) => {
    const part = Symbol("part");
    const value = steps.reduceRight<unknown>((inner, step) => {
      if (typeof step === "string") return { before: 1, [step]: inner, last: 2 };
      return Array.from({ length: 6 }, (_, i) => i === step ? inner : i);
    }, part);
    const error = assertThrows(() => encodeInto(arena, AT, END, value), NotSendableError);
    const path = steps.map((step) => typeof step === "string" ? `.${step}` : `[${step}]`);
    assertEquals(error.path, ["$", ...path].join(""));
  },
);

/** Containers of all kinds, pointing at one another at random. */
function graphs(): fc.Arbitrary<unknown> {
  const links = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.stringMatching(/^[a-e]$/)));
  return fc.tuple(fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 80 }), links)
    .map(([kinds, links]) => {
      const nodes = kinds.map((kind) => [{}, [], new Map(), new Set(), new Error("n")][kind]);
      for (const [from, to, key] of links) {
        const [node, target] = [nodes[from % nodes.length], nodes[to % nodes.length]];
        if (Array.isArray(node)) node.push(target);
        else if (node instanceof Map) node.set(key, target).set(target, key);
        else if (node instanceof Set) node.add(target);
        else (node as Record<string, unknown>)[key] = target;
      }
      return [...nodes, nodes];
    });
}
