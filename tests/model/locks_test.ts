import { assertMatch } from "@std/assert";
import { breaks, holds, SOAK } from "./expect.ts";
import { lockCode, lockModel, type LockScene, titleOf } from "./locks.ts";
import type { Fault } from "./raise.ts";

const code = lockCode();

const PEACE: readonly LockScene[] = [
  { what: "lock", people: 2, rounds: 2 },
  { what: "lock", people: 2, rounds: 2, timed: true, preemptions: 2 },
  { what: "lock", people: 3, preemptions: 2 },
  { what: "semaphore", people: 2, rounds: 2, preemptions: 2 },
  { what: "semaphore", people: 2, timed: true, preemptions: 2 },
  { what: "semaphore", people: 3, value: 2, preemptions: 2 },
  { what: "condition", people: 2 },
  { what: "condition", people: 2, timed: true, preemptions: 2 },
  { what: "condition", people: 3, preemptions: 2 },
  { what: "event", people: 2, rounds: 2 },
  { what: "event", people: 3 },
  { what: "barrier", people: 2, rounds: 2, preemptions: 2 },
  { what: "barrier", people: 3, preemptions: 2 },
];
const LARGE_PEACE: readonly LockScene[] = [
  { what: "lock", people: 3, rounds: 2, preemptions: 2 },
  { what: "lock", people: 3, timed: true, preemptions: 2 },
  { what: "semaphore", people: 2, rounds: 2 },
  { what: "semaphore", people: 3, rounds: 2, value: 2, preemptions: 2 },
  { what: "barrier", people: 2, rounds: 3 },
  { what: "barrier", people: 3, rounds: 2, preemptions: 2 },
];
const DEATH: readonly LockScene[] = [
  { what: "lock", people: 2, rounds: 2, kills: true, preemptions: 2 },
  { what: "lock", people: 3, kills: true, preemptions: 1 },
  { what: "semaphore", people: 2, kills: true, preemptions: 2 },
  { what: "semaphore", people: 2, rounds: 2, kills: true, preemptions: 1 },
  { what: "condition", people: 2, kills: true, preemptions: 2 },
  { what: "condition", people: 3, kills: true, preemptions: 0 },
  { what: "event", people: 3, kills: true, preemptions: 2 },
  { what: "barrier", people: 2, rounds: 2, kills: true, preemptions: 2 },
  { what: "barrier", people: 3, kills: true, preemptions: 0 },
];
const LARGE_DEATH: readonly LockScene[] = [
  { what: "condition", people: 3, kills: true, preemptions: 1 },
  { what: "barrier", people: 3, kills: true, preemptions: 1 },
  { what: "lock", people: 3, kills: true, preemptions: 2 },
  { what: "semaphore", people: 2, rounds: 2, kills: true, preemptions: 2 },
  { what: "semaphore", people: 3, value: 2, kills: true, preemptions: 2 },
  { what: "condition", people: 3, kills: true, preemptions: 2 },
  { what: "barrier", people: 3, kills: true, preemptions: 2 },
];

for (const scene of SOAK ? [...PEACE, ...LARGE_PEACE] : PEACE) {
  Deno.test(`M1 locks: nobody waits for ever or meets inside when ${titleOf(scene)}`, () => {
    holds(lockModel(code, scene));
  });
}

for (const scene of SOAK ? [...DEATH, ...LARGE_DEATH] : DEATH) {
  Deno.test(`M2 locks: a death at any step holds nobody up when ${titleOf(scene)}`, () => {
    holds(lockModel(code, scene));
  });
}

/** A fault, a scene that shows it, and how. */
interface LockFault extends Fault {
  readonly scene: LockScene;
  readonly shows: RegExp;
}

const STUCK = /sleeps for ever/;
const NAMED = "isNoted || isNamed(word, dead, record)";

