/** Each rule of the house can fail: bad samples, and good ones beside them. */
import { assertEquals } from "@std/assert";
import type { Rule } from "./files.ts";
import * as imports from "./import_rules.ts";
import * as mod from "./mod_rules.ts";
import * as text from "./text_rules.ts";
import { functionsOf, importsOf, sourceOf } from "./source.ts";

/** Where a rule finds something: `path:line` of each. */
function places(rule: Rule, files: Record<string, string>): string[] {
  return rule(new Map(Object.entries(files))).map((line) => line.match(/^[^:]*:\d+/)![0]);
}

/** A file that imports something on its second line. */
const importing = (specifier: string) => `\nimport { x } from "${specifier}";\n`;

Deno.test("rule importsGoDown: upwards, beside and outside are refused", () => {
  const refused = {
    "errors.ts": importing("./memory/ring.ts"),
    "memory/ring.ts": importing("../channels/codec.ts"),
    "channels/codec/a.ts": importing("../../actors/ref.ts"),
    "actors/ref.ts": `\ntype X = typeof import("../pool/pool.ts");`,
    "pool/pool.ts": `\nimport type { E } from "../edge/routes.ts";`,
    "edge/routes.ts": importing("../remote/wire.ts"),
    "memory/odd.ts": importing("../mod.ts"),
    "troupe.ts": `\nexport { x } from "./edge/routes.ts";`,
    "mod.ts": `\nexport * from "./troupe.ts";`,
    "edge/mod.ts": `\nexport * from "./edge.ts";`,
  };
  assertEquals(
    places(imports.importsGoDown, refused),
    Object.keys(refused).map((path) => `${path}:2`),
  );
});

Deno.test("rule importsGoDown: downwards, sideways, packages and comments are fine", () => {
  const fine = {
    "memory/ring.ts": importing("./park.ts") + importing("../errors.ts"),
    "pool/pool.ts": importing("../memory/ring.ts") + importing("npm:x"),
    "edge/routes.ts": importing("../actors/ref.ts"),
    "troupe.ts": `export { x } from "./pool/pool.ts";`,
    "mod.ts": `export * from "./built/troupe.js";`,
    "memory/doc.ts":
      `/** import { x } from "../pool/pool.ts"; */\nconst s = 'from "../pool/a.ts"';`,
    "tests/x_test.ts": importing("../pool/pool.ts"),
  };
  assertEquals(places(imports.importsGoDown, fine), []);
});

Deno.test("rule outsidersUseEntryPoints", () => {
  const files = {
    "deno.json": `{ "exports": { ".": "./mod.ts", "./edge": "./edge/mod.ts" } }`,
    "examples/a.ts": importing("../mod.ts") + importing("./b.ts") + importing("../edge/mod.ts"),
    "examples/b.ts": importing("../pool/pool.ts"),
    "bench/c.ts": importing("../examples/b.ts"),
    "tests/d_test.ts": importing("../pool/pool.ts"),
  };
  assertEquals(places(imports.outsidersUseEntryPoints, files), ["examples/b.ts:2"]);
});

Deno.test("rule noCycles: of types as well", () => {
  const files = {
    "memory/a.ts": importing("./b.ts"),
    "memory/b.ts": `import type { C } from "./c.ts";`,
    "memory/c.ts": `let a: import("./a.ts").A;`,
    "memory/d.ts": importing("./a.ts"),
  };
  const found = imports.noCycles(new Map(Object.entries(files)));
  assertEquals(found, [
    "memory/a.ts:1: cycle memory/a.ts > memory/b.ts > memory/c.ts > memory/a.ts",
  ]);
  assertEquals(places(imports.noCycles, { ...files, "memory/c.ts": "" }), []);
});

Deno.test("rule libraries", () => {
  const files = {
    "channels/schema.ts": importing("zod"),
    "actors/a.ts": importing("npm:zod@4"),
    "pool/a.ts": importing("hono/client"),
    "actors/b.ts": importing("@nats-io/transport"),
    "edge/routes.ts": importing("hono"),
    "remote/nats.ts": importing("npm:nats"),
    "examples/a.ts": importing("zod") + importing("hono"),
  };
  const found = ["channels/schema.ts:2", "actors/a.ts:2", "pool/a.ts:2", "actors/b.ts:2"];
  assertEquals(places(imports.libraries, files), found);
});

