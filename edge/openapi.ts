// Runs in: any isolate
/**
 * The OpenAPI 3.1 document of a service, from its schemas: those that give a JSON Schema by the
 * standard (https://standardschema.dev, `~standard.jsonSchema`); others are documented as "anything".
 *
 * @module
 */
import type { StandardSchemaV1 } from "../channels/schema.ts";
import type { Published } from "./published.ts";

/** The part of a schema that Standard JSON Schema adds. */
interface JsonSchemaSource {
  readonly jsonSchema?: { input(options: { target: string }): Record<string, unknown> };
}

const FAILURES = {
  400: "Malformed, or not what the schema asks for",
  403: "From a page of another site",
  408: "The body took too long to arrive",
  413: "Larger than allowed",
  415: "Not JSON",
  500: "The handler failed",
  503: "Overloaded or stopped; see Retry-After",
  504: "No reply in time",
};

/** The JSON Schema of what a schema takes; `{}` where the library does not tell. */
export function jsonSchemaOf(schema: StandardSchemaV1): Record<string, unknown> {
  const source = schema["~standard"] as JsonSchemaSource;
  try {
    const { $schema: _, ...rest } = source.jsonSchema?.input({ target: "draft-2020-12" }) ?? {};
    return rest;
  } catch {
    return {}; // The library says so of what JSON cannot express, such as a date.
  }
}

/** The document. */
export function openApi(
  { title, version }: { title: string; version: string },
  published: Iterable<Published>,
): Record<string, unknown> {
  const paths: [string, unknown][] = [];
  for (const one of published) {
    paths.push([`/${encodeURIComponent(one.name)}`, { post: operation(one) }]);
  }
  return {
    openapi: "3.1.0",
    info: { title, version },
    servers: [{ url: "." }],
    paths: Object.fromEntries(paths),
    components: { schemas: { Problem: PROBLEM }, responses: { Problem: PROBLEM_RESPONSE } },
  };
}

/** One `POST`. */
function operation({ name, input, isStream, tell }: Published): Record<string, unknown> {
  const type = isStream ? "text/event-stream" : "application/json";
  const modes = ["ask", "job", ...(tell ? ["tell"] : [])];
  const failures = Object.entries(FAILURES).map(([status, description]) =>
    [status, { ...PROBLEM_RESPONSE, description }] as const
  );
  return {
    operationId: name,
    parameters: [{ name: "mode", in: "query", schema: { enum: modes, default: "ask" } }],
    requestBody: {
      required: true,
      content: { "application/json": { schema: jsonSchemaOf(input) } },
    },
    responses: {
      200: { description: isStream ? "Items as events" : "The reply", content: { [type]: {} } },
      202: { description: "Accepted; a job has a Location" },
      ...Object.fromEntries(failures),
    },
  };
}

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { type: "string" },
    detail: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
    maybeExecuted: { type: "boolean" },
  },
};
const PROBLEM_RESPONSE = {
  description: "What went wrong",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};