const FAULTS: readonly LockFault[] = [
  {
    name: "takes by store",
    of: "takeLock",
    from: "return compareExchange(words, lock.word, seen, ownedBy(me)) === seen ? seen : BUSY;",
    to: "store(words, lock.word, ownedBy(me)); return seen;",
    scene: { what: "lock", people: 2 },
    shows: /race|lock I|lost/,
  },
  {
    name: "forgets that it was abandoned",
    of: "recoverLock",
    from: "ownedBy(dead), LOCK_ABANDONED",
    to: "ownedBy(dead), LOCK_FREE",
    scene: { what: "lock", people: 2, kills: true },
    shows: /lock I4/,
  },
  {
    name: "leaves the lock to the dead",
    of: "recoverLock",
    from: "compareExchange(words, lock.word, ownedBy(dead), LOCK_ABANDONED);",
    to: "",
    scene: { what: "lock", people: 2, kills: true },
    shows: /sleeps for ever|lock I1/,
  },
  {
    name: "leaves the dead in line",
    of: "forgetPlace",
    from: "withdraw(words, line, dead);",
    to: "",
    scene: { what: "lock", people: 2, kills: true, preemptions: 2 },
    shows: /sleeps for ever|places I4|lock I4/,
  },
  {
    name: "rings nobody",
    of: "nextOwner",
    from: "? firstOf(words, lock.line) : NOBODY",
    to: "? NOBODY : NOBODY",
    scene: { what: "lock", people: 2 },
    shows: STUCK,
  },
  {
    name: "announces a bit without a ticket",
    of: "announce",
    from: "store(words, line.tickets + slot, ticket);",
    to: "",
    scene: { what: "lock", people: 2 },
    shows: STUCK,
  },
  {
    name: "lets who waits be seen too late",
    of: "announce",
    from: "or(words, line.groups + (slot >> 5), 1 << (slot & 31));",
    to: "",
    scene: { what: "lock", people: 2 },
    shows: STUCK,
  },
  {
    name: "takes a permit that is not there",
    of: "makeMove",
    from: "(move.kind === TAKE ? 0 : permits.bound)",
    to: "(move.kind === TAKE ? -1 : permits.bound)",
    scene: { what: "semaphore", people: 2 },
    shows: /race|permits/,
  },
  {
    name: "does not note the last move",
    of: "makeMove",
    from: "noteLast(words, permits, { seen, me: move.me });",
    to: "",
    scene: { what: "semaphore", people: 2, rounds: 2, kills: true, preemptions: 2 },
    shows: /permits|sleeps|race/,
  },
  {
    name: "does not say what it is about to do",
    of: "makeMove",
    from: "store(words, mine, recordOf(count, next >> 10, move.kind));",
    to: "",
    scene: { what: "semaphore", people: 2, kills: true, preemptions: 2 },
    shows: /permits|sleeps/,
  },
  {
    name: "believes that every move happened",
    of: "settleMove",
    from: NAMED,
    to: "true",
    scene: { what: "semaphore", people: 2, kills: true, preemptions: 2 },
    shows: /permits|race/,
  },
  {
    name: "believes that no move happened",
    of: "settleMove",
    from: NAMED,
    to: "false",
    scene: { what: "semaphore", people: 2, kills: true, preemptions: 2 },
    shows: /permits|sleeps/,
  },
  {
    name: "believes notes only",
    of: "settleMove",
    from: NAMED,
    to: "isNoted",
    scene: { what: "semaphore", people: 2, kills: true, preemptions: 2 },
    shows: /permits|sleeps/,
  },
  {
    name: "forgets calls that others wait for",
    of: "takeCall",
    from: "store(words, condition.calls, calls - 1)",
    to: "store(words, condition.calls, 0)",
    scene: { what: "condition", people: 3, preemptions: 2 },
    shows: STUCK,
  },
  {
    name: "rings nobody after a call",
    of: "nextCalled",
    from: "? firstOf(words, condition.line) : NOBODY",
    to: "? NOBODY : NOBODY",
    scene: { what: "condition", people: 2 },
    shows: STUCK,
  },
  {
    name: "calls one at most",
    of: "callWaiters",
    from: "called + count : waiters",
    to: "called + 1 : called + 1",
    scene: { what: "condition", people: 3, preemptions: 2 },
    shows: /sleeps for ever|calls I1/,
  },
  {
    name: "waits for the dead",
    of: "recoverCalls",
    from: "forgetPlace(words, condition.line, dead);",
    to: "",
    scene: { what: "condition", people: 3, kills: true, preemptions: 1 },
    shows: /sleeps for ever|calls/,
  },
  {
    name: "does not count how often it was set",
    of: "setEvent",
    from: "seen + 2 | 1",
    to: "seen | 1",
    scene: { what: "event", people: 2 },
    shows: STUCK,
  },
  {
    name: "looks only whether it is set now",
    of: "hasHappened",
    from: "|| now >> 1 !== seen >> 1",
    to: "",
    scene: { what: "event", people: 2 },
    shows: STUCK,
  },
  {
    name: "begins a round while some are inside",
    of: "refill",
    from: "if (load(words, barrier.inside + slot) !== 0) return false;",
    to: "",
    scene: { what: "barrier", people: 2, rounds: 2, preemptions: 2 },
    shows: /sleeps for ever|barrier/,
  },
  {
    name: "comes before it is counted as inside",
    of: "arrive",
    from: "add(words, barrier.inside + me, 1);",
    to: "",
    scene: { what: "barrier", people: 2, rounds: 2, preemptions: 2 },
    shows: /sleeps for ever|barrier/,
  },
  {
    name: "comes by store",
    of: "arrive",
    from: "compareExchange(words, barrier.word, seen, next) === seen",
    to: "store(words, barrier.word, next) === next",
    scene: { what: "barrier", people: 2, preemptions: 2 },
    shows: /sleeps for ever|barrier/,
  },
  {
    name: "leaves the dead inside",
    of: "recoverBarrier",
    from: "store(words, barrier.inside + dead, 0);",
    to: "",
    scene: { what: "barrier", people: 2, kills: true, preemptions: 2 },
    shows: /sleeps for ever|barrier I4/,
  },
];

for (const { scene, shows, ...fault } of FAULTS) {
  Deno.test(`M3 the explorer finds: ${fault.of}() ${fault.name}`, () => {
    assertMatch(breaks(lockModel(lockCode([fault]), { preemptions: 3, ...scene })), shows);
  });
}
