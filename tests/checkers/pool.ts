/**
 * A black-box checker of pools: runs tasks, some of them faulty, kills workers meanwhile, and accounts
 * for every task afterwards. It knows no pool; a test lends it one through a {@linkcode PoolUnderTest}.
 *
 * It is sound: it complains only of what no correct pool can do.
 *
 * @module
 */
import { Progress } from "../patience.ts";

/** One task of a run. */
export interface ChaosTask {
  readonly id: string;
  /** Milliseconds that it works. */
  readonly ms: number;
  /** `"ok"`: it gives its id; else how it fails. */
  readonly mode: string;
}

/** What the checker needs of a pool. */
export interface PoolUnderTest {
  readonly workers: number;
  /** Runs a task. */
  submit(task: ChaosTask): Promise<unknown>;
  /** Kills one worker; gives how many it were, 0 or 1. */
  kill(): number;
  /** What the tasks themselves wrote down, outside of the pool. */
  ledger(): LedgerEntry[];
}

/** A task was begun, or came to its end. */
export interface LedgerEntry {
  readonly id: string;
  readonly event: "start" | "finish";
}

/** What became of a task. */
export interface TaskRecord {
  readonly id: string;
  /** The task itself is to blame: an error is the right answer. */
  readonly isFaulty: boolean;
  /** Every settlement that was seen. */
  readonly settled: ("ok" | "error")[];
  result?: unknown;
  error?: unknown;
}

/** What a run is made of. */
export interface ChaosOptions {
  readonly tasks: number;
  /** Milliseconds that each task works. */
  readonly ms: number;
  /** Workers to kill, spread over the run. */
  readonly kills: number;
  /** How many tasks fail in which way. */
  readonly faults: Readonly<Record<string, number>>;
  readonly seed: number;
  /** How often a task may be run again. Default 0. */
  readonly retries?: number;
}

/** What was found. */
export interface Report {
  /** What no correct pool does; empty when all is well. */
  readonly findings: readonly string[];
  readonly counts: Readonly<
    Record<"ok" | "neverSettled" | "settledTwice" | "wrongResult" | "collateral" | "kills", number>
  >;
}

/** Runs tasks, kills workers after every so many settlements, and accounts for all tasks. */
export async function runChaos(pool: PoolUnderTest, options: ChaosOptions): Promise<Report> {
  const random = seeded(options.seed);
  const modes = faultyModes(options, random);
  const records: TaskRecord[] = [];
  let settled = 0;
  let kills = 0;
  const killEvery = Math.floor(options.tasks / (options.kills + 1));
  const progress = new Progress();
  const settle = (record: TaskRecord, how: "ok" | "error") => {
    record.settled.push(how);
    progress.made();
    // One that finds nobody to kill is made up for.
    const due = Math.min(options.kills, Math.floor(++settled / killEvery));
    if (kills < due) kills += pool.kill();
  };
  const all = Array.from({ length: options.tasks }, (_, n) => {
    const mode = modes.get(n) ?? "ok";
    const record: TaskRecord = { id: `t${n}`, isFaulty: mode !== "ok", settled: [] };
    records.push(record);
    return pool.submit({ id: record.id, ms: options.ms, mode }).then((result) => {
      record.result = result;
      settle(record, "ok");
    }, (error) => {
      record.error = error;
      settle(record, "error");
    });
  });
  await Promise.race([Promise.all(all), progress.stopped]);
  progress.end();
  const probe = await pool.submit({ id: "probe", ms: 0, mode: "ok" }).catch((error) => error);
  const ledger = pool.ledger().filter(({ id }) => id !== "probe");
  const report = account(records, ledger, { kills, retries: options.retries ?? 0 });
  if (probe === "probe") return report;
  return { ...report, findings: [...report.findings, `the pool is not usable after: ${probe}`] };
}

/** Looks for tasks that were lost, settled twice, or got what is not theirs. */
export function account(
  tasks: readonly TaskRecord[],
  ledger: readonly LedgerEntry[],
  { kills, retries }: { kills: number; retries: number },
): Report {
  const starts = countBy(ledger, "start");
  const finishes = countBy(ledger, "finish");
  const known = new Set(tasks.map(({ id }) => id));
  const isOk = ({ settled }: TaskRecord) => settled[0] === "ok";
  const never = tasks.filter(({ settled }) => settled.length === 0);
  const twice = tasks.filter(({ settled }) => settled.length > 1);
  const wrong = tasks.filter((task) => isOk(task) && task.result !== task.id);
  const collateral = tasks.filter(({ isFaulty, settled }) => !isFaulty && settled[0] === "error");
  const findings: string[] = [];
  const find = (what: string, which: readonly { id: string }[], allowed = 0) => {
    if (which.length <= allowed) return;
    const some = which.slice(0, 5).map(({ id }) => id).join(", ");
    findings.push(`${which.length} ${what} (${allowed} allowed): ${some}`);
  };
  const idsOf = (counts: Map<string, number>) => [...counts].map(([id, n]) => ({ id, n }));
  find("tasks never settled", never);
  find("tasks settled more than once", twice);
  find("tasks got another task's result", wrong);
  find("failing tasks were reported as done", tasks.filter((t) => t.isFaulty && isOk(t)));
  find("healthy tasks failed", collateral, retries > 0 ? 0 : kills);
  find("tasks ran more often than allowed", idsOf(starts).filter(({ n }) => n > 1 + retries));
  if (retries === 0) find("tasks finished twice", idsOf(finishes).filter(({ n }) => n > 1));
  find(
    "tasks were reported as done but never were",
    tasks.filter((t) => isOk(t) && !finishes.has(t.id)),
  );
  find("tasks ran that nobody submitted", idsOf(starts).filter(({ id }) => !known.has(id)));
  return {
    findings,
    counts: {
      ok: tasks.filter(isOk).length,
      neverSettled: never.length,
      settledTwice: twice.length,
      wrongResult: wrong.length,
      collateral: collateral.length,
      kills,
    },
  };
}

function countBy(ledger: readonly LedgerEntry[], wanted: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { id, event } of ledger) {
    if (event === wanted) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Which tasks are faulty, and how. */
function faultyModes({ tasks, faults }: ChaosOptions, random: () => number): Map<number, string> {
  const modes = new Map<number, string>();
  for (const [mode, count] of Object.entries(faults)) {
    for (let left = count; left > 0;) {
      const n = Math.floor(random() * tasks);
      if (modes.has(n)) continue;
      modes.set(n, mode);
      left--;
    }
  }
  return modes;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
