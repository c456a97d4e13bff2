import { assert, assertEquals, assertThrows } from "@std/assert";
import { decode, discard } from "../../channels/codec/decoder.ts";
import { encodeInto } from "../../channels/codec/encoder.ts";
import * as tag from "../../channels/codec/tags.ts";
import { DecodeError, ExitError } from "../../errors.ts";
import { handle, registerHandle } from "../../memory/handle.ts";
import { ADVERSARIAL } from "../checkers/adversarial.ts";
import { BAD_DECODERS, fuzz, goodDecoder, SAMPLE_FRAMES } from "../checkers/fuzz.ts";

/** Full size before a release, a sample of it at every change. */
const SOAK = Deno.env.get("TROUPE_SOAK") === "1";
const FRAMES = SOAK ? 10_000_000 : 20_000;
const DISCARDED = SOAK ? 1_000_000 : 5000;
const HANG_MS = SOAK ? 1000 : 100;
const scratch = new Uint8Array(1 << 20);

class NoSuchThing extends Error {}
registerHandle("test.fuzz", {
  pack: () => ({ id: 1 }),
  unpack: (packed) => {
    if (typeof packed !== "object" || packed === null) throw new NoSuchThing();
    return { packed };
  },
});

const corpus = [
  ...ADVERSARIAL.filter(({ path }) => path === undefined).map(({ make }) => make()),
  { id: 123, type: "order", ok: true, price: 12.5, tags: ["a", "b"] },
  [{ a: 1 }, { a: 2 }, { a: [{ a: 3 }] }],
  [{ [handle]: "test.fuzz" }, 1],
  new ExitError("x", { reason: "lost", exitCode: 1, actor: "a", maybeExecuted: false }),
].map((value) => scratch.slice(0, encodeInto(scratch, 0, scratch.length, value)))
  .filter(({ length }) => length < 20_000);

Deno.test(`F1 codec survives ${FRAMES.toLocaleString("en")} mutated frames`, () => {
  const report = fuzz((bytes) => decode(bytes, 0, bytes.length), corpus, {
    iterations: FRAMES,
    slowMs: HANG_MS,
    allowed: (error) => error instanceof DecodeError || error instanceof NoSuchThing,
  });
  assertEquals([...report.faults], []);
  assert(report.returned > 500 && report.threw > 5000, "the mutations are too wild or too tame");
});

Deno.test(`F1 discard() survives ${DISCARDED.toLocaleString("en")} mutated frames`, () => {
  const report = fuzz((bytes) => discard(bytes, 0, bytes.length), corpus, {
    iterations: DISCARDED,
    seed: 2,
    slowMs: HANG_MS,
    allowed: () => false,
  });
  assertEquals([...report.faults], []);
});

function u32(value: number): number[] {
  return [value & 255, value >> 8 & 255, value >> 16 & 255, value >>> 24];
}

const CLAIM = u32(4_000_000_000);

const BOMBS: Readonly<Record<string, Uint8Array>> = {
  "a depth of a million arrays": new Uint8Array(2_000_000).map((_, i) => i % 2 ? 1 : tag.ARRAY),
  "a depth of a million sets": new Uint8Array(5_000_000)
    .map((_, i) => [tag.SET, 1, 0, 0, 0][i % 5]),
  "a depth of a million boxes": new Uint8Array(1_000_000).fill(tag.BOXED),
  "an array of 4e9": Uint8Array.of(tag.ARRAY, 255, ...CLAIM, 1, 2),
  "a map of 4e9": Uint8Array.of(tag.MAP, ...CLAIM, 1, 2),
  "a set of 4e9": Uint8Array.of(tag.SET, ...CLAIM, 1, 2),
  "a record of 4e9": Uint8Array.of(tag.RECORD, 255, ...CLAIM, tag.SHORT_TEXT, 1),
  "a Latin-1 text of 4e9": Uint8Array.of(tag.LATIN1, ...CLAIM, 1),
  "a UTF-16 text of 4e9": Uint8Array.of(tag.UTF16, ...CLAIM, 1),
  "a binary of 4e9": Uint8Array.of(tag.BINARY, 3, ...CLAIM, 1),
  "a sparse array with 4e9 elements": Uint8Array.of(tag.SPARSE_ARRAY, ...CLAIM, 255, ...CLAIM, 1),
  "200,000 keys that are not there": Uint8Array.of(tag.RECORD, 255, ...u32(200_000), 1, 1),
  "200,000 keys, cut off": new Uint8Array(600_000).map((_, i) =>
    i < 6 ? [tag.RECORD, 255, ...u32(200_000)][i] : tag.SHORT_TEXT
  ),
  "a shape of 255 words that are not there": Uint8Array.of(tag.SHAPE_NEW, 255, 0, 0, 0, 0),
  "a thousand arrays that each claim the rest": Uint8Array.from(
    { length: 1_000_000 },
    (_, i) => i < 6000 ? [tag.ARRAY, 255, ...u32(900_000)][i % 6] : 0,
  ),
  "an empty frame": new Uint8Array(0),
  "records without end and content": new Uint8Array(100_000).map((_, i) => i % 2 ? 0 : tag.RECORD),
  "a bigint of a million wrong digits": Uint8Array.from(
    { length: 1_000_000 },
    (_, i) => i < 6 ? [tag.BIGINT, tag.LATIN1, ...u32(999_994)][i] : 0x67,
  ),
  "a regular expression of brackets": Uint8Array.from(
    { length: 60_000 },
    (_, i) =>
      i < 6 ? [tag.REGEXP, tag.LATIN1, ...u32(59_993)][i] : i < 59_999 ? 0x28 : tag.SHORT_TEXT,
  ),
};

