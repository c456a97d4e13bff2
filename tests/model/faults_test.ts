import { assertMatch, assertThrows } from "@std/assert";
import { bellModel, type BellScene } from "./bells.ts";
import { breaks } from "./expect.ts";
import { type Code, shipped } from "./isolates.ts";
import type { Fault } from "./raise.ts";
import { ringModel, type RingScene } from "./rings.ts";

const RACES = /race/;
const STUCK = /sleeps for ever/;
const SPINS = /runs for ever alone/;
const LOSES = /lost|sleeps for ever/;

/** A fault seeded into `cells.ts`, a scene that shows it, and how. */
interface CellFault extends Fault {
  readonly scene: Omit<RingScene, "code">;
  readonly shows: RegExp;
}

const CAS_CLAIM =
  "if (compareExchange(words, cell, seen, cellWord(ticket, me, CLAIM)) !== seen) continue;";
const CAS_TAKEN =
  "if (compareExchange(words, cell, seen, cellWord(ticket, me, TAKEN)) !== seen) continue;";
const FREE_CELL = "compareExchange(words, cell, seen, cellWord(ticket + ring.mask + 1, 0, EMPTY));";
const PUSH_HEAD = "compareExchange(words, ring.head, ticket, ticket + 1 | 0);";
const PUSH_TAIL = "compareExchange(words, ring.tail, ticket, ticket + 1 | 0);";

const CLAIMING: readonly CellFault[] = [
  {
    name: "claims the next ticket by store",
    of: "claimNext",
    from: "compareExchange(words, cell, empty, cellWord(ticket, me, CLAIM)) === empty",
    to: "store(words, cell, cellWord(ticket, me, CLAIM)) !== NONE",
    scene: { writers: 2, readers: 1, frames: 2, preemptions: 2 },
    shows: /race|lost|garbage|sleeps/,
  },
  {
    name: "takes the next frame by store",
    of: "takeNext",
    from: "compareExchange(words, cell, full, cellWord(ticket, me, TAKEN)) === full",
    to: "store(words, cell, cellWord(ticket, me, TAKEN)) !== NONE",
    scene: { writers: 1, readers: 2, frames: 3, preemptions: 2 },
    shows: /race|twice|garbage|sleeps/,
  },
  {
    name: "claims by store",
    of: "claim",
    from: CAS_CLAIM,
    to: "store(words, cell, cellWord(ticket, me, CLAIM));",
    scene: { writers: 2, readers: 1 },
    shows: /race|lost|garbage|sleeps/,
  },
  {
    name: "publishes before it writes",
    of: "claim",
    from: CAS_CLAIM,
    to: CAS_CLAIM.replace("me, CLAIM", "0, FULL"),
    scene: { writers: 1, readers: 1 },
    shows: RACES,
  },
  {
    name: "does not help the tail on",
    of: "claim",
    from: `${PUSH_TAIL} } }`,
    to: "} }",
    scene: {
      writers: 2,
      readers: 1,
      kills: 1,
      mortals: "writers",
      preemptions: 1,
      races: false,
    },
    shows: SPINS,
  },
  {
    name: "does not look for what was given up",
    of: "claim",
    from: "skipGone(words, ring) || load(words, cell) !== seen",
    to: "load(words, cell) !== seen",
    scene: { writers: 2, readers: 1, abandons: true, preemptions: 2 },
    shows: STUCK,
  },
  {
    name: "allows one more than the limit",
    of: "isAtLimit",
    from: "< ring.limit",
    to: "<= ring.limit",
    scene: { writers: 2, readers: 1, limit: 1 },
    shows: /cells I5/,
  },
  {
    name: "forgets the limit of an only writer",
    of: "claimAlone",
    from: "ring.limit <= ring.mask &&",
    to: "false &&",
    scene: { writers: "alone", readers: "alone", frames: 2, limit: 1 },
    shows: /cells I5/,
  },
  {
    name: "commits what is no longer its own",
    of: "commit",
    from: "return compareExchange(words, cell, mine, mine & ~4095 | FULL) === mine;",
    to: "return store(words, cell, mine & ~4095 | FULL) !== mine;",
    scene: {
      writers: 2,
      readers: 1,
      kills: 1,
      mortals: "writers",
      zombies: true,
      preemptions: 2,
      races: false,
    },
    shows: /lost|garbage|twice|sleeps/,
  },
  {
    name: "pushes the tail before the cell is full",
    of: "commitAlone",
    from: "store(words, cellOf(ring, ticket), cellWord(ticket, 0, FULL)); " +
      "store(words, ring.tail, ticket + 1 | 0);",
    to: "store(words, ring.tail, ticket + 1 | 0); " +
      "store(words, cellOf(ring, ticket), cellWord(ticket, 0, FULL));",
    scene: { writers: "alone", readers: 1, frames: 2, kills: 1, mortals: "writers" },
    shows: LOSES,
  },
];

