// Runs in: owner
/**
 * What waiting costs. Beside workers that burn all cores: round trips with the spins that precede
 * sleep, and without. Idle: the processor time of actors and channels that wait for something.
 *
 * Run: `deno run -A --no-lock bench/load.ts`
 *
 * @module
 */
import process from "node:process";
import { pipe, Queue, spawn } from "../troupe.ts";
import { ORDER } from "./actors.ts";
import { contest, pause, perStep, report, type Result } from "./measure.ts";
import { setSpinning, Spinner } from "./spinning.ts";

const COUNT = 500;
const IDLE_MS = 2000;

/** Processor time of the whole program in the next while, in milliseconds a second. */
async function processorTime(): Promise<number> {
  const before = process.cpuUsage();
  const begun = performance.now();
  await pause(IDLE_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (performance.now() - begun);
}

async function idle(): Promise<Result> {
  const actors = await Promise.all(Array.from({ length: 4 }, () => spawn(Spinner)));
  const queue = new Queue<number>();
  const [near] = pipe<number>();
  const waits = [queue.get(), near.recv()].map((wait) => wait.catch(() => {}));
  await Promise.all(actors.map((actor) => actor.ask.echo(ORDER)));
  await pause(500);
  const waiting = await contest({
    title: `processor time in a second of waiting: 4 actors, a queue, a pipe`,
    unit: "ms",
    rounds: 1,
    warmup: 0,
    contenders: [{ name: "idle", round: processorTime }],
  });
  queue.close();
  near.close();
  await Promise.all([...waits, ...actors.map((actor) => actor.stop())]);
  return waiting;
}

async function beside(burners: number): Promise<Result> {
  const url = new URL("./burner.ts", import.meta.url);
  const burning = Array.from({ length: burners }, () => new Worker(url, { type: "module" }));
  await using actor = await spawn(Spinner);
  const round = async (isOn: boolean) => {
    setSpinning(isOn);
    await actor.ask.setSpinning(isOn);
    return await perStep(COUNT, async () => {
      for (let i = 0; i < COUNT; i++) await actor.ask.echo(ORDER);
    });
  };
  const result = await contest({
    title: `ask beside ${burners} workers that burn a core each, small object`,
    unit: "us",
    contenders: [
      { name: "spinning before sleep", round: () => round(true) },
      { name: "without spinning", round: () => round(false) },
    ],
  });
  for (const worker of burning) worker.terminate();
  return result;
}

report([await idle(), await beside(2)]);
Deno.exit();
