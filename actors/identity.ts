// Runs in: any isolate
/**
 * Which process this isolate is: its name, its place among its siblings, its key. Set once at the start
 * of a worker; the first isolate is `MainProcess`.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";

/** Who a process is. */
export interface Identity {
  /** Its name. */
  readonly name: string;
  /** Its number among its parent's children, after those of its ancestors. */
  readonly path: readonly number[];
  /** Whether the program may end while it runs. */
  readonly daemon: boolean;
  /** Secret that its family shares. */
  readonly authkey: Uint8Array;
  /** Name of the process that started it; `null` in the first. */
  readonly parentName: string | null;
}

/** Bytes that no message carries, being an instance of a class. Python: `AuthenticationString`. */
export class AuthenticationKey extends Uint8Array {}

let current: Identity | undefined;
let children = 0;
let loading = false;

/** Who this isolate is. */
export function identity(): Identity {
  return current ??= {
    name: "MainProcess",
    path: [],
    daemon: false,
    authkey: crypto.getRandomValues(new Uint8Array(32)),
    parentName: null,
  };
}

/** Says who this isolate is. */
export function become(who: Identity): void {
  current = who;
}

/** The next child's place. */
export function nextChildPath(): readonly number[] {
  return [...identity().path, ++children];
}

/** Runs `load`, during which this isolate must not start others; see {@linkcode checkNotLoading}. */
export async function whileLoading<T>(load: () => Promise<T>): Promise<T> {
  loading = true;
  try {
    return await load();
  } finally {
    loading = false;
  }
}

/**
 * Refuses what a worker would do again in each worker that it starts, without end.
 *
 * @throws NotSupportedError while a worker imports the module that it was started for
 */
export function checkNotLoading(operation: string): void {
  if (!loading) return;
  throw new NotSupportedError(
    `Cannot ${operation} while a worker imports this module: guard it with if (import.meta.main)`,
  );
}
