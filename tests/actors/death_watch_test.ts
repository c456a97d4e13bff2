import { assertEquals } from "@std/assert";
import { Process } from "../../actors/process.ts";
import { SharedArray } from "../../memory/values/array.ts";
import { lockAndCount } from "../fixtures/values.ts";
import { troupeTest, turn, until } from "../support.ts";

/** More than there are cores, so that threads have to wait for each other. */
const CROWD = 6;
const ROUNDS = 4;
/** Milliseconds in which one that runs still would be seen. */
const LOOK_MS = 20;

function startCounting() {
  const array = new SharedArray("i32", 1);
  const worker = new Process({ target: lockAndCount, args: [array] }).start();
  worker.result.catch(() => {});
  return { array, worker };
}

/** Kills one that has the lock, takes the lock, and looks whether what it guards is left alone. */
async function replace({ array, worker }: ReturnType<typeof startCounting>) {
  worker.kill();
  using held = await array.lock.acquire();
  const there = array[0];
  await turn(LOOK_MS);
  assertEquals([held.abandoned, array[0]], [true, there], "the dead has written");
  return startCounting();
}

troupeTest(
  "a killed worker writes nothing once its lock is another's, on a crowded machine",
  async () => {
    let crowd = Array.from({ length: CROWD }, startCounting);
    for (let round = 0; round < ROUNDS; round++) {
      await until(() => crowd.every(({ array }) => array[0] > 0));
      crowd = await Promise.all(crowd.map(replace));
    }
    for (const { worker } of crowd) worker.kill();
    await Promise.all(crowd.map(({ worker }) => worker.join()));
  },
);
