/**
 * Models of locks, semaphores, conditions, events and barriers: the shipped text of `memory/locks/` in
 * steps, with the doorbells of `memory/bell.ts`. Participants are isolates of their own, may die at any
 * step, and have heirs who recover what they left and ring everybody.
 *
 * @module
 */
import * as bell from "../../memory/bell.ts";
import * as barriers from "../../memory/locks/barrier_word.ts";
import * as calls from "../../memory/locks/calls.ts";
import * as events from "../../memory/locks/event_word.ts";
import * as locks from "../../memory/locks/lock_word.ts";
import * as permits from "../../memory/locks/permits.ts";
import * as places from "../../memory/locks/places.ts";
import { WORDS } from "./isolates.ts";
import { m, type Steps, TIMED_OUT } from "./local.ts";
import type { End, Model, Role } from "./model.ts";
import { type Fault, raise, type Raised } from "./raise.ts";

const shipped = { ...bell, ...places, ...locks, ...permits, ...calls, ...events, ...barriers };
type Pure =
  | "placesAt"
  | "ownedBy"
  | "moverOf"
  | "freeAt"
  | "recordOf"
  | "noteOf"
  | "isNamed"
  | "wordAfter";
/** The shipped text in steps. */
export type LockCode = Raised<typeof shipped, Pure>;

/** Raises the shipped text, with faults or without. */
export function lockCode(faults: readonly Fault[] = []): LockCode {
  return raise<typeof shipped, Pure>(shipped, faults);
}

/** What is modelled. */
export interface LockScene {
  /** What. */
  readonly what: "lock" | "semaphore" | "condition" | "event" | "barrier";
  /** How many isolates take part. */
  readonly people: number;
  /** How often each does its thing; default 1. */
  readonly rounds?: number;
  /** Permits of a semaphore; default 1. */
  readonly value?: number;
  /** Waits can run out of time. */
  readonly timed?: boolean;
  /** One of the people may die at any step. */
  readonly kills?: boolean;
  /** See {@linkcode Model.preemptions}. */
  readonly preemptions?: number;
}

/** A name for people. */
export function titleOf({ what, people, rounds = 1, value = 1, ...rest }: LockScene): string {
  const parts = [`${what}, ${people} isolates, ${rounds} rounds`];
  if (what === "semaphore") parts.push(`${value} permits`);
  if (rest.timed) parts.push("time-outs");
  if (rest.kills) parts.push("1 killed");
  if (rest.preemptions !== undefined) parts.push(`at most ${rest.preemptions} preemptions`);
  return parts.join(", ");
}

const WORD = 0;
const PLAIN = 1;
const CALLS = 2;
const STATE = 3;
const LINE = { next: 4, width: 5, groups: 6, tickets: 8 };
const CALL_LINE = { next: 12, width: 13, groups: 14, tickets: 16 };
const RECORDS = 20;
const NOTES = 24;
const FREE = 28;
const BELLS = 36;
const LOCK: locks.LockWords = { word: WORD, line: LINE };
const CONDITION: calls.Calls = { calls: CALLS, counts: RECORDS, line: CALL_LINE };
const MOST_PEOPLE = 4;

interface Scene extends LockScene {
  readonly code: LockCode;
  readonly rounds: number;
  readonly value: number;
  readonly sem: permits.Permits;
  readonly barrier: barriers.BarrierWords;
}

/** The model of a scene. */
export function lockModel(code: LockCode, options: LockScene): Model {
  const { what, people, kills = false, rounds = 1, value = 1 } = options;
  const scene: Scene = {
    ...options,
    code,
    rounds,
    value,
    sem: { word: WORD, free: FREE, records: RECORDS, notes: NOTES, bound: value, line: LINE },
    barrier: { word: WORD, inside: RECORDS, width: STATE, parties: people },
  };
  const roles: Role[] = [];
  for (let slot = 0; slot < people; slot++) {
    const name = `isolate ${slot}`;
    roles.push({ name, mortal: kills, code: () => PLAYS[what](scene, slot) });
    if (kills) roles.push({ name: `heir of ${name}`, heirOf: name, code: () => heir(scene, slot) });
  }
  const init: Record<number, number> = { [LINE.width]: 1, [CALL_LINE.width]: 1 };
  if (what === "semaphore") init[FREE] = value;
  if (what === "barrier") init[STATE] = people;
  return {
    name: titleOf(options),
    size: BELLS + MOST_PEOPLE,
    init,
    roles,
    plain: what === "lock" || (what === "semaphore" && value === 1) ? [PLAIN] : undefined,
    kills: kills ? 1 : 0,
    preemptions: options.preemptions,
    maxStates: 8e6,
    mayWait: MAY_WAIT[what],
    final: (end) => CHECKS[what](end, scene),
  };
}

