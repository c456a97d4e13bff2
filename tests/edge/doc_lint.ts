/**
 * `deno doc --lint` of the entry point `./edge`, whose types may name those of the main entry point, and
 * those of Hono, which are no part of this package: both are private to the tool. Run:
 * `deno run --allow-run tests/edge/doc_lint.ts`
 */
const HONO = ["Hono", "BlankEnv", "BlankSchema", "Schema", "JSONParsed"];
const HEAD = /^error\[([\w-]+)\]: (.*)$/gm;

if (import.meta.main) {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", "troupe.ts", "edge/edge.ts"],
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  const found = [...text.matchAll(HEAD)];
  const isHono = ([, rule, what]: RegExpMatchArray) =>
    rule === "private-type-ref" && HONO.some((name) => what.endsWith(`private type '${name}'`));
  const ours = found.filter((one) => !isHono(one));
  // Should the tool find nothing, or say it in other words, this has to be looked at.
  if (found.length === 0 || ours.length > 0) {
    console.error(text);
    Deno.exit(1);
  }
}
