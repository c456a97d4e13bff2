// Runs in: owner
/**
 * The one command behind `deno task test`: checks types, runs each part of the tests in a process of
 * its own, and ends with the line `N passed, N failed`.
 *
 * Arguments: paths, to run only those, and options of `deno test`, such as `--filter "POOL-31"`.
 *
 * @module
 */
import { whenOver } from "./patience.ts";

/** What is run in one process: a folder or file of `tests/`, or the examples in the documentation. */
interface Part {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Everything that a test starts must have ended with it. */
const SANITIZED = ["--sanitize-ops", "--sanitize-resources"];

/** What came out of a part; `failures` are the lines that name the tests that failed. */
interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
}

/**
 * Longest that a part may take, in milliseconds; it is killed then, and counts as failed. On a machine
 * that does nothing else the longest takes a minute and a half.
 */
const LONGEST_MS = 10 * 60_000;
/** Documents and sources with examples. */
const DOCUMENTED = [
  "README.md",
  "docs",
  "troupe.ts",
  "memory",
  "channels",
  "actors",
  "pool",
  "edge",
];
/** Tests of a part that are run again at most: when more fail, it is not for bad luck. */
const MOST_AGAIN = 5;
const ROOT = new URL("../", import.meta.url);
const SUMMARY = /^(?:ok|FAILED) \| (\d+) passed.* \| (\d+) failed/;
// deno-lint-ignore no-control-regex -- colours are control characters
const COLOURS = /\u001b\[[\d;]*m/g;

/** Runs everything; gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { paths, options } = split(args);
  const checked = await run("types", { args: ["check", ...frozen(), "."] }, () => {});
  const tallies: Tally[] = checked ? [] : [didNotEnd("types")];
  const parts = paths.length > 0
    ? [{ name: paths.join(" "), args: [...SANITIZED, ...paths] }]
    : await allParts();
  for (const part of parts) tallies.push(await runPart(part, options));
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  if (passed + failed === 0) console.log("\nNo test was run.");
  for (const line of tallies.flatMap(({ failures }) => failures)) console.log(line);
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** Paths, and everything else; the value of a lone `--filter` goes with it. */
function split(args: readonly string[]): { paths: string[]; options: string[] } {
  const paths: string[] = [];
  const options: string[] = ["--permit-no-files"];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (!arg.startsWith("-")) paths.push(arg);
    else if (arg === "--filter") options.push(`--filter=${args[++index] ?? ""}`);
    else if (arg !== "--") options.push(arg);
  }
  return { paths, options };
}

/** Each folder of `tests/` with tests, each test beside them, and the examples in the documentation. */
async function allParts(): Promise<Part[]> {
  const parts: Part[] = [];
  const tests = new URL("tests/", ROOT);
  for await (const { name, isDirectory } of Deno.readDir(tests)) {
    if (isDirectory ? !await hasTests(new URL(`${name}/`, tests)) : !isTest(name)) continue;
    parts.push({ name, args: [...SANITIZED, `tests/${name}`] });
  }
  parts.sort((a, b) => a.name < b.name ? -1 : 1);
  return [...parts, ...onOtherMemory(parts), {
    name: "examples in the documentation",
    args: ["--doc", ...DOCUMENTED],
  }];
}

/** What is on the best memory there is, mapped where that can be had, is tested on shared memory too. */
function onOtherMemory(parts: readonly Part[]): Part[] {
  return parts.filter(({ name }) => ["memory", "channels"].includes(name)).map((part) => ({
    ...part,
    name: `${part.name} on shared memory`,
    env: { TROUPE_BACKING: "shared" },
  }));
}

async function hasTests(folder: URL): Promise<boolean> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory ? await hasTests(new URL(`${name}/`, folder)) : isTest(name)) return true;
  }
  return false;
}

function isTest(name: string): boolean {
  return name.endsWith("_test.ts");
}

async function runPart({ name, args, env }: Part, options: readonly string[]): Promise<Tally> {
  let tally = { passed: 0, failed: 0 };
  const seen = new Failures();
  const flags = ["-A", "--no-check", "--parallel"];
  const succeeded = await run(
    name,
    { args: ["test", ...flags, ...frozen(), ...options, ...args], env },
    (line) => {
      seen.see(line);
      const found = SUMMARY.exec(line);
      if (found !== null) tally = { passed: Number(found[1]), failed: Number(found[2]) };
    },
  );
  if (succeeded) return { ...tally, failures: [] };
  if (tally.failed === 0) return { ...didNotEnd(name), passed: tally.passed };
  const alone = { name, args: ["-A", "--no-check", ...frozen(), ...SANITIZED], env };
  const unsteady = await unsteadyOf(alone, seen.found);
  const lines = seen.found.map((one) => told(name, one, unsteady.has(one)));
  if (unsteady.size < seen.found.length) return { ...tally, failures: lines };
  return { passed: tally.passed + tally.failed, failed: 0, failures: lines };
}

/**
 * Those of the tests that failed which pass alone. A machine that stands still for a moment can fail any
 * test; one that is broken fails twice. They are named at the end of the run, to be looked into.
 */
async function unsteadyOf(part: Part, found: readonly Found[]): Promise<Set<Found>> {
  const unsteady = new Set<Found>();
  if (found.length > MOST_AGAIN) return unsteady;
  for (const one of found) {
    const only = one.test === undefined ? [] : [`--filter=/^${escaped(one.test)}$/`];
    const args = ["test", ...part.args, ...only, one.file];
    if (await run(`again: ${part.name}`, { args, env: part.env }, () => {})) unsteady.add(one);
  }
  return unsteady;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function told(part: string, { test, file }: Found, isUnsteady: boolean): string {
  const where = `${part}: ${test ?? "an error outside of tests"} => ${file}`;
  return isUnsteady ? `UNSTEADY (passed when run alone) ${where}` : `FAILED ${where}`;
}

/** A part of which nobody knows how it would have ended. */
function didNotEnd(name: string): Tally {
  return { passed: 0, failed: 1, failures: [`FAILED ${name}: it did not run to its end`] };
}

/** A test that failed; without a name, a file with an error outside of its tests. */
interface Found {
  readonly test?: string;
  readonly file: string;
}

/** Finds the tests that failed in what `deno test --parallel` prints. */
class Failures {
  readonly found: Found[] = [];

  see(line: string): void {
    const [, file, test] = /^(\.\/\S+) => (.*) \.\.\. FAILED\b/.exec(line) ?? [];
    if (file !== undefined) this.found.push({ test, file });
    const [, broken] = /^(\.\/\S+) \(uncaught error\)$/.exec(line) ?? [];
    if (broken === undefined || this.found.some((one) => one.file === broken)) return;
    this.found.push({ file: broken });
  }
}

/** Runs `deno` with these arguments, shows what it prints line by line; `true` if it went well. */
async function run(
  name: string,
  { args, env }: Omit<Part, "name">,
  see: (line: string) => void,
): Promise<boolean> {
  console.log(`\n── ${name}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { ...env },
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const callOff = whenOver(() => {
    console.log(`${name} took more than ${LONGEST_MS / 60_000} minutes: it is killed.`);
    child.kill("SIGKILL");
  }, LONGEST_MS);
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    await writeAll(bytes);
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) see(line.replace(COLOURS, ""));
  }
  see(rest.replace(COLOURS, ""));
  const { success } = await child.status;
  callOff();
  return success;
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += await Deno.stdout.write(bytes.subarray(from));
}

/** Where the versions must be those of the lock file. */
function frozen(): string[] {
  return Deno.env.get("CI") ? ["--frozen"] : [];
}

Deno.exit(await main(Deno.args));
