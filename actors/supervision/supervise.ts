// Runs in: any isolate
/**
 * Supervisors as users hold them.
 *
 * @module
 */
import {
  AlreadyStartedError,
  ClosedError,
  type ExitReason,
  StillRunningError,
} from "../../errors.ts";
import { codeRefOf } from "../code.ts";
import type { ActorState, AnyActor } from "../contract.ts";
import { isInline } from "../isolation.ts";
import { checkSpawn, spawn } from "../spawn.ts";
import { type Station, station } from "../station.ts";
import { ActorMember } from "./actor_member.ts";
import { Branch } from "./branch.ts";
import type { Phase } from "./decide.ts";
import { type AnyChildOptions, onlyKeys, rulesOf, seatRulesOf } from "./options.ts";
import { type Seat, type SeatMaking, SHUTDOWN } from "./seat.ts";
import {
  checkSpec,
  type Child,
  type ChildCounts,
  type ChildRef,
  type Children,
  type ChildStatus,
  isSubtree,
  type Supervisor,
  type SupervisorSpec,
} from "./tree.ts";

const CHILD_KEYS = [
  ...["args", "id", "isolation", "mailbox", "restart", "permissions", "memoryLimitMb", "host"],
  ...["stdout", "stderr", "signal", "shutdown", "significant", "startTimeout"],
];
const STATES: Readonly<Record<Exclude<Phase, "up">, ActorState>> = {
  stopped: "stopped",
  starting: "starting",
  stopping: "stopping",
  down: "restarting",
  waiting: "restarting",
};

let supervisors = 0;

/**
 * Starts a supervisor and its children, and starts children again when they fail. It runs in this
 * isolate and ends with it. After Erlang/OTP's `supervisor`.
 *
 * @param spec Its children, and what is done when one fails.
 * @returns Once all children are up.
 * @throws StartError when a child does not come up; those before it were stopped again
 * @throws TypeError, RangeError when the spec is wrong; then nothing was started
 *
 * @example A counter that is started again
 * ```ts ignore
 * import { child, defineActor, supervise } from "@troupe/troupe";
 *
 * export const Counter = defineActor(import.meta, {
 *   init: (start: number) => ({ n: start }),
 *   on: { add: (state, by: number) => (state.n += by) },
 * });
 *
 * if (import.meta.main) {
 *   await using top = await supervise({ children: { counter: child(Counter, { args: [1] }) } });
 *   top.children.counter.kill();
 *   console.log(await top.children.counter.ask.add(2)); // 3, in its second life
 * }
 * ```
 */
export async function supervise<const C extends Children>(
  spec: SupervisorSpec<C>,
): Promise<Supervisor<C>> {
  const root = new Node(station(), spec);
  const { branch } = root;
  branch.events.ended = (_ending, error) => branch.close(SHUTDOWN, error);
  branch.events.stopWanted = () => branch.stop(Infinity).then(() => branch.close(SHUTDOWN));
  try {
    await branch.start();
  } catch (error) {
    branch.close({ reason: "error", exitCode: 1 });
    throw error;
  }
  return root as unknown as Supervisor<C>;
}

/** The class behind {@linkcode Supervisor}. */
class Node implements Supervisor<Children> {
  readonly branch: Branch;
  readonly exited: Promise<ExitReason>;
  readonly children: Supervisor<Children>["children"];
  readonly #station: Station;
  readonly #spec: SupervisorSpec<Children>;

  /** A supervisor that is not started yet. @throws TypeError, RangeError for a wrong spec */
  constructor(station: Station, spec: SupervisorSpec<Children>, above = "") {
    checkSpec(spec);
    this.#station = station;
    this.#spec = spec;
    const id = above + (spec.name ?? `supervisor-${++supervisors}`);
    const rules = rulesOf(spec);
    const seats = Object.entries(spec.children).map(([name, child]) => this.#make(id, name, child));
    for (const { name, rules: { significant } } of seats) {
      if (!significant || rules.autoShutdown !== "never") continue;
      throw new TypeError(
        `Cannot supervise: child "${name}" is significant, but autoShutdown is never`,
      );
    }
    this.branch = new Branch(id, rules, seats);
    this.exited = this.branch.closed.then((error) => {
      if (error !== undefined) throw error;
      return "shutdown";
    });
    this.exited.catch(() => {});
    this.children = new Proxy({}, {
      get: (_, name) => this.#refTo(name),
      has: (_, name) => this.branch.seats.some((seat) => seat.name === name),
      ownKeys: () => this.branch.seats.map(({ name }) => name),
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    });
  }

  startChild<K extends Child<AnyActor>>(name: string, child: K): Promise<ChildRef<K>> {
    return this.#order(async () => {
      if (this.branch.seats.some((seat) => seat.name === name)) throw this.#taken(name);
      await this.branch.add(this.#make(this.branch.id, name, child));
      return this.#refTo(name) as ChildRef<K>;
    });
  }

