// Runs in: owner
/**
 * Tasks that do nothing, submitted one by one, against the pools of other libraries on Node and Deno, and
 * against Python's Pool, where these can be had. The libraries are fetched by npm into a folder that is
 * removed afterwards.
 *
 * Run: `deno run -A --no-lock bench/pool_peers.ts`
 *
 * @module
 */
import { cpSync } from "node:fs";
import { Pool } from "../mod.ts";
import { noop } from "./actors.ts";
import { MeasuringChild } from "./child.ts";
import { type Contender, contest, perSecond, report } from "./measure.ts";
import { Python, pythonContender } from "./python.ts";

const COUNT = 20_000;
const PACKAGES = {
  piscina: "5.3.2",
  poolifier: "5.3.2",
  "poolifier-web-worker": "0.5.15",
  tinypool: "2.2.0",
  workerpool: "10.0.3",
};
const ON_DENO = ["run", "-A", "--no-lock", "--node-modules-dir=manual"];
/** The last one is the fastest as far as known. */
const PEERS = [
  { name: "piscina", on: "node" },
  { name: "tinypool", on: "node" },
  { name: "workerpool", on: "node" },
  { name: "poolifier-web-worker", on: "deno" },
  { name: "poolifier", on: "node" },
] as const;

/** The other libraries, beside the programs that use them; `undefined`, with a note, without npm. */
async function fetchPeers(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  cpSync(new URL("./peers", import.meta.url).pathname, folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ private: true, type: "module", dependencies: PACKAGES }),
  );
  try {
    const args = ["install", "--no-audit", "--no-fund", "--omit=optional", "--loglevel=error"];
    const npm = new Deno.Command("npm", { args, cwd: folder, stdout: "null", stderr: "inherit" });
    if ((await npm.output()).success) return folder;
  } catch (error) {
    console.error("(npm cannot be started:", (error as Error).message + ")");
  }
  console.error("(the other libraries cannot be had and are left out)");
  await Deno.remove(folder, { recursive: true });
}

function startPeer(folder: string, { name, on }: typeof PEERS[number]): MeasuringChild | undefined {
  const args = on === "deno" ? [...ON_DENO, "rival.mjs", name] : ["rival.mjs", name];
  return MeasuringChild.start({
    command: on === "deno" ? Deno.execPath() : on,
    args,
    cwd: folder,
  });
}

await using pool = new Pool({ size: 2 });
await pool.apply(noop, 1);
const ours: Contender = {
  name: "Troupe",
  round: () =>
    perSecond(
      COUNT,
      () => Promise.all(Array.from({ length: COUNT }, (_, i) => pool.apply(noop, i))),
    ),
};

await using stack = new AsyncDisposableStack();
const python = stack.use(Python.start());
const contenders = [ours, ...pythonContender(python, { how: "submit", count: COUNT })];
const folder = await fetchPeers();
if (folder !== undefined) {
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  for (const peer of PEERS) {
    const child = stack.use(startPeer(folder, peer));
    if (child === undefined) continue;
    contenders.push({
      name: `${peer.name} on ${peer.on}`,
      round: () => child.measure(`${COUNT}`),
    });
  }
}
report([
  await contest({
    title: `${COUNT} tasks that do nothing, submitted one by one to a pool of 2`,
    unit: "k/s",
    contenders,
    warmup: 3,
  }),
]);
