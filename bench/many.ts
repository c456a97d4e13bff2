// Runs in: owner
/**
 * Four producers and four consumers, each in a worker of its own, on one queue, against Python's.
 *
 * Run: `deno run -A --no-lock bench/many.ts`
 *
 * @module
 */
import { Queue, spawn } from "../mod.ts";
import { Crowd, type Flood } from "./actors.ts";
import { type Contender, contest, perSecond, report, type Result } from "./measure.ts";
import { Python, pythonContender } from "./python.ts";

const PEOPLE = 4;
const COUNTS: Readonly<Record<string, number>> = { "number": 200_000, "small object": 200_000 };
const PYTHON_COUNT = 20_000;
const ROUNDS = 11;

const queue = new Queue<unknown>({ maxsize: 4096 });
const people = await Promise.all(
  Array.from({ length: 2 * PEOPLE }, () => spawn(Crowd, { args: [queue] })),
);
await using python = Python.start();

function crowd(what: string, blocking: boolean): Contender {
  const flood: Flood = { what, count: COUNTS[what] / PEOPLE, blocking };
  return {
    name: blocking ? "queue, putSync → getSync" : "queue, await put → await get",
    round: () =>
      perSecond(COUNTS[what], () =>
        Promise.all(
          people.map((one, index) => index % 2 ? one.ask.fill(flood) : one.ask.drain(flood)),
        )),
  };
}

const results: Result[] = [];
for (const what of Object.keys(COUNTS)) {
  results.push(
    await contest({
      title: `${PEOPLE} producers, ${PEOPLE} consumers, ${what}`,
      unit: "k/s",
      rounds: ROUNDS,
      contenders: [
        crowd(what, false),
        crowd(what, true),
        ...pythonContender(python, { how: "many", what, count: PYTHON_COUNT }),
      ],
    }),
  );
}
report(results);
await Promise.all(people.map((one) => one.stop()));
queue.close();