  terminateChild(name: string): Promise<void> {
    return this.#order(() => this.branch.dismiss(this.#find(name, "terminate")));
  }

  restartChild(name: string): Promise<void> {
    return this.#order(() => this.branch.startSeat(this.#stopped(name, "restart")));
  }

  deleteChild(name: string): Promise<void> {
    return this.#order(async () => {
      await 0;
      this.branch.remove(this.#stopped(name, "delete"));
    });
  }

  which(): readonly ChildStatus[] {
    return this.branch.seats.map((seat) => {
      const { name, member: { id, isolation }, restarts } = seat;
      return { name, id, state: stateOf(seat), restarts, isolation };
    });
  }

  countChildren(): ChildCounts {
    const { seats } = this.branch;
    const supervisors = seats.filter(({ member }) => member instanceof Branch).length;
    return {
      specs: seats.length,
      active: seats.filter(({ phase }) => phase === "up").length,
      supervisors,
      workers: seats.length - supervisors,
      restarting: seats.filter((seat) => stateOf(seat) === "restarting").length,
    };
  }

  async stop(): Promise<void> {
    this.branch.events.stopWanted();
    await this.branch.closed;
  }

  async drain({ timeout = Infinity }: { timeout?: number } = {}): Promise<void> {
    await this.branch.stop(timeout, "drain");
    await this.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #make(id: string, name: string, child: Child<AnyActor>): SeatMaking {
    if (isSubtree(child)) {
      const node = new Node(this.#station, { name, ...child.spec }, `${id}/`);
      nodes.set(node.branch, node);
      return { name, rules: seatRulesOf(child.options), member: node.branch };
    }
    const options = child.options as AnyChildOptions;
    onlyKeys(`child "${name}"`, options, CHILD_KEYS);
    checkLimits(name, options);
    const { startTimeout, restart, args = [], mailbox, isolation, host } = options;
    checkSpawn(options);
    const inline = isInline(this.#station, isolation);
    const member = new ActorMember(this.#station, {
      code: codeRefOf(child.actor),
      id: options.id ?? `${id}/${name}`,
      args: () => args,
      inline,
      where: options,
      host,
      mailbox,
      startTimeout: startTimeout ?? (inline ? 5000 : 30_000),
      spawn,
    });
    const rules = seatRulesOf({ ...options, restart }, this.#spec.restart);
    return { name, rules, member };
  }

  #refTo(name: string | symbol): unknown {
    const member = this.branch.seats.find((seat) => seat.name === name)?.member;
    if (member instanceof Branch) return nodes.get(member);
    return (member as ActorMember | undefined)?.ref;
  }

  /** Carries an order out when those before it are done. */
  #order<T>(order: () => Promise<T>): Promise<T> {
    return this.branch.inTurn(() => {
      if (this.branch.isUp) return order();
      throw new ClosedError(`Cannot order supervisor "${this.branch.id}": it has ended`);
    });
  }

  #find(name: string, verb: string): Seat {
    const seat = this.branch.seats.find((seat) => seat.name === name);
    if (seat !== undefined) return seat;
    throw new RangeError(
      `Cannot ${verb} child "${name}": supervisor "${this.branch.id}" has none of that name`,
    );
  }

  #stopped(name: string, verb: string): Seat {
    const seat = this.#find(name, verb);
    if (seat.phase === "stopped") return seat;
    throw new StillRunningError(`Cannot ${verb} child "${name}": it is ${stateOf(seat)}`);
  }

  #taken(name: string): AlreadyStartedError {
    const state = stateOf(this.#find(name, "start"));
    return new AlreadyStartedError(
      `Cannot start child "${name}": there is one, and it is ${state}`,
    );
  }
}

const nodes = new WeakMap<Branch, Node>();

function stateOf({ phase, member }: Seat): ActorState {
  if (phase !== "up") return STATES[phase];
  return member instanceof ActorMember && member.mailbox?.isBusy ? "running" : "ready";
}

function checkLimits(name: string, { restart }: AnyChildOptions): void {
  if (restart?.maxRestarts === undefined && restart?.within === undefined) return;
  throw new TypeError(
    `Cannot supervise: restart of child "${name}" has a limit; that is the supervisor's affair`,
  );
}
