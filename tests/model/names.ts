/**
 * Models of the directory of names: isolates add, look up and drop one name, and die on the way.
 *
 * @module
 */
import * as entries from "../../memory/names/entries.ts";
import { WORDS } from "./isolates.ts";
import { m, type Steps } from "./local.ts";
import type { End, Model, Role } from "./model.ts";
import { type Fault, raise, type Raised } from "./raise.ts";

/** The shipped text in steps. */
export type NamesCode = Raised<typeof entries, "entryAt">;

/** Raises the shipped text, with faults or without. */
export function shippedNames(faults: readonly Fault[] = []): NamesCode {
  return raise<typeof entries, "entryAt">(entries, faults);
}

/** What isolates do, in order, each with the same name. */
export type Deed = "add" | "hold" | "drop";

/** What a model of names is made of. */
export interface NamesScene {
  /** The shipped text, with faults or without. */
  readonly code: NamesCode;
  /** What each isolate does. */
  readonly isolates: readonly (readonly Deed[])[];
  /** Whether the name is there at the start, kept by nobody who takes part. */
  readonly named?: boolean;
  /** Whether the first isolate can be killed at any step; its heir sweeps. */
  readonly kills?: boolean;
  /** See {@linkcode Model.preemptions}. */
  readonly preemptions?: number;
}

const SHIFT = 5;
const COUNT = 3;
const ADDED = 0;
const FIRST = 8;
const KEY = Int32Array.of(7);
/** Of each entry: 1 while what it stands for is kept by the name. */
const KEPT = FIRST + (COUNT << SHIFT);
const OUTSIDER = 9;
const AT: entries.Entries = { added: ADDED, first: FIRST, count: COUNT, shift: SHIFT, groups: 1 };

/** The model of a scene. */
export function namesModel(scene: NamesScene): Model {
  const { isolates, named = false, kills = false } = scene;
  const roles: Role[] = isolates.map((deeds, slot) => ({
    name: `isolate ${slot}`,
    mortal: kills && slot === 0,
    code: () => isolate(scene.code, slot, deeds),
  }));
  const heir = {
    name: "heir",
    heirOf: "isolate 0",
    code: () => sweep(scene.code, isolates.length),
  };
  const live = (1 << 12) | (OUTSIDER << 3) | entries.LIVE;
  return {
    name: `${isolates.map((deeds) => deeds.join("+")).join(", ")}${kills ? ", 1 killed" : ""}`,
    size: KEPT + COUNT,
    init: named ? { [FIRST]: live, [FIRST + entries.ENTRY_KEY]: KEY[0], [KEPT]: 1 } : {},
    roles: kills ? [...roles, heir] : roles,
    kills: kills ? 1 : 0,
    preemptions: scene.preemptions,
    maxStates: 8e6,
    always,
    final: (end) => final(scene, end),
  };
}

function always(words: Int32Array): void {
  const live = [...Array(COUNT).keys()].filter((index) =>
    (words[FIRST + (index << SHIFT)] & 7) === entries.LIVE
  );
  if (live.length > 1) throw new Error("two entries have the name");
  for (const index of live) {
    if (words[KEPT + index] !== 1) throw new Error("a name stands for what is gone");
  }
}

function final({ isolates, named }: NamesScene, { words, said, killed }: End): void {
  let live = 0;
  for (let index = 0; index < COUNT; index++) {
    const state = words[FIRST + (index << SHIFT)] & 7;
    if (state === entries.LIVE) live++;
    else if (state !== entries.FREE) throw new Error(`entry ${index} is left in state ${state}`);
    else if (words[KEPT + index] !== 0) throw new Error(`entry ${index} left something kept`);
  }
  const marks = isolates.flatMap((_, slot) => said(`isolate ${slot}`));
  if (marks.some(({ label, value }) => label === "held" && value !== 1)) {
    throw new Error("held what is gone");
  }
  const isDropped = isolates.some((deeds) => deeds.includes("drop"));
  if (!isDropped && live !== 1) throw new Error("nobody could add the name");
  if (killed.length > 0) return;
  const count = (what: string) => marks.filter(({ label }) => label === what).length;
  const names = (named ? 1 : 0) + count("added") - count("dropped");
  if (names !== live) throw new Error(`${live} names are left where ${names} should be`);
}

function* isolate(code: NamesCode, me: number, deeds: readonly Deed[]): Steps {
  for (const [index, deed] of deeds.entries()) {
    m.here("deed", index);
    if (deed === "add") yield* m.frame("add", add(code, me));
    else yield* m.frame("use", use(code, me, deed));
  }
}

function* add(code: NamesCode, me: number): Steps {
  const index = yield* code.claim(WORDS, AT, me);
  if (index === entries.NONE) throw new Error("no entry is free");
  const at = code.entryAt(AT, index);
  yield* code.fill(WORDS, at, KEY);
  yield* m.store(WORDS, KEPT + index, 1);
  if (yield* code.publish(WORDS, AT, { index, key: KEY })) return m.mark("added", index);
  yield* m.store(WORDS, KEPT + index, 0);
  yield* code.vacate(WORDS, at);
}

function* use(code: NamesCode, me: number, deed: Deed): Steps {
  for (;;) {
    m.here("again");
    const index = yield* code.find(WORDS, AT, KEY);
    if (index === entries.NONE) return;
    const at = code.entryAt(AT, index);
    yield* code.pin(WORDS, at, me);
    const isThere = yield* code.hasKey(WORDS, at, KEY);
    if (isThere && deed === "drop" && (yield* code.drop(WORDS, at))) m.mark("dropped", index);
    if (isThere && deed === "hold") m.mark("held", yield* m.load(WORDS, KEPT + index));
    yield* code.unpin(WORDS, at, me);
    if (yield* code.giveBack(WORDS, at, { me, groups: 1 })) yield* release(code, index);
    if (isThere) return;
  }
}

function* release(code: NamesCode, index: number): Steps {
  yield* m.store(WORDS, KEPT + index, 0);
  yield* code.vacate(WORDS, code.entryAt(AT, index));
}

/** What the sweep does about an isolate in slot 0, but that it leaves its names alone. */
function* sweep(code: NamesCode, me: number): Steps {
  yield* code.confirm(WORDS, AT, yield* m.load(WORDS, ADDED));
  for (let index = 0; index < COUNT; index++) {
    m.here("settle", index);
    const at = code.entryAt(AT, index);
    if (yield* code.settle(WORDS, at, { dead: 0, me, groups: 1 })) yield* release(code, index);
  }
}
