// Runs in: owner
/**
 * Many requests in flight: `ask` of an actor in a worker against a bare Web Worker that echoes.
 *
 * Run: `deno run -A --no-lock bench/inflight.ts`
 *
 * @module
 */
import { spawn } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { contest, perStep, report } from "./measure.ts";
import { Rival } from "./rival.ts";

const WINDOW = 64;
const EACH = 128;
const RIVAL_EACH = 32;
/** Rounds until the engine has optimized what runs in each of them. */
const WARMUP = 10;
const ROUNDS = 25;

await using actor = await spawn(Echo);
using rival = new Rival();
await rival.echo(ORDER);

async function askMany(): Promise<void> {
  for (let i = 0; i < EACH; i++) await actor.ask.echo(ORDER);
}

const result = await contest({
  title: `ask, ${WINDOW} in flight, small object`,
  unit: "us",
  rounds: ROUNDS,
  warmup: WARMUP,
  contenders: [
    {
      name: "ask",
      round: () =>
        perStep(WINDOW * EACH, () => Promise.all(Array.from({ length: WINDOW }, askMany))),
    },
    {
      name: "postMessage echo",
      round: () =>
        perStep(WINDOW * RIVAL_EACH, () => rival.echoMany(ORDER, WINDOW * RIVAL_EACH, WINDOW)),
    },
  ],
});
report([result]);
