import { assert, assertEquals } from "@std/assert";
import { listeningTest, osTest } from "../support.ts";

/** A span, as Deno's exporter for people prints it. */
interface Span {
  readonly name: string;
  readonly trace: string;
  readonly id: string;
  readonly kind: string;
  readonly parent?: string;
  readonly actor?: string;
  readonly isError: boolean;
}

const GIVEN = "0123456789abcdef0123456789abcdef";
const REQUEST = "fedcba9876543210fedcba9876543210";
const CALLER = "00f067aa0ba902b7";

function spansIn(output: string): Span[] {
  const found = output.matchAll(
    /^SPAN (.*) \[(\w+)\/(\w+)\] (\w+) .*\n((?:[ ].*\n?)*)/gm,
  );
  return [...found].map(([_, name, trace, id, kind, rest]) => ({
    name,
    trace,
    id,
    kind,
    parent: /^ {2}parent: (\w+)/m.exec(rest)?.[1],
    actor: /^ {2}troupe\.actor: (.*)/m.exec(rest)?.[1],
    isError: /^ {2}status: Error/m.test(rest),
  }));
}

async function run(isolation: string, isOn: boolean): Promise<string> {
  const script = new URL("../fixtures/run_traced.ts", import.meta.url).href;
  const traceparents = [GIVEN, REQUEST].map((trace) => `00-${trace}-${CALLER}-01`);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, isolation, ...traceparents],
    cwd: new URL("../..", import.meta.url),
    env: { OTEL_DENO: `${isOn}`, OTEL_EXPORTER_OTLP_PROTOCOL: "console", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  // deno-lint-ignore no-control-regex -- the exporter colours its output, asked or not
  const output = (text.decode(stdout) + text.decode(stderr)).replace(/\x1b\[[\d;]*m/g, "");
  assertEquals(code, 0, output);
  return output;
}

/** The only span of a trace with that name. */
function theOne(spans: Span[], trace: string, name: string): Span {
  const found = spans.filter((span) => span.trace === trace && span.name === name);
  assertEquals(
    found.length,
    1,
    `${name} in ${Deno.inspect(spans.filter((s) => s.trace === trace))}`,
  );
  return found[0];
}

/** Whether each of the spans is the parent of the next. */
function assertChain(spans: Span[], trace: string, names: string[]): void {
  const chain = names.map((name) => theOne(spans, trace, name));
  for (let index = 1; index < chain.length; index++) {
    assertEquals(chain[index].parent, chain[index - 1].id, `${names[index]} in its trace`);
  }
}

function tracedTest(isolation: string, test: typeof listeningTest): void {
  test(`OpenTelemetry: a trace goes on in actors, whichever isolate they are in (${isolation})`, async () => {
    const spans = spansIn(await run(isolation, true));
    for (const trace of [GIVEN, REQUEST]) {
      assertChain(spans, trace, ["ask pass", "handle pass", "ask echo", "handle echo"]);
      assertChain(spans, trace, ["handle pass", "tell note", "handle note"]);
      assertEquals(theOne(spans, trace, "ask pass").parent, CALLER);
    }
    const [kinds, actors] = [["ask pass", "handle pass", "tell note", "handle note"]].flatMap((
      names,
    ) => [
      names.map((name) => theOne(spans, GIVEN, name).kind),
      names.map((name) => theOne(spans, GIVEN, name).actor),
    ]);
    assertEquals(kinds, ["Client", "Server", "Producer", "Consumer"]);
    assertEquals(actors, ["front", "front", "back", "back"]);

    const failed = spans.filter(({ isError }) => isError);
    const inTask = ["ask echo", "handle echo", "handle relay", "task relay"];
    assertEquals(
      failed.map(({ name }) => name).sort(),
      ["ask echo", "handle echo", ...inTask].sort(),
    );
    assertEquals(new Set(failed.map(({ trace }) => trace)).size, 2);
    for (const task of spans.filter(({ name }) => name === "task relay")) {
      assertChain(spans, task.trace, ["task relay", "handle relay", "ask echo", "handle echo"]);
    }

    const sum = spans.find(({ name }) => name === "ask sum")!;
    assertEquals(sum.parent, undefined);
    assertChain(spans, sum.trace, ["ask sum", "handle sum", "stream count", "handle count"]);

    const late = spans.find(({ name }) => name === "tell late")!;
    assertEquals(late.parent, undefined, "what a timer starts is a trace of its own");

    const server = spans.find(({ name, kind }) => name === "POST" && kind === "Server")!;
    const client = spans.find(({ name, kind }) => name === "POST" && kind === "Client")!;
    assertEquals([server.trace, server.parent], [client.trace, client.id]);
    assertEquals(theOne(spans, server.trace, "ask pass").parent, server.id);
    assertChain(spans, server.trace, ["ask pass", "handle pass", "ask echo", "handle echo"]);
  });
}

tracedTest("inline", listeningTest);
tracedTest("worker", listeningTest);
tracedTest(
  "process",
  ((name: string, fn: () => Promise<void>) => osTest(name, fn)) as typeof listeningTest,
);

Deno.test("OpenTelemetry: without it there is no trace, and all works the same", async () => {
  const output = await run("worker", false);
  assert(
    output.includes("answer hello") && output.includes("sum 6") && output.includes("task done"),
    output,
  );
  assertEquals(spansIn(output), []);
});
