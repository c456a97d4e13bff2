// Runs in: owner
/**
 * What a process of the operating system may do: the arguments with which it is started.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";

/** How a process is confined. */
export interface Confinement {
  /** Limit of its heap, in MiB. */
  readonly memoryLimitMb?: number;
  /** What it is allowed; default as its parent. */
  readonly permissions?: Deno.PermissionOptions;
}

const NAMES = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;
type Name = (typeof NAMES)[number];

/** Arguments of `deno run` for a confinement. @throws NotSupportedError for what this program may not do */
export function flagsOf({ memoryLimitMb, permissions }: Confinement): string[] {
  const flags = permissionFlags(permissions);
  if (memoryLimitMb !== undefined) flags.push(`--v8-flags=--max-old-space-size=${memoryLimitMb}`);
  return flags;
}

/** Whether the process may keep calling foreign functions after it has mapped its memory. */
export function keepsForeign({ permissions }: Confinement): boolean {
  if (permissions === undefined || permissions === "inherit") return true;
  if (permissions === "none") return false;
  const { ffi } = permissions;
  return ffi === true || ffi === "inherit" || Array.isArray(ffi);
}

/** @throws RangeError, TypeError for what is no confinement; NotSupportedError as {@linkcode flagsOf} */
export function checkConfinement(given: Confinement): void {
  const { memoryLimitMb, permissions } = given;
  if (memoryLimitMb !== undefined && !(Number.isInteger(memoryLimitMb) && memoryLimitMb >= 16)) {
    throw new RangeError(`Cannot limit memory to ${memoryLimitMb} MiB: a whole number from 16`);
  }
  const isKnown = permissions === undefined || typeof permissions === "object" ||
    permissions === "inherit" || permissions === "none";
  if (!isKnown) throw new TypeError("Cannot start a process: permissions are none");
  flagsOf(given);
}

function permissionFlags(permissions: Deno.PermissionOptions = "inherit"): string[] {
  if (permissions === "none") return ["--allow-ffi"];
  const asked = permissions === "inherit"
    ? Object.fromEntries(NAMES.map((name) => [name, "inherit" as const]))
    : permissions as Partial<Record<Name, boolean | "inherit" | (string | URL)[]>>;
  const flags = NAMES.flatMap((name) => name === "ffi" ? [] : flagFor(name, asked[name]));
  const all = permissions === "inherit" && flags.length === NAMES.length - 1;
  // It maps its memory by a foreign function, before any code of the user runs.
  return all ? ["--allow-all"] : [...flags, "--allow-ffi"];
}

function flagFor(name: Name, asked: boolean | "inherit" | (string | URL)[] | undefined): string[] {
  if (asked === undefined || asked === false) return [];
  if (!Array.isArray(asked)) {
    if (isGranted({ name })) return [`--allow-${name}`];
    if (asked === "inherit") return [];
    throw new NotSupportedError(`Cannot allow a process ${name}: this program is not allowed it`);
  }
  for (const one of asked) {
    if (isGranted({ name, [KEYS[name]]: one } as never)) continue;
    throw new NotSupportedError(
      `Cannot allow a process ${name} of ${one}: this program is not allowed it`,
    );
  }
  return asked.length === 0 ? [] : [`--allow-${name}=${asked.map(pathOf).join(",")}`];
}

const KEYS: Readonly<Record<Name, string>> = {
  read: "path",
  write: "path",
  net: "host",
  env: "variable",
  run: "command",
  sys: "kind",
  ffi: "path",
  import: "host",
};

function pathOf(one: string | URL): string {
  return one instanceof URL ? decodeURIComponent(one.pathname) : one;
}

function isGranted(one: Deno.PermissionDescriptor | { name: Name }): boolean {
  return Deno.permissions.querySync(one as Deno.PermissionDescriptor).state === "granted";
}

/** Why this program cannot start processes; nothing when it can. */
export function whatForbidsProcesses(): string | undefined {
  const run = { name: "run", command: Deno.execPath() } as const;
  return isGranted(run) ? undefined : "that takes --allow-run";
}