const TAKING: readonly CellFault[] = [
  {
    name: "takes by store",
    of: "take",
    from: CAS_TAKEN,
    to: "store(words, cell, cellWord(ticket, me, TAKEN));",
    scene: { writers: 1, readers: 2 },
    shows: /cells I3|race/,
  },
  {
    name: "gives the cell back before it is read",
    of: "take",
    from: CAS_TAKEN,
    to: CAS_TAKEN.replace("ticket, me, TAKEN", "ticket + ring.mask + 1, 0, EMPTY"),
    scene: { writers: 1, readers: 1, frames: 3 },
    shows: RACES,
  },
  {
    name: "ignores the seal",
    of: "take",
    from: "if (seen === cellWord(ticket, 0, SEAL)) return SEALED;",
    to: "",
    scene: { writers: 2, readers: 1, frames: 2, grows: true, preemptions: 2 },
    shows: LOSES,
  },
  {
    name: "does not look for what was given up",
    of: "take",
    from: "if (skipGone(words, ring)) continue;",
    to: "",
    scene: { writers: 2, readers: 1, abandons: true, preemptions: 2 },
    shows: LOSES,
  },
  {
    name: "gives back the wrong ticket",
    of: "release",
    from: "+ ring.mask + 1",
    to: "+ ring.mask",
    scene: { writers: 1, readers: 1, frames: 3 },
    shows: STUCK,
  },
  {
    name: "pushes the head before the cell is free",
    of: "skipGone",
    from: FREE_CELL,
    to: `${PUSH_HEAD} ${FREE_CELL}`,
    scene: {
      writers: 2,
      readers: 1,
      abandons: true,
      frames: 2,
      kills: 1,
      preemptions: 1,
      races: false,
    },
    shows: LOSES,
  },
  {
    name: "waits for a ticket that was given up",
    of: "takeAlone",
    from: "if (seen !== cellWord(ticket, 0, TOMB)) return NONE;",
    to: "return NONE;",
    scene: { writers: 2, readers: "alone", abandons: true, preemptions: 2 },
    shows: LOSES,
  },
  {
    name: "waits for a ticket that somebody skipped for it",
    of: "takeAlone",
    from: "if (ahead(seen, ticket) > 0) return SKIP;",
    to: "",
    scene: { writers: 2, readers: "alone", abandons: true, preemptions: 2 },
    shows: LOSES,
  },
  {
    name: "frees by store what others may have freed",
    of: "takeAlone",
    from: FREE_CELL,
    to: "store(words, cell, cellWord(ticket + ring.mask + 1, 0, EMPTY));",
    scene: { writers: 2, readers: "alone", abandons: true, preemptions: 3, races: false },
    shows: LOSES,
  },
  {
    name: "pushes the head of an only reader before its cell is free",
    of: "releaseAlone",
    from: "store(words, cellOf(ring, ticket), cellWord(ticket + ring.mask + 1, 0, EMPTY)); " +
      "store(words, ring.head, ticket + 1 | 0);",
    to: "store(words, ring.head, ticket + 1 | 0); " +
      "store(words, cellOf(ring, ticket), cellWord(ticket + ring.mask + 1, 0, EMPTY));",
    scene: { writers: 1, readers: "alone", frames: 3, kills: 1, mortals: "readers" },
    shows: STUCK,
  },
  {
    name: "resumes one frame too late",
    of: "firstUnread",
    from: "> 0",
    to: ">= 0",
    scene: { writers: 1, readers: "alone", frames: 2, kills: 1, mortals: "readers" },
    shows: /lost|sleeps|runs for ever/,
  },
];

