// Runs in: any isolate
/**
 * What an arena is made of. `docs/decisions/futex.md` says why the choice is made so.
 *
 * - I1: nobody is asked for a permission, and what was asked for is not silently replaced.
 *
 * @module
 */
import { NotSupportedError } from "../errors.ts";
import { whatIsMissing } from "./libc.ts";

/**
 * `mapped` can be shared with other processes, `shared` with the threads of this one, `plain` with
 * nobody: it works where there is no shared memory.
 */
export type Backing = "mapped" | "shared" | "plain";

/** Environment variable that says which one to use. */
export const BACKING_VARIABLE = "TROUPE_BACKING";

/**
 * The backing that was asked for in the environment, if that may be read without asking; else the best
 * there is.
 *
 * @throws NotSupportedError when what was asked for is not to be had
 */
export function preferredBacking(): Backing {
  const wish = wished();
  if (wish === "plain") return wish;
  if (wish === "mapped") return mappedOrThrow();
  if (wish !== "shared" && whatIsMissing() === undefined) return "mapped";
  return typeof SharedArrayBuffer === "undefined" ? "plain" : "shared";
}

function mappedOrThrow(): Backing {
  const lack = whatIsMissing();
  if (lack === undefined) return "mapped";
  throw new NotSupportedError(`Cannot use ${BACKING_VARIABLE}=mapped: ${lack}`);
}

function wished(): string | undefined {
  if (typeof Deno === "undefined") return undefined;
  const env = Deno.permissions.querySync({ name: "env", variable: BACKING_VARIABLE });
  return env.state === "granted" ? Deno.env.get(BACKING_VARIABLE) : undefined;
}
