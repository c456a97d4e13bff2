import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { handle } from "../../memory/handle.ts";
import { Actor, behaviourOf, type Context, defineActor, register } from "../../actors/actor.ts";
import { codeRefOf } from "../../actors/code.ts";

/** A context that is only passed on. */
const ctx = { id: "test" } as Context;
const meta = import.meta;
/** A spec with one part replaced by something wrong. */
const define = (part: object) => defineActor(meta, { init: () => 0, on: {}, ...part } as never);

Deno.test("defineActor() gives a frozen handle with its address, handlers and schemas", () => {
  const add = z.number();
  const def = defineActor(meta, {
    name: "Adder",
    init: () => ({ n: 0 }),
    accepts: { add },
    on: { add: (s, by) => s.n += by },
  });
  assert(Object.isFrozen(def) && Object.isFrozen(def.handlers) && Object.isFrozen(def.accepts));
  assertEquals([def[handle], def.url, def.name], ["actor", meta.url, "Adder"]);
  assertStrictEquals(def.accepts.add, add);
  assertEquals(codeRefOf(def), { url: meta.url, name: "Adder" });
  assertEquals(def.handlers.add({ n: 1 }, 2), 3);
});

Deno.test("defineActor() without a name counts", () => {
  const [first, second] = [define({}), define({})];
  assertEquals([first.name, second.name], ["actor-1", "actor-2"]);
});

Deno.test("defineActor() refuses a name that another actor of the module has", () => {
  define({ name: "Taken" });
  assertThrows(() => define({ name: "Taken" }), TypeError, '"Taken"');
});

Deno.test("defineActor() checks its arguments and names the one that is wrong", () => {
  const { init } = { init: () => 0 };
  const wrong: [object, string][] = [
    [{ init: 5 }, "init must be a function"],
    [{ on: undefined }, "on must be an object"],
    [{ on: { add: 5 } }, "on.add must be a function"],
    [{ started: true }, "started must be a function"],
    [{ stopped: "x" }, "stopped must be a function"],
    [{ accepts: 5 }, "accepts must be an object"],
    [{ accepts: { add: z.number() } }, "accepts.add has no handler"],
    [{ accepts: { toString: z.number() } }, "accepts.toString has no handler"],
    [{ accepts: { add: 5 }, on: { add: init } }, "accepts.add of an actor"],
    [{ name: "" }, "name must be a text"],
    [{ name: "Named", init: null }, 'actor "Named": init must be'],
  ];
  for (const [part, text] of wrong) assertThrows(() => define(part), TypeError, text);
  assertThrows(() => defineActor(meta, null as never), TypeError, "second argument");
  assertThrows(() => defineActor(null as never, { init, on: {} }), TypeError, "import.meta");
});

Deno.test("register() gives the class an address, the same in each isolate", () => {
  class First extends Actor {
    static readonly module = register(meta, this);
  }
  // `Full`, below, is at the top level and so the first of this module.
  assertEquals(First.module, { url: meta.url, id: "class-2" });
  assertEquals(codeRefOf(First), { url: meta.url, name: "class-2" });
  assertThrows(() => register(meta, {} as never), TypeError, "no class");
});

Deno.test("behaviourOf() a definition: init, handlers, schemas and hooks", async () => {
  const log: unknown[] = [];
  const def = defineActor(meta, {
    init: (start: number) => Promise.resolve({ n: start }),
    accepts: { add: z.number() },
    on: { add: (s, by, c) => [s.n += by, c.id], get: (s) => s.n },
    started: (s) => void log.push("started", s.n),
    stopped: (s, reason) => void log.push("stopped", s.n, reason),
  });
  const behaviour = behaviourOf(def, "adder");
  assertEquals([behaviour.name, behaviour.messages], ["adder", ["add", "get"]]);
  const state = await behaviour.init([1], () => ctx);
  await behaviour.started!(state, ctx);
  assertEquals(behaviour.handler("add")!(state, 2, ctx), [3, "test"]);
  await behaviour.stopped!(state, "bye", ctx);
  assertEquals(log, ["started", 1, "stopped", 3, "bye"]);
  assertStrictEquals(behaviour.schema("add"), def.accepts.add);
  assertEquals(behaviour.schema("get"), undefined);
});

