/**
 * The chaos at its full size: `deno task chaos`. Prints the figures and fails when one is not as it
 * must be.
 *
 * @module
 */
import { warmWorkers } from "../../actors/spawn.ts";
import { chaos } from "./tree.ts";

const [messages = 100_000, kills = 1000, seed = Date.now() % 1e6] = Deno.args.map(Number);
const error = console.error;
console.error = (...args) => String(args[0]).startsWith("Process ") || error(...args);
await warmWorkers(2);
const shape = { inline: 8, workers: 12, seed };
await chaos({ ...shape, messages: messages / 5, kills: kills / 5 });
const before = Deno.memoryUsage().rss;
const report = await chaos({ ...shape, messages, kills });
const grown = (Deno.memoryUsage().rss - before) / 1048576;
await warmWorkers(0);
console.log(`seed ${seed}, ${messages} messages, ${kills} kills:`, report);
console.log(`memory grew by ${grown.toFixed(1)} MiB`);
const { unexpected, hung, lost, duplicates, missing } = report;
Deno.exit(unexpected.length + hung + lost + duplicates + missing > 0 ? 1 : 0);
