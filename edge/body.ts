// Runs in: any isolate
/**
 * Bodies of requests: read no further than they may be long, for no longer than they may take, and
 * parsed no deeper than a handler can bear.
 *
 * @module
 */
import type { SchemaResult, StandardSchemaV1 } from "../channels/schema.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Gate } from "./gate.ts";
import { invalid, refusal, retryAfter } from "./problem.ts";

/** How much of a body is read. */
export interface BodyLimits {
  /** Bytes. */
  readonly maxBody: number;
  /** Objects in objects. */
  readonly maxDepth: number;
  /** Milliseconds after which a refused client may come again. */
  readonly retryAfter: number;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** What reads the bodies of one service. */
export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #gate: Gate;
  readonly #deadlines: Deadlines;

  /** Reads within these limits; `gate` bounds all bodies together, `deadlines` the time of each. */
  constructor(limits: BodyLimits, gate: Gate, deadlines: Deadlines) {
    this.#limits = limits;
    this.#gate = gate;
    this.#deadlines = deadlines;
  }

  /** The value in a request's body; `undefined` when it has none. @throws HTTPException */
  async readJson(request: Request): Promise<unknown> {
    const { headers } = request;
    const announced = headers.get("content-length");
    // A look at `request.body` costs the fast way of reading it.
    if (announced === "0" || (announced === null && request.body === null)) return undefined;
    if (!JSON_TYPE.test(headers.get("content-type") ?? "")) {
      throw refusal(415, "NOT_SUPPORTED", { detail: "Send application/json" });
    }
    const text = await this.#readText(request, announced);
    return text === "" ? undefined : parse(text, this.#limits.maxDepth);
  }

  /** What announces its length is let in, or not, before a byte of it is read. */
  async #readText(request: Request, announced: string | null): Promise<string> {
    const [limits, gate] = [this.#limits, this.#gate];
    const bytes = announced === null ? 0 : Number(announced);
    if (bytes > limits.maxBody) throw tooLarge(limits);
    if (!gate.take(bytes)) throw crowded(limits);
    const isSmall = announced !== null && bytes <= SMALL_BYTES;
    try {
      const text = isSmall ? request.text() : readChunks(request, limits, gate);
      return await this.#deadlines.within(text, () => refusal(408, "TIMEOUT"));
    } catch (error) {
      if (request.signal.aborted) throw refusal(499, "CANCELLED");
      throw error;
    } finally {
      gate.give(bytes);
    }
  }
}

/** Bodies up to this size are read at once; larger ones in chunks, which leaves less behind. */
const SMALL_BYTES = 64 << 10;

/** A body that is large, or does not say how large it is: in this case each chunk has to be let in. */
async function readChunks(request: Request, limits: BodyLimits, gate: Gate): Promise<string> {
  const isCounted = request.headers.has("content-length");
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of request.body!) {
      if (bytes + chunk.length > limits.maxBody) throw tooLarge(limits);
      if (!isCounted && !gate.take(chunk.length)) throw crowded(limits);
      bytes += chunk.length;
      text += decoder.decode(chunk, { stream: true });
    }
  } finally {
    if (!isCounted) gate.give(bytes);
  }
  return text + decoder.decode();
}

function parse(text: string, maxDepth: number): unknown {
  if (depthOf(text) > maxDepth) {
    throw refusal(400, "VALIDATION", { detail: `The body is nested deeper than ${maxDepth}` });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, "DECODE", { detail: "The body is no JSON" });
  }
}

/** How deep the brackets of a JSON text go; those in strings do not count. */
export function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) inString = !inString;
    else if (inString) at += code === 92 ? 1 : 0;
    else if (code === 91 || code === 123) deepest = Math.max(deepest, ++depth);
    else if (code === 93 || code === 125) depth--;
  }
  return deepest;
}

/** What the schema makes of a value. @throws HTTPException with what it complains of */
export function validated(schema: StandardSchemaV1, value: unknown): unknown | Promise<unknown> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(good) : good(result);
}

function good(result: SchemaResult<unknown>): unknown {
  if (result.issues) throw invalid(result.issues);
  return result.value;
}

function tooLarge({ maxBody }: BodyLimits) {
  return refusal(413, "BUFFER_TOO_SHORT", { detail: `At most ${maxBody} bytes` });
}

function crowded(limits: BodyLimits) {
  return refusal(503, "FULL", { headers: { "retry-after": retryAfter(limits.retryAfter) } });
}
