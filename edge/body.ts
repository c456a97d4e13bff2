// Runs in: any isolate
/**
 * Bodies of requests: read no further than they may be long, for no longer than they may take, and
 * parsed no deeper than a handler can bear.
 *
 * @module
 */
import { HTTPException } from "hono/http-exception";
import type { SchemaResult, StandardSchemaV1 } from "../channels/schema.ts";
import type { Gate } from "./gate.ts";
import type { Limit, Patience } from "./patience.ts";
import { invalid, refusal, retryAfter } from "./problem.ts";

/** How much of a body is read. */
export interface BodyLimits {
  /** Bytes. */
  readonly maxBody: number;
  /** Objects in objects. */
  readonly maxDepth: number;
  /** Milliseconds in which it has to arrive. */
  readonly bodyTimeout: number;
  /** Milliseconds after which a refused client may come again. */
  readonly retryAfter: number;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** What reads the bodies of one service. */
export class BodyReader {
  readonly #limits: BodyLimits;
  readonly #gate: Gate;
  readonly #time: Limit;

  /** Reads within these limits; `gate` bounds all bodies together. */
  constructor(limits: BodyLimits, gate: Gate) {
    this.#limits = limits;
    this.#gate = gate;
    this.#time = { ms: limits.bodyTimeout, late: () => refusal(408, "TIMEOUT") };
  }

  /** The value in a request's body; `undefined` when it has none. @throws HTTPException */
  async readJson(request: Request, patience: Patience): Promise<unknown> {
    const { headers } = request;
    const announced = headers.get("content-length");
    // A look at `request.body` costs the fast way of reading it.
    if (announced === "0" || (announced === null && request.body === null)) return undefined;
    const type = headers.get("content-type");
    if (type !== "application/json" && !JSON_TYPE.test(type ?? "")) {
      throw refusal(415, "NOT_SUPPORTED", { detail: "Send application/json" });
    }
    const bytes = announced === null ? 0 : Number(announced);
    if (bytes > this.#limits.maxBody) throw tooLarge(this.#limits);
    // What announces its length is let in, or not, before a byte of it is read.
    if (!this.#gate.take(bytes)) throw crowded(this.#limits);
    try {
      const isSmall = announced !== null && bytes <= SMALL_BYTES;
      patience.limit(this.#time);
      const text = await new Promise<string>((resolve, reject) => {
        patience.onEnd(reject);
        this.#textOf(request, isSmall).then(resolve, reject);
      });
      return text === "" ? undefined : parse(text, this.#limits.maxDepth);
    } catch (error) {
      if (!(error instanceof HTTPException) && request.signal.aborted) {
        throw refusal(499, "CANCELLED");
      }
      throw error;
    } finally {
      this.#gate.give(bytes);
    }
  }

  #textOf(request: Request, isSmall: boolean): Promise<string> {
    return isSmall ? request.text() : readChunks(request, this.#limits, this.#gate);
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
  if (isDeeper(text, maxDepth)) {
    throw refusal(400, "VALIDATION", { detail: `The body is nested deeper than ${maxDepth}` });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, "DECODE", { detail: "The body is no JSON" });
  }
}

/** Whether a JSON text is nested deeper than so much. Most have not even so many brackets. */
export function isDeeper(text: string, maxDepth: number): boolean {
  let left = maxDepth;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return depthOf(text) > maxDepth;
    }
  }
  return false;
}

/** How deep the brackets of a JSON text go; those in strings do not count. */
function depthOf(text: string): number {
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
