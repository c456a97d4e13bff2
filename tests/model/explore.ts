/**
 * Tries everything: all interleavings of a few participants over one small shared memory, all moments
 * at which one of them can die, all time limits that can run out. JavaScript's atomic operations are
 * sequentially consistent, so interleavings are the whole story; plain accesses are checked for races.
 *
 * A state is the memory, each participant's local state and what it said so far; a state seen before is
 * not tried again. Nothing is sampled: when `complete` is `true` there is no other schedule, except by
 * the bound on preemptions where a model sets one.
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
  TIMED_OUT,
  WOKEN,
} from "./local.ts";
import type { End, Model, Result } from "./model.ts";
import { Races } from "./races.ts";
import { Numbers, States } from "./states.ts";

const ACTS = ["step", "timeout", "kill"] as const;
type Act = typeof ACTS[number];
interface Choice {
  readonly who: number;
  readonly act: Act;
}

const RUNS = 1;
const SLEEPS = 2;
const ENDED = 3;
const GONE = 4;

/** Tries everything in a model. */
export function explore(model: Model): Result {
  return new Explorer(model).run();
}

class Violation extends Error {
  constructor(message: string, readonly id: number) {
    super(message);
  }
}

class Explorer {
  readonly #model: Model;
  readonly #automata: readonly Automaton[];
  readonly #people: number;
  readonly #races: Races | undefined;
  readonly #marks = new Map<string, number>();
  readonly #sayings: { before: number; mark: Mark }[] = [];
  readonly #states: States;
  /** How each state was first reached: the state before, and the choice. */
  readonly #before = new Numbers();
  readonly #choice = new Numbers();
  /** Where a step of a participant leads from a state: that state's number plus one. */
  readonly #next = new Numbers();
  readonly #todo: number[] = [];
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
    this.#at = model.size;
    this.#status = this.#at + people;
    this.#said = this.#status + people;
    this.#killed = this.#said + people;
    this.#switches = this.#killed + 1;
    this.#last = this.#switches + 1;
    const races = this.#last + 1;
    this.#races = model.plain && new Races(races, people, model.plain);
    this.#length = races + (model.plain ? Races.words(people, model.size) : 0);
    this.#states = new States(this.#length);
  }

  run(): Result {
    const { maxStates = 2e6 } = this.#model;
    let ends = 0;
    try {
      this.#find(this.#start(), 0, 0);
      const state = new Int32Array(this.#length);
      const after = new Int32Array(this.#length);
      for (let id = this.#todo.pop(); id !== undefined; id = this.#todo.pop()) {
        this.#states.read(id, state);
        if (this.#states.count > maxStates) break;
        const choices = this.#choices(state);
        if (!choices.some(({ act }) => act !== "kill")) {
          ends++;
          this.#checked(id, () => this.#checkEnd(state));
        }
        for (const choice of choices) {
          after.set(state);
          this.#apply(after, choice);
          if (this.#complaint !== undefined) throw new Violation(this.#complaint, id);
          const to = this.#find(after, id, ACTS.indexOf(choice.act) * this.#people + choice.who);
          if (choice.act === "step") this.#next.set(id * this.#people + choice.who, to + 1);
        }
      }
      this.#checkAlone();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      const { message: violation, id } = error;
      const states = this.#states.count;
      return { violation, trace: this.#traceOf(id), states, ends, complete: false };
    }
    const complete = this.#states.count <= maxStates;
    return { trace: [], states: this.#states.count, ends, complete };
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

  /** The number of a state; one never seen is checked and put on the list. */
  #find(state: Int32Array, before: number, choice: number): number {
    const count = this.#states.count;
    const id = this.#states.add(state);
    if (id < count) return id;
    this.#before.set(id, before);
    this.#choice.set(id, choice);
    const { always, size } = this.#model;
    if (always !== undefined) this.#checked(id, () => always(state.subarray(0, size)));
    this.#todo.push(id);
    return id;
  }

  #checked(id: number, check: () => void): void {
    try {
      check();
    } catch (error) {
      throw new Violation((error as Error).message, id);
    }
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

  #apply(state: Int32Array, { who, act }: Choice): void {
    if (act === "kill") this.#kill(state, who);
    else if (act === "timeout") {
      state[this.#status + who] = RUNS;
      this.#answer(state, who, TIMED_OUT);
    } else {
      this.#countSwitch(state, who);
      this.#step(state, who);
    }
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
    if (races === undefined || op.kind === "notify" || op.kind === "glance") return;
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
    if (stuck.length > 0) throw new Error(`sleeps for ever: ${stuck.join(", ")}`);
    this.#model.final?.(end);
  }

  /** Nobody runs for ever while all others stand still. */
  #checkAlone(): void {
    for (let who = 0; who < this.#people; who++) {
      const mark = new Int32Array(this.#states.count);
      for (let from = 0; from < mark.length; from++) {
        let id = from;
        while (id >= 0 && mark[id] === 0) {
          mark[id] = from + 1;
          id = this.#next.get(id * this.#people + who) - 1;
        }
        if (id >= 0 && mark[id] === from + 1) {
          throw new Violation(`runs for ever alone: ${this.#model.roles[who].name}`, id);
        }
      }
    }
  }

  #traceOf(last: number): string[] {
    const ids: number[] = [];
    for (let id = last; id !== 0; id = this.#before.get(id)) ids.unshift(id);
    const state = new Int32Array(this.#length);
    return ids.map((id) => {
      this.#states.read(this.#before.get(id), state);
      const choice = this.#choice.get(id);
      const who = choice % this.#people;
      const act = ACTS[Math.floor(choice / this.#people)];
      const op = JSON.stringify(this.#opOf(state, who));
      return `${this.#model.roles[who].name}: ${act === "step" ? op : act}`;
    });
  }
}

/** What an operation leaves in its word. */
function outcome(op: Exclude<Op, { kind: "wait" | "notify" }>, seen: number): number {
  switch (op.kind) {
    case "load":
    case "glance":
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

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