Deno.test("rule modOnlyReexports", () => {
  const good = `// Runs in: any isolate\n/** The package. */\nexport { a, type B } from "./a.ts";
export type { C } from "./c.ts";\n`;
  assertEquals(places(mod.modOnlyReexports, { "troupe.ts": good }), []);
  assertEquals(places(mod.modOnlyReexports, { "troupe.ts": good + `import "./last.ts";\n` }), []);
  for (
    const bad of [`export * from "./a.ts";`, `import "./a.ts";\nlater();`, `export const a = 1;`]
  ) {
    assertEquals(places(mod.modOnlyReexports, { "troupe.ts": good + bad }), ["troupe.ts:5"]);
  }
});

Deno.test("rule publicNamesAgree: a name more, a name less", () => {
  const files = {
    "troupe.ts": `export { b, type A, x as c } from "./a.ts";\nexport type { D } from "./d.ts";`,
    "tests/public_names.txt": "type A\ntype D\nb\nc\n",
  };
  assertEquals(places(mod.publicNamesAgree, files), []);
  assertEquals(mod.publicNames(new Map(Object.entries(files))), ["type A", "type D", "b", "c"]);
  const other = { ...files, "tests/public_names.txt": "type A\nb\nc\ne\n" };
  assertEquals(places(mod.publicNamesAgree, other), ["troupe.ts:1", "tests/public_names.txt:4"]);
});

Deno.test("rule runsIn", () => {
  const files = {
    "errors.ts": "// Runs in: any isolate\n",
    "memory/a.ts": "// Runs in: owner\n",
    "memory/b.ts": "/** Runs in: owner */\n",
    "memory/c.ts": "// Runs in: main thread\n",
    "mod.ts": "\n// Runs in: any isolate\n",
    "tests/x_test.ts": "",
    "examples/x.ts": "",
  };
  assertEquals(places(text.runsIn, files), ["memory/b.ts:1", "memory/c.ts:1", "mod.ts:1"]);
});

Deno.test("rule doors: outside of its door each thing is found", () => {
  const files = {
    "memory/atomics.ts": "Atomics.load; Deno.dlopen('x', {});",
    "memory/ring.ts": "// Atomics\n'Atomics.load'; Atomics.load;",
    "actors/entry.ts": "self.close();",
    "actors/host.ts": "new Worker(url); ctx.self.tell; this.#self.x;",
    "actors/b.ts": "\nself.close();",
    "pool/a.ts": "new Worker(url);",
    "channels/a.ts": "\n\nDeno.dlopen('x', {});",
  };
  assertEquals(places(text.doors, files), [
    "memory/ring.ts:2",
    "actors/b.ts:2",
    "pool/a.ts:1",
    "channels/a.ts:3",
    "pool/a.ts:1",
    "channels/a.ts:1",
  ]);
});

Deno.test("rule doors: exactly one file makes Workers", () => {
  const one = { "actors/a.ts": "new Worker(url)" };
  assertEquals(places(text.doors, one), []);
  assertEquals(places(text.doors, { ...one, "actors/b.ts": "new Worker(x)" }), ["actors/b.ts:1"]);
  assertEquals(places(text.doors, { "actors/a.ts": "" }), ["actors:1"]);
});

Deno.test("rule folderNames", () => {
  const names = ["utils/a.ts", "memory/helpers/b.ts", "src/c.md", "memory/common/d.ts"];
  const files = Object.fromEntries([...names, "memory/core.ts", "docs/x.md"].map((n) => [n, ""]));
  assertEquals(places(text.folderNames, files), names.map((name) => `${name}:1`));
});

Deno.test("rule nothingForLater", () => {
  const later = ["TO" + "DO", "FIX" + "ME", "X" + "XX"];
  for (const word of later) {
    assertEquals(places(text.nothingForLater, { "a.md": `ok\n// ${word}: x` }), ["a.md:2"]);
  }
  assertEquals(places(text.nothingForLater, { "a.ts": later.map((w) => `${w}S`).join() }), []);
});

Deno.test("rule fileSize: lines of code count, others do not", () => {
  const lines = (n: number) => "let a;\n".repeat(n);
  const talk = "// comment\n\n/* a\n\nb */\n".repeat(100);
  assertEquals(places(text.fileSize, { "pool/a.ts": lines(text.MAX_FILE) + talk }), []);
  assertEquals(places(text.fileSize, { "pool/a.ts": lines(text.MAX_FILE + 1) }), ["pool/a.ts:1"]);
  assertEquals(places(text.fileSize, { "tests/a.ts": lines(text.MAX_FILE + 1) }), []);
});

Deno.test("rule functionSize: functions, methods and arrows", () => {
  const body = "    call();\n".repeat(text.MAX_FUNCTION - 1);
  const heads = ["function f() {", "  m(a: A): B<C> {", "const f = async (a) => {"];
  for (const head of heads) {
    const indent = head.match(/^ */)![0];
    const file = (inside: string) => ({ "pool/a.ts": `\n${head}\n${inside}${indent}}\n` });
    assertEquals(places(text.functionSize, file(body)), ["pool/a.ts:2"]);
    assertEquals(places(text.functionSize, file(body.replace("    call();\n", ""))), []);
  }
});

