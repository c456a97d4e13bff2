// Runs in: owner
/**
 * What a process of the operating system may do: the arguments with which it is started.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import type { ProcessForm } from "./process_form.ts";

/** How a process is confined. */
export interface Confinement {
  /** Limit of its heap, in MiB. */
  readonly memoryLimitMb?: number;
  /** What it is allowed; default as its parent. */
  readonly permissions?: Deno.PermissionOptions;
}

const NAMES = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;
type Name = (typeof NAMES)[number];
const ALL = "--allow-all";

/** Arguments of `deno run` for a confinement. @throws NotSupportedError for what this program may not do */
export function flagsOf({ memoryLimitMb, permissions }: Confinement, form: ProcessForm): string[] {
  const flags = form === "mapped" ? mappedFlags(permissions) : permissionFlags(permissions, NAMES);
  // Deno's `node:child_process` allows everything where no permission is mentioned.
  if (flags.length === 0) flags.push("--deny-run");
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
export function checkConfinement(given: Confinement, form: ProcessForm): void {
  const { memoryLimitMb, permissions } = given;
  if (memoryLimitMb !== undefined && !(Number.isInteger(memoryLimitMb) && memoryLimitMb >= 16)) {
    throw new RangeError(`Cannot limit memory to ${memoryLimitMb} MiB: a whole number from 16`);
  }
  const isKnown = permissions === undefined || typeof permissions === "object" ||
    permissions === "inherit" || permissions === "none";
  if (!isKnown) throw new TypeError("Cannot start a process: permissions are none");
  flagsOf(given, form);
}

/** A process maps its memory by a foreign function, before any code of the user runs. */
function mappedFlags(permissions: Deno.PermissionOptions | undefined): string[] {
  const names = NAMES.filter((name) => name !== "ffi");
  const flags = permissionFlags(permissions, names);
  return flags[0] === ALL ? flags : [...flags, "--allow-ffi"];
}

function permissionFlags(
  permissions: Deno.PermissionOptions = "inherit",
  names: readonly Name[],
): string[] {
  if (permissions === "none") return [];
  const asked = permissions === "inherit"
    ? Object.fromEntries(names.map((name) => [name, "inherit" as const]))
    : permissions as Partial<Record<Name, boolean | "inherit" | (string | URL)[]>>;
  const flags = names.flatMap((name) => flagFor(name, asked[name]));
  return permissions === "inherit" && flags.length === names.length ? [ALL] : flags;
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
