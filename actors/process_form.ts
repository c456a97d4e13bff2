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

let preferred: ProcessForm | undefined;

/** From now on this isolate's processes, and theirs, have this form; nothing: the best there is. */
export function preferForm(form: ProcessForm | undefined): void {
  preferred = form;
}

/** The form that was asked for here, or in the environment if that may be read without asking. */
export function preferredForm(): ProcessForm | undefined {
  return preferred ?? wished();
}

/** The form that was asked for, else the best there is. */
export function processForm(): ProcessForm {
  return preferredForm() ?? (whatForbidsMapping() === undefined ? "mapped" : "socket");
}

/** Why this program cannot map its memory into processes; nothing when it can. */
export function whatForbidsMapping(): string | undefined {
  const lack = whatIsMissing();
  if (lack !== undefined || station().isolate.arena.mapped !== undefined) return lack;
  return "this program's memory cannot be mapped by others";
}

function wished(): ProcessForm | undefined {
  const env = Deno.permissions.querySync({ name: "env", variable: FORM_VARIABLE });
  const wish = env.state === "granted" ? Deno.env.get(FORM_VARIABLE) : undefined;
  return wish === "mapped" || wish === "socket" ? wish : undefined;
}
