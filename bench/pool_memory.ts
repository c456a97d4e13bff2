// Runs in: owner
/**
 * Memory of an idle worker of a pool, against a bare Worker: resident memory of a program with so many of
 * them, less that of the same program before, each in a process of its own.
 *
 * Run: `deno run -A --no-lock bench/pool_memory.ts`
 *
 * @module
 */
import { Pool } from "../mod.ts";
import { noop } from "./actors.ts";
import { median } from "./measure.ts";
import { Rival } from "./rival.ts";

const WORKERS = 16;
const MIB = 2 ** 20;

/** MiB for each worker, once they have answered and are idle. */
async function measure(what: string): Promise<number> {
  const before = Deno.memoryUsage().rss;
  if (what === "bare") {
    const rivals = Array.from({ length: WORKERS }, () => new Rival());
    await Promise.all(rivals.map((rival) => rival.echo(1)));
    return (Deno.memoryUsage().rss - before) / WORKERS / MIB;
  }
  const pool = new Pool({ size: WORKERS });
  await pool.ready();
  await pool.broadcast(noop, 1);
  return (Deno.memoryUsage().rss - before) / WORKERS / MIB;
}

/** The same in a process of its own. */
async function measureApart(what: string): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-check", import.meta.url, what],
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

const [what] = Deno.args;
if (what !== undefined) {
  console.log(await measure(what));
  Deno.exit(0);
}
const [bare, pooled]: number[][] = [[], []];
for (let round = 0; round < 5; round++) {
  bare.push(await measureApart("bare"));
  pooled.push(await measureApart("pool"));
}
const ratio = median(pooled) / median(bare);
console.log(
  `idle worker: pool ${median(pooled).toFixed(1)} MiB, bare ${median(bare).toFixed(1)} MiB`,
);
console.log(`ratio ${ratio.toFixed(2)}`);