const RECOVERING: readonly CellFault[] = [
  {
    name: "leaves a dead writer's claim",
    of: "isHeldBy",
    from: "(seen & 7) === CLAIM ||",
    to: "",
    scene: { writers: 2, readers: 1, kills: 1, mortals: "writers" },
    shows: LOSES,
  },
  {
    name: "gives a dead writer's cell back instead of burying it",
    of: "recoverCell",
    from: "cellWord(seen >> 12, 0, TOMB)",
    to: "cellWord(seen >> 12, 0, EMPTY)",
    scene: { writers: 2, readers: 1, kills: 1, mortals: "writers" },
    shows: LOSES,
  },
  {
    name: "leaves a dead reader's cell",
    of: "isHeldBy",
    from: "|| (seen & 7) === TAKEN",
    to: "",
    scene: { writers: 1, readers: 1, frames: 2, kills: 1, mortals: "readers" },
    shows: /cells I6/,
  },
  {
    name: "takes what belongs to nobody for slot 0's",
    of: "isHeldBy",
    from: "((seen & 7) === CLAIM || (seen & 7) === TAKEN)",
    to: "(seen & 7) !== EMPTY",
    scene: { writers: 1, readers: 1, frames: 2, kills: 1, mortals: "writers" },
    shows: /lost|garbage|twice/,
  },
];

for (const { scene, shows, ...fault } of [...CLAIMING, ...TAKING, ...RECOVERING]) {
  Deno.test(`M3 the explorer finds: ${fault.of}() ${fault.name}`, () => {
    const model = ringModel({ code: shipped([fault]), maxStates: 8e6, ...scene });
    assertMatch(breaks(model), shows);
  });
}

Deno.test("M3 the explorer finds a claim() that passes the seal and does not see that there is to be one", () => {
  const of = "claim";
  const passes: Fault = {
    name: "passes the seal",
    of,
    from: "if (seen === cellWord(ticket, 0, SEAL)) return SEALED;",
    to: "",
  };
  const blind: Fault = {
    name: "is blind to the flag",
    of,
    from: "glance(words, ring.sealing) !== 0",
    to: "false",
  };
  const code = shipped([passes, blind]);
  const scene = { writers: 2, readers: 1, frames: 2, grows: true, preemptions: 2 };
  assertMatch(breaks(ringModel({ code, ...scene })), LOSES);
});

for (const forgets of ["ringing", "cells"] as const) {
  Deno.test(`M3 the explorer finds a recovery that forgets the ${forgets}`, () => {
    const code = shipped();
    breaks(ringModel({ code, writers: 2, readers: 1, kills: 1, races: false, forgets }));
  });
}

/** A fault seeded into `bell.ts`, and a scene that shows it. */
interface BellFault extends Fault {
  readonly scene: Omit<BellScene, "code">;
}

