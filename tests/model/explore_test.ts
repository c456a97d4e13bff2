import { assertEquals, assertMatch } from "@std/assert";
import { explore } from "./explore.ts";
import { m, type Steps, TIMED_OUT } from "./local.ts";
import type { Model, Role } from "./model.ts";

const WORDS = undefined;

function model(roles: readonly Role[], rest: Partial<Model> = {}): Model {
  return { name: "a small model", size: 4, roles, ...rest };
}

function twice(name: string, code: () => Steps): Role[] {
  return [{ name: `${name} 0`, code }, { name: `${name} 1`, code }];
}

Deno.test("M3 explore() tries every interleaving: two times three steps have 16 states", () => {
  let word = 0;
  const three = (): Role => {
    const at = word++;
    return {
      name: `counter ${at}`,
      *code() {
        for (let step = 0; step < 3; step++) yield* m.add(WORDS, at, 1);
      },
    };
  };
  const { states, ends, complete } = explore(model([three(), three()]));
  assertEquals({ states, ends, complete }, { states: 16, ends: 1, complete: true });
});

Deno.test("M3 explore() finds the lost update of a load and a store, and says how", () => {
  const roles = twice("counter", function* () {
    yield* m.store(WORDS, 0, (yield* m.load(WORDS, 0)) + 1);
  });
  const result = explore(model(roles, {
    final: ({ words }) => {
      if (words[0] !== 2) throw new Error(`counted ${words[0]}`);
    },
  }));
  assertEquals(result.violation, "counted 1");
  assertEquals(result.trace.length, 4);
});

Deno.test("M3 explore() finds nothing wrong with an atomic addition", () => {
  const roles = twice("counter", function* () {
    yield* m.add(WORDS, 0, 1);
  });
  const final: Model["final"] = ({ words }) => assertEquals(words[0], 2);
  assertEquals(explore(model(roles, { final })).violation, undefined);
});

Deno.test("M3 explore() finds a race of plain accesses, and none when a flag orders them", () => {
  const write = (flag: boolean): Role => ({
    name: "writer",
    *code() {
      yield* m.write(1, 7);
      if (flag) yield* m.store(WORDS, 0, 1);
    },
  });
  const read = (flag: boolean): Role => ({
    name: "reader",
    *code() {
      if (!flag || (yield* m.load(WORDS, 0)) === 1) yield* m.read(1);
    },
  });
  const racing = explore(model([write(false), read(false)], { plain: [1] }));
  assertMatch(racing.violation!, /race/);
  const ordered = explore(model([write(true), read(true)], { plain: [1] }));
  assertEquals(ordered.violation, undefined);
});

Deno.test("M3 explore() finds who sleeps for ever, unless it may", () => {
  const roles: Role[] = [{
    name: "sleeper",
    *code() {
      yield* m.wait(WORDS, 0, 0);
    },
  }];
  assertEquals(explore(model(roles)).violation, "sleeps for ever: sleeper");
  assertEquals(explore(model(roles, { mayWait: () => true })).violation, undefined);
});

Deno.test("M3 explore() lets every time limit run out", () => {
  const said: number[] = [];
  const roles: Role[] = [{
    name: "sleeper",
    *code() {
      m.mark("woke", yield* m.wait(WORDS, 0, 0, true));
    },
  }, {
    name: "waker",
    *code() {
      yield* m.notify(WORDS, 0);
    },
  }];
  explore(model(roles, { final: (end) => void said.push(end.said("sleeper")[0].value) }));
  assertEquals(said.includes(TIMED_OUT) && said.includes(0), true);
});

Deno.test("M3 explore() finds who runs for ever alone", () => {
  const roles: Role[] = [{
    name: "spinner",
    *code() {
      for (;;) {
        m.here("spin");
        if ((yield* m.load(WORDS, 0)) === 1) return;
      }
    },
  }];
  assertEquals(explore(model(roles)).violation, "runs for ever alone: spinner");
});

Deno.test("M3 explore() kills before, between and after all steps, and starts the heir", () => {
  const counts = new Set<number>();
  const roles: Role[] = [{
    name: "mortal",
    mortal: true,
    *code() {
      for (let step = 0; step < 3; step++) yield* m.add(WORDS, 0, 1);
    },
  }, {
    name: "heir",
    heirOf: "mortal",
    *code() {
      m.mark("found", yield* m.load(WORDS, 0));
    },
  }];
  explore(model(roles, {
    kills: 1,
    final: (end) => end.killed.length > 0 && counts.add(end.said("heir")[0].value),
  }));
  assertEquals([...counts].sort(), [0, 1, 2]);
});

Deno.test("M3 explore() stays within its bound on preemptions", () => {
  const roles = twice("counter", function* () {
    for (let step = 0; step < 4; step++) yield* m.add(WORDS, 0, 1);
  });
  const all = explore(model(roles)).states;
  const none = explore(model(roles, { preemptions: 0 })).states;
  assertEquals(none < all, true);
});
