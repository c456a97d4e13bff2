// Runs in: any isolate
/**
 * Which handles can go to a process that has a memory of its own: addresses of actors, for which each
 * side has a stand-in on the other, and code, which is where its module is.
 *
 * @module
 */
import type { Border } from "../../memory/handle.ts";

const KINDS: ReadonlySet<string> = new Set(["ref", "task", "actor", "code"]);

/** Whether handles of a kind can cross. */
export function crosses(kind: string): boolean {
  return KINDS.has(kind);
}

/** For messages that wait in this memory before they cross: what cannot is refused at once. */
export const LATER: Border = { lets: crosses };
