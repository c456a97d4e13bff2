/**
 * Models of a ring: writers and readers, each an isolate of its own, that may die at any step, and
 * their heirs, who clean up and go on.
 *
 * @module
 */
import { isHeldBy } from "../../memory/cells.ts";
import type { End, Model, Role } from "./model.ts";
import { AT, type Code, FRAME, Isolate, ringAt, ROOM, TOPIC, WORDS } from "./isolates.ts";
import { m, type Steps } from "./local.ts";

/** What a model of a ring is made of. */
export interface RingScene {
  /** The shipped text, with faults or without. */
  readonly code: Code;
  /** How many isolates write; `"alone"`: one, without claims. */
  readonly writers: number | "alone";
  /** How many isolates read; `"alone"`: one, without claims. */
  readonly readers: number | "alone";
  /** Frames of each writer; default 1. */
  readonly frames?: number;
  /** Cells of the ring; default 2. */
  readonly cells?: number;
  /** Most frames inside; default: as many as cells. */
  readonly limit?: number;
  /** The only reader takes the latest frame first, as one with priorities may. */
  readonly latestFirst?: boolean;
  /** Each writer gives its first claim up. */
  readonly abandons?: boolean;
  /** A second ring takes over from the first once that is full. */
  readonly grows?: boolean;
  /** Wait as `Park.block` does, with a time limit or without. */
  readonly blocks?: "for ever" | "timed";
  /** How many die; default none. */
  readonly kills?: number;
  /** Who can die; default everybody. */
  readonly mortals?: "writers" | "readers";
  /** Recovery runs while the dead one still does. */
  readonly zombies?: boolean;
  /** What recovery forgets. */
  readonly forgets?: "ringing" | "cells";
  /** Without race detection the search has fewer states to tell apart; default `true`. */
  readonly races?: boolean;
  /** See {@linkcode Model.preemptions}. */
  readonly preemptions?: number;
  /** See {@linkcode Model.maxStates}. */
  readonly maxStates?: number;
}

interface Place {
  readonly scene: RingScene;
  readonly rings: readonly ReturnType<typeof ringAt>[];
  readonly bells: number;
  readonly slots: number;
}

/** A name for people. */
export function titleOf(scene: RingScene): string {
  const { writers, readers, frames = 1, cells = 2, limit, kills = 0 } = scene;
  const parts = [`${writers} writing ${frames}, ${readers} reading, ${cells} cells`];
  if (limit !== undefined) parts.push(`limit ${limit}`);
  if (scene.latestFirst) parts.push("the latest first");
  if (scene.abandons) parts.push("abandoning");
  if (scene.grows) parts.push("growing");
  if (scene.blocks) parts.push(`blocking ${scene.blocks}`);
  if (kills > 0) parts.push(`${kills} killed of ${scene.mortals ?? "all"}`);
  if (scene.zombies) parts.push("zombies");
  if (scene.preemptions !== undefined) parts.push(`at most ${scene.preemptions} preemptions`);
  return parts.join(", ");
}

/** The model of a scene. */
export function ringModel(scene: RingScene): Model {
  const { cells = 2, limit } = scene;
  const rings = [ringAt(0, { cells, limit })];
  if (scene.grows) rings.push(ringAt(1, { cells, limit }));
  const bells = rings.length * (AT.ring + 2 * cells);
  const people = countOf(scene.writers) + countOf(scene.readers);
  const place: Place = { scene, rings, bells, slots: people * (scene.kills ? 2 : 1) };
  const addresses = rings.flatMap((ring) =>
    Array.from({ length: cells }, (_, index) => ring.first + 2 * index)
  );
  const { cellWord, EMPTY } = scene.code.cells;
  return {
    name: titleOf(scene),
    size: bells + place.slots,
    init: Object.fromEntries(
      addresses.map((at, index) => [at, cellWord(index % cells, 0, EMPTY)]),
    ),
    plain: scene.races === false ? undefined : addresses.map((at) => at + 1),
    roles: rolesOf(place, people),
    kills: scene.kills,
    zombies: scene.zombies,
    preemptions: scene.preemptions,
    maxStates: scene.maxStates,
    always: (words) => checkLimit(words, place),
    mayWait: (name, { killed }) =>
      name.startsWith("reader") || name.startsWith("heir of reader") ||
      killed.filter((who) => who.startsWith("reader")).length === countOf(scene.readers) &&
        scene.readers !== "alone",
    final: (end) => checkEnd(end, place),
  };
}

function rolesOf(place: Place, people: number): Role[] {
  const { writers, readers, mortals, kills = 0 } = place.scene;
  const living: Role[] = [];
  const add = (kind: "writer" | "reader", index: number) => {
    const slot = living.length;
    const code = () => kind === "writer" ? writer(place, slot, index) : reader(place, slot);
    const mortal = mortals === undefined || mortals === `${kind}s`;
    living.push({ name: `${kind} ${index}`, code, mortal });
  };
  for (let index = 0; index < countOf(writers); index++) add("writer", index);
  for (let index = 0; index < countOf(readers); index++) add("reader", index);
  if (kills === 0) return living;
  const heirs = living.filter(({ mortal }) => mortal).map(({ name }): Role => {
    const dead = living.findIndex((role) => role.name === name);
    return { name: `heir of ${name}`, heirOf: name, code: () => heir(place, dead, people + dead) };
  });
  return [...living, ...heirs];
}

