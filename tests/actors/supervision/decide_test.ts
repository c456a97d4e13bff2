import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type ChildView,
  decide,
  delayOf,
  mustRestart,
  type Phase,
  type RestartType,
  type Rules,
  step,
  type Strategy,
  streakOf,
  type View,
} from "../../../actors/supervision/decide.ts";
import { REASONS } from "../../../memory/slots.ts";

const NONE = { min: 0, max: 0, factor: 1, jitter: false };
const CRASH = { reason: "error", exitCode: 1 } as const;

function childOf(more: Partial<ChildView> = {}): ChildView {
  const type = "permanent";
  return {
    phase: "up",
    type,
    backoff: NONE,
    significant: false,
    streak: 0,
    upSince: 0,
    byHand: false,
    ...more,
  };
}

function rulesOf(more: Partial<Rules> = {}): Rules {
  return {
    strategy: "one_for_one",
    maxRestarts: 3,
    within: 5000,
    maxStreak: Infinity,
    autoShutdown: "never",
    ...more,
  };
}

/** Has one child fail at these times; gives how often it was started again before the end. */
function survived(rules: Rules, times: readonly number[], child: ChildView = childOf()): number {
  let failures: readonly number[] = [];
  let streak = 0;
  for (const [index, at] of times.entries()) {
    const view: View = { rules, failures, children: [{ ...child, phase: "down", streak }] };
    const decision = decide(view, { child: 0, ending: CRASH, wasUp: false, at }, 0.5);
    if (decision.what !== "restart") return index;
    ({ failures, streak } = decision);
  }
  return times.length;
}

Deno.test("D01 exactly maxRestarts failures within the window are made good", () => {
  for (const maxRestarts of [0, 1, 3, 10]) {
    assertEquals(survived(rulesOf({ maxRestarts }), Array(20).fill(7)), maxRestarts);
  }
});

Deno.test("D02 failures out of the window do not count", () => {
  const rules = rulesOf({ maxRestarts: 1, within: 1000 });
  assertEquals(survived(rules, [0, 2100, 4200, 6300]), 4);
  assertEquals(survived(rules, [0, 1000]), 1, "a failure at the edge of the window counts");
  assertEquals(survived(rules, [0, 1001]), 2);
});

Deno.test("D05 delays grow from the second restart in a row up to their limit", () => {
  const backoff = { min: 100, max: 400, factor: 2, jitter: false };
  const delays = [1, 2, 3, 4, 5, 6].map((streak) => delayOf(streak, backoff, 0.3));
  assertEquals(delays, [0, 100, 200, 400, 400, 400]);
  let at = 0;
  assertEquals(delays.map((delay) => at += delay), [0, 100, 300, 700, 1100, 1500]);
});

Deno.test("D06 half of a delay is by chance", () => {
  const backoff = { min: 400, max: 400, factor: 2, jitter: true };
  const samples = Array.from({ length: 1000 }, () => delayOf(2, backoff, Math.random()));
  assert(samples.every((delay) => delay >= 200 && delay <= 400));
  const mean = samples.reduce((sum, delay) => sum + delay) / samples.length;
  assert(Math.abs(mean - 300) < 10, `mean ${mean}`);
});

Deno.test("D07 a child that was up for long starts afresh", () => {
  const backoff = { min: 100, max: 30_000, factor: 2, jitter: false };
  const child = childOf({ backoff, streak: 1, upSince: 0 });
  const happening = { child: 0, ending: CRASH, wasUp: true };
  assertEquals(streakOf(child, { ...happening, at: 1200 }, 1000), 1);
  assertEquals(streakOf(child, { ...happening, at: 900 }, 1000), 2);
  const tired = { ...child, streak: 6 };
  assertEquals(streakOf(tired, { ...happening, at: 3199 }, 1000), 7, "twice its last delay");
  assertEquals(streakOf(tired, { ...happening, at: 3200 }, 1000), 1);
  assertEquals(streakOf(child, { ...happening, wasUp: false, at: 9e9 }, 1000), 2);
});

Deno.test("D08 slow failures in a row end as well", () => {
  const rules = rulesOf({ maxStreak: 5 });
  const times = Array.from({ length: 20 }, (_, n) => n * 10_000);
  assertEquals(survived(rules, times), 5);
});

