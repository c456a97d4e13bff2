// Runs in: any isolate
/**
 * How a process of the operating system and the program that started it come together: by mapping one
 * memory, or by a socket between two. `docs/decisions/process_over_socket.md` compares them.
 *
 * - I1: nobody is asked for a permission, and what was asked for is not silently replaced.
 *
 * @module
 */
import { whatIsMissing } from "../memory/libc.ts";
import { station } from "./station.ts";

/** `mapped` shares the memory; `socket` needs neither Linux nor `--allow-ffi`. */
export type ProcessForm = "mapped" | "socket";

/** Environment variable that says which one to use. */
export const FORM_VARIABLE = "TROUPE_PROCESS";

/** The form that was asked for in the environment, if that may be read; else the best there is. */
export function processForm(): ProcessForm {
  const wish = wished();
  if (wish === "mapped" || wish === "socket") return wish;
  return whatForbidsMapping() === undefined ? "mapped" : "socket";
}

/** Why this program cannot map its memory into processes; nothing when it can. */
export function whatForbidsMapping(): string | undefined {
  const lack = whatIsMissing();
  if (lack !== undefined || station().isolate.arena.mapped !== undefined) return lack;
  return "this program's memory cannot be mapped by others";
}

function wished(): string | undefined {
  const env = Deno.permissions.querySync({ name: "env", variable: FORM_VARIABLE });
  return env.state === "granted" ? Deno.env.get(FORM_VARIABLE) : undefined;
}