/** `Ring.claim`, filling, `Ring.commit`, as often as it has frames. */
function* writer(place: Place, slot: number, index: number, resumes = false): Steps {
  const { scene, bells } = place;
  const { frames = 1, abandons } = scene;
  const { cells } = scene.code;
  const me = new Isolate(scene.code, bells, slot);
  if (resumes) me.position = yield* cells.firstUnwritten(WORDS, place.rings[0]);
  for (let frame = resumes ? frames - 1 : 0; frame < frames; frame++) {
    m.here("write", frame, me.alive);
    let cell = yield* wait(place, me, ROOM, () => claim(place, me));
    if (cell === undefined) return m.mark("gave up");
    if (abandons && frame === 0) {
      yield* cells.abandon(WORDS, cell, slot);
      yield* me.changed(FRAME);
      yield* me.changed(ROOM);
      cell = yield* wait(place, me, ROOM, () => claim(place, me));
      if (cell === undefined) return m.mark("gave up");
    }
    const value = 10 * (index + 1) + frame + (resumes ? 5 : 0);
    yield* m.write(cell + 1, value);
    if (scene.writers === "alone") {
      const publish = me.position % 2 === 0 ? cells.commitAlone : cells.fillAlone;
      yield* publish(WORDS, place.rings[0], me.position++);
    } else if (!(yield* cells.commit(WORDS, cell, slot))) return m.mark("refused", value);
    m.mark("sent", value);
    yield* me.changed(FRAME);
  }
}

/** `Ring.take`, reading, `Ring.release`, for ever. */
function* reader(place: Place, slot: number, resumes = false): Steps {
  const { scene, bells, rings } = place;
  const { cells } = scene.code;
  const me = new Isolate(scene.code, bells, slot);
  if (resumes) me.position = yield* cells.firstUnread(WORDS, rings[0]);
  for (;;) {
    m.here("read", me.alive);
    const cell = yield* wait(place, me, FRAME, () => take(place, me));
    if (cell === undefined) return m.mark("gave up");
    m.mark("got", yield* m.read(cell + 1));
    if (scene.latestFirst) {
      yield* cells.emptyAlone(WORDS, rings[0], me.position);
      while (yield* cells.skipGone(WORDS, rings[0]));
    } else if (scene.readers === "alone") {
      const free = me.position % 2 === 0 ? cells.releaseAlone : cells.emptyAlone;
      yield* free(WORDS, rings[0], me.position++);
    } else yield* cells.release(WORDS, rings[me.position], { cell, me: slot });
    yield* me.changed(ROOM);
  }
}

function wait<T>(
  { scene }: Place,
  me: Isolate,
  wanted: typeof ROOM,
  attempt: () => Steps<T | undefined>,
): Steps<T | undefined> {
  if (scene.blocks === undefined) return me.until(wanted, attempt);
  return me.block(wanted, attempt, scene.blocks === "timed");
}

/** How an isolate finds the cell after its last one, and if that is not to be had, any. */
type Among = "claim" | "take";

/** `AmongMany.claim` and `AmongMany.take`, hints being pushed on every second time. */
function* amongMany(ring: Place["rings"][0], me: Isolate, among: Among): Steps<number> {
  const { cells } = me.code;
  const [hint, next] = among === "claim"
    ? [ring.tail, cells.claimNext]
    : [ring.head, cells.takeNext];
  const ticket = me.next;
  let cell = yield* next(WORDS, ring, { ticket, me: me.slot });
  if (cell >= 0) {
    me.next++;
    if (ticket % 2 === 0) yield* cells.pushHint(WORDS, hint, me.next);
    return cell;
  }
  cell = yield* cells[among](WORDS, ring, me.slot);
  if (cell >= 0) me.next = yield* cells.ticketAfter(WORDS, hint, cell);
  return cell;
}

/** `Ring.claim`, and `Chain.claim` where the ring grows. */
function* claim({ scene, rings }: Place, me: Isolate): Steps<number | undefined> {
  const { cells } = me.code;
  if (scene.writers === "alone") {
    const cell = yield* cells.claimAlone(WORDS, rings[0], me.position);
    return cell === cells.NONE ? undefined : cell;
  }
  for (;;) {
    const cell = yield* amongMany(rings[me.position], me, "claim");
    if (cell >= 0) return cell;
    if (me.position + 1 === rings.length) return undefined;
    if (cell === cells.NONE) yield* m.store(WORDS, rings[me.position].sealing, 1);
    me.position++;
    me.next = -1;
  }
}

