/**
 * What the tests of the edge share: a server on a port of its own, and requests as they come from
 * clients that mean well, and others.
 *
 * @module
 */
import type { Hono } from "hono";
import { Observatory, type RouteOptions } from "../../edge/edge.ts";

/** Options of tests: nothing is printed, nothing is shared. */
export function quiet(options: RouteOptions = {}): RouteOptions & { errors: unknown[] } {
  const errors: unknown[] = [];
  return {
    observed: new Observatory(),
    onError: (error) => errors.push(error),
    errors,
    ...options,
  };
}

/** A running server. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** Serves an app over real HTTP. */
// deno-lint-ignore no-explicit-any -- apps of all types
export function serve(app: Hono<any, any, any>): Server {
  const closing = new AbortController();
  const { signal } = closing;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", signal, onListen() {} }, app.fetch);
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await server.finished;
    },
  };
}

/** Posts a value as JSON. */
export function post(url: string, value: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: value === undefined ? undefined : JSON.stringify(value),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}

/** The status and the code of a problem. */
export async function problemIn(response: Response): Promise<[number, string]> {
  const type = response.headers.get("content-type");
  const body = await response.text();
  if (type !== "application/problem+json") throw new Error(`${response.status} ${type}: ${body}`);
  const { status, code } = JSON.parse(body);
  if (status !== response.status) throw new Error(`${status} in the body, not ${response.status}`);
  return [status, code];
}

/** One event of a stream. */
export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
  readonly comment?: string;
}

/** Reads a stream of events. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    let end: number;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const entries = lines.map((line) => {
        const at = line.indexOf(":");
        return at === 0 ? ["comment", line.slice(1)] : [line.slice(0, at), line.slice(at + 2)];
      });
      const event = Object.fromEntries(entries);
      yield "data" in event ? { ...event, data: JSON.parse(event.data) } : event;
    }
  }
}

/** The items and the last event of a stream. */
export async function collect(
  response: Response,
): Promise<{ ids: string[]; items: unknown[]; last: string | undefined; problem?: unknown }> {
  const ids: string[] = [];
  const items: unknown[] = [];
  for await (const { id, event, data } of eventsOf(response)) {
    if (event === "problem") return { ids, items, last: event, problem: data };
    if (event !== undefined) return { ids, items, last: event };
    if (id === undefined) continue;
    ids.push(id);
    items.push(data);
  }
  return { ids, items, last: undefined };
}