Deno.test("behaviourOf() a definition has its own handlers only", () => {
  const on = Object.assign(Object.create({ inherited: () => 1 }), { own: () => 1 });
  const { handler, messages, schema } = behaviourOf(define({ on }), "x");
  assertEquals(messages, ["own"]);
  for (const name of ["inherited", "toString", "constructor", "__proto__", "hasOwnProperty"]) {
    assertEquals([handler(name), schema(name)], [undefined, undefined], name);
  }
});

Deno.test("behaviourOf() a definition takes __proto__ as any other name", () => {
  const { handler } = behaviourOf(define({ on: { ["__proto__"]: () => "own" } }), "x");
  assertEquals(handler("__proto__")!(0, 0, ctx), "own");
});

class Base extends Actor {
  base() {
    return "base";
  }
  overridden() {
    return "base";
  }
}

class Full extends Base {
  static readonly module = register(meta, this);
  static readonly accepts = { echo: z.number() };
  readonly log: unknown[] = [];
  readonly early = this.ctx.id;
  field = () => 1;
  #hidden() {
    return this.ctx.id;
  }
  constructor(readonly start: number) {
    super();
  }
  get getter() {
    return () => 1;
  }
  override started() {
    this.log.push("started");
  }
  override stopped(reason: unknown) {
    this.log.push(reason);
  }
  override overridden() {
    return "full";
  }
  echo(n: number, ...more: unknown[]) {
    return [this.start + n, this.#hidden(), more.length];
  }
}

Deno.test("behaviourOf() a class: its public methods are the messages", async () => {
  const behaviour = behaviourOf(Full, "full");
  assertEquals(behaviour.messages.toSorted(), ["base", "echo", "overridden"]);
  const state = await behaviour.init([40], () => ctx) as Full;
  assertEquals(behaviour.handler("echo")!(state, 2, ctx), [42, "test", 0]);
  assertEquals(behaviour.handler("base")!(state, undefined, ctx), "base");
  assertEquals(behaviour.handler("overridden")!(state, undefined, ctx), "full");
  await behaviour.started!(state, ctx);
  await behaviour.stopped!(state, "bye", ctx);
  assertEquals(state.log, ["started", "bye"]);
  assertStrictEquals(behaviour.schema("echo"), Full.accepts.echo);
});

Deno.test("behaviourOf() a class: hooks, fields and the machinery are no messages", () => {
  const { handler } = behaviourOf(Full, "full");
  const names = ["constructor", "started", "stopped", "ctx", "field", "getter", "log", "#hidden"];
  for (const name of [...names, "toString", "__proto__", "hasOwnProperty", "valueOf"]) {
    assertEquals(handler(name), undefined, name);
  }
});

Deno.test("behaviourOf() a class: ctx is there in the constructor", async () => {
  const state = await behaviourOf(Full, "full").init([1], () => ctx) as Full;
  assertEquals(state.early, "test");
});

Deno.test("Actor.ctx throws in an object that was not spawned", () => {
  assertThrows(() => new Full(1), TypeError, "this Full: it was not spawned");
  assertEquals(new Base().base(), "base");
});

Deno.test("behaviourOf() a class: a constructor that throws leaves no ctx behind", async () => {
  class Failing extends Actor {
    constructor() {
      super();
      throw new RangeError("boom");
    }
  }
  const { init } = behaviourOf(Failing, "failing");
  await assertRejects(async () => await init([], () => ctx), RangeError, "boom");
  assertThrows(() => new Full(1), TypeError, "it was not spawned");
});

Deno.test("behaviourOf() a class without hooks of its own runs none", async () => {
  const behaviour = behaviourOf(Base, "base");
  const state = await behaviour.init([], () => ctx);
  assertEquals(behaviour.started!(state, ctx), undefined);
  assertEquals(behaviour.stopped!(state, "bye", ctx), undefined);
});

Deno.test("behaviourOf() a class refuses schemas that fit no method", () => {
  class NoMethod extends Actor {
    static readonly accepts = { nope: z.number() };
  }
  class NoSchema extends Actor {
    static readonly accepts = { echo: 5 };
    echo() {}
  }
  assertThrows(() => behaviourOf(NoMethod, "x"), TypeError, "accepts.nope has no handler");
  assertThrows(() => behaviourOf(NoSchema, "x"), TypeError, "accepts.echo of class NoSchema");
});

Deno.test("behaviourOf() refuses what is no actor", () => {
  for (const code of [undefined, null, 5, {}, () => {}, class {}, Actor, "Counter"]) {
    assertThrows(() => behaviourOf(code, "thing"), TypeError, 'Cannot run "thing"');
  }
});
