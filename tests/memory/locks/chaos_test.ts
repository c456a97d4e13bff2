import { assert, assertEquals } from "@std/assert";
import { Process } from "../../../actors/process.ts";
import type { Task } from "../../../actors/code.ts";
import { Barrier } from "../../../memory/locks/barrier.ts";
import { Condition } from "../../../memory/locks/condition.ts";
import { Lock } from "../../../memory/locks/lock.ts";
import { RLock } from "../../../memory/locks/rlock.ts";
import { Semaphore } from "../../../memory/locks/semaphore.ts";
import { BEGUN, borrowing, passing, rallying, strict } from "../../fixtures/locks.ts";
import { awake, traces, troupeTest, turn, until } from "../../support.ts";
import { plainWords } from "./support.ts";

const SOAK = Deno.env.get("TROUPE_SOAK") === "1";
const KILLS = SOAK ? 100 : 6;
const CROWD = 3;

/** Instants that differ from run to run of the loop but not from run to run of the test. */
function* instants(seed: number): Generator<number> {
  for (let state = seed;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield (state >>> 16) % 12;
  }
}

/** Kills one of a crowd again and again, starts another in its place; all must go on each time. */
async function chaos<A extends unknown[]>(
  target: Task<A, unknown>,
  args: A,
  { progress, begun }: { progress: () => number; begun: () => number },
): Promise<void> {
  const start = () => new Process({ target, args }).start();
  const crowd = Array.from({ length: CROWD }, start);
  const delays = instants(7);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = progress();
    await until(() => progress() > before + 20, `progress after ${kill} kills`);
    await turn(delays.next().value!);
    await until(() => begun() === CROWD + kill, "all to begin");
    const victim = crowd.shift()!;
    victim.kill();
    crowd.push(start());
    await victim.join();
  }
  await until(() => begun() === CROWD + KILLS, "the last to begin");
  const before = progress();
  await until(() => progress() > before + 20, "progress after all kills");
  for (const one of crowd) one.kill();
  for (const one of crowd) await one.join();
  await until(() => traces().threads === 0, "the burials");
}

for (const sync of [false, true]) {
  for (const [name, make] of Object.entries({ Lock: () => new Lock(), RLock: () => new RLock() })) {
    troupeTest(
      `L1 ${name} excludes and goes on while its holders are killed, sync ${sync}`,
      async () => {
        const lock = make();
        using words = plainWords(5);
        await chaos(strict, [lock, words.at, sync], {
          progress: () => words.read(5)[3],
          begun: () => words.read(5)[BEGUN],
        });
        assertEquals(words.read(2)[1], 0, "two were inside, or one was not told");
        using _held = await awake(lock.acquire());
        assert(lock.locked);
      },
    );
  }

  troupeTest(
    `L1 Condition goes on while those who wait and notify are killed, sync ${sync}`,
    async () => {
      const condition = new Condition();
      using words = plainWords(5);
      await chaos(passing, [condition, words.at, sync], {
        progress: () => words.read(5)[2],
        begun: () => words.read(5)[BEGUN],
      });
      assertEquals(words.read(2)[1], 0, "two were inside, or one was not told");
      using _held = await awake(condition.acquire());
    },
  );

  troupeTest(`L1 Barrier goes on while its parties are killed, sync ${sync}`, async () => {
    const barrier = new Barrier(CROWD);
    using words = plainWords(5);
    await chaos(rallying, [barrier, words.at, sync], {
      progress: () => words.read(5)[0],
      begun: () => words.read(5)[BEGUN],
    });
    barrier.reset();
    const all = Array.from({ length: CROWD }, () => barrier.wait());
    assertEquals(await awake(Promise.all(all)), [0, 1, 2]);
  });
}

troupeTest("L1 Semaphore keeps its permits while their holders are killed", async () => {
  const permits = new Semaphore(2);
  using words = plainWords(5);
  await chaos(borrowing, [permits, words.at], {
    progress: () => words.read(5)[0],
    begun: () => words.read(5)[BEGUN],
  });
  assertEquals(permits.value, 2);
});
