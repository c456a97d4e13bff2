/**
 * Tries everything: all interleavings of a few participants over one small shared memory, all moments
 * at which one of them can die, all time limits that can run out. JavaScript's atomic operations are
 * sequentially consistent, so interleavings are the whole story; plain accesses are checked for races.
 *
 * A state is the memory, each participant's local state and what it said so far; a state seen before is
 * not tried again. Nothing is sampled: when `complete` is `true` there is no other schedule.
 *
 * Two checks need no words in a model: nobody sleeps for ever unless `mayWait` says so, and nobody who
 * runs alone runs for ever.
 *
 * @module
 */
import {
  Automaton,
  type LocalState,
  type Mark,
  NOT_EQUAL,
  type Op,
  type Steps,
  TIMED_OUT,
  WOKEN,
} from "./local.ts";
import { Races } from "./races.ts";

/** A participant. */
export interface Role {
  /** Its name, for traces. */
  readonly name: string;
  /** What it does. */
  readonly code: () => Steps<unknown>;
  /** Whether it can be killed. */
  readonly mortal?: boolean;
  /** It starts when the participant of this name was killed. */
  readonly heirOf?: string;
}

/** What is tried. */
export interface Model {
  /** For people. */
  readonly name: string;
  /** Words of memory. */
  readonly size: number;
  /** Words that are not 0 at the start. */
  readonly init?: Readonly<Record<number, number>>;
  /** Who takes part. */
  readonly roles: readonly Role[];
  /** Words that are read and written plainly: checked for races. */
  readonly plain?: readonly number[];
  /** How many may be killed; default none. */
  readonly kills?: number;
  /** A zombie goes on after it was declared dead. */
  readonly zombies?: boolean;
  /** Most switches away from a participant that could go on; default: any number. */
  readonly preemptions?: number;
  /** Stops there; default 2 million. */
  readonly maxStates?: number;
  /** Whether a participant may sleep when nothing else can happen; default: never. */
  readonly mayWait?: (name: string, end: End) => boolean;
  /** Looks at each end; throws what is wrong. */
  readonly final?: (end: End) => void;
  /** Looks at the memory after each step; throws what is wrong. */
  readonly always?: (words: Int32Array) => void;
}

/** How a schedule ended. */
export interface End {
  /** The memory. */
  readonly words: Int32Array;
  /** Who was killed. */
  readonly killed: readonly string[];
  /** Who sleeps. */
  readonly asleep: readonly string[];
  /** What a participant said, in order. */
  said(name: string): readonly Mark[];
}

/** What came of it. */
export interface Result {
  /** What is wrong; absent when nothing is. */
  readonly violation?: string;
  /** The schedule that shows it. */
  readonly trace: readonly string[];
  /** States tried. */
  readonly states: number;
  /** Ends seen. */
  readonly ends: number;
  /** Whether that is all there is. */
  readonly complete: boolean;
}

type Act = "step" | "timeout" | "kill";
interface Choice {
  readonly who: number;
  readonly act: Act;
}
interface Link {
  readonly before: Link | undefined;
  readonly choice: Choice;
}
interface Task {
  readonly state: Int32Array;
  readonly id: number;
  readonly link: Link | undefined;
}

const RUNS = 1;
const SLEEPS = 2;
const ENDED = 3;
const GONE = 4;

/** Tries everything in a model. */
export function explore(model: Model): Result {
  return new Explorer(model).run();
}

class Violation extends Error {}

class Explorer {
  readonly #model: Model;
  readonly #automata: readonly Automaton[];
  readonly #people: number;
  readonly #races: Races | undefined;
  readonly #marks = new Map<string, number>();
  readonly #sayings: { before: number; mark: Mark }[] = [];
  readonly #seen = new Map<string, number>();
  readonly #alone: number[][];
  // Where things are in a state vector: the memory first, then these.
  readonly #at: number;
  readonly #status: number;
  readonly #said: number;
  readonly #killed: number;
  readonly #switches: number;
  readonly #last: number;
  readonly #length: number;
  #complaint: string | undefined;

  constructor(model: Model) {
    const people = model.roles.length;
    this.#model = model;
    this.#people = people;
    this.#automata = model.roles.map(({ code }) => new Automaton(code));
    this.#alone = model.roles.map(() => []);
    this.#at = model.size;
    this.#status = this.#at + people;
    this.#said = this.#status + people;
    this.#killed = this.#said + people;
    this.#switches = this.#killed + 1;
    this.#last = this.#switches + 1;
    const races = this.#last + 1;
    this.#races = model.plain && new Races(races, people, model.plain);
    this.#length = races + (model.plain ? Races.words(people, model.size) : 0);
  }

