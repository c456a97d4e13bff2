/** Queues, `wait` and `select` in many workers, with kills and aborts at random (C1, C2, L1, L2). */
import { assert, assertEquals } from "@std/assert";
import { Process } from "../../actors/process.ts";
import { JoinableQueue } from "../../channels/joinable_queue.ts";
import { pipe } from "../../channels/pipe.ts";
import { Queue } from "../../channels/queue.ts";
import { select, sending } from "../../channels/select.ts";
import { wait } from "../../channels/wait.ts";
import { Event } from "../../memory/locks/event.ts";
import { usedBytes } from "../../memory/heap.ts";
import { here } from "../../memory/isolate.ts";
import { produce } from "../fixtures/channels.ts";
import {
  relayAll,
  relayForEver,
  relaySyncForEver,
  scatterForEver,
  waitForEver,
} from "../fixtures/selecting.ts";
import { awake, sleepers, traces, troupeTest, turn, until } from "../support.ts";

const SOAK = Deno.env.get("TROUPE_SOAK") === "1";

/** Numbers that look random and are the same each time. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const seed of SOAK ? Array.from({ length: 50 }, (_, n) => n) : [1, 2]) {
  troupeTest(
    `C1 four producers, four consumers, 20,000 items, bound 64: seed ${seed}`,
    async () => {
      await using queue = new Queue<[number, number]>({ maxsize: 64 });
      await using got = new Queue<[number, [number, number]]>();
      const consumers = [0, 1, 2, 3].map((who) =>
        new Process({ target: relayAll, args: [queue, got, who] }).start()
      );
      await until(() => sleepers() === 4, "four consumers");
      const producers = [0, 1, 2, 3].map((who) =>
        new Process({ target: produce, args: [queue, who, 5000] }).start()
      );
      const seen = new Set<string>();
      const last = new Map<string, number>();
      const rng = random(seed);
      for (let n = 0; n < 20_000; n++) {
        const [consumer, [who, index]] = await got.get();
        assert(!seen.has(`${who} ${index}`), `${who} ${index} twice`);
        seen.add(`${who} ${index}`);
        const before = last.get(`${consumer} ${who}`) ?? -1;
        assert(index > before, `${index} of ${who} came after ${before}`);
        last.set(`${consumer} ${who}`, index);
        assert(queue.qsize() <= 64, "over its bound");
        if (rng() < 0.0005) await turn(1);
      }
      await Promise.all(producers.map((one) => one.join()));
      assertEquals([seen.size, queue.qsize(), got.qsize()], [20_000, 0, 0]);
      await until(() => sleepers() === 4, "four consumers that wait");
      for (const one of consumers) one.kill();
      await Promise.all(consumers.map((one) => one.join()));
    },
  );
}

for (
  const [name, target] of [
    ["select", relayForEver],
    ["selectSync", relaySyncForEver as unknown as typeof relayForEver],
    ["wait", waitForEver],
  ] as const
) {
  troupeTest(`C2 consumers in ${name} killed at random lose at most what they hold`, async () => {
    await using a = new Queue<number>({ maxsize: 16 });
    await using b = new Queue<number>({ maxsize: 16 });
    await using to = new Queue<number>();
    const rng = random(name.length);
    const start = () => new Process({ target, args: [a, b, to] }).start();
    const workers = [start(), start()];
    const seen = new Set<number>();
    let up = 0;
    const reading = (async () => {
      for await (const n of to) {
        if (n < 0) up++;
        else {
          assert(!seen.has(n), `${n} twice`);
          seen.add(n);
        }
      }
    })();
    const items = SOAK ? 50_000 : 1500;
    let kills = 0;
    for (let n = 0; n < items; n++) {
      await awake(rng() < 0.5 ? a.put(n) : b.put(n), "room");
      if (n % 150 !== 149) continue;
      await until(() => up === kills + 2, "the workers to be up");
      kills++;
      const which = kills % 2;
      workers[which].kill();
      await workers[which].join();
      workers[which] = start();
    }
    const isTaken = () => a.empty() && b.empty() && to.empty() && sleepers() === 2;
    await until(() => up === kills + 2 && isTaken(), "all to be taken");
    await turn(5);
    to.close();
    await reading;
    assert(items - seen.size <= kills, `${items - seen.size} lost in ${kills} kills`);
    for (const one of workers) one.kill();
    await Promise.all(workers.map((one) => one.join()));
  });

  troupeTest(`C2 consumers killed while they wait in ${name} lose nothing`, async () => {
    await using a = new Queue<number>();
    await using b = new Queue<number>();
    await using to = new Queue<number>();
    for (let round = 0; round < 6; round++) {
      const worker = new Process({ target, args: [a, b, to] }).start();
      assertEquals(await to.get(), -1);
      await until(() => sleepers() === 1, "its wait");
      worker.kill();
      if (round % 2 === 0) await until(() => traces().threads === 0, "its burial");
      await a.put(round);
      await b.put(-round);
      await worker.join();
      await until(() => traces().threads === 0, "its burial");
      const all: number[] = [];
      for (const queue of [a, b, to]) for await (const n of queue.drain()) all.push(n);
      assertEquals(all.map(Math.abs), [round, round]);
    }
  });
}

troupeTest("C2 producers in select killed at random: what was accepted comes, once", async () => {
  await using a = new Queue<number>({ maxsize: 8 });
  await using b = new Queue<number>({ maxsize: 8 });
  await using accepted = new Queue<number>();
  const rng = random(7);
  for (let round = 0; round < (SOAK ? 200 : 8); round++) {
    const args: [Queue<number>, Queue<number>, Queue<number>, number] = [
      a,
      b,
      accepted,
      round * 1e6,
    ];
    const worker = new Process({ target: scatterForEver, args }).start();
    const seen = new Set<number>();
    const note = (n: number) => {
      assert(!seen.has(n), `${n} twice`);
      seen.add(n);
    };
    const count = 50 + Math.floor(rng() * 200);
    for (let n = 0; n < count; n++) note((await awake(select({ a, b }))).value);
    worker.kill();
    await worker.join();
    await until(() => traces().threads === 0, "its burial");
    for (const queue of [a, b]) for await (const n of queue.drain()) note(n);
    let told = 0;
    for await (const n of accepted.drain()) {
      assert(seen.has(n), `${n} was lost`);
      told++;
    }
    assert(seen.size === told || seen.size === told + 1, `${seen.size} came, ${told} accepted`);
  }
});

troupeTest("L2 operations called off at random moments settle once and leave nothing", async () => {
  await using full = new Queue<number>({ maxsize: 1 });
  await using empty = new Queue<number>();
  await using jobs = new JoinableQueue<number>();
  const [a, b] = pipe<number>();
  const event = new Event();
  await full.put(0);
  await jobs.put(0);
  const rng = random(11);
  const held = traces().held;
  const operations: ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => full.put(1, { signal }),
    (signal) => empty.get({ signal }),
    (signal) => jobs.join({ signal }),
    (signal) => a.recv({ signal }),
    (signal) => wait([a, empty, event], { signal }),
    (signal) => select({ a, empty, put: sending(full, 1), event }, { signal }),
  ];
  let settled = 0;
  const rounds = SOAK ? 20_000 : 200;
  const all = Array.from({ length: rounds }, async (_, n) => {
    const controller = new AbortController();
    const reason = new Error(`off ${n}`);
    const outcome = operations[n % operations.length](controller.signal).then(
      () => assert(false, "nothing can succeed here"),
      (error) => assertEquals(error, reason),
    );
    const moment = rng();
    if (moment < 0.3) await null;
    else if (moment < 0.9) await turn(Math.floor(rng() * 20));
    controller.abort(reason);
    await awake(outcome);
    settled++;
  });
  await Promise.all(all);
  assertEquals([settled, full.qsize(), empty.qsize(), jobs.unfinished], [rounds, 1, 0, 1]);
  assertEquals([here().park.keepAlive.count, traces().held], [0, held]);
  // No place is leaked: everything goes on as before.
  assertEquals(full.getNowait(), 0);
  full.putNowait(5);
  empty.putNowait(6);
  await b.send(7);
  assertEquals([full.getNowait(), empty.getNowait(), await a.recv()], [5, 6, 7]);
  a.close();
  b.close();
});

troupeTest("L2 aborts race with items: each item is got once, or stays", async () => {
  await using a = new Queue<number>();
  await using b = new Queue<number>();
  const rng = random(3);
  const got: number[] = [];
  const rounds = SOAK ? 20_000 : 500;
  for (let n = 0; n < rounds; n++) {
    const controller = new AbortController();
    const selecting = select({ a, b }, { signal: controller.signal }).then(
      ({ value }) => got.push(value),
      () => {},
    );
    const steps = [() => (rng() < 0.5 ? a : b).putNowait(n), () => controller.abort()];
    if (rng() < 0.5) steps.reverse();
    for (const step of steps) {
      step();
      if (rng() < 0.3) await null;
    }
    await selecting;
  }
  for (const queue of [a, b]) for await (const n of queue.drain()) got.push(n);
  assertEquals(got.toSorted((x, y) => x - y), Array.from({ length: rounds }, (_, n) => n));
});

troupeTest("O1 a joinable queue's memory does not grow with what went through it", async () => {
  await using queue = new JoinableQueue<Uint8Array>({ maxsize: 16 });
  const before = usedBytes(here().arena);
  let deepest = 0;
  for (let n = 0; n < 3000; n++) {
    await queue.put(new Uint8Array(n % 3 === 0 ? 20_000 : 10));
    await queue.get();
    queue.taskDone();
    deepest = Math.max(deepest, usedBytes(here().arena) - before);
  }
  await queue.join();
  assert(deepest <= 1 << 20, `${deepest} bytes of the arena`);
});
