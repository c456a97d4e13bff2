// Runs in: owner
/**
 * What a cold start is made of: a bare worker, one that loads Troupe's modules, and a spawn. The proof of
 * `docs/decisions/cold_start.md`.
 *
 * Run: `deno run -A --no-lock bench/cold_start.ts`
 *
 * @module
 */
import { SHARE_ENV, Worker as Thread } from "node:worker_threads";
import { spawn } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { contest, report } from "./measure.ts";

const ECHO = `import { parentPort as port } from "node:worker_threads";
port.on("message", (message) => port.postMessage(message));`;
const MODULES = ["../mod.ts"]
  .map((path) => `import ${JSON.stringify(new URL(path, import.meta.url).href)};`).join("\n");

/** Milliseconds until a worker with this script has answered. */
async function untilReply(script: string): Promise<number> {
  const begun = performance.now();
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const thread = new Thread(url, { env: SHARE_ENV });
  thread.postMessage(1);
  await new Promise((resolve) => thread.once("message", resolve));
  const took = performance.now() - begun;
  await thread.terminate();
  return took;
}

/** Milliseconds until a spawned actor has answered. */
async function untilAnswer(): Promise<number> {
  const begun = performance.now();
  const ref = await spawn(Echo);
  await ref.ask.echo(ORDER);
  const took = performance.now() - begun;
  await ref.stop();
  return took;
}

report([
  await contest({
    title: "start to first reply",
    unit: "ms",
    contenders: [
      { name: "spawn, cold", round: untilAnswer },
      { name: "worker that loads Troupe", round: () => untilReply(MODULES + ECHO) },
      { name: "bare node:worker_threads Worker", round: () => untilReply(ECHO) },
    ],
  }),
]);