const PLAYS: Record<LockScene["what"], (scene: Scene, slot: number) => Steps> = {
  lock: function* (scene, slot) {
    for (let round = 0; round < scene.rounds; round++) {
      m.here("round", round);
      const got = yield* acquire(scene, slot, scene.timed);
      if (got === undefined) continue;
      if (got === locks.LOCK_ABANDONED) m.mark("abandoned");
      yield* count();
      yield* release(scene, slot);
    }
  },
  semaphore: function* (scene, slot) {
    const { code, sem, value } = scene;
    for (let round = 0; round < scene.rounds; round++) {
      m.here("round", round);
      const take = () => code.permitInTurn(WORDS, sem, slot);
      let got = yield* code.tryPermit(WORDS, sem, slot);
      if (got === permits.REFUSED) got = yield* inTurn(scene, slot, take);
      if (got === permits.REFUSED) continue;
      if (value === 1) yield* count();
      m.here("inside", round);
      yield* code.givePermit(WORDS, sem, slot);
      yield* passOn(scene);
    }
  },
  condition: function* (scene, slot) {
    const { code, people } = scene;
    yield* acquire(scene, slot);
    if (slot === people - 1) {
      yield* m.store(WORDS, STATE, 1);
      yield* code.callWaiters(WORDS, CONDITION, people);
      yield* ringNext(scene, yield* code.nextCalled(WORDS, CONDITION));
      return yield* release(scene, slot);
    }
    while ((yield* m.load(WORDS, STATE)) === 0) {
      m.here("wait");
      yield* code.trimCalls(WORDS, CONDITION);
      const ticket = yield* code.draw(WORDS, CALL_LINE);
      yield* m.store(WORDS, RECORDS + slot, 1);
      yield* code.announce(WORDS, CALL_LINE, { slot, ticket });
      yield* release(scene, slot);
      const end = yield* untilTrue(scene, slot, () => code.isCalled(WORDS, CONDITION, slot));
      m.here("waited", end);
      yield* acquire(scene, slot);
      const wasCalled = yield* code.isCalled(WORDS, CONDITION, slot);
      yield* m.store(WORDS, RECORDS + slot, 0);
      yield* code.withdraw(WORDS, CALL_LINE, slot);
      if (wasCalled) yield* code.takeCall(WORDS, CONDITION);
      else yield* code.trimCalls(WORDS, CONDITION);
      yield* ringNext(scene, yield* code.nextCalled(WORDS, CONDITION));
      if (wasCalled) m.mark("called");
      if (!end) break;
    }
    m.here("leave");
    yield* release(scene, slot);
  },
  event: function* (scene, slot) {
    const { code, people, rounds } = scene;
    if (slot === people - 1) {
      for (let round = 0; round < rounds; round++) {
        m.here("set", round);
        yield* m.add(WORDS, STATE, 1);
        if (yield* code.setEvent(WORDS, WORD)) yield* ringAll(scene);
        yield* code.clearEvent(WORDS, WORD);
      }
      return;
    }
    const seen = yield* m.load(WORDS, WORD);
    m.mark("came", yield* m.load(WORDS, STATE));
    yield* untilTrue(scene, slot, () => code.hasHappened(WORDS, WORD, seen));
  },
  barrier: function* (scene, slot) {
    const { code, barrier, rounds } = scene;
    for (let round = 0; round < rounds; round++) {
      m.here("round", round);
      let place: number = barriers.NOT_YET;
      yield* untilTrue(scene, slot, function* () {
        do {
          place = yield* code.arrive(WORDS, barrier, { me: slot, last: barriers.PASSING });
          if (place === barriers.AGAIN) yield* ringAll(scene);
        } while (place === barriers.AGAIN);
        return place !== barriers.NOT_YET;
      }, () => place);
      if (place === barriers.IS_BROKEN) return m.mark("broken");
      m.mark("place", place);
      m.here("inside", round);
      yield* ringAll(scene);
      const isOver = function* () {
        const phase = (yield* m.load(WORDS, WORD)) & 7;
        return phase !== barriers.FILLING && phase !== barriers.ACTING;
      };
      yield* untilTrue(scene, slot, isOver);
      const phase = yield* code.breakRound(WORDS, barrier);
      yield* code.goOut(WORDS, barrier, slot);
      m.mark(phase === barriers.PASSING ? "passed" : "broken");
      m.here("out", round, phase);
      yield* ringAll(scene);
      if (phase !== barriers.PASSING) return;
    }
  },
};