Deno.test("F2 codec rejects each bomb at once and takes no memory for it", () => {
  for (const [name, bytes] of Object.entries(BOMBS)) {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const heap = Deno.memoryUsage();
      const start = performance.now();
      const error = assertThrows(() => decode(bytes, 0, bytes.length), DecodeError);
      times.push(performance.now() - start);
      const { heapUsed, external } = Deno.memoryUsage();
      const grown = heapUsed - heap.heapUsed + external - heap.external;
      assert(grown < (8 << 20) + bytes.length, `${name}: ${grown} bytes taken`);
      assert(error.message.length < 300, name);
    }
    assert(Math.min(...times) < HANG_MS, `${name}: ${times} ms`);
  }
});

Deno.test("F2 codec takes a sparse array of length 4294967295 without making room for it", () => {
  for (const length of [30_000_000, 0xffff_ffff]) {
    const bytes = Uint8Array.of(tag.SPARSE_ARRAY, ...u32(length), 1, ...u32(length - 2), 7);
    const before = Deno.memoryUsage().heapUsed;
    const array = decode(bytes, 0, bytes.length) as number[];
    assert(Deno.memoryUsage().heapUsed - before < 4 << 20);
    assertEquals([array.length, array[length - 2]], [length, 7]);
  }
});

Deno.test("F2 codec refuses forged shapes, numbers and kinds", () => {
  const frames = [
    [tag.REFERENCE, 0, 0, 0, 0],
    [tag.ARRAY | tag.GRAPH, 1, tag.REFERENCE, 1, 0, 0, 0],
    [tag.ARRAY, 1, tag.REFERENCE, 0, 0, 0, 0],
    [tag.BOXED | tag.GRAPH, tag.REFERENCE, 0, 0, 0, 0],
    [tag.HANDLE | tag.GRAPH, tag.SHORT_TEXT, tag.REFERENCE, 0, 0, 0, 0],
    [tag.SHAPE_AGAIN, 0],
    [tag.SHAPE_NEW, 1, 1, 2, 3, 4, 1, tag.SHORT_TEXT | 1, 0x61, 0, 5],
    [tag.BINARY, 99, 0, 0, 0, 0],
    [tag.BINARY, 5, 3, 0, 0, 0, 1, 2, 3],
    [tag.ERROR, 99, tag.UNDEFINED, 0],
    [tag.BOXED, tag.NULL],
    [tag.SPARSE_ARRAY, 2, 0, 0, 0, 1, 2, 0, 0, 0, 7],
    [tag.SPARSE_ARRAY, 9, 0, 0, 0, 2, 2, 0, 0, 0, 7, 2, 0, 0, 0, 7],
    [tag.HANDLE, tag.SHORT_TEXT | 1, 0x78, 1],
    [tag.REGEXP, tag.SHORT_TEXT | 1, 0x28, tag.SHORT_TEXT],
    [tag.RECORD, 1, 5, 5],
    [tag.INT32, 1],
    [tag.ARRAY, 1, tag.ARRAY | tag.GRAPH, 0],
    [0x9f],
    [0xdf],
  ];
  for (const frame of frames) {
    assertThrows(() => decode(Uint8Array.from(frame), 0, frame.length), DecodeError);
  }
});

Deno.test("F2 codec tells apart two shapes that were made to have the same hash", () => {
  const step = (hash: number, word: number) => {
    hash = Math.imul(hash ^ word, 0x01000193);
    return hash ^ hash >>> 15;
  };
  // One key of 6 units: its first two in the first word, the rest chosen so that the hashes meet.
  const head = (a: string) =>
    1 | (tag.SHORT_TEXT | 6) << 8 | a.charCodeAt(0) << 16 | a.charCodeAt(1) << 24;
  const state = (a: string) => step(0x811c9dc5 | 0, head(a));
  const frame = (a: string, rest: number) => {
    const view = new DataView(new ArrayBuffer(15));
    view.setUint16(0, tag.SHAPE_NEW << 8 | 2);
    view.setInt32(2, step(state(a), rest), true);
    view.setInt32(6, head(a), true);
    view.setInt32(10, rest, true);
    return new Uint8Array(view.buffer);
  };
  const [ab, xy] = [frame("ab", 0x61616161), frame("xy", 0x61616161 ^ state("ab") ^ state("xy"))];
  assertEquals(ab.slice(2, 6), xy.slice(2, 6));
  for (const [start, bytes] of [["ab", ab], ["xy", xy], ["ab", ab]] as const) {
    const [key] = Object.keys(decode(bytes, 0, bytes.length) as object);
    assertEquals(key.slice(0, 2), start);
  }
});

Deno.test("F3 the fuzz harness finds each of the 6 seeded faults and none in a good decoder", () => {
  const control = fuzz(goodDecoder, SAMPLE_FRAMES, { iterations: 20_000, slowMs: HANG_MS });
  assertEquals([...control.faults], []);
  for (const [name, [fault, decoder]] of Object.entries(BAD_DECODERS)) {
    // The unchanged samples must decode, and the spinning one would already hang on two of them.
    const samples = fault === "hang" ? SAMPLE_FRAMES.slice(2) : SAMPLE_FRAMES;
    const report = fuzz(decoder, samples, {
      iterations: 20_000,
      slowMs: HANG_MS,
      untilFault: true,
    });
    assertEquals([...report.faults.keys()], [fault], name);
  }
  assertEquals(Object.keys(BAD_DECODERS).length, 6);
});
