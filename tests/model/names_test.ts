import { assertMatch } from "@std/assert";
import { breaks, holds, SOAK } from "./expect.ts";
import { namesModel, type NamesScene, shippedNames } from "./names.ts";
import type { Fault } from "./raise.ts";

type Scene = Omit<NamesScene, "code">;
const code = shippedNames();

const PEACE: readonly Scene[] = [
  { isolates: [["add"], ["add"]] },
  { isolates: [["hold"], ["drop"]], named: true },
  { isolates: [["drop"], ["drop"]], named: true },
  { isolates: [["add", "drop"], ["add"]], preemptions: 3 },
  { isolates: [["drop", "add"], ["hold"]], named: true, preemptions: 3 },
];
const LARGE_PEACE: readonly Scene[] = [
  { isolates: [["add"], ["add"], ["add"]], preemptions: 3 },
  { isolates: [["add", "drop"], ["add", "drop"]], preemptions: 3 },
  { isolates: [["drop", "add"], ["hold"], ["drop"]], named: true, preemptions: 2 },
];
const DEATH: readonly Scene[] = [
  { isolates: [["add"], ["add"]], kills: true, preemptions: 3 },
  { isolates: [["hold"], ["drop"]], named: true, kills: true, preemptions: 3 },
  { isolates: [["drop"], ["hold"]], named: true, kills: true, preemptions: 3 },
  { isolates: [["drop"], ["drop", "add"]], named: true, kills: true, preemptions: 2 },
];

for (const scene of SOAK ? [...PEACE, ...LARGE_PEACE] : PEACE) {
  const model = namesModel({ code, ...scene });
  Deno.test(`names I1, I2, I3, I4 hold: ${model.name}`, () => holds(model));
}

for (const scene of DEATH) {
  const model = namesModel({ code, ...scene });
  Deno.test(`names I3 holds: nothing is left of the dead: ${model.name}`, () => holds(model));
}

const FAULTS: readonly (Fault & { scene: Scene; shows: RegExp })[] = [
  {
    name: "adds without looking whether somebody was faster",
    of: "publish",
    from: "if (compareExchange(words, entries.added, seen, next) !== seen) continue;",
    to: "store(words, entries.added, next);",
    scene: { isolates: [["add"], ["add"]] },
    shows: /two entries/,
  },
  {
    name: "gives back what is pinned",
    of: "giveBack",
    from: "if (load(words, at + ENTRY_PINS + group) !== 0) return false;",
    to: "",
    scene: { isolates: [["hold"], ["drop"]], named: true },
    shows: /held what is gone/,
  },
  {
    name: "gives back without being the only one",
    of: "giveBack",
    from: "return compareExchange(words, at, seen, releasing) === seen;",
    to: "store(words, at, releasing); return true;",
    scene: { isolates: [["drop", "add"], ["hold"]], named: true, preemptions: 3 },
    shows: /gone|left|names/,
  },
  {
    name: "confirms what was claimed since",
    of: "confirm",
    from: " || seen >>> 12 !== added >>> 12",
    to: "",
    scene: { isolates: [["add", "drop", "add"], ["hold"]], preemptions: 3 },
    shows: /gone|two/,
  },
  {
    name: "leaves the pins of the dead",
    of: "settle",
    from: "unpin(words, at, dead);",
    to: "",
    scene: { isolates: [["hold"], ["drop"]], named: true, kills: true, preemptions: 3 },
    shows: /left in state/,
  },
];

for (const { scene, shows, ...fault } of FAULTS) {
  Deno.test(`the names' models catch a text that ${fault.name}`, () => {
    assertMatch(breaks(namesModel({ code: shippedNames([fault]), ...scene })), shows);
  });
}
