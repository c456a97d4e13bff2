import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import * as atomics from "../../memory/atomics.ts";
import * as bell from "../../memory/bell.ts";
import * as cells from "../../memory/cells.ts";
import { ringAt, shipped, WORDS } from "./isolates.ts";
import type { Steps } from "./local.ts";
import { insert, insertionsIn, type Module, raise, steppingIn, textsOf } from "./raise.ts";

const MODULES: Readonly<Record<string, Module>> = { "cells.ts": cells, "bell.ts": bell };
const PIECES = /^(\*|\(yield\* m\.|\(yield\* m\.call\(|\)| m\.here\("\w+\.\d"(, \w+)*\);)$/;

for (const [file, module] of Object.entries(MODULES)) {
  Deno.test(`M1 raise() explores what ships: ${file} is kept token for token`, () => {
    const texts = textsOf(module);
    const stepping = steppingIn(texts);
    for (const [name, text] of Object.entries(texts)) {
      assertEquals(text, String(module[name]));
      if (!stepping.has(name)) continue;
      const insertions = insertionsIn(text, stepping);
      for (const { text: piece } of insertions) assertMatch(piece, PIECES);
      assertEquals(remove(insert(text, insertions), insertions), text);
    }
  });

  Deno.test(`M1 raise() explores what ships: ${file} uses only atomics.ts and itself`, async () => {
    const source = await Deno.readTextFile(new URL(`../../memory/${file}`, import.meta.url));
    const from = [...source.matchAll(/from "([^"]+)"/g)].map((found) => found[1]);
    assertEquals(from, ["./atomics.ts"]);
    assert(!/Atomics\.|words\[/.test(source.replace(/\/\*[^]*?\*\//g, "")));
  });
}

Deno.test("M1 raise() takes steps exactly where memory is shared", () => {
  const stepping = steppingIn(textsOf(cells));
  const plain = Object.keys(textsOf(cells)).filter((name) => !stepping.has(name));
  assertEquals(plain.sort(), ["ahead", "cellOf", "cellWord", "isHeldBy"]);
});

Deno.test("M1 the door to atomics is made of the platform's own operations", () => {
  const chosen = ["glance", "notify", "stepAside", "wait", "waitAsync", "waitWith"];
  for (const [name, operation] of Object.entries(atomics)) {
    if (chosen.includes(name)) continue;
    assertStrictEquals(operation, Atomics[name as keyof Atomics]);
  }
});

Deno.test("M1 raise() changes nothing: raised and shipped functions leave the same words", () => {
  const operations = ["claim", "commit", "abandon", "take", "release", "skip", "seal"] as const;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...operations), { maxLength: 60 }), (script) => {
      const real = new Int32Array(64);
      const simulated = new Int32Array(64);
      for (const operation of script) {
        const expected = shippedStep(real, operation);
        assertEquals(raisedStep(simulated, operation), expected);
        assertEquals(simulated, real);
      }
    }),
    { numRuns: 300, seed: 20250101 },
  );
});

Deno.test("raise() refuses a function that changes a parameter, since loops leave those out", () => {
  const { load } = atomics;
  function countDown(words: Int32Array, at: number) {
    while (at > 0) at -= load(words, at);
  }
  assertThrows(() => raise({ countDown }), Error, "changes its parameter at");
});

const RING = ringAt(0, { cells: 4 });
const ME = 3;
type Operation = "claim" | "commit" | "abandon" | "take" | "release" | "skip" | "seal";

function shippedStep(words: Int32Array, operation: Operation): unknown {
  format(words);
  const claimed = findCell(words, cells.CLAIM);
  const taken = findCell(words, cells.TAKEN);
  if (operation === "claim") return cells.claim(words, RING, ME);
  if (operation === "commit") return cells.commit(words, claimed, ME);
  if (operation === "abandon") return cells.abandon(words, claimed, ME);
  if (operation === "take") return cells.take(words, RING, ME);
  if (operation === "release") return cells.release(words, RING, { cell: taken, me: ME });
  if (operation === "skip") return cells.skipGone(words, RING);
  words[RING.sealing] ^= 1;
}

function raisedStep(words: Int32Array, operation: Operation): unknown {
  format(words);
  const { cells: raised } = shipped();
  const claimed = findCell(words, cells.CLAIM);
  const taken = findCell(words, cells.TAKEN);
  if (operation === "claim") return run(words, raised.claim(WORDS, RING, ME));
  if (operation === "commit") return run(words, raised.commit(WORDS, claimed, ME));
  if (operation === "abandon") return run(words, raised.abandon(WORDS, claimed, ME));
  if (operation === "take") return run(words, raised.take(WORDS, RING, ME));
  if (operation === "release") {
    return run(words, raised.release(WORDS, RING, { cell: taken, me: ME }));
  }
  if (operation === "skip") return run(words, raised.skipGone(WORDS, RING));
  words[RING.sealing] ^= 1;
}

/** Runs steps over real memory. */
function run<T>(words: Int32Array, steps: Steps<T>): T {
  for (let next = steps.next();;) {
    if (next.done) return next.value;
    const op = next.value;
    if (op.kind === "load") next = steps.next(atomics.load(words, op.at));
    else if (op.kind === "glance") next = steps.next(atomics.glance(words, op.at));
    else if (op.kind === "cas") {
      next = steps.next(atomics.compareExchange(words, op.at, op.from, op.value));
    } else if (op.kind === "store") next = steps.next(atomics.store(words, op.at, op.value));
    else throw new Error(`Not expected in cells.ts: ${op.kind}`);
  }
}

function format(words: Int32Array): void {
  if (words[63]++ > 0) return;
  for (let index = 0; index <= RING.mask; index++) {
    words[RING.first + 2 * index] = cells.cellWord(index, 0, cells.EMPTY);
  }
}

/** The first cell of this kind, or the first cell of all. */
function findCell(words: Int32Array, kind: number): number {
  for (let index = 0; index <= RING.mask; index++) {
    const cell = RING.first + 2 * index;
    if ((words[cell] & 7) === kind) return cell;
  }
  return RING.first;
}

function remove(text: string, insertions: ReturnType<typeof insertionsIn>): string {
  let result = "";
  let from = 0;
  let shift = 0;
  for (const { at, text: piece } of insertions) {
    const start = at + shift;
    assertEquals(text.slice(start, start + piece.length), piece);
    result += text.slice(from, start);
    from = start + piece.length;
    shift += piece.length;
  }
  return result + text.slice(from);
}
