/**
 * Models of the doorbells and wait lists alone: a changer counts a word up, waiters wait until it is at
 * its last value, each with a doorbell of its own.
 *
 * @module
 */
import type { Model, Role } from "./model.ts";
import { type Code, Isolate, type Wanted, WORDS } from "./isolates.ts";
import { m, type Steps } from "./local.ts";

/** What a model of wait lists is made of. */
export interface BellScene {
  /** The shipped text, with faults or without. */
  readonly code: Code;
  /** How many isolates wait. */
  readonly waiters: number;
  /** How often the word changes. */
  readonly changes: number;
  /** How many isolates change it; default 1. */
  readonly changers?: number;
  /** Whether a changer can die at any step; its heir makes its changes and rings everybody. */
  readonly kills?: boolean;
  /** Wait as `Park.block` does. */
  readonly blocks?: boolean;
  /** See {@linkcode Model.preemptions}. */
  readonly preemptions?: number;
}

const WORD = 0;
const LIST = 1;
const BELLS = 3;
const CHANGED: Wanted = { list: LIST, bit: 1 };

/** The model of a scene. */
export function bellModel(scene: BellScene): Model {
  const { waiters, changes, changers = 1, kills = false } = scene;
  const roles: Role[] = [];
  for (let slot = 0; slot < waiters; slot++) {
    roles.push({ name: `waiter ${slot}`, code: () => waiter(scene, slot) });
  }
  for (let index = 0; index < changers; index++) {
    const name = `changer ${index}`;
    roles.push({ name, mortal: kills, code: () => changer(scene, waiters + index) });
    if (kills) roles.push({ name: `heir of ${name}`, heirOf: name, code: () => heir(scene) });
  }
  const how = [scene.blocks && "blocking", kills && "1 killed"].filter(Boolean).join(", ");
  return {
    name: `${waiters} waiting, ${changers} changing ${changes} times ${how}`.trim(),
    size: BELLS + waiters,
    roles,
    kills: kills ? 1 : 0,
    preemptions: scene.preemptions,
    maxStates: 8e6,
  };
}

function* waiter(scene: BellScene, slot: number): Steps {
  const { code, changes, changers = 1 } = scene;
  const me = new Isolate(code, BELLS, slot);
  function* look(): Steps<true | undefined> {
    return (yield* m.load(WORDS, WORD)) >= changes * changers ? true : undefined;
  }
  if (scene.blocks) yield* me.block(CHANGED, look);
  else yield* me.until(CHANGED, look);
}

function* changer(scene: BellScene, slot: number): Steps {
  const me = new Isolate(scene.code, BELLS, slot);
  for (let change = 0; change < scene.changes; change++) {
    m.here("change", change);
    yield* m.add(WORDS, WORD, 1);
    yield* me.changed(CHANGED);
  }
}

function* heir({ code, changes, changers = 1, waiters }: BellScene): Steps {
  yield* m.add(WORDS, WORD, changes * changers);
  for (let slot = 0; slot < waiters; slot++) {
    m.here("ring all", slot);
    yield* code.bell.ring(WORDS, BELLS + slot, code.bell.ALL_TOPICS | code.bell.DEATH);
  }
}
