import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { DecodeError, StartError } from "../../errors.ts";
import { type Handle, handle, handleKind } from "../../memory/handle.ts";
import { Actor, defineActor, register } from "../../actors/actor.ts";
import { codeRefOf, findCode, registerCode, resolveCode, task } from "../../actors/code.ts";
import { load } from "../../actors/load.ts";

const here = import.meta.url;
/** A module of its own, so that counters and names of other tests do not matter. */
const module = (name: string) => ({ url: `file:///${name}.ts` });
/** A module that nobody has imported, from its source. */
const source = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;

Deno.test("task() gives the function itself, as a handle with its address", () => {
  const double = (n: number) => n * 2;
  const made = task(import.meta, "double", double);
  assertStrictEquals<unknown>(made, double);
  assertEquals([made(2), made.url, made.taskName, made[handle]], [4, here, "double", "task"]);
  assertEquals(codeRefOf(made), { url: here, name: "double" });
});

Deno.test("task() takes the name of a named function", () => {
  const made = task(import.meta, function named() {});
  assertEquals(made.taskName, "named");
});

Deno.test("task() of the same function and name again gives the same task", () => {
  const fn = () => {};
  assertStrictEquals(task(import.meta, "again", fn), task(import.meta, "again", fn));
});

Deno.test("task() refuses an anonymous function without a name", () => {
  assertThrows(() => task(import.meta, () => {}), TypeError, "has no name");
  assertThrows(() => task(import.meta, "", () => {}), TypeError, "has no name");
});

Deno.test("task() refuses what is no function", () => {
  assertThrows(() => task(import.meta, "five", 5 as never), TypeError, "a value of type number");
  assertThrows(() => task(import.meta, null as never), TypeError, "null");
});

Deno.test("task() refuses a name that another function of the module has", () => {
  task(import.meta, "taken", () => 1);
  assertThrows(() => task(import.meta, "taken", () => 2), TypeError, '"taken"');
});

Deno.test("task() refuses a function that is a task of another name", () => {
  const fn = task(import.meta, "first", () => {});
  assertThrows(() => task(import.meta, "second", fn as () => void), TypeError, '"first"');
});

Deno.test("task() refuses a first argument that is no import.meta", () => {
  assertThrows(() => task({} as never, "x", () => {}), TypeError, "import.meta");
  assertThrows(() => task(undefined as never, "x", () => {}), TypeError, "import.meta");
});

Deno.test("registerCode() counts what has no name, for each kind and module", () => {
  const meta = module("counted");
  const names = [
    registerCode(meta, undefined, "actor", {}),
    registerCode(meta, undefined, "actor", {}),
    registerCode(meta, undefined, "class", {}),
    registerCode(module("counted2"), undefined, "actor", {}),
  ].map((ref) => ref.name);
  assertEquals(names, ["actor-1", "actor-2", "class-1", "actor-1"]);
});

Deno.test("registerCode() of the same value gives the same address", () => {
  const value = {};
  const ref = registerCode(module("same"), undefined, "actor", value);
  assertStrictEquals(registerCode(module("same"), undefined, "actor", value), ref);
  assertThrows(() => registerCode(module("other"), undefined, "actor", value), TypeError);
});

Deno.test("registerCode() refuses a name that is empty or taken", () => {
  registerCode(module("names"), "x", "actor", {});
  assertThrows(
    () => registerCode(module("names"), "x", "actor", {}),
    TypeError,
    "of that name already",
  );
  assertThrows(() => registerCode(module("names"), "", "actor", {}), TypeError, "empty");
});

Deno.test("codeRefOf() tells how to give a function, a class or an object an address", () => {
  class Lost extends Actor {}
  assertThrows(() => codeRefOf(function f() {}), TypeError, "function f: wrap it with task(");
  assertThrows(() => codeRefOf(Lost), TypeError, "class Lost: give it its own");
  assertThrows(() => codeRefOf({}), TypeError, "an object");
  assertThrows(() => codeRefOf(undefined), TypeError, "type undefined");
});

Deno.test("codeRefOf() does not take the address of a base class for its subclass", () => {
  class Base extends Actor {
    static readonly module = register(import.meta, this);
  }
  class Derived extends Base {}
  assertEquals(codeRefOf(Base), { url: here, name: Base.module.id });
  assertThrows(() => codeRefOf(Derived), TypeError, "Derived");
});

Deno.test("resolveCode() gives registered code without an import", async () => {
  const value = {};
  const ref = registerCode({ url: "file:///nowhere.ts" }, "value", "actor", value);
  assertStrictEquals(await resolveCode(ref), value);
  assertStrictEquals(findCode(ref), value);
});

