// Runs in: any isolate
/**
 * Long work: it is begun, its address is given at once, and whoever knows the address asks how it goes,
 * listens to its progress, or calls it off.
 *
 * @module
 */
import type { JobStatus } from "./contract.ts";
import { problemOf } from "./problem.ts";

/** Milliseconds for which the outcome of a job is kept. */
const KEPT_MS = 10 * 60_000;

/** One job. */
interface Job {
  readonly status: JobStatus;
  readonly controller: AbortController;
  readonly listeners: Set<() => void>;
}

/** What a job does: it may tell of its progress, and gives the result. */
export type Work = (signal: AbortSignal, progress: (value: unknown) => void) => Promise<unknown>;

/** The jobs of one service. */
export class Jobs {
  readonly #most: number;
  readonly #jobs = new Map<string, Job>();

  /** Remembers `most` jobs. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Begins a job; `undefined` when there are too many that run. */
  begin(name: string, work: Work): JobStatus | undefined {
    if (!this.#makeRoom()) return undefined;
    const id = crypto.randomUUID();
    const status: JobStatus = { id, name, status: "running", startedAt: Date.now() };
    const job: Job = { status, controller: new AbortController(), listeners: new Set() };
    this.#jobs.set(id, job);
    const change = (to: Partial<JobStatus>) => {
      if (status.status !== "running") return;
      Object.assign(status, to);
      for (const listener of job.listeners) listener();
    };
    const end = (to: Partial<JobStatus>) => change({ endedAt: Date.now(), ...to });
    work(job.controller.signal, (progress) => change({ progress })).then(
      (result) => end({ status: "done", result: result ?? null }),
      (error) =>
        end(
          job.controller.signal.aborted
            ? { status: "cancelled" }
            : { status: "failed", problem: problemOf(error) },
        ),
    );
    return { ...status };
  }

  /** How a job goes; `undefined` when there is none with this id. */
  get(id: string): JobStatus | undefined {
    return this.#jobs.get(id)?.status;
  }

  /** All that are remembered, the newest first. */
  all(): JobStatus[] {
    return [...this.#jobs.values()].map(({ status }) => status).reverse();
  }

  /** Calls a job off; what has ended stays as it is. */
  cancel(id: string): JobStatus | undefined {
    const job = this.#jobs.get(id);
    job?.controller.abort();
    return job?.status;
  }

  /** How a job goes from now on, until it has ended; who reads slowly misses steps, never the end. */
  follow(id: string): ReadableStream<JobStatus> | undefined {
    const job = this.#jobs.get(id);
    if (job === undefined) return undefined;
    let seen = "";
    let wake = () => {};
    const listener = () => wake();
    job.listeners.add(listener);
    return new ReadableStream<JobStatus>({
      async pull(controller) {
        while (JSON.stringify(job.status) === seen) {
          await new Promise<void>((resolve) => wake = resolve);
        }
        seen = JSON.stringify(job.status);
        controller.enqueue({ ...job.status });
        if (job.status.status === "running") return;
        job.listeners.delete(listener);
        controller.close();
      },
      cancel: () => void job.listeners.delete(listener),
    }, { highWaterMark: 0 });
  }

  /** Forgets what is old, and the oldest that has ended when there are too many. */
  #makeRoom(): boolean {
    const now = Date.now();
    for (const [id, { status }] of this.#jobs) {
      const isOld = status.endedAt !== undefined && status.endedAt < now - KEPT_MS;
      if (isOld || (status.endedAt !== undefined && this.#jobs.size >= this.#most)) {
        this.#jobs.delete(id);
      }
    }
    return this.#jobs.size < this.#most;
  }
}