/** Adds to a plain word: a race when two are inside. */
function* count(): Steps {
  yield* m.write(PLAIN, (yield* m.read(PLAIN)) + 1);
}

/** `Turns.until` of a lock; `undefined` when the time was up. */
function* acquire(scene: Scene, slot: number, timed = false): Steps<number | undefined> {
  const { code } = scene;
  let got = yield* code.tryLock(WORDS, LOCK, slot);
  if (got !== locks.BUSY) m.mark("in");
  else got = yield* inTurn({ ...scene, timed }, slot, () => code.lockInTurn(WORDS, LOCK, slot));
  return got === locks.BUSY ? undefined : got;
}

function* release(scene: Scene, slot: number): Steps {
  if (yield* scene.code.unlockOwn(WORDS, LOCK, slot)) m.mark("out");
  yield* passOn(scene);
}

/** Draws a ticket, waits for its turn, leaves the line. */
function inTurn(scene: Scene, slot: number, take: () => Steps<number>): Steps<number> {
  return m.frame(
    "inTurn",
    function* (): Steps<number> {
      const { code } = scene;
      const ticket = yield* code.draw(WORDS, LINE);
      yield* code.announce(WORDS, LINE, { slot, ticket });
      let got = -1;
      const attempt = function* () {
        got = yield* take();
        if (got !== -1) m.mark("in");
        return got !== -1;
      };
      yield* untilTrue(scene, slot, attempt, () => got);
      yield* code.withdraw(WORDS, LINE, slot);
      yield* passOn(scene);
      return got;
    }(),
  );
}

/** `Park.block`: looks, sleeps on its doorbell; `false` when the time was up. */
function untilTrue(
  { code, timed = false }: Scene,
  slot: number,
  attempt: () => Steps<boolean>,
  alive: () => unknown = () => "",
): Steps<boolean> {
  return m.frame(
    "untilTrue",
    function* (): Steps<boolean> {
      for (let late = false;;) {
        m.here("look", late, alive());
        if (yield* m.frame("attempt", attempt(), alive)) return true;
        if (late) return false;
        const silent = yield* code.lieDown(WORDS, BELLS + slot);
        if (silent) {
          late = (yield* m.wait(WORDS, BELLS + slot, bell.ASLEEP, timed)) === TIMED_OUT;
        }
        yield* code.answer(WORDS, BELLS + slot);
      }
    }(),
    alive,
  );
}

/** `Turns.passOn`. */
function* passOn(scene: Scene): Steps {
  const { code, what, sem } = scene;
  const next = what === "semaphore"
    ? yield* code.nextHolder(WORDS, sem)
    : yield* code.nextOwner(WORDS, LOCK);
  yield* ringNext(scene, next);
}

function* ringNext({ code }: Scene, next: number): Steps {
  if (next !== places.NOBODY) yield* code.ring(WORDS, BELLS + next, 1);
}

/** `Park.changed`, for all. */
function ringAll({ code, people }: Scene): Steps {
  return m.frame(
    "ringAll",
    function* (): Steps {
      for (let slot = 0; slot < people; slot++) {
        m.here("ring", slot);
        yield* code.ring(WORDS, BELLS + slot, 1);
      }
    }(),
  );
}