Deno.test("resolveCode() imports the module and finds what it registers", async () => {
  const url = new URL("../fixtures/tasks.ts", here).href;
  assertEquals(findCode({ url, name: "parse" }), undefined);
  const parse = await resolveCode({ url, name: "parse" }) as (line: string) => unknown;
  assertEquals(parse("7"), { id: 7, line: "7" });
  assertStrictEquals(findCode({ url, name: "parse" }), parse);
});

Deno.test("resolveCode() finds a plain export, then at once", async () => {
  const ref = { url: source("export const slug = (s) => s + '!'"), name: "slug" };
  const slug = await resolveCode(ref) as (s: string) => string;
  assertEquals(slug("a"), "a!");
  assertStrictEquals(findCode(ref), slug);
});

Deno.test("resolveCode() prefers a registered name to an export", async () => {
  const code = new URL("../../actors/code.ts", here).href;
  const url = source(`import { task } from "${code}";
    export const f = () => "export"; task(import.meta, "f", () => "registered");`);
  assertEquals((await resolveCode({ url, name: "f" }) as () => string)(), "registered");
});

Deno.test("resolveCode() rejects with the cause when the module fails to load", async () => {
  const ref = { url: source("throw new RangeError('boom')"), name: "x" };
  const error = await assertRejects(() => resolveCode(ref), StartError, "boom");
  assertEquals(error.phase, "load");
  assertInstanceOf(error.cause, RangeError);
});

Deno.test("resolveCode() rejects with the names there are when there is no such name", async () => {
  const ref = { url: source("export const a = 1, b = 2"), name: "toString" };
  const error = await assertRejects(() => resolveCode(ref), StartError, "it has a, b");
  assertEquals(error.phase, "load");
});

Deno.test("load() names what a module has without loading it", async () => {
  const url = new URL("../fixtures/tasks.ts", here);
  const lazy = load<typeof import("../fixtures/tasks.ts")>(url);
  assertEquals(codeRefOf(lazy.slug), { url: url.href, name: "slug" });
  assertStrictEquals(lazy.slug, lazy.slug);
  const slug = await resolveCode(codeRefOf(lazy.slug)) as (s: string) => string;
  assertEquals(slug("A"), "a");
});

Deno.test("load() gives something that is not a thenable and has no symbols", async () => {
  const lazy = load<typeof import("../fixtures/tasks.ts")>("file:///x.ts");
  assertStrictEquals(await lazy, lazy);
  assertEquals((lazy as unknown as Record<symbol, unknown>)[Symbol.iterator], undefined);
});

Deno.test("load() refuses a relative address", () => {
  assertThrows(() => load("./x.ts"), TypeError, 'new URL("./x.ts", import.meta.url)');
});

/** What a handle becomes on the way to an isolate; here it stays in this one. */
function travel(value: Handle): unknown {
  const how = handleKind(value[handle])!;
  return how.unpack(structuredClone(how.pack(value)));
}

Deno.test("a task, sent, is the task again where its module is loaded", () => {
  const sent = task(import.meta, "sent", () => 1);
  assertStrictEquals<unknown>(travel(sent), sent);
});

Deno.test("a definition, sent, is the definition again where its module is loaded", () => {
  const sent = defineActor(import.meta, { init: () => 0, on: {} });
  assertStrictEquals<unknown>(travel(sent), sent);
});

Deno.test("a reference, sent, is a reference where its module is not loaded", () => {
  const lazy = load<{ f: () => void }>("file:///far.ts");
  const got = travel(lazy.f);
  assertEquals(codeRefOf(got), { url: "file:///far.ts", name: "f" });
  assert(handle in (got as object));
});

Deno.test("a reference, sent, is the task where its module is loaded", () => {
  const there = task(import.meta, "there", () => 1);
  const lazy = load<{ there: () => number }>(here);
  assertStrictEquals<unknown>(travel(lazy.there), there);
});

Deno.test("a reference to a class, sent, stays a reference, which can be sent on", () => {
  class There extends Actor {
    static readonly module = register(import.meta, this);
  }
  const lazy = load<Record<string, typeof There>>(here);
  const got = travel(lazy[There.module.id] as unknown as Handle) as Handle;
  assertEquals(codeRefOf(got), { url: here, name: There.module.id });
  assertEquals(codeRefOf(travel(got)), codeRefOf(got));
});

Deno.test("a handle that names no code is refused", () => {
  for (const packed of [undefined, 5, [], ["file:///x.ts"], [1, 2]]) {
    assertThrows(() => handleKind("task")!.unpack(packed), DecodeError);
  }
});
