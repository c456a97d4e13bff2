// Runs in: owner
/**
 * Round trips: `ask` of an actor in a worker against a bare Web Worker that echoes.
 *
 * Run: `deno run -A --no-lock bench/ask.ts`
 *
 * @module
 */
import { spawn } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { contest, pause, perStep, report } from "./measure.ts";
import { Rival } from "./rival.ts";

const COUNT = 20_000;
const RIVAL_COUNT = 1000;
const COLD_COUNT = 8;
const COLD_MS = 20;

await using actor = await spawn(Echo);
using rival = new Rival();
await rival.echo(ORDER);

const ask = () => actor.ask.echo(ORDER);

/** `count` calls, one after the other. */
async function oneByOne(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await call();
}

/** Microseconds of calls with pauses before each. */
async function cold(call: () => Promise<unknown>): Promise<number> {
  let total = 0;
  for (let i = 0; i < COLD_COUNT; i++) {
    await pause(COLD_MS);
    total += await perStep(1, call);
  }
  return total / COLD_COUNT;
}

const hot = await contest({
  title: "ask, hot: one after the other, small object",
  unit: "us",
  contenders: [
    { name: "ask", round: () => perStep(COUNT, () => oneByOne(COUNT, ask)) },
    {
      name: "postMessage echo",
      round: () => perStep(RIVAL_COUNT, () => oneByOne(RIVAL_COUNT, () => rival.echo(ORDER))),
    },
  ],
});
const seldom = await contest({
  title: `ask, cold: ${COLD_MS} ms pauses, small object`,
  unit: "us",
  contenders: [
    { name: "ask", round: () => cold(ask) },
    { name: "postMessage echo", round: () => cold(() => rival.echo(ORDER)) },
  ],
});
report([hot, seldom]);
