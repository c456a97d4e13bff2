// Runs in: owner
/**
 * Restarts: from the crash of a worker actor, or its kill, to the first reply of its next life, against
 * the start of a bare worker. A handler in an endless loop is killed as well.
 *
 * Run: `deno run -A --no-lock bench/restart.ts`
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { type ActorRef, type Protocol, spawn } from "../mod.ts";
import { ORDER } from "./actors.ts";
import { contest, pause, report } from "./measure.ts";
import { Fragile } from "./restart_actor.ts";

/** Enough for the worker in reserve to be replaced, and for dead threads to be gone. */
const SETTLE_MS = 200;
type Fragile = ActorRef<Protocol<typeof Fragile>>;

const restart = { maxRestarts: 1e9, backoff: { min: 0, max: 0 } };
const actor = await spawn(Fragile, { restart });

/** Milliseconds from `end` to the first reply of the next life. */
async function untilReply(end: (actor: Fragile) => unknown): Promise<number> {
  await pause(SETTLE_MS);
  const begun = performance.now();
  end(actor);
  // An ask that the dying life took is rejected: the next one is for the next life.
  while (await actor.ask.echo(ORDER).then(() => false, () => true));
  return performance.now() - begun;
}

/** The same with an actor that does not listen any more. */
async function untilReplyAfterLoop(): Promise<number> {
  actor.ask.loop().catch(() => {});
  return await untilReply((actor) => actor.kill());
}

/** Milliseconds until a bare worker has answered. */
async function bareWorker(): Promise<number> {
  await pause(SETTLE_MS);
  const begun = performance.now();
  const worker = new Worker(new URL("./echo_node.ts", import.meta.url));
  await new Promise((resolve) => {
    worker.once("message", resolve);
    worker.postMessage(ORDER);
  });
  const took = performance.now() - begun;
  await worker.terminate();
  return took;
}

report([
  await contest({
    title: "restart to first reply",
    unit: "ms",
    rounds: 15,
    warmup: 2,
    contenders: [
      { name: "handler threw", round: () => untilReply((a) => a.ask.boom().catch(() => {})) },
      { name: "killed", round: () => untilReply((a) => a.kill()) },
      { name: "killed in an endless loop", round: untilReplyAfterLoop },
      { name: "bare node:worker_threads Worker", round: bareWorker },
    ],
  }),
]);
await actor.stop();
