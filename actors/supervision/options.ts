// Runs in: any isolate
/**
 * How supervisors and their children are described, and what is assumed where they say nothing.
 *
 * @module
 */
import type { ActorArgs, AnyActor, RestartPolicy, SpawnOptions } from "../contract.ts";
import type { AutoShutdown, Backoff, RestartType, Rules, Strategy } from "./decide.ts";

/** How long a child may take to end when it is told to. */
export type Shutdown = number | "brutal";

/** What the supervisor of an actor wants to know, besides what `spawn` does. */
export interface ChildRules {
  /**
   * Milliseconds that it may take to end in order, then it is killed; `Infinity` waits for ever,
   * `"brutal"` kills at once. Default 5,000; of a supervisor `Infinity`.
   */
  shutdown?: Shutdown;
  /** Its end may be the supervisor's; see `autoShutdown`. Default `false`. */
  significant?: boolean;
  /** Milliseconds that it may take to start. Default 30,000, in this isolate 5,000. */
  startTimeout?: number;
}

/** Options of a child: those of `spawn`, and what its supervisor wants to know. */
export type ChildOptions<A extends unknown[]> = SpawnOptions<A> & ChildRules;

/** How a child is supervised, with all defaults. */
export interface SeatRules {
  /** Which ends lead to a restart. */
  readonly type: RestartType;
  /** Delays before restarts. */
  readonly backoff: Backoff;
  /** How long it may take to end. */
  readonly shutdown: Shutdown;
  /** Whether its end may be the supervisor's. */
  readonly significant: boolean;
}

const TYPES: readonly RestartType[] = ["permanent", "transient", "temporary"];
const STRATEGIES: readonly Strategy[] = ["one_for_one", "one_for_all", "rest_for_one"];
const SHUTDOWNS: readonly AutoShutdown[] = ["never", "any_significant", "all_significant"];
/** Restarts that are made good, and in how many milliseconds. */
export const DEFAULT_LIMIT = { maxRestarts: 3, within: 5000 } as const;
/** Failures in a row of one child that are made good, whenever they come. */
const MAX_STREAK = 5;
const DEFAULT_BACKOFF: Backoff = { min: 100, max: 30_000, factor: 2, jitter: true };
const SHUTDOWN_MS = 5000;

/** The options of a supervisor, besides its children. */
export interface SupervisorOptions {
  /** For people, and in the ids of its children. Default: made up. */
  name?: string;
  /** Which children are started again after one failed. Default `one_for_one`. */
  strategy?: Strategy;
  /** Its limit, and delays for its children. Default: 3 restarts in 5 seconds. */
  restart?: RestartPolicy;
  /** Whether the end of significant children ends it too. Default `never`. */
  autoShutdown?: AutoShutdown;
}

/** The rules of a supervisor. @throws TypeError, RangeError for options that are none */
export function rulesOf(options: SupervisorOptions): Rules {
  const { strategy = "one_for_one", autoShutdown = "never", restart = {} } = options;
  oneOf("strategy", strategy, STRATEGIES);
  oneOf("autoShutdown", autoShutdown, SHUTDOWNS);
  checkPolicy(restart);
  const { maxRestarts = DEFAULT_LIMIT.maxRestarts, within = DEFAULT_LIMIT.within } = restart;
  return {
    strategy,
    autoShutdown,
    maxRestarts,
    within,
    maxStreak: Math.max(MAX_STREAK, maxRestarts),
  };
}

/** The rules for a child. @throws TypeError, RangeError for options that are none */
export function seatRulesOf(
  { restart = {}, ...rules }: ChildRules & { restart?: RestartPolicy },
  parent: RestartPolicy = {},
): SeatRules {
  checkPolicy(restart);
  const { shutdown = SHUTDOWN_MS, significant = false } = rules;
  const { type = "permanent" } = restart;
  if (shutdown !== "brutal") atLeast("shutdown", shutdown, 0);
  if (typeof significant !== "boolean") {
    throw new TypeError("Cannot supervise: significant is neither true nor false");
  }
  if (significant && type === "permanent") {
    throw new TypeError("Cannot supervise: a permanent child never ends, so it is not significant");
  }
  if (rules.startTimeout !== undefined) atLeast("startTimeout", rules.startTimeout, 0);
  const backoff = { ...DEFAULT_BACKOFF, ...parent.backoff, ...restart.backoff };
  return { type, shutdown, significant, backoff };
}

/** @throws TypeError, RangeError for what is no policy */
export function checkPolicy(policy: RestartPolicy): void {
  if (typeof policy !== "object" || policy === null) {
    throw new TypeError("Cannot supervise: restart is no object");
  }
  const { type, maxRestarts, within, backoff } = policy;
  if (type !== undefined) oneOf("restart.type", type, TYPES);
  if (maxRestarts !== undefined) atLeast("restart.maxRestarts", maxRestarts, 0);
  if (within !== undefined) atLeast("restart.within", within, Number.MIN_VALUE);
  if (backoff === undefined) return;
  const { min, max, factor = 2 } = backoff;
  atLeast("restart.backoff.min", min, 0);
  atLeast("restart.backoff.max", max, min);
  atLeast("restart.backoff.factor", factor, 1);
}

/** @throws TypeError for keys that nobody knows: a misspelt option would go unnoticed */
export function onlyKeys(what: string, given: object, known: readonly string[]): void {
  const odd = Object.keys(given).find((key) => !known.includes(key));
  if (odd === undefined) return;
  throw new TypeError(`Cannot supervise: ${what} has no option "${odd}"`);
}

function oneOf(name: string, value: unknown, values: readonly unknown[]): void {
  if (values.includes(value)) return;
  throw new TypeError(
    `Cannot supervise: ${name} "${value}" is none of ${values.join(", ")}`,
  );
}

function atLeast(name: string, value: unknown, least: number): void {
  if (typeof value === "number" && value >= least) return;
  const bound = least === Number.MIN_VALUE ? "more than 0" : `at least ${least}`;
  throw new RangeError(`Cannot supervise: ${name} is ${value}, it must be ${bound}`);
}

/** The options of an actor, whatever it takes. */
export type AnyChildOptions = ChildOptions<unknown[]>;
/** The options of a child that runs `D`. */
export type ChildOptionsOf<D extends AnyActor> = ChildOptions<ActorArgs<D>>;
