// Runs in: owner
/**
 * What a message costs when many pipes are open and used in turn: as much as with one.
 *
 * Run: `deno run -A --no-lock bench/channels_flat.ts`
 *
 * @module
 */
import { pipe, spawn } from "../mod.ts";
import { ORDER, Spread } from "./actors.ts";
import { type Contender, contest, perStep, report } from "./measure.ts";

const COUNT = 64 * 1000;
const WIDTHS = [64, 16, 4, 1];

const pipes = Array.from({ length: 64 }, () => pipe<unknown>());
const [near, far] = [0, 1].map((side) => pipes.map((ends) => ends[side]));
await using spread = await spawn(Spread, { args: [far] });

const result = await contest({
  title: "one way through several pipes in turn, small object",
  unit: "us",
  contenders: WIDTHS.map((width): Contender => ({
    name: width === 1 ? "1 pipe" : `${width} pipes`,
    round: () =>
      perStep(COUNT, async () => {
        const sent = spread.ask.send({ width, count: COUNT, value: ORDER });
        for (let i = 0; i < COUNT; i++) await near[i % width].recv();
        await sent;
      }),
  })),
});
report([result]);
for (const end of near) end.close();
