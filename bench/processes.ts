// Runs in: owner
/**
 * Round trips between two processes of the operating system: `ask` of an actor in a process, and a pair of
 * queues, against an actor in a thread, against a byte through a socket of bare Deno, and against
 * `multiprocessing.Pipe` where there is a Python.
 *
 * Run: `deno run -A --no-lock bench/processes.ts`
 *
 * @module
 */
import { Process, Queue, spawn } from "../mod.ts";
import { answerQueue, Echo, ORDER } from "./actors.ts";
import { BareEcho } from "./bare_socket.ts";
import { type Contender, contest, pause, perStep, report } from "./measure.ts";
import { Python, pythonContender, type PythonDemand } from "./python.ts";

const COUNT = 20_000;
const COLD_COUNT = 8;
const COLD_MS = 20;
const PYTHON_COUNT = 3000;

await using inProcess = await spawn(Echo, { isolation: "process" });
await using inThread = await spawn(Echo);
await using bare = await BareEcho.start();

/** A process that answers, and the two queues to it. */
class Peer {
  readonly there = new Queue<unknown>();
  readonly back = new Queue<unknown>();
  readonly process: Process<[Queue<unknown>, Queue<unknown>, boolean], Promise<void>>;

  constructor(blocking: boolean) {
    const args: [Queue<unknown>, Queue<unknown>, boolean] = [this.there, this.back, blocking];
    this.process = new Process({ target: answerQueue, args, isolation: "process", daemon: true });
    this.process.start();
  }

  async end(): Promise<void> {
    this.process.kill();
    await this.process.join();
    this.there.close();
    this.back.close();
  }
}

const peers = [new Peer(false), new Peer(true)];
await using python = Python.start();

const asks: Record<string, () => Promise<unknown>> = {
  "ask of a process": () => inProcess.ask.echo(ORDER),
  "ask of a thread": () => inThread.ask.echo(ORDER),
  "queues, await, to a process": async () => {
    await peers[0].there.put(ORDER);
    return await peers[0].back.get();
  },
  "a byte through a socket, bare Deno": () => bare.trip(),
};
const blocking = () => {
  peers[1].there.putSync(ORDER);
  peers[1].back.getSync();
};

async function hot(call: () => unknown): Promise<number> {
  return await perStep(COUNT, async () => {
    for (let i = 0; i < COUNT; i++) await call();
  });
}

async function cold(call: () => unknown): Promise<number> {
  let total = 0;
  for (let i = 0; i < COLD_COUNT; i++) {
    await pause(COLD_MS);
    total += await perStep(1, async () => await call());
  }
  return total / COLD_COUNT;
}

function contenders(
  round: (call: () => unknown) => Promise<number>,
  trips: PythonDemand,
): Contender[] {
  return [
    ...Object.entries(asks).map(([name, call]) => ({ name, round: () => round(call) })),
    { name: "queues, blocking, to a process", round: () => round(blocking) },
    ...pythonContender(python, trips),
  ];
}

const lively = await contest({
  title: "round trip between processes, hot, small object",
  unit: "us",
  contenders: contenders(hot, { how: "trip", what: "0", count: PYTHON_COUNT }),
});
const seldom = await contest({
  title: `round trip between processes, cold: ${COLD_MS} ms pauses, small object`,
  unit: "us",
  contenders: contenders(cold, { how: "trip", what: `${COLD_MS / 1000}`, count: COLD_COUNT }),
});
report([lively, seldom]);
await Promise.all(peers.map((peer) => peer.end()));
