import { bellModel, type BellScene } from "./bells.ts";
import { holds, SOAK } from "./expect.ts";
import { shipped } from "./isolates.ts";

type Scene = Omit<BellScene, "code">;
const code = shipped();

const PEACE: readonly Scene[] = [
  { waiters: 1, changes: 3 },
  { waiters: 2, changes: 2 },
  { waiters: 2, changes: 2, blocks: true },
  { waiters: 2, changers: 2, changes: 1 },
  { waiters: 3, changes: 2 },
];
const LARGE_PEACE: readonly Scene[] = [
  { waiters: 3, changes: 3 },
  { waiters: 2, changers: 2, changes: 2 },
  { waiters: 4, changes: 2, preemptions: 3 },
];
const DEATH: readonly Scene[] = [
  { waiters: 1, changes: 3, kills: true },
  { waiters: 2, changes: 2, kills: true },
  { waiters: 3, changes: 1, kills: true },
];

for (const scene of SOAK ? [...PEACE, ...LARGE_PEACE] : PEACE) {
  const model = bellModel({ code, ...scene });
  Deno.test(`M1 bell I1, I2 hold: no wake-up is lost when ${model.name}`, () => holds(model));
}

for (const scene of DEATH) {
  const model = bellModel({ code, ...scene });
  Deno.test(`M2 bell I3 holds: no wake-up dies with its ringer when ${model.name}`, () => {
    holds(model);
  });
}
