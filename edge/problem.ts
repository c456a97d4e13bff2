// Runs in: any isolate
/**
 * Failures as HTTP shows them: problem documents (RFC 9457) that say what the client can do, and
 * nothing of what went on inside.
 *
 * @module
 */
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type ErrorCode, ExitError, type Issue, TroupeError } from "../errors.ts";
import type { Problem } from "./contract.ts";
import { cut } from "./shown.ts";

/** Statuses with the title that each has. */
const TITLES: Readonly<Record<number, string>> = {
  400: "The request is malformed",
  401: "Who are you?",
  403: "This is not allowed",
  404: "There is no such thing",
  405: "This method is not served here",
  408: "The body did not arrive in time",
  413: "The body is too large",
  415: "The body is no JSON",
  421: "This server does not have that name",
  499: "The client went away",
  500: "The handler failed",
  503: "The service is not available now",
  504: "The reply did not come in time",
};

/** Codes that mean something else than a failed handler. */
const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  FULL: 503,
  EXIT: 503,
  CLOSED: 503,
  START: 503,
  RESTART_LIMIT: 503,
  EOF: 503,
  BROKEN_PIPE: 503,
  CANCELLED: 503,
  TIMEOUT: 504,
};

/** What a problem has besides its status and code. */
type Rest = Pick<Problem, "detail" | "errors" | "maybeExecuted">;

/** A problem document. */
export function problem(status: number, code: ErrorCode, rest: Rest = {}): Problem {
  const type = `urn:troupe:${code.toLowerCase().replaceAll("_", "-")}`;
  return { type, title: TITLES[status], status, code, ...rest };
}

/** The problem of what a call rejected with. Texts of errors stay inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof HTTPException) {
    return (error.cause as Problem | undefined) ?? problem(error.status, "REMOTE");
  }
  const code = error instanceof TroupeError ? error.code : "REMOTE";
  const status = STATUSES[code] ?? 500;
  const rest = error instanceof ExitError ? { maybeExecuted: error.maybeExecuted } : {};
  return problem(status, code, rest);
}

/** A refusal, to be thrown: its answer is the problem. */
export function refusal(
  status: number,
  code: ErrorCode,
  rest: Rest & { headers?: HeadersInit } = {},
): HTTPException {
  const { headers, ...more } = rest;
  const found = problem(status, code, more);
  const res = problemResponse(found, headers);
  return new HTTPException(status as ContentfulStatusCode, { res, cause: found });
}

/** A refusal of what a schema complains of; it may quote the request, but not all of it. */
export function invalid(issues: readonly Issue[]): HTTPException {
  const errors = issues.slice(0, 20).map(({ message, path = [] }) => ({
    path: cut(
      path.map((step) => String(typeof step === "object" ? step.key : step)).join("."),
      200,
    ),
    message: cut(message, 500),
  }));
  return refusal(400, "VALIDATION", { detail: "The body does not fit the schema", errors });
}

/** The answer that carries a problem. */
export function problemResponse(found: Problem, headers: HeadersInit = {}): Response {
  const all = new Headers(headers);
  all.set("content-type", "application/problem+json");
  all.set("x-content-type-options", "nosniff");
  return new Response(JSON.stringify(found), { status: found.status, headers: all });
}

/** The seconds of a `Retry-After` for so many milliseconds. */
export function retryAfter(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds / 1000)));
}
