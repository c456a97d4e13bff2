// Runs in: owner
/**
 * A pool of 2 workers of another library, on Node or Deno: for each line with a number it runs so many tasks
 * that do nothing, all submitted at once, and prints thousands a second.
 */
import { createInterface } from "node:readline";
import process from "node:process";
import { fileURLToPath } from "node:url";

const SIZE = 2;
const [name] = process.argv.slice(2);
const script = (file) => new URL(`./${file}_worker.mjs`, import.meta.url);

async function poolifier() {
  const { FixedThreadPool } = await import(name);
  const at = script(name);
  const pool = new FixedThreadPool(SIZE, name === "poolifier" ? fileURLToPath(at) : at);
  return (x) => pool.execute(x, "square");
}

async function tinypool() {
  const { Tinypool } = await import("tinypool");
  const size = { minThreads: SIZE, maxThreads: SIZE };
  const pool = new Tinypool({ filename: script("plain").href, ...size });
  return (x) => pool.run(x, { name: "square" });
}

async function piscina() {
  const { Piscina } = await import("piscina");
  const size = { minThreads: SIZE, maxThreads: SIZE, idleTimeout: Infinity };
  const pool = new Piscina({ filename: script("plain").href, ...size });
  return (x) => pool.run(x, { name: "square" });
}

async function workerpool() {
  const { default: library } = await import("workerpool");
  const size = { minWorkers: SIZE, maxWorkers: SIZE };
  const pool = library.pool(fileURLToPath(script("workerpool")), { workerType: "thread", ...size });
  return (x) => pool.exec("square", [x]);
}

const makers = { poolifier, "poolifier-web-worker": poolifier, tinypool, piscina, workerpool };
const submit = await makers[name]();
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  const begun = performance.now();
  const results = await Promise.all(Array.from({ length: count }, (_, i) => submit(i)));
  const seconds = (performance.now() - begun) / 1000;
  if (results[count - 1] !== (count - 1) ** 2) throw new Error(`${name} gave a wrong result`);
  console.log(count / seconds / 1000);
}
process.exit(0);