/** The sweep. */
function* heir(scene: Scene, dead: number): Steps {
  const { code, what, people, sem, barrier } = scene;
  if (what === "lock" || what === "condition") yield* code.recoverLock(WORDS, LOCK, dead);
  if (what === "semaphore") yield* code.recoverPermits(WORDS, sem, dead);
  if (what === "condition") yield* code.recoverCalls(WORDS, CONDITION, dead);
  if (what === "barrier") yield* code.recoverBarrier(WORDS, barrier, dead);
  m.here("recovered");
  yield* ringAll(scene);
  m.here("rung");
  if (dead !== people - 1) return;
  if (what === "condition" || what === "event") yield* PLAYS[what](scene, dead);
}

/** Who came after the last set began may wait for ever, and who waits where none of the dead is counted. */
const MAY_WAIT: Partial<Record<LockScene["what"], (name: string, end: End) => boolean>> = {
  event: (name, end) =>
    end.said(name).some(({ label, value }) => label === "came" && value >= end.words[STATE]),
  barrier: (_, { killed, asleep, words }) =>
    killed.length > 0 && (words[WORD] & 7) === barriers.FILLING &&
    words[WORD] >> 3 === asleep.length,
};

const CHECKS: Record<LockScene["what"], (end: End, scene: Scene) => void> = {
  lock(end, scene) {
    checkLine(end);
    const { people, rounds } = scene;
    const left = end.words[WORD];
    const said = (label: string) => countOf(end, scene, label);
    const died = said("in") - said("out");
    const told = said("abandoned") + (left === locks.LOCK_ABANDONED ? 1 : 0);
    if (left >> 1 !== 0) throw new Error("lock I1: owned at the end");
    if (died !== told) throw new Error(`lock I4: ${died} died holding, ${told} were told`);
    const all = people * rounds;
    if (end.killed.length > 0 || scene.timed) return;
    if (end.words[PLAIN] !== all) throw new Error(`lost: ${end.words[PLAIN]} of ${all}`);
  },
  semaphore(end, { value, sem }) {
    checkLine(end);
    const free = end.words[permits.freeAt(sem, end.words[WORD])];
    const records = end.words.subarray(RECORDS, RECORDS + MOST_PEOPLE);
    if (records.some((record) => record >>> 12 !== 0 || (record & 3) !== permits.STILL)) {
      throw new Error("permits I4: taken at the end");
    }
    if (free !== value) throw new Error(`permits I1: ${free} of ${value} are free at the end`);
  },
  condition(end) {
    checkLine(end);
    if (end.words[WORD] >> 1 !== 0) throw new Error("lock I1: owned at the end");
    if (end.killed.length === 0 && end.words[CALLS] !== 0) throw new Error("calls I1: left over");
    if (end.words[CALL_LINE.groups] !== 0) throw new Error("calls: in line at the end");
  },
  event() {},
  barrier(end, { people, rounds }) {
    for (let slot = 0; slot < people; slot++) {
      const name = `isolate ${slot}`;
      const mayBeInside = end.asleep.includes(name);
      if (end.words[RECORDS + slot] !== 0 && !mayBeInside) throw new Error("barrier I4: inside");
    }
    if (end.killed.length > 0) return;
    for (let round = 0; round < rounds; round++) {
      const places = new Set<number>();
      for (let slot = 0; slot < people; slot++) {
        const said = end.said(`isolate ${slot}`);
        if (said.some(({ label }) => label === "broken")) throw new Error("barrier: broken");
        places.add(said.filter(({ label }) => label === "place")[round].value);
      }
      if (places.size !== people) throw new Error("barrier I3: a place twice");
    }
  },
};

function checkLine(end: End): void {
  if (end.words[LINE.groups] !== 0) throw new Error("places I4: in line at the end");
}

function countOf(end: End, { people }: Scene, label: string): number {
  let count = 0;
  for (let slot = 0; slot < people; slot++) {
    count += end.said(`isolate ${slot}`).filter((mark) => mark.label === label).length;
  }
  return count;
}
