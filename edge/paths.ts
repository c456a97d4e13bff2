// Runs in: any isolate
/**
 * What is written in the address of a request: which message or task, and how to answer.
 *
 * @module
 */
import type { Context } from "hono";
import type { Mode } from "./contract.ts";
import { refusal } from "./problem.ts";

/** Which way of answering a request asks for. @throws HTTPException */
export function modeOf(c: Context): Mode {
  const mode = c.req.raw.url.includes("?") ? c.req.query("mode") : undefined;
  if (mode === undefined) {
    const prefer = c.req.raw.headers.get("prefer");
    return prefer !== null && /\brespond-async\b/.test(prefer) ? "job" : "ask";
  }
  if (mode === "ask" || mode === "tell" || mode === "job") return mode;
  throw refusal(400, "VALIDATION", { detail: "mode is none of ask, tell, job" });
}

/**
 * The name as a path of Hono, which compares paths after `decodeURI`. A `:` stays encoded.
 *
 * @throws TypeError for a name with a `*`, which would mean any path
 */
export function pathOf(name: string): string {
  if (name.includes("*") || name === "") {
    throw new TypeError(`Cannot publish "${name}": this cannot be a path`);
  }
  return `/${decodeURI(encodeURIComponent(name))}`;
}