/** `Ring.take`, and `Chain.take` where the ring grows. */
function* take({ scene, rings }: Place, me: Isolate): Steps<number | undefined> {
  const { cells } = me.code;
  if (scene.latestFirst) return yield* takeLatest(rings[0], me);
  if (scene.readers !== "alone") {
    for (;;) {
      const cell = yield* amongMany(rings[me.position], me, "take");
      if (cell !== cells.SEALED) return cell === cells.NONE ? undefined : cell;
      me.position++;
      me.next = -1;
    }
  }
  for (;;) {
    const cell = yield* cells.takeAlone(WORDS, rings[0], me.position);
    if (cell !== cells.SKIP) return cell === cells.NONE ? undefined : cell;
    me.position++;
    yield* me.changed(ROOM);
  }
}

/** `Turns.take`, where each frame has a higher priority than those before it. */
function* takeLatest(ring: Place["rings"][0], me: Isolate): Steps<number | undefined> {
  const { cells } = me.code;
  let found: number | undefined;
  for (let ticket = yield* cells.firstUnread(WORDS, ring);; ticket++) {
    const cell = yield* cells.takeAlone(WORDS, ring, ticket);
    if (cell === cells.NONE) return found;
    if (cell === cells.SKIP) continue;
    found = cell;
    me.position = ticket;
  }
}

/** `recoverRing`, then everybody is rung; the heir of an only reader or writer goes on in its place. */
function* heir(place: Place, dead: number, slot: number): Steps {
  const { scene, rings, bells } = place;
  const { cells, bell } = scene.code;
  for (const ring of scene.forgets === "cells" ? [] : rings) {
    for (let index = 0; index <= ring.mask; index++) {
      const cell = ring.first + (index << ring.shift);
      m.here("recover", cell);
      const seen = yield* m.load(WORDS, cell);
      if (!cells.isHeldBy(seen, dead)) continue;
      if ((seen & 7) === cells.TAKEN) m.mark("recovered", yield* m.read(cell + 1));
      yield* cells.recoverCell(WORDS, ring, { cell, me: dead });
    }
  }
  for (let other = 0; other < place.slots && scene.forgets !== "ringing"; other++) {
    m.here("ring all", other);
    yield* bell.ring(WORDS, bells + other, TOPIC.readers | TOPIC.writers);
  }
  m.here("heir");
  const isWriter = dead < countOf(scene.writers);
  if (isWriter && scene.writers === "alone") yield* writer(place, slot, 0, true);
  if (!isWriter && scene.readers === "alone") yield* reader(place, slot, true);
}

/** Cells I5. */
function checkLimit(words: Int32Array, { scene, rings }: Place): void {
  const { CLAIM, FULL } = scene.code.cells;
  for (const ring of rings) {
    let inside = 0;
    for (let index = 0; index <= ring.mask; index++) {
      const kind = words[ring.first + (index << ring.shift)] & 7;
      if (kind === CLAIM || kind === FULL) inside++;
    }
    if (inside > ring.limit) throw new Error(`cells I5: ${inside} inside, limit ${ring.limit}`);
  }
}

/** Cells I2, I3, I4, I6: nothing lost, nothing twice, nothing that was not sent, order kept. */
function checkEnd(end: End, place: Place): void {
  const { scene } = place;
  const names = rolesOf(place, countOf(scene.writers) + countOf(scene.readers)).map(({ name }) =>
    name
  );
  const said = (label: string, of = names) =>
    of.flatMap((name) => end.said(name).filter((mark) => mark.label === label))
      .map(({ value }) => value);
  const [sent, got, recovered] = [said("sent"), said("got"), said("recovered")];
  const mayBeSent = end.killed.some((name) => name.startsWith("writer"));
  for (const value of [...got, ...recovered]) {
    if (value === 0 || (!mayBeSent && !sent.includes(value))) throw new Error(`garbage: ${value}`);
  }
  const twice = got.filter((value, index) => got.indexOf(value) !== index);
  const again = scene.readers === "alone" ? said("got", [...end.killed]).at(-1) : undefined;
  const dup = twice.filter((value) => value !== again);
  if (dup.length > 0) throw new Error(`cells I3: ${dup} received twice`);
  const alive = names.some((name) => name.includes("reader") && end.asleep.includes(name));
  const lost = sent.filter((value) => !got.includes(value) && !recovered.includes(value));
  if (alive && lost.length > 0) throw new Error(`lost: ${lost}`);
  for (const name of scene.latestFirst ? [] : names) {
    const order = said("got", [name]);
    for (let writer = 1; writer <= countOf(scene.writers); writer++) {
      const mine = order.filter((value) => Math.floor(value / 10) === writer);
      if (mine.some((value, index) => index > 0 && value < mine[index - 1])) {
        throw new Error(`cells I4: ${name} got ${mine}`);
      }
    }
  }
  checkRecovered(end, place);
}

/** Cells I6. */
function checkRecovered(end: End, { scene, rings }: Place): void {
  if (scene.zombies) return;
  for (const { first, mask, shift } of rings) {
    for (let slot = 0; slot < countOf(scene.writers) + countOf(scene.readers); slot++) {
      for (let index = 0; index <= mask; index++) {
        if (isHeldBy(end.words[first + (index << shift)], slot)) {
          throw new Error(`cells I6: cell ${index} still names slot ${slot}`);
        }
      }
    }
  }
}

function countOf(people: number | "alone"): number {
  return people === "alone" ? 1 : people;
}