  run(): Result {
    const stack: Task[] = [];
    let ends = 0;
    let link: Link | undefined;
    const limit = this.#model.maxStates ?? 2e6;
    try {
      this.#find(this.#start(), undefined, stack);
      for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
        link = task.link;
        if (this.#seen.size > limit) return { trace: [], states: limit, ends, complete: false };
        const choices = this.#choices(task.state);
        if (!choices.some(({ act }) => act !== "kill")) {
          ends++;
          this.#checkEnd(task.state);
        }
        for (const choice of choices) {
          link = { before: task.link, choice };
          const id = this.#find(this.#after(task.state, choice), link, stack);
          if (choice.act === "step") this.#alone[choice.who][task.id] = id;
        }
      }
      link = undefined;
      this.#checkAlone();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const { message } = error;
      const states = this.#seen.size;
      return { violation: message, trace: this.#traceOf(link), states, ends, complete: false };
    }
    return {
      trace: [],
      states: this.#seen.size,
      ends,
      complete: this.#model.preemptions === undefined,
    };
  }

  #start(): Int32Array {
    const state = new Int32Array(this.#length);
    for (const [at, word] of Object.entries(this.#model.init ?? {})) state[Number(at)] = word;
    state[this.#last] = -1;
    this.#model.roles.forEach(({ heirOf }, who) => {
      if (heirOf === undefined) this.#begin(state, who);
    });
    return state;
  }

  #begin(state: Int32Array, who: number): void {
    state[this.#status + who] = RUNS;
    this.#enter(state, who, this.#automata[who].start);
  }

  #enter(
    state: Int32Array,
    who: number,
    { to, marks }: { to: LocalState; marks: readonly Mark[] },
  ) {
    state[this.#at + who] = to.id;
    if (to.op === undefined) state[this.#status + who] = ENDED;
    for (const mark of marks) {
      const before = state[this.#said + who];
      const key = `${before},${mark.label},${mark.value}`;
      let id = this.#marks.get(key);
      if (id === undefined) {
        id = this.#sayings.push({ before, mark });
        this.#marks.set(key, id);
      }
      state[this.#said + who] = id;
    }
  }

  /** The number of a state; one never seen is put on the stack. */
  #find(state: Int32Array, link: Link | undefined, stack: Task[]): number {
    const key = keyOf(state);
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    const id = this.#seen.size;
    this.#seen.set(key, id);
    if (this.#complaint !== undefined) throw new Violation(this.#complaint);
    attempt(() => this.#model.always?.(state.subarray(0, this.#model.size)));
    stack.push({ state, id, link });
    return id;
  }

  #opOf(state: Int32Array, who: number): Op | undefined {
    return this.#automata[who].states[state[this.#at + who]].op;
  }

  #choices(state: Int32Array): Choice[] {
    const choices: Choice[] = [];
    const eager = this.#plainStep(state);
    const last = state[this.#last];
    const bounded = this.#model.preemptions !== undefined &&
      state[this.#switches] >= this.#model.preemptions && last >= 0 &&
      state[this.#status + last] === RUNS;
    for (let who = 0; who < this.#people; who++) {
      const status = state[this.#status + who];
      const mayGo = eager >= 0 ? who === eager : !bounded || who === last;
      if (status === RUNS && mayGo) choices.push({ who, act: "step" });
      const op = this.#opOf(state, who);
      if (status === SLEEPS && op?.kind === "wait" && op.timed && eager < 0 && !bounded) {
        choices.push({ who, act: "timeout" });
      }
      if (this.#isMortal(state, who)) choices.push({ who, act: "kill" });
    }
    return choices;
  }

  /** Whoever is about to access plainly goes first: without races it makes no difference to others. */
  #plainStep(state: Int32Array): number {
    if (this.#races === undefined) return -1;
    for (let who = 0; who < this.#people; who++) {
      if (state[this.#status + who] !== RUNS) continue;
      const kind = this.#opOf(state, who)?.kind;
      if (kind === "read" || kind === "write") return who;
    }
    return -1;
  }

  #isMortal(state: Int32Array, who: number): boolean {
    const killed = state[this.#killed];
    if (!this.#model.roles[who].mortal || (killed & (1 << who)) !== 0) return false;
    if (countBits(killed) >= (this.#model.kills ?? 0)) return false;
    const status = state[this.#status + who];
    return status === RUNS || status === SLEEPS;
  }

  #after(state: Int32Array, { who, act }: Choice): Int32Array {
    const next = state.slice();
    if (act === "kill") this.#kill(next, who);
    else if (act === "timeout") {
      next[this.#status + who] = RUNS;
      this.#answer(next, who, TIMED_OUT);
    } else {
      this.#countSwitch(next, who);
      this.#step(next, who);
    }
    return next;
  }

  #countSwitch(state: Int32Array, who: number): void {
    if (this.#model.preemptions === undefined) return;
    const kind = this.#opOf(state, who)?.kind;
    if (this.#races !== undefined && (kind === "read" || kind === "write")) return;
    const last = state[this.#last];
    if (last >= 0 && last !== who && state[this.#status + last] === RUNS) state[this.#switches]++;
    state[this.#last] = who;
  }

  #kill(state: Int32Array, who: number): void {
    const { roles, zombies = false } = this.#model;
    state[this.#killed] |= 1 << who;
    if (!zombies) state[this.#status + who] = GONE;
    roles.forEach(({ heirOf }, heir) => {
      if (heirOf !== roles[who].name) return;
      if (!zombies) this.#races?.inherit(state, who, heir);
      this.#begin(state, heir);
    });
  }

  #answer(state: Int32Array, who: number, result: number): void {
    const automaton = this.#automata[who];
    this.#enter(state, who, automaton.follow(automaton.states[state[this.#at + who]], result));
  }

  #step(state: Int32Array, who: number): void {
    const op = this.#opOf(state, who)!;
    const seen = state[op.at];
    this.#order(state, who, op);
    if (op.kind === "wait") {
      if (seen !== op.value) return this.#answer(state, who, NOT_EQUAL);
      state[this.#status + who] = SLEEPS;
      return;
    }
    if (op.kind === "notify") return this.#answer(state, who, this.#wake(state, op.at));
    state[op.at] = outcome(op, seen);
    const result = op.kind === "store" || op.kind === "write" ? op.value : seen;
    this.#answer(state, who, result);
  }

  #order(state: Int32Array, who: number, op: Op): void {
    const races = this.#races;
    if (races === undefined || op.kind === "notify") return;
    if (op.kind === "read") this.#complaint ??= this.#named(who, races.read(state, who, op.at));
    else if (op.kind === "write") {
      this.#complaint ??= this.#named(who, races.write(state, who, op.at));
    } else {
      const release = op.kind === "cas" ? state[op.at] === op.from : op.kind !== "load" &&
        op.kind !== "wait";
      races.sync(state, who, { at: op.at, acquire: op.kind !== "store", release });
    }
  }

  #named(who: number, complaint: string | undefined): string | undefined {
    return complaint && `${this.#model.roles[who].name}: ${complaint}`;
  }

  #wake(state: Int32Array, at: number): number {
    let woken = 0;
    for (let who = 0; who < this.#people; who++) {
      if (state[this.#status + who] !== SLEEPS || this.#opOf(state, who)!.at !== at) continue;
      state[this.#status + who] = RUNS;
      this.#answer(state, who, WOKEN);
      woken++;
    }
    return woken;
  }

  #endOf(state: Int32Array): End {
    const { roles, size } = this.#model;
    const names = (is: (who: number) => boolean) =>
      roles.map(({ name }) => name).filter((_, who) => is(who));
    return {
      words: state.subarray(0, size),
      killed: names((who) => (state[this.#killed] & (1 << who)) !== 0),
      asleep: names((who) => state[this.#status + who] === SLEEPS),
      said: (name) => {
        const who = roles.findIndex((role) => role.name === name);
        const marks: Mark[] = [];
        for (let id = state[this.#said + who]; id !== 0; id = this.#sayings[id - 1].before) {
          marks.push(this.#sayings[id - 1].mark);
        }
        return marks.reverse();
      },
    };
  }

  #checkEnd(state: Int32Array): void {
    const end = this.#endOf(state);
    const stuck = end.asleep.filter((name) => !this.#model.mayWait?.(name, end));
    if (stuck.length > 0) throw new Violation(`sleeps for ever: ${stuck.join(", ")}`);
    attempt(() => this.#model.final?.(end));
  }

  /** Nobody runs for ever while all others stand still. */
  #checkAlone(): void {
    for (const [who, next] of this.#alone.entries()) {
      const done = new Uint8Array(this.#seen.size);
      for (let from = 0; from < next.length; from++) {
        const way: number[] = [];
        let id: number | undefined = from;
        while (id !== undefined && done[id] === 0) {
          done[id] = 1;
          way.push(id);
          id = next[id];
        }
        if (id !== undefined && done[id] === 1) {
          throw new Violation(`runs for ever alone: ${this.#model.roles[who].name}`);
        }
        for (const passed of way) done[passed] = 2;
      }
    }
  }

  #traceOf(link: Link | undefined): string[] {
    const choices: Choice[] = [];
    for (let at = link; at !== undefined; at = at.before) choices.unshift(at.choice);
    let state = this.#start();
    return choices.map((choice) => {
      const { name } = this.#model.roles[choice.who];
      const op = this.#opOf(state, choice.who);
      state = this.#after(state, choice);
      return `${name}: ${choice.act === "step" ? JSON.stringify(op) : choice.act}`;
    });
  }
}

/** What an operation leaves in its word. */
function outcome(op: Exclude<Op, { kind: "wait" | "notify" }>, seen: number): number {
  switch (op.kind) {
    case "load":
    case "read":
      return seen;
    case "cas":
      return seen === op.from ? op.value : seen;
    case "add":
      return seen + op.value;
    case "or":
      return seen | op.value;
    case "and":
      return seen & op.value;
    default:
      return op.value;
  }
}

function attempt(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new Violation((error as Error).message);
  }
}

function keyOf(state: Int32Array): string {
  return String.fromCharCode.apply(null, new Uint8Array(state.buffer) as unknown as number[]);
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