Deno.test("rule noDefaultExports", () => {
  const files = {
    "pool/a.ts": "\nexport default 1;",
    "pool/b.ts": "export { a as default };",
    "tests/c.ts": `"export default"; // export default`,
    "examples/server.ts": "export default { fetch };",
  };
  assertEquals(places(text.noDefaultExports, files), ["pool/a.ts:2", "pool/b.ts:1"]);
});

Deno.test("rule noEnumsOrNamespaces", () => {
  const files = {
    "pool/a.ts": "\nexport const enum A {}",
    "pool/b.ts": "declare namespace B.C {}",
    "pool/c.ts": "module C {}",
    "pool/d.ts": "const enumerate = (module: X) => {};\n// enum A {\n",
  };
  const found = ["pool/a.ts:2", "pool/b.ts:1", "pool/c.ts:1"];
  assertEquals(places(text.noEnumsOrNamespaces, files), found);
});

Deno.test("rule invariants: stated in the head, and counted", () => {
  const head = (lines: string) => `// Runs in: owner\n/**\n * Text.\n *\n${lines} */\nlet a;`;
  const files = {
    "memory/good.ts": head(" * - I1: a.\n * - I2: b,\n *   more.\n"),
    "channels/codec/good.ts": head(" * I1. a\n"),
    "memory/atomics.ts": head(""),
    "channels/pipe.ts": head(""),
    "memory/none.ts": head(""),
    "memory/late.ts": head("") + "\n/**\n * - I1: a.\n */",
    "memory/miscounted.ts": head(" * - I1: a.\n * - I3: b.\n"),
    "pool/work_queue.ts": head(""),
  };
  assertEquals(places(text.invariants, files), [
    "memory/none.ts:2",
    "memory/late.ts:2",
    "memory/miscounted.ts:2",
    "pool/work_queue.ts:2",
  ]);
});

Deno.test("rule noMachinePaths", () => {
  for (const folder of ["work", "root", "home", "Users"]) {
    const files = { "README.md": `\nsee /${folder}/ann/x`, "a.ts": `"./${folder}/x"` };
    assertEquals(places(text.noMachinePaths, files), ["README.md:2"]);
  }
});

Deno.test("rule noRegistryHosts", () => {
  for (const host of ["registry.npmjs" + ".org", "jsr" + ".io", "npm.jsr" + ".io"]) {
    const files = { "a.ts": `\n"https://${host}/x"`, "deno.json": `{"x": "jsr:@a/b"}` };
    assertEquals(places(text.noRegistryHosts, files), ["a.ts:2"]);
  }
});

Deno.test("sourceOf() blanks comments, strings, templates and regular expressions", () => {
  const cases = [
    ["a // b\nc", "a     \nc"],
    ["a /* b\n */ c", "a     \n    c"],
    [`f("a // b", 'it\\'s')`, `f("      ", '     ')`],
    ["`a ${b + `c ${{ d: 1 }} e`} f` + g", "`  ${b + `  ${{ d: 1 }}  `}  ` + g"],
    ['x = /[/*"]/g; y', "x = /     /g; y"],
    ["a / b; // c", "a / b;     "],
    ["return /a'/.test(b)", "return /  /.test(b)"],
  ];
  for (const [from, to] of cases) assertEquals(sourceOf(from).bare, to);
});

Deno.test("importsOf() sees all forms, types included, and their lines", () => {
  const source = sourceOf(`import a from "a";
import {
  b,
} from "b";
import "c";
export { d } from "d";
export * from 'e';
type F = typeof import("f");
const g = await import( "g" );
const no = \`import x from "no"\`; // import "no"
export const from = "no";
`);
  assertEquals(
    importsOf(source).map(({ specifier, line }) => specifier + line).sort(),
    ["a1", "b2", "c5", "d6", "e7", "f8", "g9"],
  );
});

Deno.test("functionsOf() sees heads over several lines, and no control flow", () => {
  const source = sourceOf(`export function f(
  a: number,
): void {
  if (
    a
  ) {
    g();
  } else if (a > 1) {
    for (const x of y) {
      h();
    }
  }
}
const k = [1].map((x) => {
  return x;
});
class A extends B(C) {
  m({ a }: { a: 1 }): Promise<{ b: 1 }> {
    // comment

    n();
  }
}
`);
  assertEquals(functionsOf(source), [
    { line: 1, length: 13 },
    { line: 14, length: 3 },
    { line: 18, length: 3 },
  ]);
});
