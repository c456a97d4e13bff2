/**
 * A tree of actors under load while its members die at random. What must come of it: no promise hangs,
 * no message that was accepted is lost but the one in hand of each death, none is handled twice, and
 * the tree is whole.
 *
 * @module
 */
import { Queue } from "../../channels/queue.ts";
import { ExitError } from "../../errors.ts";
import { supervise } from "../../actors/supervision/supervise.ts";
import { child, tree } from "../../actors/supervision/tree.ts";
import { Victim } from "../fixtures/chaos.ts";
import { Progress } from "../patience.ts";

/** Size of a run. */
export interface Chaos {
  /** Actors that run in this isolate. */
  readonly inline: number;
  /** Actors in workers. */
  readonly workers: number;
  /** Messages, half asked and half told. */
  readonly messages: number;
  /** Deaths. */
  readonly kills: number;
  /** Of the random numbers. */
  readonly seed: number;
}

/** What came of it. */
export interface Report {
  /** Asks that were answered. */
  readonly answered: number;
  /** Asks whose message was in hand at a death. */
  readonly failed: number;
  /** Asks that failed in any other way. */
  readonly unexpected: unknown[];
  /** Promises that did not settle. */
  readonly hung: number;
  /** Answered or told messages that were not handled, beyond one for each death. */
  readonly lost: number;
  /** Told messages that were in hand at a death. */
  readonly inHand: number;
  /** Messages handled twice. */
  readonly duplicates: number;
  /** Actors that do not run at the end. */
  readonly missing: number;
  /** Restarts in the tree. */
  readonly restarts: number;
  /** Milliseconds. */
  readonly took: number;
}

/** Most messages on their way. */
const WINDOW = 256;

/** Numbers from 0 to 1, the same for the same seed (Mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Runs it. */
export async function chaos({ inline, workers, messages, kills, seed }: Chaos): Promise<Report> {
  const began = performance.now();
  const random = randomOf(seed);
  await using seen = new Queue<number>();
  const restart = { maxRestarts: 1e9, backoff: { min: 0, max: 0 } };
  const make = (isolation: "inline" | "worker", count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [
        `${isolation}${n}`,
        child(Victim, { isolation, args: [seen] }),
      ]),
    );
  const top = await supervise({
    strategy: "rest_for_one",
    restart,
    children: {
      near: tree({ restart, children: make("inline", inline) }),
      far: tree({ restart, children: make("worker", workers) }),
    },
  });
  const { near, far } = top.children;
  const refs = [...Object.values(near.children), ...Object.values(far.children)];
  const isFar = (index: number) => index >= inline;

  const handled = new Map<number, number>();
  const counting = (async () => {
    for (let n = await seen.get(); n !== -1; n = await seen.get()) {
      handled.set(n, (handled.get(n) ?? 0) + 1);
    }
  })();

  const deaths = new Map<number, number>();
  const die = (index: number) => {
    const ref = refs[index];
    deaths.set(index, (deaths.get(index) ?? 0) + 1);
    const way = Math.floor(random() * (isFar(index) ? 5 : 2));
    if (way === 0) ref.kill();
    else if (way === 1) return ref.ask.boom();
    else if (way === 2) return ref.ask.exit();
    else if (way === 3) return ref.tell.reject();
    else {
      return new Promise<void>((resolve) => {
        const asked = ref.ask.loop(100).catch(() => {});
        setTimeout(() => (ref.kill(), resolve(asked as Promise<void>)), 20);
      });
    }
  };

  let answered = 0, failed = 0;
  const unexpected: unknown[] = [];
  const told: { readonly n: number; readonly index: number }[] = [];
  const answers = new Set<number>();
  const open = new Set<Promise<unknown>>();
  const progress = new Progress();
  const watch = (promise: Promise<unknown>) => {
    const settled = promise.finally(() => {
      progress.made();
      open.delete(settled);
    });
    open.add(settled);
  };
  // Those that stay open when nothing happens any more are hung.
  let hung = 0;
  const stuck = progress.stopped.then(() => void (hung = open.size));
  const untilFewerThan = async (count: number) => {
    while (open.size >= count && hung === 0) await Promise.race([...open, stuck]);
  };
  const every = Math.floor(messages / kills);
  for (let n = 0; n < messages; n++) {
    const index = Math.floor(random() * refs.length);
    if (n % every === every - 1) watch((die(index) ?? Promise.resolve()).catch(() => {}));
    if (random() < 0.5) {
      watch(
        refs[index].ask.note(n).then(
          () => (answered++, void answers.add(n)),
          (error) =>
            error instanceof ExitError && error.maybeExecuted ? failed++ : unexpected.push(error),
        ),
      );
    } else {
      watch(
        refs[index].tell.note(n).then(
          () => void told.push({ n, index }),
          (error) => unexpected.push(error),
        ),
      );
    }
    await untilFewerThan(WINDOW);
  }
  await untilFewerThan(1);
  progress.end();
  // What was told is behind nothing but itself: an answered ask means that it was handled.
  for (const ref of refs) {
    for (;;) {
      const error = await ref.ask.note(-2).catch((error) => error);
      if (error === -2) break;
    }
  }
  const states = [...near.which(), ...far.which()];
  const restarts = states.reduce((sum, { restarts }) => sum + restarts, 0);
  const missing = states.filter(({ state }) => state !== "ready" && state !== "running").length;
  await top.stop();
  await seen.put(-1);
  await counting;
  handled.delete(-2);
  const unhandled = new Map<number, number>();
  for (const { n, index } of told) {
    if (!handled.has(n)) unhandled.set(index, (unhandled.get(index) ?? 0) + 1);
  }
  let lost = [...answers].filter((n) => !handled.has(n)).length;
  let inHand = 0;
  for (const [index, count] of unhandled) {
    const allowed = Math.min(count, deaths.get(index) ?? 0);
    inHand += allowed;
    lost += count - allowed;
  }
  const duplicates = [...handled.values()].filter((count) => count > 1).length;
  const took = Math.round(performance.now() - began);
  return { answered, failed, unexpected, hung, lost, inHand, duplicates, missing, restarts, took };
}