const RING = "if ((or(words, bell, bits) & ASLEEP) !== 0) notify(words, bell);";
const BELLS: readonly BellFault[] = [
  {
    name: "does not notify",
    of: "ring",
    from: RING,
    to: "or(words, bell, bits);",
    scene: { waiters: 1, changes: 1 },
  },
  {
    name: "notifies before it says why",
    of: "ring",
    from: RING,
    to: "if ((load(words, bell) & ASLEEP) !== 0) notify(words, bell); or(words, bell, bits);",
    scene: { waiters: 1, changes: 1 },
  },
  {
    name: "clears ASLEEP before its notify and dies",
    of: "ring",
    from: RING,
    to: "if ((or(words, bell, bits) & ASLEEP) === 0) return; " +
      "if ((and(words, bell, ~ASLEEP) & ASLEEP) !== 0) notify(words, bell);",
    scene: { waiters: 1, changes: 1, kills: true },
  },
  {
    name: "enters the group before the slot",
    of: "enlist",
    from: "or(words, list + 1 + (me >> 5), 1 << (me & 31)); or(words, list, 1 << (me >> 5));",
    to: "or(words, list, 1 << (me >> 5)); or(words, list + 1 + (me >> 5), 1 << (me & 31));",
    scene: { waiters: 1, changes: 2 },
  },
  {
    name: "forgets who was there before",
    of: "enlist",
    from: "or(words, list + 1 + (me >> 5), 1 << (me & 31));",
    to: "store(words, list + 1 + (me >> 5), 1 << (me & 31));",
    scene: { waiters: 2, changes: 1 },
  },
  {
    name: "takes the list by load and store",
    of: "callUp",
    from: "return load(words, list) === 0 ? 0 : exchange(words, list, 0);",
    to: "const now = load(words, list); store(words, list, 0); return now;",
    scene: { waiters: 1, changes: 2 },
  },
  {
    name: "takes a group by load and store",
    of: "callUpGroup",
    from: "return exchange(words, list + 1 + group, 0);",
    to: "const now = load(words, list + 1 + group); store(words, list + 1 + group, 0); return now;",
    scene: { waiters: 2, changes: 2 },
  },
  {
    name: "lies down without a look",
    of: "lieDown",
    from:
      "const seen = compareExchange(words, bell, 0, ASLEEP); return seen === 0 || seen === ASLEEP;",
    to: "store(words, bell, ASLEEP); return true;",
    scene: { waiters: 1, changes: 1 },
  },
  {
    name: "answers by load and store",
    of: "answer",
    from: "return load(words, bell) === 0 ? 0 : exchange(words, bell, 0) & ~ASLEEP;",
    to: "const now = load(words, bell); store(words, bell, 0); return now & ~ASLEEP;",
    scene: { waiters: 1, changes: 2 },
  },
];

for (const { scene, ...fault } of BELLS) {
  Deno.test(`M3 the explorer finds: ${fault.of}() ${fault.name}`, () => {
    assertMatch(breaks(bellModel({ code: shipped([fault]), ...scene })), STUCK);
  });
}

for (const mistake of ["looks before enlisting", "rings nobody"] as const) {
  Deno.test(`M3 the explorer finds a participant that ${mistake}`, () => {
    const code: Code = { ...shipped(), mistake };
    assertMatch(breaks(bellModel({ code, waiters: 1, changes: 2 })), STUCK);
  });
}

Deno.test("M3 the explorer finds the lost wake-up of three in a list with a word for a single waiter", () => {
  const fault: Fault = {
    name: "keeps a single waiter in the list's word",
    of: "enlist",
    from: "or(words, list + 1 + (me >> 5), 1 << (me & 31)); or(words, list, 1 << (me >> 5));",
    to: "const only = compareExchange(words, list, 0, me + 1); " +
      "if (only === 0 || only === me + 1) return; or(words, list + 1, 1 << me); " +
      "for(;;){ const now = load(words, list); if (now === -1) return; " +
      "if (now > 0) or(words, list + 1, 1 << now - 1); " +
      "if (compareExchange(words, list, now, -1) === now) return; }",
  };
  const single: Fault = {
    name: "rings a single waiter",
    of: "callUp",
    from: "return load(words, list) === 0 ? 0 : exchange(words, list, 0);",
    to: "const first = exchange(words, list, 0); " +
      "if (first > 0) or(words, list + 1, 1 << first - 1); return first === 0 ? 0 : 1;",
  };
  assertMatch(breaks(bellModel({ code: shipped([fault, single]), waiters: 3, changes: 2 })), STUCK);
});

Deno.test("M3 a fault whose text is not found once is refused", () => {
  const fault: Fault = { name: "is not there", of: "ring", from: "nothing like it", to: "" };
  assertThrows(() => shipped([fault]), Error, 'Cannot seed the fault "is not there"');
});
