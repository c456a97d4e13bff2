import { assertMatch } from "@std/assert";
import { breaks, holds, SOAK } from "./expect.ts";
import { shipped } from "./isolates.ts";
import { ringModel, type RingScene, titleOf } from "./rings.ts";

type Scene = Omit<RingScene, "code">;
const code = shipped();

/** Everybody lives. */
const PEACE: readonly Scene[] = [
  { writers: 1, readers: 1, frames: 2 },
  { writers: "alone", readers: "alone", frames: 3 },
  { writers: "alone", readers: "alone", frames: 3, limit: 1 },
  { writers: "alone", readers: 1, frames: 3 },
  { writers: 1, readers: "alone", frames: 3 },
  { writers: 2, readers: 1 },
  { writers: 1, readers: 2 },
  { writers: 2, readers: "alone" },
  { writers: 1, readers: "alone", frames: 3, latestFirst: true, races: false, preemptions: 3 },
  { writers: 2, readers: "alone", latestFirst: true, preemptions: 3 },
  { writers: 2, readers: "alone", frames: 2, latestFirst: true, preemptions: 2, races: false },
  { writers: 2, readers: 1, limit: 1 },
  { writers: 2, readers: 1, blocks: "for ever" },
  { writers: 2, readers: 1, blocks: "timed", races: false },
  { writers: 1, readers: 2, frames: 2, races: false },
  { writers: "alone", readers: 2, frames: 2, races: false },
  { writers: 2, readers: 1, frames: 2, grows: true, races: false },
  { writers: 2, readers: 1, frames: 2, grows: true, preemptions: 2 },
  { writers: 2, readers: 1, abandons: true, preemptions: 2 },
  { writers: 2, readers: "alone", abandons: true, races: false },
  { writers: 2, readers: 1, frames: 2, limit: 1, preemptions: 2, races: false },
  { writers: 2, readers: 2, preemptions: 2, races: false },
];
const LARGE_PEACE: readonly Scene[] = [
  { writers: 1, readers: "alone", frames: 3, latestFirst: true },
  { writers: 2, readers: "alone", latestFirst: true },
  { writers: 2, readers: 2, preemptions: 3, races: false },
  { writers: 2, readers: 1, frames: 2, limit: 1, preemptions: 3, races: false },
  { writers: 2, readers: 1, frames: 2, races: false },
  { writers: 3, readers: 2, preemptions: 2, races: false },
  { writers: 1, readers: 2, frames: 2 },
];

/** Somebody dies, at any step; recovery waits for proof of it. */
const DEATH: readonly Scene[] = [
  { writers: 1, readers: 1, frames: 2, kills: 1 },
  { writers: "alone", readers: 1, frames: 2, kills: 1 },
  { writers: "alone", readers: "alone", frames: 2, kills: 1 },
  { writers: 1, readers: "alone", frames: 3, kills: 1, races: false },
  { writers: 2, readers: 1, kills: 1, races: false },
  { writers: 2, readers: "alone", kills: 1, races: false },
  {
    writers: 1,
    readers: "alone",
    frames: 3,
    latestFirst: true,
    kills: 1,
    preemptions: 2,
    races: false,
  },
  { writers: 2, readers: "alone", latestFirst: true, kills: 1, preemptions: 2, races: false },
  { writers: 1, readers: 2, kills: 1, preemptions: 2, races: false },
  { writers: 2, readers: 1, frames: 2, kills: 1, preemptions: 1, races: false },
  { writers: 2, readers: 1, abandons: true, kills: 1, preemptions: 1, races: false },
  { writers: 2, readers: 1, limit: 1, kills: 1, preemptions: 1, races: false },
  { writers: 2, readers: 1, frames: 2, grows: true, kills: 1, preemptions: 1, races: false },
];
const LARGE_DEATH: readonly Scene[] = [
  { writers: 2, readers: "alone", latestFirst: true, kills: 1, races: false },
  { writers: 2, readers: 1, kills: 1 },
  { writers: 2, readers: 1, kills: 2, preemptions: 2, races: false },
  { writers: 2, readers: 2, kills: 1, preemptions: 1, races: false },
  { writers: 2, readers: "alone", frames: 2, kills: 1, preemptions: 2, races: false },
  { writers: "alone", readers: 2, frames: 2, kills: 1, preemptions: 1, races: false },
];

for (const scene of SOAK ? [...PEACE, ...LARGE_PEACE] : PEACE) {
  Deno.test(`M1 cells I2-I5, I7 hold when ${titleOf({ code, ...scene })}`, () => {
    holds(ringModel({ code, maxStates: 4e7, ...scene }));
  });
}

for (const scene of SOAK ? [...DEATH, ...LARGE_DEATH] : DEATH) {
  Deno.test(`M2 cells I2-I6 hold when ${titleOf({ code, ...scene })}`, () => {
    holds(ringModel({ code, maxStates: 4e7, ...scene }));
  });
}

Deno.test("M2 recoverCell() needs proof of death: too early, a zombie writes what others own", () => {
  const scene: Scene = { writers: 2, readers: 1, frames: 2, kills: 1, mortals: "writers" };
  const model = ringModel({ code, ...scene, zombies: true, preemptions: 2, maxStates: 4e7 });
  assertMatch(breaks(model), /race|garbage|lost|twice/);
});
