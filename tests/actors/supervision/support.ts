/** What the tests of supervision share. */
import { Queue } from "../../../channels/queue.ts";
import type { AnyRef, Isolation } from "../../../actors/actor.ts";
import type { ChildOptions } from "../../../actors/supervision/options.ts";
import { supervise as superviseTyped } from "../../../actors/supervision/supervise.ts";
import {
  type Child,
  child,
  type ChildCounts,
  type ChildStatus,
} from "../../../actors/supervision/tree.ts";
import type { ExitReason } from "../../../errors.ts";
import { Player, type Role } from "../../fixtures/supervised.ts";
import { awake, troupeTest, turn, until } from "../../support.ts";

// deno-lint-ignore no-explicit-any -- these tests look at what the types would not let through
export type Anything = any;

/** A reference without the types of its messages. */
export interface Loose extends AsyncDisposable {
  readonly id: string;
  readonly tell: Record<string, (...args: unknown[]) => Promise<void>>;
  readonly ask: Record<string, (...args: unknown[]) => Promise<Anything>>;
  readonly stream: Record<string, (...args: unknown[]) => ReadableStream<Anything>>;
  readonly exited: AnyRef["exited"];
  readonly stats: AnyRef["stats"];
  readonly stop: AnyRef["stop"];
  readonly kill: AnyRef["kill"];
}

/** A supervisor without types. */
export interface LooseSupervisor extends AsyncDisposable {
  readonly children: Record<string, Loose>;
  startChild(name: string, child: unknown): Promise<Loose>;
  terminateChild(name: string): Promise<void>;
  restartChild(name: string): Promise<void>;
  deleteChild(name: string): Promise<void>;
  which(): readonly ChildStatus[];
  countChildren(): ChildCounts;
  stop(): Promise<void>;
  readonly exited: Promise<ExitReason>;
}

/** Supervises without types. */
export const supervise = superviseTyped as unknown as (spec: object) => Promise<LooseSupervisor>;

/** Long enough for whatever a test does, however slow the machine is, in milliseconds. */
export const WITHIN = 600_000;

/** No delay before a restart. */
export const AT_ONCE = { min: 0, max: 0 };

/** Makes children, and reads what they noted. */
export class Cast {
  readonly log: Queue<string>;
  readonly isolation: Isolation;
  /** Lets handlers go that hold on. */
  readonly gate = new Queue<string>();
  readonly #plans: Queue<string>[] = [];

  constructor(log: Queue<string>, isolation: Isolation) {
    this.log = log;
    this.isolation = isolation;
  }

  /** A child of that name; `plan` says how its starts go. */
  player(
    name: string,
    options: Partial<ChildOptions<[Role]>> & { plan?: string[]; stopping?: Role["stopping"] } = {},
  ): Child<typeof Player> {
    const { plan: words, stopping, ...rest } = options;
    let plan: Queue<string> | undefined;
    if (words !== undefined) {
      plan = new Queue<string>();
      this.#plans.push(plan);
      for (const word of words) plan.putNowait(word);
    }
    const role: Role = {
      name,
      log: this.log,
      ...(plan && { plan }),
      ...(stopping && { stopping }),
    };
    const start = { isolation: this.isolation, startTimeout: WITHIN };
    return child(Player, { ...start, ...rest, args: [role] } as never);
  }

  /** What was noted since the last look. */
  notes(): string[] {
    const notes: string[] = [];
    while (!this.log.empty()) notes.push(this.log.getNowait());
    return notes;
  }

  /** Waits for a note; gives all up to it. */
  async noted(note: string): Promise<string[]> {
    const notes: string[] = [];
    for (;;) {
      notes.push(await awake(this.log.get(), `the note ${note}`));
      if (notes.at(-1) === note) return notes;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of [this.gate, ...this.#plans]) await queue[Symbol.asyncDispose]();
  }
}

/** The same test for children in workers and in this isolate. */
export function both(name: string, fn: (cast: Cast) => Promise<void>): void {
  for (const isolation of ["inline", "worker"] as const) only(isolation, name, fn);
}

/** A test for children of one isolation. */
export function only(
  isolation: "inline" | "worker",
  name: string,
  fn: (cast: Cast) => Promise<void>,
) {
  troupeTest(`${name} (${isolation})`, async () => {
    await using log = new Queue<string>();
    await using cast = new Cast(log, isolation);
    await fn(cast);
  });
}

/** Crashes a child by its handler and hears the error of it. */
export async function crash(ref: Loose): Promise<void> {
  await ref.ask.boom().catch(() => {});
}

/** Waits until a child has been started again so often, and runs. */
export async function life(sup: LooseSupervisor, name: string, restarts: number): Promise<void> {
  await until(() => {
    const status = sup.which().find((status) => status.name === name);
    return status?.restarts === restarts &&
      (status.state === "ready" || status.state === "running");
  }, `life ${restarts} of ${name}`);
}

/** State by name. */
export function states(sup: LooseSupervisor): Record<string, string> {
  return Object.fromEntries(sup.which().map(({ name, state }) => [name, state]));
}

/** Restarts by name. */
export function lives(sup: LooseSupervisor): Record<string, number> {
  return Object.fromEntries(sup.which().map(({ name, restarts }) => [name, restarts]));
}

export { turn };
