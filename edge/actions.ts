// Runs in: any isolate
/**
 * What the dashboard can do to what it shows.
 *
 * @module
 */
import type { AnyRef } from "../actors/actor.ts";
import type { ObservedSupervisor } from "./contract_observed.ts";
import type { Observatory } from "./observed.ts";

/** Milliseconds that an actor may take to stop before the dashboard says that it has not. */
const STOP_MS = 5_000;

/** Does something to what has a name; gives `false` when there is no such thing. */
type Action = (observed: Observatory, name: string) => Promise<boolean> | boolean;

/** By path: `/<kind>/<name>/<action>`. */
const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  [
    "actors/stop",
    (observed, id) => withActor(observed, id, (ref) => ref.stop({ timeout: STOP_MS })),
  ],
  // Its supervisor starts it again; one that has none is gone.
  ["actors/restart", (observed, id) => withActor(observed, id, (ref) => ref.kill())],
  ["pools/drain", ({ things }, name) => withOne(things.pools.get(name), (pool) => pool.close())],
  [
    "pools/restart",
    ({ things }, name) => withOne(things.pools.get(name), (pool) => pool.killWorkers(1)),
  ],
  ["jobs/cancel", ({ jobs }, id) => [...jobs.values()].some((list) => list.cancel(id))],
  ["letters/drop", (observed, n) => observed.takeLetter(Number(n)) !== undefined],
  ["letters/replay", replay],
]);

/** Carries an action out. @throws what the action throws */
export async function act(
  observed: Observatory,
  { kind, name, action }: { kind: string; name: string; action: string },
): Promise<boolean> {
  const found = ACTIONS.get(`${kind}/${action}`);
  if (found === undefined || !await found(observed, name)) return false;
  observed.log("warn", `dashboard: ${action} ${kind} "${name}"`);
  return true;
}

/** Sends a dead letter again, if its actor is observed and lives. */
async function replay(observed: Observatory, n: string): Promise<boolean> {
  const letter = observed.letters.find((one) => one.n === Number(n));
  const ref = letter && findActor(observed, letter.actor);
  if (!letter || !ref) return false;
  await ref.tell[letter.message.type](letter.message.payload, { timeout: STOP_MS });
  return observed.takeLetter(letter.n) !== undefined;
}

async function withActor(
  observed: Observatory,
  id: string,
  action: (ref: AnyRef) => unknown,
): Promise<boolean> {
  return await withOne(findActor(observed, id), action);
}

async function withOne<T>(one: T | undefined, action: (one: T) => unknown): Promise<boolean> {
  if (one === undefined) return false;
  await action(one);
  return true;
}

/** The actor with an id: on the list itself, or below a supervisor. */
function findActor({ things }: Observatory, id: string): AnyRef | undefined {
  for (const ref of things.actors.values()) if (ref.id === id) return ref;
  for (const supervisor of things.supervisors.values()) {
    const found = findBelow(supervisor, id);
    if (found) return found;
  }
  return undefined;
}

function findBelow(supervisor: ObservedSupervisor, id: string): AnyRef | undefined {
  for (const child of supervisor.which()) {
    const below = supervisor.children[child.name];
    if (typeof below !== "object" || below === null) continue;
    const found = "which" in below
      ? findBelow(below as ObservedSupervisor, id)
      : child.id === id
      ? below as AnyRef
      : undefined;
    if (found) return found;
  }
  return undefined;
}
