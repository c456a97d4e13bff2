/**
 * The chaos at its full size: `deno task chaos [messages] [kills] [seed]`. Prints the figures and fails
 * when one is not as it must be.
 *
 * Memory is measured at rest, when the tree of a round is gone and garbage was collected. The first
 * rounds warm up: code is compiled, pages of the arena are touched for the first time. From then on it
 * must be flat, whatever dies.
 *
 * @module
 */
import { warmWorkers } from "../../actors/spawn.ts";
import { here } from "../../memory/isolate.ts";
import { countBlocks } from "../../memory/sweep.ts";
import { collectGarbage, turn } from "../support.ts";
import { chaos } from "./tree.ts";

/** All messages and deaths are shared out among so many rounds. */
const ROUNDS = 8;
/** Rounds that warm up. */
const WARM = 3;
/** MiB that the rest may differ by; threads come and go, and the allocator keeps what it likes. */
const SLACK = { rss: 24, heap: 2 };
const MIB = 1048576;

/** What the program holds when nothing happens. */
async function atRest() {
  for (let n = 0; n < 3; n++) {
    await turn(100);
    collectGarbage();
  }
  const { rss, heapUsed } = Deno.memoryUsage();
  const { held, shared, loose, part } = countBlocks(here().arena);
  return { rss: rss / MIB, heap: heapUsed / MIB, blocks: held + shared + loose + part };
}

const [messages = 100_000, kills = 1000, seed = Date.now() % 1e6] = Deno.args.map(Number);
const error = console.error;
console.error = (...args) => String(args[0]).startsWith("Process ") || error(...args);
await warmWorkers(2);
let wrong = 0;
const rests: Awaited<ReturnType<typeof atRest>>[] = [];
console.log(`seed ${seed}, ${messages} messages, ${kills} kills in ${ROUNDS} rounds`);
for (let round = 0; round < ROUNDS; round++) {
  const size = { messages: Math.ceil(messages / ROUNDS), kills: Math.ceil(kills / ROUNDS) };
  const report = await chaos({ inline: 8, workers: 12, seed: seed + round, ...size });
  const { unexpected, hung, lost, duplicates, missing } = report;
  wrong += unexpected.length + hung + lost + duplicates + missing;
  const rest = await atRest();
  rests.push(rest);
  console.log(report, `at rest: ${rest.rss.toFixed(1)} MiB, heap ${rest.heap.toFixed(2)} MiB,`);
  console.log(`${rest.blocks} blocks of the arena`);
}
await warmWorkers(0);
const [first, last] = [rests[WARM - 1], rests[ROUNDS - 1]];
// The allocator gives memory back when it likes: a low figure among the first is no measure.
const most = Math.max(...rests.slice(0, WARM).map(({ rss }) => rss));
const grown = { rss: last.rss - most, heap: last.heap - first.heap };
console.log(`after ${WARM} rounds memory grew by ${grown.rss.toFixed(1)} MiB`);
console.log(`(heap of the first isolate: ${grown.heap.toFixed(2)} MiB)`);
const isFlat = grown.rss <= SLACK.rss && grown.heap <= SLACK.heap && last.blocks <= first.blocks;
Deno.exit(wrong > 0 || !isFlat ? 1 : 0);
