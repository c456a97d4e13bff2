import { assert, assertEquals, assertMatch } from "@std/assert";
import { bundle, FIRST_RUN, stale } from "../built/build.ts";
import { compiledFirst, functionsOf } from "../built/eager.ts";
import * as built from "../mod.ts";
import * as sources from "../troupe.ts";
import * as builtEdge from "../edge/mod.ts";
import * as edgeSources from "../edge/edge.ts";

const ROOT = new URL("../", import.meta.url);
/** The process of esbuild ends a moment after it was told to. */
const WITH_ESBUILD = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "what is built is what the sources give (else: deno task build)",
  WITH_ESBUILD,
  async () => {
    assertEquals(await stale(), []);
  },
);

Deno.test("what is built exports what the sources do, under the same names", () => {
  for (const [made, wanted] of [[built, sources], [builtEdge, edgeSources]]) {
    const things = made as Readonly<Record<string, unknown>>;
    assertEquals(Object.keys(things).sort(), Object.keys(wanted).sort());
    for (const [name, thing] of Object.entries(things)) {
      if (String(thing).startsWith("class")) assertEquals((thing as { name: string }).name, name);
    }
  }
});

const TEXT = `
var Base=class{#value=1;#add(more){return this.#value+=more}get value(){return this.#value}
  add(more){return this.#add(more)}static of(){return new this}},
Derived=class extends Base{#add(more){return"derived "+more}get value(){return super.value*10}
  both(more){return[this.#add(more),this.add(more)]}async*each(){yield this.value}
  get size(){return this.kept}set size(size){this.kept=size}kept=this.both.name},
twice=(number)=>number*2;
const early=make();
function make(){return Derived.of()}
async function*numbers(){yield twice(2)}
export{Base,Derived,early,make,numbers,twice};`;

/** What a program can see of what {@linkcode TEXT} makes. */
async function seen(text: string): Promise<unknown> {
  const module = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const { Base, Derived, early, make, numbers, twice } = module;
  const one = make();
  const found = [one.both(2), one.value, one.size, Base.of().add(4), early.kept];
  one.size = 5;
  return [
    ...found,
    one.size,
    [
      Object.keys(one),
      Object.keys(Base.prototype),
      Object.keys(Derived),
      Object.getOwnPropertyDescriptor(Derived.prototype, "both")?.enumerable,
    ],
    [make.name, twice.name, Base.of.name, one.add.name, numbers.name, Derived.name],
    [...await Array.fromAsync(one.each()), ...await Array.fromAsync(numbers())],
  ];
}

Deno.test("functions that are compiled with their module do the same", async () => {
  const names = functionsOf(TEXT).map(({ name }) => name);
  const made = compiledFirst(TEXT, new Set(names));
  assertEquals(
    names.filter((name) => /^(make|numbers|twice|Base.of|Base.Base\$add)$/.test(name)).length,
    5,
  );
  assertMatch(made, /var make=\(function/);
  assertMatch(made, /Base\$add:\(function/);
  assertEquals(await seen(made), await seen(TEXT));
});

Deno.test(
  "the list of what a start runs names what there is (else: deno run -A built/first_run.ts)",
  WITH_ESBUILD,
  async () => {
    const texts = [...(await bundle()).values()];
    const known = new Set(texts.flatMap(functionsOf).map(({ name }) => name));
    const listed = (await Deno.readTextFile(FIRST_RUN)).trim().split("\n");
    const missing = listed.filter((name) => !known.has(name));
    assert(missing.length < listed.length / 10, missing.join());
  },
);

/** Runs a program that imports Troupe as a user does. */
async function run(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

for (const permissions of [["--allow-read"], ["-A"]]) {
  Deno.test(`a program starts workers of what is built ${permissions}`, async () => {
    const { code, stdout, stderr } = await run(...permissions, "tests/fixtures/bundled.ts");
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, "actor 42\npool [ 2, 4, 6 ]\nqueue [ 0, 1, 2 ]\nprocess 0\n");
  });
}

Deno.test("a worker of what is built loads no source of it", async () => {
  const { code, stdout, stderr } = await run(
    "--allow-read",
    "--log-level=debug",
    "tests/fixtures/bundled.ts",
  );
  assertEquals(code, 0);
  assertMatch(stdout, /^actor 42$/m);
  assertEquals(stderr.match(/\/(?:memory|channels|actors|pool)\/\w+\.ts/), null);
});
