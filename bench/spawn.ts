// Runs in: owner
/**
 * Starts: from `spawn` to the first reply, with and without spare workers, against bare workers.
 *
 * Run: `deno run -A --no-lock bench/spawn.ts`
 *
 * @module
 */
import { Worker as NodeWorker } from "node:worker_threads";
import * as troupe from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { type Contender, contest, pause, report } from "./measure.ts";
import { Rival } from "./rival.ts";

const ROUNDS = 9;
/** Enough for a spare that was taken to be replaced. */
const SETTLE_MS = 150;

type Program = Pick<typeof troupe, "spawn"> & { readonly Echo: typeof Echo };

/** What `bench/actors.ts` exports, and Troupe, in one file, as a program that was bundled. */
async function bundled(): Promise<Program> {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const whole = `export * from ${at("../mod.ts")}; export * from ${at("./actors.ts")};`;
  await Deno.writeTextFile(`${folder}/whole.ts`, whole);
  const args = ["bundle", "--quiet", "--minify", "--platform", "deno", "-o", `${folder}/whole.js`];
  const config = ["--config", new URL("../deno.json", import.meta.url).pathname];
  const bundling = new Deno.Command(Deno.execPath(), {
    args: [...args, ...config, `${folder}/whole.ts`],
  });
  const { success, stderr } = await bundling.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return await import(`file://${folder}/whole.js`);
}

/** Milliseconds until an actor has answered; its end does not count. */
async function spawnAndAsk(program: Program = { ...troupe, Echo }): Promise<number> {
  const start = performance.now();
  const actor = await program.spawn(program.Echo);
  await actor.ask.echo(ORDER);
  const time = performance.now() - start;
  await actor.stop();
  await pause(SETTLE_MS);
  return time;
}

/** The same with a bare worker of `node:worker_threads`. */
async function nodeWorker(): Promise<number> {
  const start = performance.now();
  const worker = new NodeWorker(new URL("./echo_node.ts", import.meta.url));
  await new Promise((resolve) => {
    worker.once("message", resolve);
    worker.postMessage(ORDER);
  });
  const time = performance.now() - start;
  await worker.terminate();
  await pause(SETTLE_MS);
  return time;
}

/** The same with a bare Web Worker. */
async function webWorker(): Promise<number> {
  const start = performance.now();
  using rival = new Rival("./echo_web.ts");
  await rival.post(ORDER);
  const time = performance.now() - start;
  await pause(SETTLE_MS);
  return time;
}

/** Turns on spare workers, for one round. */
async function spawnWarm(): Promise<number> {
  await troupe.warmWorkers(1);
  const time = await spawnAndAsk();
  await troupe.warmWorkers(0);
  await pause(SETTLE_MS);
  return time;
}

const program = await bundled();
const contenders: Contender[] = [
  { name: "spawn, cold, bundled", round: () => spawnAndAsk(program) },
  { name: "spawn, cold", round: () => spawnAndAsk() },
  ...("warmWorkers" in troupe ? [{ name: "spawn, spare worker ready", round: spawnWarm }] : []),
  { name: "bare Web Worker", round: webWorker },
  { name: "bare node:worker_threads Worker", round: nodeWorker },
];
report([
  await contest({
    title: "start to first reply",
    unit: "ms",
    rounds: ROUNDS,
    warmup: 1,
    contenders,
  }),
]);
