// Runs in: any isolate
/**
 * Turns what is observed into snapshots with rates. However many look, it is looked at no more than
 * a few times a second.
 *
 * @module
 */
import type { AnyRef } from "../actors/actor.ts";
import { inspect } from "../actors/inspect.ts";
import { arenaUsage } from "./arena_usage.ts";
import type { JobStatus } from "./contract.ts";
import type { DeadLetter, ObservedSupervisor, Snapshot, TreeNode } from "./contract_observed.ts";
import type { Observatory } from "./observed.ts";
import { shown } from "./shown.ts";

/** Milliseconds for which a snapshot is new enough. */
const FRESH_MS = 200;
/** Jobs, letters and lines in a snapshot. */
const SHOWN = 100;

/** Looks at one {@linkcode Observatory}. */
export class Sampler {
  readonly #observed: Observatory;
  /** Of each counter: its value, when, and its rate. */
  readonly #counters = new Map<string, { value: number; at: number; rate: number }>();
  #last: { at: number; snapshot: Promise<Snapshot> } | undefined;
  readonly #letters = new WeakMap<DeadLetter, DeadLetter>();
  #lag = 0;

  /** Looks at `observed`. */
  constructor(observed: Observatory) {
    this.#observed = observed;
  }

  /** What there is to see now. */
  look(): Promise<Snapshot> {
    const at = performance.now();
    if (this.#last === undefined || at - this.#last.at > FRESH_MS) {
      this.#last = { at, snapshot: this.#look() };
    }
    return this.#last.snapshot;
  }

  async #look(): Promise<Snapshot> {
    const { things, jobs, letters, lines } = this.#observed;
    await this.#measureLag();
    const tree: TreeNode[] = [];
    for (const [name, supervisor] of things.supervisors) {
      tree.push(await this.#branch(name, supervisor));
    }
    for (const [name, ref] of things.actors) tree.push(await this.#leaf(name, ref));
    const pools = [...things.pools].map(([name, pool]) => {
      const stats = pool.stats();
      return { name, ...stats, rate: this.#rate(`pool ${name}`, stats.completed + stats.failed) };
    });
    const calls = this.#calls();
    const all = [...jobs].flatMap(([service, list]) => list.all().map((job) => ({ job, service })));
    return {
      at: Date.now(),
      overview: this.#overview(tree, pools, calls),
      tree,
      pools,
      queues: [...things.queues].map(([name, queue]) => ({ name, size: queue.qsize() })),
      locks: [...things.locks].map(([name, { locked }]) => ({ name, locked })),
      calls,
      jobs: all.sort((a, b) => b.job.startedAt - a.job.startedAt).slice(0, SHOWN).map(shownJob),
      deadLetters: letters.slice(-SHOWN).reverse().map((letter) => this.#letter(letter)),
      log: lines.slice(-SHOWN),
    };
  }

  /** Letters do not change, so each is looked at once. */
  #letter(letter: DeadLetter): DeadLetter {
    const known = this.#letters.get(letter);
    if (known !== undefined) return known;
    const { type, payload } = letter.message;
    const seen = { ...letter, message: { type, payload: shown(payload) } };
    this.#letters.set(letter, seen);
    return seen;
  }

  /** How late a timer of this isolate comes. */
  async #measureLag(): Promise<void> {
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.#lag = Math.max(0, performance.now() - began - 1);
  }

  #overview(
    tree: TreeNode[],
    pools: Snapshot["pools"],
    calls: Snapshot["calls"],
  ): Snapshot["overview"] {
    const actors = leavesOf(tree);
    const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
    const { used, size } = arenaUsage();
    return {
      actors: actors.length,
      rate: sum([...actors, ...pools].map(({ rate }) => rate)),
      requests: sum(calls.map(({ rate }) => rate)),
      p50: Math.max(0, ...actors.map(({ p50 }) => p50)),
      p99: Math.max(0, ...actors.map(({ p99 }) => p99)),
      restarts: sum([...actors, ...pools].map(({ restarts }) => restarts)),
      deadLetters: this.#observed.totals.deadLetters,
      rss: globalThis.Deno?.memoryUsage?.().rss ?? 0,
      arenaUsed: used,
      arenaSize: size,
      lag: this.#lag,
    };
  }

  #calls(): Snapshot["calls"] {
    return [...this.#observed.tallies].flatMap(([service, tally]) =>
      tally.figures().map(({ seconds: _, ...figures }) => ({
        service,
        ...figures,
        rate: this.#rate(`call ${service} ${figures.name}`, figures.count),
      }))
    );
  }

  async #branch(name: string, supervisor: ObservedSupervisor): Promise<TreeNode> {
    const children: TreeNode[] = [];
    for (const { name: below, id, state, restarts } of supervisor.which()) {
      const child = supervisor.children[below];
      const isBranch = typeof child === "object" && child !== null && "which" in child;
      const node = isBranch
        ? await this.#branch(below, child as ObservedSupervisor)
        : await this.#leaf(below, child as AnyRef);
      children.push({ ...node, id, state, restarts });
    }
    return { ...NOTHING, name, id: name, kind: "supervisor", state: "running", children };
  }

  async #leaf(name: string, ref: AnyRef): Promise<TreeNode> {
    const seen = await inspect(ref);
    return { ...NOTHING, ...seen, name, rate: this.#rate(`actor ${ref.id}`, seen.handled) };
  }

  /** How fast a counter grows, a second; smoothed over two looks. */
  #rate(name: string, value: number): number {
    const at = performance.now();
    const last = this.#counters.get(name);
    const seconds = last === undefined ? 0 : (at - last.at) / 1000;
    if (last !== undefined && seconds < FRESH_MS / 2000) return last.rate;
    const now = last === undefined ? 0 : Math.max(0, value - last.value) / seconds;
    const rate = last === undefined ? 0 : Math.round((now * 2 + last.rate) / 3 * 10) / 10;
    this.#counters.set(name, { value, at, rate });
    return rate;
  }
}

const NOTHING: TreeNode = Object.freeze({
  name: "",
  id: "",
  kind: "actor",
  state: "",
  mailbox: 0,
  capacity: 0,
  handled: 0,
  dropped: 0,
  rate: 0,
  restarts: 0,
  p50: 0,
  p99: 0,
  children: [],
});

/** A job without its result, which may be large: whoever has its address gets it there. */
function shownJob({ job, service }: { job: JobStatus; service: string }): Snapshot["jobs"][number] {
  const { result: _, progress, ...rest } = job;
  return { ...rest, ...(progress === undefined ? {} : { progress: shown(progress) }), service };
}

/** The actors of a tree. */
export function leavesOf(tree: readonly TreeNode[]): TreeNode[] {
  return tree.flatMap((node) => node.kind === "actor" ? [node] : leavesOf(node.children));
}