Deno.test("B01-B06 which ends lead to a restart", () => {
  const table: Record<RestartType, string[]> = {
    permanent: [...REASONS],
    transient: ["terminated", "killed", "error", "exit", "lost"],
    temporary: [],
  };
  for (const [type, again] of Object.entries(table) as [RestartType, string[]][]) {
    const found = REASONS.filter((reason) => mustRestart(type, { reason, exitCode: 1 }));
    assertEquals(found, again as typeof found, type);
  }
  assertEquals(mustRestart("transient", { reason: "exit", exitCode: 0 }), false);
});

Deno.test("step() knows each way from phase to phase, and no other", () => {
  const life: Phase[] = [
    "stopped",
    "starting",
    "up",
    "down",
    "waiting",
    "starting",
    "up",
    "stopping",
  ];
  for (let index = 1; index < life.length; index++) step(life[index - 1], life[index]);
  for (const [from, to] of [["up", "waiting"], ["stopped", "up"], ["waiting", "up"]] as const) {
    assertThrows(() => step(from, to), TypeError, `from ${from} to ${to}`);
  }
});

/** A small model of OTP: what runs after a failure, once all restarts have succeeded. */
function model(strategy: Strategy, children: readonly ChildView[], failed: number): Set<number> {
  const running = new Set(children.flatMap(({ phase }, index) => phase === "up" ? [index] : []));
  const isConcerned = (index: number) =>
    strategy === "one_for_all" || index === failed ||
    (strategy === "rest_for_one" && index > failed);
  for (const [index, child] of children.entries()) {
    if (!isConcerned(index)) continue;
    if (index !== failed && child.type === "temporary") running.delete(index);
    else if (!child.byHand) running.add(index);
  }
  return running;
}

const anyChild: fc.Arbitrary<ChildView> = fc.record({
  phase: fc.constantFrom<Phase>("up", "stopped", "waiting", "down"),
  type: fc.constantFrom<RestartType>("permanent", "transient", "temporary"),
  byHand: fc.boolean(),
}).map(({ phase, type, byHand }) =>
  childOf({ phase, type, byHand: byHand && phase === "stopped" })
);

Deno.test("a restart leads to what OTP leads to, in its order", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Strategy>("one_for_one", "one_for_all", "rest_for_one"),
      fc.array(anyChild, { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      (strategy, list, pick) => {
        const failed = pick % list.length;
        const children = list.map((child, index) =>
          index === failed
            ? { ...child, phase: "down" as const, byHand: false, type: "permanent" as const }
            : child
        );
        const view = { rules: rulesOf({ strategy }), failures: [], children };
        const decision = decide(view, { child: failed, ending: CRASH, wasUp: true, at: 1 }, 0);
        if (decision.what !== "restart") throw new Error(`it was to ${decision.what}`);
        const { stop, start, remove } = decision;
        const running = new Set(
          children.flatMap(({ phase }, index) => phase === "up" ? [index] : []),
        );
        for (const index of [...stop, ...remove]) running.delete(index);
        for (const index of start) {
          assert(!running.has(index), `${index} would be started twice`);
          running.add(index);
        }
        assertEquals(running, model(strategy, children, failed));
        assertEquals(stop, stop.toSorted((a, b) => b - a));
        assertEquals(start, start.toSorted((a, b) => a - b));
        assert(!stop.includes(failed));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("whatever happens, no window holds more than maxRestarts failures made good", () => {
  fc.assert(
    fc.property(
      fc.record({ maxRestarts: fc.nat(5), within: fc.integer({ min: 1, max: 100 }) }),
      fc.array(fc.nat(50), { maxLength: 40 }),
      (limit, gaps) => {
        let at = 0;
        const times = gaps.map((gap) => at += gap);
        const good = survived(rulesOf(limit), times);
        const inWindow = (index: number) =>
          times.slice(0, index + 1).filter((time) => time >= times[index] - limit.within).length;
        for (let index = 0; index < good; index++) assert(inWindow(index) <= limit.maxRestarts);
        if (good < times.length) assert(inWindow(good) > limit.maxRestarts);
      },
    ),
    { numRuns: 2000 },
  );
});
