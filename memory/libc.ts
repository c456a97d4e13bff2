// Runs in: any isolate
/**
 * The only door to `Deno.dlopen`: what is asked of Linux itself. JavaScript's own waits refuse memory
 * that is mapped from a file, and nothing of JavaScript can map it; the C library can do both.
 *
 * - I1: nobody is asked for a permission: without `--allow-ffi` nothing here is called.
 * - I2: a call in the background does not keep the program alive.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";

const SYMBOLS = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  geteuid: { parameters: [], result: "u32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  closedir: { parameters: ["pointer"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  fcntl: { parameters: ["i32", "i32", "buffer"], result: "i32" },
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  sched_getcpu: { parameters: [], result: "i32" },
  sched_getaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  get_nprocs: { parameters: [], result: "i32" },
  getppid: { parameters: [], result: "i32" },
  futex: {
    name: "syscall",
    parameters: ["i64", "usize", "i32", "i32", "buffer", "usize", "u32"],
    result: "i32",
  },
  futexElsewhere: {
    name: "syscall",
    parameters: ["i64", "usize", "i32", "i32", "buffer", "usize", "u32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Deno takes a number for a large integer too, which is faster than making a `bigint`. */
type WithNumbers<A extends unknown[]> = {
  [K in keyof A]: bigint extends A[K] ? A[K] | number : A[K];
};
type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The functions of the C library that are used. */
export type Libc = {
  readonly [K in keyof Symbols]: Symbols[K] extends (...args: infer A) => infer R
    ? (...args: WithNumbers<A>) => R
    : never;
};

/** Number of the `futex` system call, by processor. */
const FUTEX_CALLS: Readonly<Record<string, number>> = { x86_64: 202, aarch64: 98 };

/** Number of the `futex` system call here. */
export const FUTEX: number = typeof Deno === "undefined" ? 0 : FUTEX_CALLS[Deno.build.arch] ?? 0;

/** Offset of the name in what `readdir` gives. */
const NAME_IN_ENTRY = 19;

let symbols: Libc | undefined;

/** The C library. @throws NotSupportedError without `--allow-ffi`, and elsewhere than on Linux */
export function libc(): Libc {
  if (symbols !== undefined) return symbols;
  const lack = whatIsMissing();
  if (lack !== undefined) throw new NotSupportedError(`Cannot map memory: ${lack}`);
  return symbols = lazily();
}

/** Has this process refuse foreign functions from here on, but for those of this file. */
export function refuseForeign(): void {
  Object.values(libc());
  Deno.permissions.revokeSync({ name: "ffi" });
}

/** Each function is looked up when it is first used: that takes Deno a good part of a millisecond. */
function lazily(): Libc {
  const functions = {};
  for (const [name, symbol] of Object.entries(SYMBOLS)) {
    const get = () => {
      const value = Deno.dlopen("libc.so.6", { [name]: symbol }).symbols[name];
      Object.defineProperty(functions, name, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(functions, name, { get, configurable: true, enumerable: true });
  }
  return functions as Libc;
}

/** Why memory cannot be mapped here; nothing when it can. Asks nobody for a permission. */
export function whatIsMissing(): string | undefined {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux" || FUTEX === 0) {
    return "that takes Linux on x86-64 or arm64";
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return "that takes --allow-ffi";
  }
  if (unref() === undefined) return "this version of Deno cannot wait for it in the background";
  return undefined;
}

/**
 * A call in the background that does not keep the program alive, as `waitAsync` does not. Deno has no
 * public way to say so for calls of foreign functions.
 */
export function inBackground<T>(call: Promise<T>): Promise<T> {
  unref()!(call);
  return call;
}

function unref(): ((call: Promise<unknown>) => void) | undefined {
  const inside = Deno as unknown as Record<symbol, unknown> & { internal?: symbol };
  const internals = inside.internal && inside[inside.internal];
  const core = (internals as { core?: { unrefOpPromise?: (call: Promise<unknown>) => void } })
    ?.core;
  return core?.unrefOpPromise;
}

/** A text as C wants it. */
export function cText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** Names in a folder. Deno itself lets nobody look into folders of devices without all permissions. */
export function namesIn(folder: string): string[] {
  const names: string[] = [];
  const open = libc().opendir(cText(folder));
  if (open === null) return names;
  for (let entry = libc().readdir(open); entry !== null; entry = libc().readdir(open)) {
    names.push(new Deno.UnsafePointerView(entry).getCString(NAME_IN_ENTRY));
  }
  libc().closedir(open);
  return names;
}

/** Where a buffer begins in the memory of this process. */
export function addressOf(buffer: SharedArrayBuffer): number {
  const bytes = new Uint8Array(buffer) as unknown as Uint8Array<ArrayBuffer>;
  return Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
