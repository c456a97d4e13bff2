// Runs in: any isolate
/**
 * What making a process needs besides the class: its options, and the making of objects for processes
 * that are no children of this isolate.
 *
 * @module
 */
import { type CodeRef, codeRefOf, type Target, type Task, task } from "./code.ts";
import type { Isolation } from "./contract.ts";
import { type Identity, identity } from "./identity.ts";
import { checkIsolation } from "./isolation.ts";
import type { OutputTo } from "./output.ts";

/** Options of a {@linkcode Process}; `args` is required exactly when the target takes arguments. */
export type ProcessOptions<A extends unknown[], R> = {
  /** What runs: a task, or what `load()` gave. Default: nothing; subclasses override `run`. */
  target?: Target<A, R>;
  /** Default: `Process-1`, `Process-2`, …, in a child `Process-1:1`, …; subclasses by their name. */
  name?: string;
  /** Whether the program may end while it runs, which ends it too. Default: as its parent. */
  daemon?: boolean;
  /**
   * Where it runs: a worker (default), a process of the operating system with `"process"`, or this
   * isolate with `"inline"`.
   */
  isolation?: Isolation;
  /** What a process of the operating system is allowed; default as this program. */
  permissions?: Deno.PermissionOptions;
  /** Heap limit of a process of the operating system, in MiB. */
  memoryLimitMb?: number;
  /** Where the output of a process of the operating system goes. Default: where the program's goes. */
  stdout?: OutputTo;
  /** As `stdout`, for its errors. */
  stderr?: OutputTo;
  /** Terminates the process when it fires. */
  signal?: AbortSignal;
} & ([] extends A ? { args?: A } : { args: NoInfer<A> });

/** A process that is not a child of this isolate: this one itself, or its parent. */
export interface Foreign {
  /** Who it is. */
  readonly identity: Identity;
  /** Id of the operating system process that it is in. */
  readonly pid: number;
  /** Whether it goes on. */
  isAlive(): boolean;
}

/** What a process without a target runs. */
export const nothing: Task<[], void> = task(import.meta, "troupe:nothing", () => {});

/** What the next constructor call makes, when it is no child. */
let embodying: Foreign | undefined;

/** For the constructor: what it makes, when it is no child; once. */
export function takeEmbodied(): Foreign | undefined {
  const taken = embodying;
  embodying = undefined;
  return taken;
}

/** Makes the object of a process that is no child of this isolate. */
export function foreignProcess<P>(foreign: Foreign, make: () => P): P {
  embodying = foreign;
  try {
    return make();
  } finally {
    embodying = undefined;
  }
}

/** @throws TypeError, RangeError, NotSupportedError for what no process can be made of */
export function checkOptions<A extends unknown[], R>(options: ProcessOptions<A, R>): void {
  const { target, args, isolation } = options;
  if (typeof options === "function") {
    throw new TypeError("Cannot make a process of a function: write new Process({ target })");
  }
  if (target !== undefined) codeRefOf(target);
  if (args !== undefined && !Array.isArray(args)) {
    throw new TypeError("Cannot make a process: args is no array");
  }
  checkIsolation(isolation, options);
}

/** The function at an address. @throws TypeError when it is none */
export function callable(code: unknown, name: string): (...args: readonly unknown[]) => unknown {
  if (typeof code === "function") return code as never;
  throw new TypeError(`Cannot run process "${name}": its target is no function`);
}

/** What a worker is told to run as a process; see `order.ts`. */
export function orderOf(
  child: Omit<Identity, "parentName">,
  code: CodeRef,
  args: readonly unknown[] = [],
): { readonly code: CodeRef } {
  const authkey = Uint8Array.from(child.authkey);
  const who: Identity = { ...child, authkey, parentName: identity().name };
  const order = { what: "process", identity: who, code, args };
  return order;
}

/** The name given, or the fallback for none. @throws TypeError for what is no text */
export function nameOr(name: unknown, fallback: string): string {
  if (name === undefined || name === "") return fallback;
  if (typeof name === "string") return name;
  throw new TypeError("Cannot name a process: the name is no text");
}
