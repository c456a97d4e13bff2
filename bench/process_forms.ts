// Runs in: owner
/**
 * What the two forms of processes cost: a round trip, hot and after a pause, a told message, and a start.
 *
 * Run: `deno run -A --no-lock bench/process_forms.ts`
 *
 * @module
 */
import { spawn } from "../mod.ts";
import { Echo, ORDER } from "./actors.ts";
import { type Contender, contest, pause, perStep, report } from "./measure.ts";

const COUNT = 2000;
const COLD_COUNT = 8;
const COLD_MS = 20;
const FORMS = ["mapped", "socket"] as const;
type Form = (typeof FORMS)[number];

async function start(form: Form) {
  Deno.env.set("TROUPE_PROCESS", form);
  return await spawn(Echo, { isolation: "process" });
}

const actors = { mapped: await start("mapped"), socket: await start("socket") };

/** Each form, measured in the same way. */
function contenders(round: (form: Form) => Promise<number>): Contender[] {
  return FORMS.map((form) => ({ name: form, round: () => round(form) }));
}

const hot = await contest({
  title: "ask of a process, hot, small object",
  unit: "us",
  contenders: contenders((form) =>
    perStep(COUNT, async () => {
      for (let i = 0; i < COUNT; i++) await actors[form].ask.echo(ORDER);
    })
  ),
});
const cold = await contest({
  title: `ask of a process, cold: ${COLD_MS} ms pauses, small object`,
  unit: "us",
  contenders: contenders(async (form) => {
    let total = 0;
    for (let i = 0; i < COLD_COUNT; i++) {
      await pause(COLD_MS);
      total += await perStep(1, async () => void await actors[form].ask.echo(ORDER));
    }
    return total / COLD_COUNT;
  }),
});
const told = await contest({
  title: "tell to a process, handled",
  unit: "us",
  contenders: contenders((form) =>
    perStep(COUNT, async () => {
      for (let i = 0; i < COUNT; i++) await actors[form].tell.echo(ORDER);
      await actors[form].ask.echo(ORDER);
    })
  ),
});
const started = await contest({
  title: "start of an actor in a process, to its first reply",
  unit: "us",
  contenders: contenders((form) =>
    perStep(1, async () => {
      await using one = await start(form);
      await one.ask.echo(ORDER);
    })
  ),
});
await Promise.all(Object.values(actors).map((actor) => actor.stop()));
report([hot, cold, told, started]);
