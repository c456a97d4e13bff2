import { assert, assertEquals } from "@std/assert";
import { ExitError } from "../../errors.ts";
import { Queue } from "../../channels/queue.ts";
import { Pool } from "../../pool/pool.ts";
import { type ChaosOptions, type LedgerEntry, type Report, runChaos } from "../checkers/pool.ts";
import {
  beginAndLoop,
  beginAndStay,
  chaos,
  die,
  square,
  WAYS_TO_DIE,
} from "../fixtures/pool_tasks.ts";
import { rejectsWith, troupeTest } from "../support.ts";

const CHAOS: ChaosOptions = {
  tasks: 400,
  ms: 5,
  kills: 20,
  faults: { throw: 5, close: 5, exit: 5, timer: 5, rejection: 5 },
  seed: 1,
};

/** Chaos in a pool of four workers. */
async function runInPool(options: ChaosOptions): Promise<Report> {
  const ledger = await Deno.makeTempFile();
  const retry = { attempts: 1 + (options.retries ?? 0) };
  try {
    await using pool = new Pool({ size: 4 });
    return await runChaos({
      workers: 4,
      submit: (task) => pool.applyAsync(chaos, [{ ...task, ledger }], { retry }),
      kill: () => pool.killWorkers(1),
      ledger: () =>
        Deno.readTextFileSync(ledger).trim().split("\n").map((line) => {
          const [id, event] = line.split(" ");
          return { id, event } as LedgerEntry;
        }),
    }, options);
  } finally {
    await Deno.remove(ledger);
  }
}

troupeTest(
  "C3 400 tasks, 20 kills, 25 faults: each task settles once, at most one lost a kill",
  async () => {
    const { findings, counts } = await runInPool(CHAOS);
    assertEquals(findings, []);
    assertEquals([counts.neverSettled, counts.settledTwice, counts.wrongResult], [0, 0, 0]);
    assertEquals(counts.kills, 20);
    assert(
      counts.collateral <= 20 && counts.ok + counts.collateral === 375,
      "every task is accounted for",
    );
  },
);

troupeTest("C3 400 tasks, 20 kills, 25 faults, with retries: no healthy task is lost", async () => {
  const { findings, counts } = await runInPool({ ...CHAOS, retries: 4, seed: 2 });
  assertEquals(findings, []);
  assertEquals([counts.ok, counts.collateral, counts.kills], [375, 0, 20]);
});

for (const way of WAYS_TO_DIE) {
  troupeTest(`C4 a task whose worker dies by ${way} rejects, and the pool goes on`, async () => {
    await using pool = new Pool({ size: 1 });
    const error = await rejectsWith(pool.apply(die, way), ExitError);
    assert(error.maybeExecuted);
    if (way === "exit") assertEquals([error.reason, error.exitCode], ["exit", 3]);
    if (way === "process.exit") assertEquals([error.reason, error.exitCode], ["exit", 4]);
    assertEquals(await pool.apply(square, 3), 9);
    assertEquals(pool.stats().restarts, 1);
  });
}

for (const [how, staying] of [["waits", beginAndStay], ["loops", beginAndLoop]] as const) {
  troupeTest(
    `C4 a task that ${how} while its worker is killed rejects, and the pool goes on`,
    async () => {
      await using begun = new Queue<string>();
      await using pool = new Pool({ size: 1 });
      const result = pool.apply(staying, begun);
      await begun.get();
      assertEquals(pool.killWorkers(1), 1);
      const error = await rejectsWith(result, ExitError);
      assertEquals([error.reason, error.exitCode, error.maybeExecuted], ["killed", -9, true]);
      assertEquals(await pool.apply(square, 3), 9);
    },
  );
}
